// Registering functions as tasks, and what is kept of them.
#include "novelo/task.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "support/memory_stream.h"
#include "unit/reflect/wire_bytes.h"

namespace greet {

struct HelloRequest {
  std::string name = "you";
  std::int32_t times = 1;
};
struct HelloReply {
  std::string text;
};

absl::StatusOr<HelloReply> hello(const HelloRequest& request) {
  if (request.times < 0) return absl::OutOfRangeError("times is negative");
  HelloReply reply;
  for (int i = 0; i < request.times; ++i) reply.text += request.name;
  return reply;
}
std::int64_t twice(std::int64_t n) {
  return 2 * n;
}
int pings = 0;
void ping() noexcept {
  ++pings;
}
absl::Status check(HelloRequest request) {
  return request.name.empty() ? absl::NotFoundError("no name") : absl::OkStatus();
}
HelloReply broken(const HelloRequest&) {
  return {"\xff"};
}
HelloReply throws(const HelloRequest&) {
  throw std::runtime_error("thrown");
}

void lines(HelloRequest, novelo::SendChan<std::string>) {}
absl::Status tick(novelo::SendChan<HelloReply>) {
  return absl::OkStatus();
}
std::int64_t sum(novelo::RecvChan<std::int64_t>) {
  return 0;
}
absl::Status upper(novelo::RecvChan<std::string>, novelo::SendChan<HelloReply>) {
  return absl::OkStatus();
}

NOVELO_TASK(twice, "Doubles a number.");

}  // namespace greet

NOVELO_TASK(greet::hello, "Says hello.");
NOVELO_TASK(::greet::ping, "Counts calls.");
NOVELO_TASK(greet::check, "");
NOVELO_TASK(greet::broken, "");
NOVELO_TASK(greet::throws, "");
NOVELO_TASK(greet::lines, "");
NOVELO_TASK(greet::tick, "");
NOVELO_TASK(greet::sum, "");
NOVELO_TASK(greet::upper, "");

// What must be found wrong.
namespace wrong {
struct Mapped {
  std::map<double, int> map;
};
void mapped(const Mapped&) {}
void again(const greet::HelloRequest&) {}
}  // namespace wrong
NOVELO_TASK(wrong::mapped, "");
NOVELO_TASK(wrong::again, "first");
NOVELO_TASK(wrong::again, "second");
NOVELO_FIELD_DOC(greet::HelloRequest, name, "Whom to greet.");
NOVELO_FIELD_DOC(greet::HelloRequest, name, "Whom?");
NOVELO_FIELD_DOC(greet::HelloRequest, nmae, "Whom?");

