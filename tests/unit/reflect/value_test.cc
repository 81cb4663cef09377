// Values whose type is known only at run time.
#include "novelo/reflect/value.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "novelo/reflect.h"

namespace value_test {

struct Word {
  std::string word;
  std::int64_t count = 0;
};
struct Reply {
  std::vector<Word> words;
  std::optional<Word> best;
  std::vector<bool> flags;
  std::int32_t top = 10;
};

int add(int a, const int& b) {
  return a + b;
}
absl::StatusOr<std::string> repeat(const std::string& text, int times) {
  if (times < 0) return absl::InvalidArgumentError("times is negative");
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}
int calls = 0;
void count_call() {
  ++calls;
}
absl::Status refuse() {
  return absl::AbortedError("no");
}
std::string take(std::string text) {
  return std::move(text) + "!";
}
std::string throws() {
  throw std::runtime_error("thrown");
}
std::unique_ptr<int> make() {
  return std::make_unique<int>(5);
}

}  // namespace value_test

namespace novelo::reflect {
namespace {

using namespace value_test;  // NOLINT: the types of this file alone

Value reply() {
  return Value::of(Reply{.words = {{"a", 1}, {"b", 2}}, .best = {}, .flags = {true}, .top = 3});
}

TEST(Value, HoldsADefaultConstructedObject) {
  Value value(type_of<Reply>());
  ASSERT_NE(value.as<Reply>(), nullptr);
  EXPECT_EQ(value.as<Reply>()->top, 10);
  EXPECT_EQ(value.as<Word>(), nullptr) << "it is no Word";
}

TEST(Value, GetsFieldsAndElementsByPath) {
  const Value value = reply();
  EXPECT_EQ(*value.get("top")->as<std::int32_t>(), 3);
  EXPECT_EQ(*value.get("words[1].count")->as<std::int64_t>(), 2);
  EXPECT_EQ(value.get("words[0]")->as<Word>()->word, "a");
  EXPECT_EQ(&value.get("")->type(), &type_of<Reply>());
}

TEST(Value, SetsWhatAPathNames) {
  Value value = reply();
  ASSERT_TRUE(value.set("words[1].word", Value::of(std::string("new"))).ok());
  EXPECT_EQ(value.as<Reply>()->words[1].word, "new");
  ASSERT_TRUE(value.set("best", Value::of(std::optional<Word>(Word{"x", 9}))).ok());
  EXPECT_EQ(*value.get("best.count")->as<std::int64_t>(), 9);
}

TEST(Value, NamesThePathThatIsWrong) {
  Value value = reply();
  EXPECT_EQ(value.get("tops").status(), absl::NotFoundError("path `tops`: value_test::Reply has no field `tops`"));
  EXPECT_EQ(value.get("words[2]").status(), absl::NotFoundError("path `words[2]`: there are 2 elements"));
  EXPECT_EQ(value.get("words[x]").status(), absl::InvalidArgumentError("path `words[x]`: an index is a number from 0"));
  EXPECT_EQ(value.get("words[1").status(), absl::InvalidArgumentError("path `words[1`: there is no `]`"));
  EXPECT_EQ(value.get("top[0]").status(), absl::InvalidArgumentError("path `top[0]`: only a vector has an index"));
  EXPECT_EQ(value.get("best.word").status(), absl::NotFoundError("path `best.word`: there is no value"));
  EXPECT_EQ(value.get("words[0].").status(),
            absl::InvalidArgumentError("path `words[0].`: a name is missing after the last `.`"));
  EXPECT_EQ(value.get("flags[0]").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(value.set("top", Value::of(std::string("3"))),
            absl::InvalidArgumentError("path `top`: it is a int32, not a string"));
}

TEST(Value, MovesItsObject) {
  Value first = reply();
  Value second = std::move(first);
  EXPECT_EQ(second.as<Reply>()->top, 3);
  first = Value::of(Word{"again", 1});
  EXPECT_EQ(first.as<Word>()->word, "again");
}

TEST(Value, ViewsAnothersObject) {
  Word word;
  Value view = Value::view(type_of<Word>(), &word);
  ASSERT_TRUE(view.set("count", Value::of(std::int64_t{4})).ok());
  EXPECT_EQ(word.count, 4);
}

TEST(Value, TravelsAsAMessage) {
  const Value value = reply();
  Value back(type_of<Reply>());
  ASSERT_TRUE(back.from_wire(value.to_wire().value()).ok());
  EXPECT_EQ(back.as<Reply>()->words[1].word, "b");
}

template <class F, class... A>
absl::StatusOr<Value> call(F* function, A... arguments) {
  std::vector<Value> values;
  (values.push_back(Value::of(std::move(arguments))), ...);
  return Value::of(function).call(values);
}

TEST(Value, CallsFunctions) {
  EXPECT_EQ(*call(&add, 2, 3)->as<int>(), 5);
  EXPECT_EQ(*call(&repeat, std::string("ab"), 2)->as<std::string>(), "abab");
  EXPECT_EQ(*call(&take, std::string("hey"))->as<std::string>(), "hey!");
  EXPECT_EQ(**call(&make)->as<std::unique_ptr<int>>(), 5) << "a result need not be copyable";
  EXPECT_NE(call(&count_call)->as<Empty>(), nullptr);
  EXPECT_EQ(calls, 1);
}

TEST(Value, ReturnsTheErrorOfAFunctionAndLetsItsExceptionsThrough) {
  EXPECT_EQ(call(&repeat, std::string("a"), -1).status(), absl::InvalidArgumentError("times is negative"));
  EXPECT_EQ(call(&refuse).status(), absl::AbortedError("no"));
  EXPECT_THROW(call(&throws).status().IgnoreError(), std::runtime_error);
}

TEST(Value, RefusesACallWithOtherArguments) {
  EXPECT_EQ(call(&add, 1).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(call(&add, 1, std::string("2")).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Value::of(1).call({}).status(), absl::InvalidArgumentError("a int32 is no function"));
}

}  // namespace
}  // namespace novelo::reflect
