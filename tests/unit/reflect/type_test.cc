// What type_of<T>() says of types of every kind.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "novelo/chan.h"
#include "novelo/reflect.h"

namespace zoo {

enum class Colour : std::uint8_t { kNone, kRed = 3, kBlue = 4, kAlsoBlue = 4, kLast = 128, kUnseen = 200 };
enum class Signed : std::int8_t { kLow = -128, kMinus = -1, kHigh = 127 };
enum Plain : int { PLAIN_ZERO, PLAIN_ONE };
enum NoFixedType { kSomething };

struct Point {
  double x = 0;
  double y = 0;
};

struct Nothing {};
struct OneText {
  std::string only;
};

struct Animal {
  std::string name = "cat";
  std::int32_t legs = 4;
  std::int64_t age;
  std::uint8_t lives = 9;
  bool is_tame = true;
  double weight = 2.5;
  float nan_free = 0;
  Colour colour = Colour::kRed;
  std::optional<int> owner;
  std::vector<Point> path;
  std::map<std::string, int> toys;
  absl::Time born = absl::FromUnixSeconds(1);
  absl::Duration nap = absl::Milliseconds(1500);
  std::vector<std::byte> dna = {std::byte{1}, std::byte{2}, std::byte{3}};
  Point home;
};

struct Tree {
  std::string label;
  std::vector<Tree> children;
};

class Account {
 public:
  Account() = default;
  explicit Account(int balance) : balance_(balance) {}
  int balance() const { return balance_; }

 private:
  friend struct novelo::reflect::Access;
  int balance_ = 7;
  std::string owner_;
};

struct Base {
  int inherited = 0;
};
struct Derived : Base {
  int own = 0;
};

struct MoveOnly {
  std::unique_ptr<int> held;
  std::string text;
};

struct WithStatus {  // has no brace initialiser without arguments, since StatusOr's constructor is explicit
  int number = 1;
  absl::StatusOr<int> outcome;
};

template <class T>
struct Box {
  T value;
};

namespace {
struct Hidden {
  int secret = 0;
  std::optional<Point> point;
};
}  // namespace

int add(int a, const std::string& b);

// clang-format off
struct Wide64 {
  int a1, a2, a3, a4, a5, a6, a7, a8, b1, b2, b3, b4, b5, b6, b7, b8, c1, c2, c3, c4, c5, c6, c7, c8, d1, d2, d3, d4, d5,
      d6, d7, d8, e1, e2, e3, e4, e5, e6, e7, e8, f1, f2, f3, f4, f5, f6, f7, f8, g1, g2, g3, g4, g5, g6, g7, g8, h1, h2,
      h3, h4, h5, h6, h7, last;
};
struct Wide65 {
  Wide64 most;
  int a1, a2, a3, a4, a5, a6, a7, a8, b1, b2, b3, b4, b5, b6, b7, b8, c1, c2, c3, c4, c5, c6, c7, c8, d1, d2, d3, d4, d5,
      d6, d7, d8, e1, e2, e3, e4, e5, e6, e7, e8, f1, f2, f3, f4, f5, f6, f7, f8, g1, g2, g3, g4, g5, g6, g7, g8, h1, h2,
      h3, h4, h5, h6, h7, h8;
};
// clang-format on

}  // namespace zoo

NOVELO_REFLECT(zoo::Account, balance_, owner_);
NOVELO_REFLECT(zoo::Derived, inherited, own);
NOVELO_TYPE_DOC(zoo::Point, "A place.");
namespace zoo {
NOVELO_FIELD_DOC(Point, y, "How far north.");
}