namespace novelo {
namespace {

using reflect::operator""_hex;
using reflect::to_hex;
using testing::MemoryStream;

const Task& task(std::string_view name) {
  const Task* found = find_task(name);
  if (found == nullptr) throw std::runtime_error("no task " + std::string(name));
  return *found;
}

TEST(Registry, FindsTasksByTheirDottedName) {
  EXPECT_EQ(task("greet.hello").name(), "greet.hello");
  EXPECT_EQ(task("greet.hello").doc(), "Says hello.");
  EXPECT_EQ(task("greet.ping").doc(), "Counts calls.");
  EXPECT_EQ(task("greet.twice").doc(), "Doubles a number.") << "registered inside its namespace";
  EXPECT_EQ(find_task("greet.nobody"), nullptr);
}

TEST(Registry, ListsTasksByName) {
  std::vector<std::string_view> names;
  for (const Task* each : tasks()) names.push_back(each->name());
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_EQ(std::count(names.begin(), names.end(), "greet.hello"), 1);
}

TEST(Registry, TellsTheKindFromTheSignature) {
  EXPECT_EQ(task("greet.hello").kind(), TaskKind::kUnary);
  EXPECT_EQ(task("greet.ping").kind(), TaskKind::kUnary);
  EXPECT_EQ(task("greet.lines").kind(), TaskKind::kServerStreaming);
  EXPECT_EQ(task("greet.tick").kind(), TaskKind::kServerStreaming);
  EXPECT_EQ(task("greet.sum").kind(), TaskKind::kClientStreaming);
  EXPECT_EQ(task("greet.upper").kind(), TaskKind::kBidiStreaming);
  EXPECT_EQ(to_string(TaskKind::kServerStreaming), "server_streaming");
}

TEST(Registry, TellsTheTypesOfMessagesFromTheSignature) {
  EXPECT_EQ(&task("greet.hello").input(), &reflect::type_of<greet::HelloRequest>());
  EXPECT_EQ(&task("greet.hello").output(), &reflect::type_of<greet::HelloReply>());
  EXPECT_EQ(task("greet.ping").input().name(), "novelo::Empty");
  EXPECT_EQ(task("greet.check").output().name(), "novelo::Empty");
  EXPECT_EQ(task("greet.twice").output().name(), "int64");
  EXPECT_EQ(task("greet.lines").output().name(), "string");
  EXPECT_EQ(task("greet.tick").input().name(), "novelo::Empty");
  EXPECT_EQ(task("greet.sum").input().name(), "int64");
  EXPECT_EQ(task("greet.upper").output().name(), "greet::HelloReply");
}

TEST(Registry, KnowsTheProgramsOwnTasksAsBuiltIn) {
  EXPECT_EQ(task("greet.hello").module(), "builtin");
}

TEST(Registry, TellsWhatWasRegisteredWrongly) {
  const std::vector<std::string> expected = {
      "task wrong.again: registered twice, by builtin and by builtin; give one function another name",
      "NOVELO_FIELD_DOC: greet::HelloRequest.name has a doc already",
      "NOVELO_FIELD_DOC: greet::HelloRequest has no field `nmae`; its fields are `name`, `times`",
      "task wrong.mapped: `wrong::Mapped.map` of type `map<double, int32>` cannot be sent: the keys of a map are "
      "integers, "
      "bools or strings"};
  std::vector<std::string> errors;
  for (const std::string& each : registration_errors()) {
    if (std::find(expected.begin(), expected.end(), each) != expected.end()) errors.push_back(each);
  }
  EXPECT_EQ(errors, expected);
}

TEST(UnaryTask, TakesOneMessageAndReturnsOne) {
  MemoryStream stream({"0a 02 61 62 10 03"_hex});
  ASSERT_TRUE(task("greet.hello").run(stream).ok());
  ASSERT_EQ(stream.output().size(), 1u);
  EXPECT_EQ(to_hex(stream.output()[0]), "0a 06 61 62 61 62 61 62");
}

TEST(UnaryTask, TakesAbsentFieldsAsTheirDefaults) {
  MemoryStream stream({""});
  ASSERT_TRUE(task("greet.hello").run(stream).ok());
  EXPECT_EQ(stream.output()[0], "\x0a\x03you");
}

TEST(UnaryTask, WrapsNumbers) {
  MemoryStream stream({"08 15"_hex});
  ASSERT_TRUE(task("greet.twice").run(stream).ok());
  EXPECT_EQ(to_hex(stream.output()[0]), "08 2a");
}

TEST(UnaryTask, MayTakeAndReturnNothing) {
  MemoryStream stream({""});
  ASSERT_TRUE(task("greet.ping").run(stream).ok());
  EXPECT_EQ(stream.output(), std::vector<std::string>{""});
  EXPECT_EQ(greet::pings, 1);
}

TEST(UnaryTask, ReturnsTheErrorOfItsFunctionAndNoMessage) {
  MemoryStream stream({"10 ff ff ff ff ff ff ff ff ff 01"_hex});
  EXPECT_EQ(task("greet.hello").run(stream), absl::OutOfRangeError("times is negative"));
  MemoryStream other({"0a 00"_hex});
  EXPECT_EQ(task("greet.check").run(other), absl::NotFoundError("no name"));
  EXPECT_TRUE(stream.output().empty());
  EXPECT_TRUE(other.output().empty());
}

TEST(UnaryTask, NamesTheFieldThatCannotBeRead) {
  MemoryStream stream({"12 00"_hex});
  EXPECT_EQ(
      task("greet.hello").run(stream),
      absl::InvalidArgumentError("field `times`: wire type length-delimited where int32 takes varint (at byte 1)"));
}

TEST(UnaryTask, WantsAMessage) {
  MemoryStream stream;
  EXPECT_EQ(task("greet.hello").run(stream),
            absl::InvalidArgumentError("task greet.hello takes one message, and the input ended without one"));
}

TEST(UnaryTask, TellsWhichFieldOfItsReplyCannotBeSent) {
  MemoryStream stream({""});
  const absl::Status status = task("greet.broken").run(stream);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_NE(status.message().find("task greet.broken made a message that cannot be sent: field `text`"),
            absl::string_view::npos);
}

TEST(UnaryTask, LetsExceptionsThrough) {
  MemoryStream stream({""});
  EXPECT_THROW(task("greet.throws").run(stream).IgnoreError(), std::runtime_error);
}

}  // namespace
}  // namespace novelo
