// Which types may be messages, and what is said of those that may not.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "novelo/reflect.h"

namespace form {

enum class Colour { kRed };
enum class Nameless : std::uint8_t {};

struct Inner {
  std::int32_t number = 0;
};
struct Good {
  std::vector<Inner> list;
  std::map<std::string, std::vector<std::byte>> bytes;
  std::optional<Inner> one;
  std::vector<Good> children;
  Colour colour = Colour::kRed;
};
struct ListOfLists {
  std::vector<std::vector<int>> lists;
};
struct Deep {
  std::vector<ListOfLists> deep;
};
struct MapOfLists {
  std::map<std::string, std::vector<int>> lists;
};
struct FloatKeys {
  std::map<double, int> map;
};
struct EnumKeys {
  std::map<Colour, int> map;
};
struct Pointer {
  int* pointer = nullptr;
};
struct FullList {
  std::vector<int> list = {1};
};
struct FullOptional {
  std::optional<int> number = 1;
};
struct NoNames {
  Nameless nameless{};
};
struct NoDefault {
  explicit NoDefault(int value) : number(value) {}
  int number;
};
template <class T>
struct Box {
  T value{};
};

}  // namespace form

NOVELO_REFLECT(form::NoDefault, number);

namespace novelo::reflect {
namespace {

template <class T>
std::string form() {
  const absl::Status status = check_wire_form(type_of<T>());
  return status.ok() ? "fine" : std::string(status.message());
}

TEST(WireForm, IsFineForWhatProtobufHas) {
  EXPECT_EQ(form<form::Good>(), "fine");
  EXPECT_EQ(form<std::int64_t>(), "fine");
  EXPECT_EQ(form<std::vector<std::string>>(), "fine");
  EXPECT_EQ(form<absl::Time>(), "fine");
}

TEST(WireForm, HasNoListsInsideLists) {
  EXPECT_EQ(
      form<form::Deep>(),
      "`form::Deep.deep[].lists[]` of type `vector<int32>` cannot be sent: lists, maps and optionals cannot be inside "
      "one another; put a struct between them");
  EXPECT_NE(form<form::MapOfLists>(), "fine");
  EXPECT_NE(form<std::vector<std::optional<int>>>(), "fine");
}

TEST(WireForm, HasNoKeysButIntegersBoolsAndStrings) {
  EXPECT_EQ(
      form<form::FloatKeys>(),
      "`form::FloatKeys.map` of type `map<double, int32>` cannot be sent: the keys of a map are integers, bools or "
      "strings");
  EXPECT_NE(form<form::EnumKeys>(), "fine");
}

TEST(WireForm, HasNoDefaultsForListsAndOptionals) {
  EXPECT_EQ(
      form<form::FullList>(),
      "`form::FullList.list` of type `vector<int32>` cannot be sent: its default must be empty: on the wire, absent "
      "means empty");
  EXPECT_NE(form<form::FullOptional>(), "fine");
}

TEST(WireForm, HasNoPointersAndOtherOpaqueThings) {
  EXPECT_NE(form<form::Pointer>().find("`form::Pointer.pointer` of type `int"), std::string::npos);
  EXPECT_NE(form<form::Pointer>().find("cannot be sent: only bool, numbers, "), std::string::npos);
  EXPECT_NE(form<std::unique_ptr<int>>(), "fine");
}

TEST(WireForm, WantsEnumsWithNames) {
  EXPECT_EQ(form<form::NoNames>(),
            "`form::NoNames.nameless` of type `form::Nameless` cannot be sent: it has no enumerator from -128 to 128");
}

TEST(WireForm, WantsStructsWithADefaultAndANameOfTheirOwn) {
  EXPECT_EQ(
      form<form::NoDefault>(),
      "`form::NoDefault` of type `form::NoDefault` cannot be sent: it must have a default constructor and be movable "
      "and assignable");
  EXPECT_NE(form<form::Box<int>>().find("templates and local classes have no name of their own"), std::string::npos);
}

}  // namespace
}  // namespace novelo::reflect
