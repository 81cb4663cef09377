// The bytes that values become. The golden ones follow the protobuf encoding guide.
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "novelo/reflect.h"
#include "unit/reflect/wire_bytes.h"

namespace wire_encode {

enum class Level : std::uint8_t { kLow, kHigh = 2, kTop = 255 };
enum class Offset : std::int8_t { kZero, kBack = -1 };

struct Numbers {
  bool flag = false;
  std::int8_t i8 = 0;
  std::int16_t i16 = 0;
  std::int32_t i32 = 0;
  std::int64_t i64 = 0;
  std::uint8_t u8 = 0;
  std::uint16_t u16 = 0;
  std::uint32_t u32 = 0;
  std::uint64_t u64 = 0;
  float f = 0;
  double d = 0;
  Level level = Level::kLow;
  Offset offset = Offset::kZero;
};
struct One {
  std::int32_t number = 0;
};
struct Defaults {
  std::int32_t ten = 10;
  std::string name = "x";
  std::int32_t zero = 0;
};
struct Texts {
  std::string text = {};
  std::vector<std::byte> bytes = {};
};
struct Lists {
  std::vector<std::int32_t> packed = {};
  std::vector<std::string> texts = {};
  std::vector<One> ones = {};
  std::vector<bool> flags = {};
  std::vector<double> doubles = {};
};
struct Maps {
  std::map<std::string, std::int32_t> counts = {};
  std::map<std::int32_t, One> ones = {};
};
struct Optionals {
  std::optional<std::int32_t> number = {};
  std::optional<std::string> text = {};
  std::optional<One> one = {};
};
struct Times {
  absl::Time time = absl::UnixEpoch();
  absl::Duration duration = {};
};
struct Outer {
  One one = {};
  std::vector<Texts> texts = {};
  std::map<std::string, Texts> named = {};
};
struct Nested {
  std::vector<Nested> inner = {};
};
struct BadList {
  std::vector<std::vector<std::int32_t>> lists = {};
};

}  // namespace wire_encode

