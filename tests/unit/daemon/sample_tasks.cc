// The functions behind sample_tasks.h, registered as a user would.
#include "sample_tasks.h"

#include <cctype>
#include <mutex>
#include <stdexcept>

namespace sample {

absl::StatusOr<AddReply> add(const AddRequest& request) {
  return AddReply{request.a + request.b};
}

absl::StatusOr<Everything> everything(const Everything& request) {
  return request;
}

absl::Status count(const CountRequest& request, novelo::SendChan<AddReply> out) {
  for (std::int64_t i = 1; i <= request.to; ++i) out.send(AddReply{i});
  return absl::OkStatus();
}

absl::StatusOr<std::int64_t> sum(novelo::RecvChan<std::int64_t> in) {
  std::int64_t sum = 0;
  for (const std::int64_t n : in) sum += n;
  return sum;
}

absl::Status upper(novelo::RecvChan<std::string> in, novelo::SendChan<std::string> out) {
  for (std::string& text : in) {
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    out.send(text);
  }
  return absl::OkStatus();
}

absl::StatusOr<Nothing> fails(const FailRequest& request) {
  return absl::Status(static_cast<absl::StatusCode>(request.code), request.message);
}

absl::StatusOr<Nothing> throws(const FailRequest& request) {
  throw std::runtime_error(request.message);
}

absl::StatusOr<Nothing> waits(const Nothing&) {
  const novelo::Chan<int> never = novelo::make_chan<int>();
  novelo::go([never] { never.recv(); });
  never.recv();
  return Nothing{};
}

absl::StatusOr<Nothing> crowds(const Nothing&) {
  const novelo::Chan<int> never = novelo::make_chan<int>();
  try {
    while (true) novelo::go([never] { never.recv(); });
  } catch (const novelo::RuntimeError&) {  // there are no more
  }
  never.recv();
  return Nothing{};
}

absl::StatusOr<AddReply> flaky(const FlakyRequest& request) {
  static std::mutex mutex;
  static std::map<std::string, std::int32_t> runs;
  const std::lock_guard lock(mutex);
  const std::int32_t run = ++runs[request.key];
  if (run <= request.failures) return absl::UnavailableError("not yet");
  return AddReply{run};
}

absl::StatusOr<AddReply> shows_class(const Nothing&) {
  AddReply reply;
  novelo::spawn([&reply] { reply.sum = static_cast<std::int64_t>(novelo::current_priority()); }).join();
  return reply;
}

absl::Status pours(const Nothing&, novelo::SendChan<std::string> out) {
  while (true) out.send(std::string(4096, 'x'));
}

}  // namespace sample

NOVELO_TASK(sample::add, "Adds two numbers.");
NOVELO_TASK(sample::everything, "Returns what it was given.");
NOVELO_TASK(sample::count, "Counts.");
NOVELO_TASK(sample::sum, "Sums what comes.");
NOVELO_TASK(sample::upper, "Raises letters.");
NOVELO_TASK(sample::fails, "Returns an error.");
NOVELO_TASK(sample::throws, "Throws.");
NOVELO_TASK(sample::waits, "Waits for ever.");
NOVELO_TASK(sample::crowds, "Takes every goroutine there is.");
NOVELO_TASK(sample::flaky, "Fails some times, then succeeds.");
NOVELO_TASK(sample::shows_class, "Says in which class it runs.");
NOVELO_TASK(sample::pours, "Writes for ever.");
NOVELO_FIELD_DOC(sample::AddRequest, a, "The first number.");
NOVELO_FIELD_DOC(sample::CountRequest, to, "Where to end.");