namespace novelo::reflect {
namespace {

template <class T>
Kind kind() {
  return type_of<T>().kind();
}

const Field& animal(std::string_view name) {
  return *type_of<zoo::Animal>().field(name);
}

TEST(TypeOf, TellsTheKindOfEachType) {
  EXPECT_EQ(kind<bool>(), Kind::kBool);
  EXPECT_EQ(kind<std::int8_t>(), Kind::kInt8);
  EXPECT_EQ(kind<std::int16_t>(), Kind::kInt16);
  EXPECT_EQ(kind<int>(), Kind::kInt32);
  EXPECT_EQ(kind<long>(), Kind::kInt64);
  EXPECT_EQ(kind<long long>(), Kind::kInt64);
  EXPECT_EQ(kind<std::uint8_t>(), Kind::kUint8);
  EXPECT_EQ(kind<std::uint16_t>(), Kind::kUint16);
  EXPECT_EQ(kind<unsigned>(), Kind::kUint32);
  EXPECT_EQ(kind<std::size_t>(), Kind::kUint64);
  EXPECT_EQ(kind<float>(), Kind::kFloat);
  EXPECT_EQ(kind<double>(), Kind::kDouble);
  EXPECT_EQ(kind<std::string>(), Kind::kString);
  EXPECT_EQ(kind<std::vector<std::byte>>(), Kind::kBytes);
  EXPECT_EQ(kind<std::vector<std::uint8_t>>(), Kind::kBytes);
  EXPECT_EQ(kind<zoo::Colour>(), Kind::kEnum);
  EXPECT_EQ(kind<zoo::Plain>(), Kind::kEnum);
  EXPECT_EQ(kind<zoo::Animal>(), Kind::kStruct);
  EXPECT_EQ(kind<std::vector<bool>>(), Kind::kVector);
  EXPECT_EQ((kind<std::map<int, int>>()), Kind::kMap);
  EXPECT_EQ((kind<std::unordered_map<int, int>>()), Kind::kMap);
  EXPECT_EQ((kind<absl::flat_hash_map<std::string, int>>()), Kind::kMap);
  EXPECT_EQ(kind<std::optional<int>>(), Kind::kOptional);
  EXPECT_EQ(kind<absl::Time>(), Kind::kTime);
  EXPECT_EQ(kind<absl::Duration>(), Kind::kDuration);
  EXPECT_EQ(kind<SendChan<int>>(), Kind::kChan);
  EXPECT_EQ(kind<decltype(zoo::add)>(), Kind::kFunc);
}

TEST(TypeOf, LeavesOpaqueWhatItCannotDescribe) {
  EXPECT_EQ(kind<char>(), Kind::kOpaque) << "its sign differs between machines";
  EXPECT_EQ(kind<int*>(), Kind::kOpaque);
  EXPECT_EQ((kind<std::array<int, 3>>()), Kind::kOpaque);
  EXPECT_EQ((kind<std::pair<int, int>>()), Kind::kOpaque);
  EXPECT_EQ(kind<zoo::NoFixedType>(), Kind::kOpaque) << "not every number is a value of it";
  EXPECT_EQ(kind<zoo::Wide65>(), Kind::kOpaque) << "more fields than can be counted";
  EXPECT_EQ(kind<std::unique_ptr<int>>(), Kind::kOpaque);
}

TEST(TypeOf, IsOneObjectPerType) {
  EXPECT_EQ(&animal("path").type().element(), &type_of<zoo::Point>());
  EXPECT_EQ(&type_of<int>(), &type_of<std::int32_t>());
}

TEST(TypeOf, NamesTypesByTheirQualifiedNames) {
  EXPECT_EQ(type_of<zoo::Animal>().name(), "zoo::Animal");
  EXPECT_EQ(type_of<zoo::Colour>().name(), "zoo::Colour");
  EXPECT_EQ(type_of<zoo::Hidden>().name(), "zoo::Hidden") << "an unnamed namespace has no name to show";
  EXPECT_EQ(type_of<std::int64_t>().name(), "int64");
  EXPECT_EQ(type_of<std::vector<zoo::Point>>().name(), "vector<zoo::Point>");
  EXPECT_EQ((type_of<std::map<std::string, std::optional<bool>>>().name()), "map<string, optional<bool>>");
  EXPECT_EQ(type_of<RecvChan<std::string>>().name(), "recv_chan<string>");
}

TEST(TypeOf, FindsFieldsWithNamesTypesOffsetsAndNumbers) {
  const Type& type = type_of<zoo::Animal>();
  EXPECT_EQ(type.size(), sizeof(zoo::Animal));
  EXPECT_EQ(type.align(), alignof(zoo::Animal));
  ASSERT_EQ(type.fields().size(), 15u);
  const zoo::Animal object{};
  const auto* start = reinterpret_cast<const char*>(&object);
  EXPECT_EQ(type.fields()[0].name(), "name");
  EXPECT_EQ(type.fields()[0].number(), 1);
  EXPECT_EQ(type.fields()[14].name(), "home");
  EXPECT_EQ(type.fields()[14].number(), 15);
  EXPECT_EQ(animal("legs").offset(), reinterpret_cast<const char*>(&object.legs) - start);
  EXPECT_EQ(animal("home").offset(), reinterpret_cast<const char*>(&object.home) - start);
  EXPECT_EQ(&animal("home").type(), &type_of<zoo::Point>());
  EXPECT_EQ(animal("owner").is_optional(), true);
  EXPECT_EQ(animal("legs").is_optional(), false);
  EXPECT_EQ(type.field("wings"), nullptr);
}

TEST(TypeOf, DescribesStructsOfNoneOneAndTheMostFields) {
  EXPECT_EQ(type_of<zoo::Nothing>().fields().size(), 0u);
  ASSERT_EQ(type_of<zoo::OneText>().fields().size(), 1u);
  EXPECT_EQ(type_of<zoo::OneText>().fields()[0].name(), "only");
  ASSERT_EQ(type_of<zoo::Wide64>().fields().size(), 64u);
  EXPECT_EQ(type_of<zoo::Wide64>().fields()[63].name(), "last");
}

TEST(TypeOf, DescribesStructsThatCannotBeCopiedOrEmptyBraced) {
  ASSERT_EQ(type_of<zoo::MoveOnly>().fields().size(), 2u);
  EXPECT_EQ(type_of<zoo::MoveOnly>().fields()[1].name(), "text");
  EXPECT_EQ(type_of<zoo::MoveOnly>().operations().copy, nullptr);
  ASSERT_EQ(type_of<zoo::WithStatus>().fields().size(), 2u);
  EXPECT_EQ(type_of<zoo::WithStatus>().fields()[1].name(), "outcome");
}

TEST(TypeOf, DescribesTypesOfUnnamedNamespaces) {
  ASSERT_EQ(type_of<zoo::Hidden>().fields().size(), 2u);
  EXPECT_EQ(type_of<zoo::Hidden>().fields()[0].name(), "secret");
  EXPECT_EQ(type_of<zoo::Hidden>().fields()[1].name(), "point");
}

TEST(TypeOf, MayBeRecursive) {
  const Type& type = type_of<zoo::Tree>();
  EXPECT_EQ(&type.field("children")->type().element(), &type);
}

TEST(TypeOf, TellsDefaultsThatAreNotZeroAsJson) {
  EXPECT_EQ(animal("name").default_json(), "\"cat\"");
  EXPECT_EQ(animal("legs").default_json(), "4");
  EXPECT_EQ(animal("lives").default_json(), "9");
  EXPECT_EQ(animal("is_tame").default_json(), "true");
  EXPECT_EQ(animal("weight").default_json(), "2.5");
  EXPECT_EQ(animal("colour").default_json(), "\"kRed\"");
  EXPECT_EQ(animal("born").default_json(), "\"1970-01-01T00:00:01Z\"");
  EXPECT_EQ(animal("nap").default_json(), "\"1.5s\"");
  EXPECT_EQ(animal("dna").default_json(), "\"AQID\"");
  EXPECT_TRUE(animal("legs").has_default());
}

TEST(TypeOf, TellsNoDefaultWhereItIsTheZeroValue) {
  for (const std::string_view name : {"age", "nan_free", "owner", "path", "toys", "home"}) {
    EXPECT_FALSE(animal(name).has_default()) << name;
    EXPECT_EQ(animal(name).default_json(), "") << name;
  }
}

TEST(TypeOf, FindsEnumeratorsOncePerNumberFromMinus128To128) {
  const auto colours = type_of<zoo::Colour>().enumerators();
  ASSERT_EQ(colours.size(), 4u);
  EXPECT_EQ(colours[0].name, "kNone");
  EXPECT_EQ(colours[1].name, "kRed");
  EXPECT_EQ(colours[1].number, 3);
  EXPECT_EQ(colours[2].name, "kBlue");
  EXPECT_EQ(colours[3].number, 128);
  const auto numbers = type_of<zoo::Signed>().enumerators();
  ASSERT_EQ(numbers.size(), 3u);
  EXPECT_EQ(numbers[0].number, -128);
  EXPECT_EQ(numbers[1].name, "kMinus");
  EXPECT_EQ(numbers[2].number, 127);
  EXPECT_TRUE(type_of<zoo::Signed>().is_signed());
  EXPECT_FALSE(type_of<zoo::Colour>().is_signed());
  ASSERT_EQ(type_of<zoo::Plain>().enumerators().size(), 2u);
  EXPECT_EQ(type_of<zoo::Plain>().enumerators()[1].name, "PLAIN_ONE");
}

TEST(TypeOf, TellsElementsKeysAndDirections) {
  EXPECT_EQ(&type_of<std::vector<int>>().element(), &type_of<int>());
  EXPECT_EQ((&type_of<std::map<std::string, double>>().key()), &type_of<std::string>());
  EXPECT_EQ((&type_of<std::map<std::string, double>>().element()), &type_of<double>());
  EXPECT_EQ(&type_of<std::optional<bool>>().element(), &type_of<bool>());
  EXPECT_EQ(&type_of<SendChan<int>>().element(), &type_of<int>());
  EXPECT_EQ(type_of<SendChan<int>>().direction(), ChanDirection::kSend);
  EXPECT_EQ(type_of<RecvChan<int>>().direction(), ChanDirection::kReceive);
  EXPECT_EQ(type_of<Chan<int>>().direction(), ChanDirection::kBoth);
}

TEST(TypeOf, TellsParametersAndResultOfFunctions) {
  const Type& type = type_of<decltype(zoo::add)>();
  ASSERT_EQ(type.parameters().size(), 2u);
  EXPECT_EQ(&type.parameters()[0](), &type_of<int>());
  EXPECT_EQ(&type.parameters()[1](), &type_of<std::string>());
  EXPECT_EQ(&type.element(), &type_of<int>());
}

TEST(Reflect, MacroDescribesPrivateFields) {
  const Type& type = type_of<zoo::Account>();
  ASSERT_EQ(type.fields().size(), 2u);
  EXPECT_EQ(type.fields()[0].name(), "balance_");
  EXPECT_EQ(type.fields()[0].default_json(), "7");
  const zoo::Account account(11);
  EXPECT_EQ(*reinterpret_cast<const int*>(reinterpret_cast<const char*>(&account) + type.fields()[0].offset()), 11);
}

TEST(Reflect, MacroDescribesInheritedFields) {
  const Type& type = type_of<zoo::Derived>();
  ASSERT_EQ(type.fields().size(), 2u);
  EXPECT_EQ(type.fields()[0].name(), "inherited");
  EXPECT_EQ(type.fields()[1].offset(), sizeof(int));
}

TEST(Reflect, BaseClassesWithoutTheMacroAreNotGuessed) {
  struct Other : zoo::Base {
    int own = 0;
  };
  EXPECT_EQ(kind<Other>(), Kind::kOpaque);
}

TEST(Docs, AreFoundByTypeAndField) {
  EXPECT_EQ(type_of<zoo::Point>().doc(), "A place.");
  EXPECT_EQ(type_of<zoo::Point>().field("y")->doc(), "How far north.");
  EXPECT_EQ(type_of<zoo::Point>().field("x")->doc(), "");
  EXPECT_EQ(type_of<zoo::Animal>().doc(), "");
}

TEST(TypeDeathTest, AskingForAMissingElementNamesTheType) {
  EXPECT_DEATH(type_of<zoo::Point>().element(), "the type `zoo::Point` has no element");
}

}  // namespace
}  // namespace novelo::reflect
