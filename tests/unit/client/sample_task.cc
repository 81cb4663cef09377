// tests/unit/client/sample_task.cc
// The text is compiled by the parser that protoc uses, so comments come along as a server sends them.
#include "sample_task.h"

#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/timestamp.pb.h>

#include <cstdlib>

namespace novelo::testing {
namespace {

constexpr char kFile[] = R"(
syntax = "proto3";
package text;
import "google/protobuf/duration.proto";
import "google/protobuf/timestamp.proto";
enum Order { BY_COUNT = 0; BY_WORD = 1; }
message Range {
  // The first line.
  int32 first = 1;
  int32 last = 2;
  bool is_open = 3;
}
message Tree { string name = 1; Tree left = 2; }
message WordCountRequest {
  // File or directory to read.
  string path = 1;
  optional int32 top = 2;
  repeated string skip = 3;
  map<string, int64> weight = 4;
  bool deep = 5;
  Order order = 6;
  Range range = 7;
  google.protobuf.Duration patience = 8;
  google.protobuf.Timestamp since = 9;
  bytes salt = 10;
  uint64 big = 11;
  double ratio = 12;
  repeated Range ranges = 13;
  Tree tree = 14;
  map<string, Range> parts = 15;
  uint32 small = 16;
  int64 offset = 17;
  float share = 18;
  string line_end = 19;
  repeated Order orders = 20;
}
message WordCount { string word = 1; int64 count = 2; }
message WordCountReply { repeated WordCount words = 1; int64 files = 2; Range range = 3; }
message Match { string path = 1; int64 line_number = 2; string line = 3; }
message Number { int64 value = 1; }
message Line { string value = 1; }
message DialRequest { string address = 1; int32 timeout = 2; bool wait = 3; }
service Tasks {
  // Counts words.
  rpc WordCount(WordCountRequest) returns (WordCountReply);
  rpc Grep(WordCountRequest) returns (stream Match);
  rpc Sum(stream Number) returns (Number);
  rpc Upper(stream Line) returns (stream Line);
  rpc Dial(DialRequest) returns (Line);
}
)";

class Abort : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int, google::protobuf::io::ColumnNumber, const std::string&) override { std::abort(); }
};

google::protobuf::FileDescriptorSet compiled() {
  google::protobuf::FileDescriptorSet set;
  google::protobuf::Duration::descriptor()->file()->CopyTo(set.add_file());
  google::protobuf::Timestamp::descriptor()->file()->CopyTo(set.add_file());
  google::protobuf::FileDescriptorProto* file = set.add_file();
  google::protobuf::io::ArrayInputStream text(kFile, sizeof kFile - 1);
  Abort errors;
  google::protobuf::io::Tokenizer tokens(&text, &errors);
  google::protobuf::compiler::Parser parser;
  parser.RecordErrorsTo(&errors);
  if (!parser.Parse(&tokens, file)) std::abort();
  file->set_name("text/tasks.proto");
  return set;
}

v1::Task task(const std::string& name, const std::string& method, v1::TaskKind kind, const std::string& input,
              const std::string& output) {
  v1::Task task;
  task.set_name(name);
  task.set_doc("Does " + name + ". It does it well.");
  task.set_kind(kind);
  task.set_method("/text.Tasks/" + method);
  task.set_input_type("text." + input);
  task.set_output_type("text." + output);
  task.set_module("builtin");
  task.set_version("1.2.3");
  *task.mutable_file_descriptor_set() = compiled();
  return task;
}

}  // namespace

std::vector<v1::Task> sample_tasks() {
  std::vector<v1::Task> tasks = {
      task("net.dial", "Dial", v1::TASK_KIND_UNARY, "DialRequest", "Line"),
      task("text.grep", "Grep", v1::TASK_KIND_SERVER_STREAMING, "WordCountRequest", "Match"),
      task("text.sum", "Sum", v1::TASK_KIND_CLIENT_STREAMING, "Number", "Number"),
      task("text.upper", "Upper", v1::TASK_KIND_BIDI_STREAMING, "Line", "Line"),
      task("text.word_count", "WordCount", v1::TASK_KIND_UNARY, "WordCountRequest", "WordCountReply")};
  v1::TaskField* path = tasks.back().add_input_fields();
  path->set_name("path");
  path->set_doc("File or directory to read.");
  path->set_number(1);
  path->set_type("string");
  v1::TaskField* top = tasks.back().add_input_fields();
  top->set_name("top");
  top->set_doc("How many words.");
  top->set_number(2);
  top->set_type("int32");
  top->set_default_json("10");
  v1::TaskField* words = tasks.back().add_output_fields();
  words->set_name("words");
  words->set_number(1);
  words->set_type("repeated text.WordCount");
  return tasks;
}

std::shared_ptr<const client::TaskSchema> sample_schema(const std::string& name) {
  for (const v1::Task& task : sample_tasks()) {
    if (task.name() == name) return client::TaskSchema::from(task).value();
  }
  return nullptr;
}

}  // namespace novelo::testing
