// v1 and v1alpha have the same messages under two names, so one template serves both. A file is answered together with
// the files it imports, each once a stream: a client then asks once instead of once an import.
#include "service/reflection.h"

#include <absl/strings/str_cat.h>
#include <google/protobuf/descriptor.h>

#include <set>
#include <string>

#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "rpc/error.h"

namespace novelo::daemon {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;

class Source {
 public:
  Source(const Schema& schema, std::vector<std::string> services) : schema_(schema), services_(std::move(services)) {}

  const std::vector<std::string>& services() const { return services_; }

  const FileDescriptor* file(const std::string& name) const {
    const FileDescriptor* found = schema_.pool().FindFileByName(name);
    return found != nullptr ? found : DescriptorPool::generated_pool()->FindFileByName(name);
  }

  const FileDescriptor* file_of_symbol(const std::string& symbol) const {
    const FileDescriptor* found = schema_.pool().FindFileContainingSymbol(symbol);
    return found != nullptr ? found : DescriptorPool::generated_pool()->FindFileContainingSymbol(symbol);
  }

 private:
  const Schema& schema_;
  const std::vector<std::string> services_;
};

template <class Response>
void fail(Response& response, const std::string& what) {
  response.mutable_error_response()->set_error_code(static_cast<int>(absl::StatusCode::kNotFound));
  response.mutable_error_response()->set_error_message(what);
}

template <class Response>
void add_file(const FileDescriptor& file, std::set<std::string>& sent, Response& response) {
  if (!sent.insert(file.name()).second) return;
  response.mutable_file_descriptor_response()->add_file_descriptor_proto(whole_file(file).SerializeAsString());
  for (int i = 0; i < file.dependency_count(); ++i) add_file(*file.dependency(i), sent, response);
}

// The asked-for file always, its imports unless this stream has had them.
template <class Response>
void answer_file(const FileDescriptor* file, const std::string& asked, std::set<std::string>& sent,
                 Response& response) {
  if (file == nullptr) return fail(response, absl::StrCat("there is no ", asked));
  sent.erase(file->name());
  add_file(*file, sent, response);
}

template <class Request, class Response>
Response answer(const Source& source, const Request& request, std::set<std::string>& sent) {
  Response response;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case Request::kFileByFilename:
      answer_file(source.file(request.file_by_filename()), absl::StrCat("file ", request.file_by_filename()), sent,
                  response);
      break;
    case Request::kFileContainingSymbol:
      answer_file(source.file_of_symbol(request.file_containing_symbol()),
                  absl::StrCat("symbol ", request.file_containing_symbol()), sent, response);
      break;
    case Request::kListServices:
      for (const std::string& name : source.services())
        response.mutable_list_services_response()->add_service()->set_name(name);
      break;
    case Request::kFileContainingExtension:
    case Request::kAllExtensionNumbersOfType:
      fail(response, "there are no extensions");
      break;
    case Request::MESSAGE_REQUEST_NOT_SET:
      response.mutable_error_response()->set_error_code(static_cast<int>(absl::StatusCode::kInvalidArgument));
      response.mutable_error_response()->set_error_message("the request asks for nothing");
      break;
  }
  return response;
}

template <class Request, class Response>
absl::Status converse(const Source& source, Call& call) {
  std::set<std::string> sent;
  while (true) {
    absl::StatusOr<std::optional<std::string>> bytes = call.read();
    if (!bytes.ok()) return bytes.status();
    if (!bytes->has_value()) return absl::OkStatus();
    Request request;
    if (!request.ParseFromString(**bytes)) {
      return Error(absl::StatusCode::kInvalidArgument, "INVALID_MESSAGE", "not a ServerReflectionRequest");
    }
    const Response response = answer<Request, Response>(source, request, sent);
    if (absl::Status status = call.write(response.SerializeAsString()); !status.ok()) return status;
  }
}

}  // namespace

void add_reflection(Router& router, const Schema& schema) {
  std::set<std::string> services = {"grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"};
  for (const Method* method : router.methods()) services.insert(method->path.substr(1, method->path.rfind('/') - 1));
  const auto source =
      std::make_shared<const Source>(schema, std::vector<std::string>(services.begin(), services.end()));
  router.add("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", [source](Call& call) {
    return converse<grpc::reflection::v1::ServerReflectionRequest, grpc::reflection::v1::ServerReflectionResponse>(
        *source, call);
  });
  router.add("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", [source](Call& call) {
    return converse<grpc::reflection::v1alpha::ServerReflectionRequest,
                    grpc::reflection::v1alpha::ServerReflectionResponse>(*source, call);
  });
}

}  // namespace novelo::daemon
