// client/cli/session.cc
// Nothing here asks the server anything but schema(), which most verbs of tasks begin with.
#include "session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "connection.h"
#include "error_text.h"
#include "parse.h"
#include "rpc_status.h"

namespace novelo::cli {
namespace {

OutputForm form_of(const std::string& name) {  // the parser has checked the choices
  if (name == "wide") return OutputForm::kWide;
  if (name == "json") return OutputForm::kJson;
  if (name == "jsonl") return OutputForm::kJsonl;
  if (name == "yaml") return OutputForm::kYaml;
  if (name == "name") return OutputForm::kName;
  return OutputForm::kTable;
}

}  // namespace

Session::Session(const World& world) : world_(world) {
  const std::optional<std::string> no_color = world_.environment("NO_COLOR");
  const std::optional<std::string> term = world_.environment("TERM");
  has_color_allowed_ = !(no_color && !no_color->empty()) && term.value_or("") != "dumb";
}

absl::Status Session::configure(const Arguments& arguments) {
  if (const auto form = arguments.value("output")) form_ = form_of(*form);
  has_headers_ = !arguments.has("no-headers");
  is_quiet_ = arguments.has("quiet");
  is_verbose_ = arguments.has("verbose");
  address_flag_ = arguments.value("address");
  if (const auto timeout = arguments.value("timeout")) {
    const absl::StatusOr<absl::Duration> duration = parse_duration("timeout", *timeout);
    if (!duration.ok()) return duration.status();
    deadline_ = absl::Now() + *duration;
  }
  return absl::OkStatus();
}

void Session::say(const std::string& line) {
  if (!is_quiet_) world_.err << line << std::endl;
}

void Session::tell(const std::string& line) {
  if (is_verbose_) world_.err << line << std::endl;
}

ExitCode Session::fail(const absl::Status& status) {
  world_.out.flush();
  const bool has_color = world_.is_err_terminal && has_color_allowed_;
  world_.err << (has_color ? "\033[31mnovelo:\033[0m " : "novelo: ") << error_text(status, address_) << std::endl;
  return exit_code_of(status);
}

ExitCode Session::usage(const absl::Status& status, const std::string& command) {
  fail(status);
  world_.err << "See: " << command << " --help" << std::endl;
  return ExitCode::kUsage;
}

PrintOptions Session::print_options(OutputForm natural) const {
  return {.form = form_.value_or(natural),
          .has_headers = has_headers_,
          .has_color = world_.is_out_terminal && has_color_allowed_};
}

ExitCode Session::show(const Answer& answer, OutputForm natural) {
  absl::Status status = print(answer, print_options(natural), world_.out);
  if (status.ok()) status = flush();
  return status.ok() ? ExitCode::kDone : fail(status);
}

absl::Status Session::flush() {
  if (world_.out.flush()) return absl::OkStatus();
  return absl::DataLossError("stdout could not be written: is the disk full?");
}

std::unique_ptr<grpc::ClientContext> Session::question() const {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(absl::ToChronoTime(std::min(deadline_, absl::Now() + kAnswerTimeout)));
  return context;
}

std::unique_ptr<grpc::ClientContext> Session::long_question() const {
  auto context = std::make_unique<grpc::ClientContext>();
  if (deadline_ != absl::InfiniteFuture()) context->set_deadline(absl::ToChronoTime(deadline_));
  return context;
}

absl::Status Session::connect() {
  absl::StatusOr<Address> address = resolve_address(address_flag_, world_.environment);
  if (!address.ok()) return address.status();
  address_ = *std::move(address);
  channel_ = client::open_channel(address_.target);
  tell(absl::StrCat("server ", address_.target, " (", address_.origin, ")"));
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const client::TaskSchema>> Session::schema(const std::string& task) const {
  v1::GetTaskRequest request;
  request.set_name(task);
  request.set_view(v1::TASK_VIEW_FULL);
  v1::Task reply;
  const auto context = question();
  const grpc::Status status = tasks()->GetTask(context.get(), request, &reply);
  if (!status.ok()) return client::from_grpc(status);
  return client::TaskSchema::from(std::move(reply));
}

}  // namespace novelo::cli