namespace novelo::reflect {
namespace {

using namespace wire_encode;  // NOLINT: the types of this file alone

template <class T>
std::string encode(const T& value) {
  const absl::StatusOr<std::string> bytes = to_wire(type_of<T>(), &value);
  return bytes.ok() ? to_hex(*bytes) : "error: " + std::string(bytes.status().message());
}

TEST(WireEncode, LeavesOutZeroValues) {
  EXPECT_EQ(encode(Numbers()), "");
}

TEST(WireEncode, WritesIntegersAsVarints) {
  EXPECT_EQ(encode(One{150}), "08 96 01");
  EXPECT_EQ(encode(One{-1}), "08 ff ff ff ff ff ff ff ff ff 01");
  EXPECT_EQ(encode(Numbers{.flag = true}), "08 01");
  EXPECT_EQ(encode(Numbers{.i8 = -128}), "10 80 ff ff ff ff ff ff ff ff 01");
  EXPECT_EQ(encode(Numbers{.i16 = 300}), "18 ac 02");
  EXPECT_EQ(encode(Numbers{.i64 = std::numeric_limits<std::int64_t>::min()}), "28 80 80 80 80 80 80 80 80 80 01");
  EXPECT_EQ(encode(Numbers{.u8 = 255}), "30 ff 01");
  EXPECT_EQ(encode(Numbers{.u16 = 65535}), "38 ff ff 03");
  EXPECT_EQ(encode(Numbers{.u32 = 4294967295}), "40 ff ff ff ff 0f");
  EXPECT_EQ(encode(Numbers{.u64 = ~std::uint64_t{0}}), "48 ff ff ff ff ff ff ff ff ff 01");
}

TEST(WireEncode, WritesFloatsWithTheLowByteFirst) {
  EXPECT_EQ(encode(Numbers{.f = 1.5F}), "55 00 00 c0 3f");
  EXPECT_EQ(encode(Numbers{.d = 1.5}), "59 00 00 00 00 00 00 f8 3f");
}

TEST(WireEncode, WritesNegativeZeroWhichIsNoZeroValue) {
  EXPECT_EQ(encode(Numbers{.d = -0.0}), "59 00 00 00 00 00 00 00 80");
}

TEST(WireEncode, WritesEnumsAsInt32) {
  EXPECT_EQ(encode(Numbers{.level = Level::kHigh}), "60 02");
  EXPECT_EQ(encode(Numbers{.level = Level::kTop}), "60 ff 01");
  EXPECT_EQ(encode(Numbers{.offset = Offset::kBack}), "68 ff ff ff ff ff ff ff ff ff 01");
}

TEST(WireEncode, WritesFieldsWithADefaultWhateverTheirValue) {
  EXPECT_EQ(encode(Defaults()), "08 0a 12 01 78");
  EXPECT_EQ(encode(Defaults{.ten = 0, .name = ""}), "08 00 12 00");
}

TEST(WireEncode, WritesTextAndBytes) {
  EXPECT_EQ(encode(Texts{.text = "testing"}), "0a 07 74 65 73 74 69 6e 67");
  EXPECT_EQ(encode(Texts{.bytes = {std::byte{0xff}, std::byte{0}}}), "12 02 ff 00");
}

TEST(WireEncode, PacksNumbersAndRepeatsTheRest) {
  EXPECT_EQ(encode(Lists{.packed = {3, 270, 86942}}), "0a 06 03 8e 02 9e a7 05");
  EXPECT_EQ(encode(Lists{.texts = {"a", ""}}), "12 01 61 12 00");
  EXPECT_EQ(encode(Lists{.ones = {{1}, {0}}}), "1a 02 08 01 1a 00");
  EXPECT_EQ(encode(Lists{.flags = {true, false}}), "22 02 01 00");
  EXPECT_EQ(encode(Lists{.doubles = {1.5}}), "2a 08 00 00 00 00 00 00 f8 3f");
  EXPECT_EQ(encode(Lists()), "");
}

TEST(WireEncode, WritesBothFieldsOfAMapEntry) {
  EXPECT_EQ(encode(Maps{.counts = {{"", 0}, {"a", 2}}}), "0a 04 0a 00 10 00 0a 05 0a 01 61 10 02");
  EXPECT_EQ(encode(Maps{.ones = {{7, {5}}}}), "12 06 08 07 12 02 08 05");
}

TEST(WireEncode, WritesAnOptionalOnlyIfItHoldsAValue) {
  EXPECT_EQ(encode(Optionals()), "");
  EXPECT_EQ(encode(Optionals{.number = 0, .text = "", .one = One()}), "08 00 12 00 1a 00");
}

TEST(WireEncode, WritesTimesAndDurationsAsTheirMessages) {
  EXPECT_EQ(encode(Times()), "");
  EXPECT_EQ(encode(Times{.time = absl::FromUnixNanos(1500000000)}), "0a 08 08 01 10 80 ca b5 ee 01");
  EXPECT_EQ(encode(Times{.time = absl::FromUnixSeconds(-1)}), "0a 0b 08 ff ff ff ff ff ff ff ff ff 01");
  EXPECT_EQ(encode(Times{.duration = absl::Seconds(2)}), "12 02 08 02");
  EXPECT_EQ(encode(Times{.duration = -absl::Nanoseconds(1)}), "12 0b 10 ff ff ff ff ff ff ff ff ff 01");
}

TEST(WireEncode, WritesInfiniteTimesAsTheLargestThatProtobufAllows) {
  EXPECT_EQ(encode(Times{.duration = absl::InfiniteDuration()}), "12 07 08 80 bc ae ce 97 09");
  EXPECT_EQ(encode(Times{.time = absl::InfiniteFuture()}), "0a 0d 08 ff 82 d1 ff af 07 10 ff 93 eb dc 03");
}

TEST(WireEncode, RefusesTimesThatProtobufHasNot) {
  EXPECT_EQ(encode(Times{.time = absl::FromUnixSeconds(253402300800)}),
            "error: field `time`: the time is outside the years 1 to 9999 that protobuf allows");
  EXPECT_EQ(encode(Times{.duration = absl::Seconds(315576000001)}),
            "error: field `duration`: the duration is longer than the 10,000 years that protobuf allows");
}

TEST(WireEncode, MovesMessagesOf128BytesAndMoreBehindALongerLength) {
  Outer outer{.texts = {{.text = std::string(200, 'a')}, {.text = "b"}}};
  const absl::StatusOr<std::string> bytes = to_wire(type_of<Outer>(), &outer);
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(to_hex(bytes->substr(0, 8)), "0a 00 12 cb 01 0a c8 01");
  EXPECT_EQ(to_hex(bytes->substr(bytes->size() - 6)), "61 12 03 0a 01 62");
  outer.texts[0].text.assign(300000, 'c');
  const absl::StatusOr<std::string> longer = to_wire(type_of<Outer>(), &outer);
  ASSERT_TRUE(longer.ok());
  EXPECT_EQ(longer->size(), 2 + 1 + 3 + 1 + 3 + 300000 + 5u);
}

TEST(WireEncode, WrapsWhatIsNoStruct) {
  EXPECT_EQ(encode(std::int64_t{150}), "08 96 01");
  EXPECT_EQ(encode(std::string("a")), "0a 01 61");
  EXPECT_EQ(encode(std::vector<std::string>{"a", "b"}), "0a 01 61 0a 01 62");
  EXPECT_EQ(encode(absl::Seconds(2)), "0a 02 08 02");
}

TEST(WireEncode, RefusesTextThatIsNotUtf8AndNamesTheField) {
  EXPECT_EQ(
      encode(Outer{.texts = {{}, {.text = "\xff"}}}),
      "error: field `texts[1].text`: the text is not UTF-8, which protobuf wants of a string; use bytes for other "
      "data");
  EXPECT_EQ(encode(Outer{.named = {{"k", {.text = "\xff"}}}}).substr(0, 32), "error: field `named[\"k\"].text`: ");
  EXPECT_EQ(encode(std::string("\xff")).substr(0, 21), "error: field `value`:");
}

TEST(WireEncode, RefusesMessagesNestedDeeperThanTheLimit) {
  Nested deep;
  for (int i = 1; i < kWireDepthMax; ++i) {
    Nested outer;
    outer.inner.push_back(std::move(deep));
    deep = std::move(outer);
  }
  EXPECT_TRUE(to_wire(type_of<Nested>(), &deep).ok());
  Nested outer;
  outer.inner.push_back(std::move(deep));
  const absl::Status status = to_wire(type_of<Nested>(), &outer).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("nested more than 100 deep"), absl::string_view::npos) << status;
}

TEST(WireEncode, RefusesWhatHasNoWireForm) {
  EXPECT_EQ(encode(BadList{{{1}}}), "error: field `lists[0]`: a vector<int32> has no wire form here");
}

}  // namespace
}  // namespace novelo::reflect
