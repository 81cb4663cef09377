// Messages into values: what protobuf writers may send, and every way in which bytes can be wrong.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "novelo/reflect.h"
#include "unit/reflect/wire_bytes.h"

namespace wire_decode {

enum class Level : std::uint8_t { kLow, kHigh = 2 };

struct Word {
  std::string word = {};
  std::int64_t count = 0;
};
struct Numbers {
  bool flag = false;
  std::int8_t i8 = 0;
  std::int32_t i32 = 0;
  std::uint16_t u16 = 0;
  std::uint64_t u64 = 0;
  float f = 0;
  double d = 0;
  Level level = Level::kLow;
};
struct Limits {
  std::int32_t most = 5;
};
struct Request {
  std::string path = "/";
  std::int32_t top = 10;
  std::vector<Word> words = {};
  std::optional<std::int32_t> depth = {};
  std::map<std::string, Word> named = {};
  std::vector<std::int32_t> numbers = {};
  Limits limits = {.most = 7};
  std::vector<bool> flags = {};
  absl::Time since = absl::UnixEpoch();
  absl::Duration wait = {};
  std::optional<Word> best = {};
  std::vector<std::uint8_t> bytes = {};
};
struct Nested {
  std::vector<Nested> inner = {};
};
struct Hashes {
  std::unordered_map<std::int32_t, std::string> first = {};
  absl::flat_hash_map<std::uint64_t, bool> second = {};
};
struct FullByDefault {
  std::vector<std::int32_t> list = {1, 2};
};
struct Big {
  double values0, values1, values2, values3, values4, values5, values6, values7;
};
struct Bigs {
  std::vector<Big> bigs = {};
};

}  // namespace wire_decode

namespace novelo::reflect {
namespace {

using namespace wire_decode;  // NOLINT: the types of this file alone

template <class T>
T decode(std::string_view bytes) {
  T value{};
  const absl::Status status = from_wire(type_of<T>(), bytes, &value);
  EXPECT_TRUE(status.ok()) << status;
  return value;
}

template <class T>
std::string error(std::string_view bytes) {
  T value{};
  const absl::Status status = from_wire(type_of<T>(), bytes, &value);
  if (status.code() != absl::StatusCode::kInvalidArgument) return "not kInvalidArgument: " + status.ToString();
  return std::string(status.message());
}

TEST(WireDecode, GivesAbsentFieldsTheirDefaults) {
  const auto request = decode<Request>("");
  EXPECT_EQ(request.path, "/");
  EXPECT_EQ(request.top, 10);
  EXPECT_EQ(request.limits.most, 7);
  EXPECT_FALSE(request.depth.has_value());
}

TEST(WireDecode, ReplacesWhatWasThere) {
  Request request{.path = "old", .top = 1, .words = {{"a", 1}}, .depth = 4};
  ASSERT_TRUE(from_wire(type_of<Request>(), "", &request).ok());
  EXPECT_EQ(request.path, "/");
  EXPECT_EQ(request.top, 10);
  EXPECT_TRUE(request.words.empty());
  EXPECT_FALSE(request.depth.has_value());
}

TEST(WireDecode, TakesAbsentListsAsEmptyWhateverTheirDefault) {
  EXPECT_TRUE(decode<FullByDefault>("").list.empty());
}

TEST(WireDecode, ReadsEachKindOfNumber) {
  const auto numbers = decode<Numbers>(
      "08 02 10 80 ff ff ff ff ff ff ff ff 01 18 96 01 20 ff ff 03 28 ff ff ff ff ff ff ff ff ff 01 35 00 00 c0 3f 39 "
      "00 "
      "00 00 00 00 00 f8 3f 40 02"_hex);
  EXPECT_TRUE(numbers.flag);
  EXPECT_EQ(numbers.i8, -128);
  EXPECT_EQ(numbers.i32, 150);
  EXPECT_EQ(numbers.u16, 65535);
  EXPECT_EQ(numbers.u64, ~std::uint64_t{0});
  EXPECT_EQ(numbers.f, 1.5F);
  EXPECT_EQ(numbers.d, 1.5);
  EXPECT_EQ(numbers.level, Level::kHigh);
}

TEST(WireDecode, KeepsTheLow32BitsOfANumberOf32Bits) {
  EXPECT_EQ(decode<Numbers>("18 81 80 80 80 10"_hex).i32, 1);
}

TEST(WireDecode, KeepsNumbersOfAnEnumThatHaveNoName) {
  EXPECT_EQ(static_cast<int>(decode<Numbers>("40 c8 01"_hex).level), 200);
}

TEST(WireDecode, TakesTheLastOfSeveralValues) {
  EXPECT_EQ(decode<Numbers>("18 01 18 02"_hex).i32, 2);
}

TEST(WireDecode, ReadsPackedAndUnpackedNumbersAlike) {
  EXPECT_EQ(decode<Request>("32 06 03 8e 02 9e a7 05"_hex).numbers, (std::vector<std::int32_t>{3, 270, 86942}));
  EXPECT_EQ(decode<Request>("30 03 32 02 8e 02 30 05"_hex).numbers, (std::vector<std::int32_t>{3, 270, 5}));
  EXPECT_EQ(decode<Request>("42 02 01 00"_hex).flags, (std::vector<bool>{true, false}));
}

TEST(WireDecode, ReadsListsOfMessages) {
  const auto request = decode<Request>("1a 05 0a 01 61 10 02 1a 00"_hex);
  ASSERT_EQ(request.words.size(), 2u);
  EXPECT_EQ(request.words[0].word, "a");
  EXPECT_EQ(request.words[0].count, 2);
  EXPECT_EQ(request.words[1].word, "");
}

TEST(WireDecode, MergesAMessageThatComesInParts) {
  const auto request = decode<Request>("5a 03 0a 01 61 5a 02 10 05"_hex);
  ASSERT_TRUE(request.best.has_value());
  EXPECT_EQ(request.best->word, "a");
  EXPECT_EQ(request.best->count, 5);
}

TEST(WireDecode, StartsAMessageThatIsThereFromItsOwnDefaults) {
  EXPECT_EQ(decode<Request>("3a 00"_hex).limits.most, 5);
  EXPECT_EQ(decode<Request>("3a 02 08 09 3a 00"_hex).limits.most, 9) << "the second part must not undo the first";
}

TEST(WireDecode, ReadsMapsInAnyOrderOfTheirFields) {
  const auto request = decode<Request>("2a 07 12 02 10 01 0a 01 6b 2a 03 0a 01 6c 2a 00"_hex);
  ASSERT_EQ(request.named.size(), 3u);
  EXPECT_EQ(request.named.at("k").count, 1);
  EXPECT_EQ(request.named.at("l").count, 0);
  EXPECT_EQ(request.named.at("").count, 0);
}

TEST(WireDecode, TakesTheLastOfSeveralEntriesOfOneKey) {
  const auto hashes = decode<Hashes>("0a 05 08 01 12 01 61 0a 05 08 01 12 01 62 12 04 08 07 10 01"_hex);
  ASSERT_EQ(hashes.first.size(), 1u);
  EXPECT_EQ(hashes.first.at(1), "b");
  EXPECT_TRUE(hashes.second.at(7));
}

TEST(WireDecode, TellsAnOptionalZeroFromNone) {
  EXPECT_EQ(decode<Request>("20 00"_hex).depth, 0);
  EXPECT_EQ(decode<Request>(""_hex).depth, std::nullopt);
}

TEST(WireDecode, ReadsTimesAndDurations) {
  EXPECT_EQ(decode<Request>("4a 08 08 01 10 80 ca b5 ee 01"_hex).since, absl::FromUnixNanos(1500000000));
  EXPECT_EQ(decode<Request>("52 0b 10 ff ff ff ff ff ff ff ff ff 01"_hex).wait, -absl::Nanoseconds(1));
  EXPECT_EQ(decode<Request>("52 07 08 80 bc ae ce 97 09"_hex).wait, absl::InfiniteDuration());
  EXPECT_EQ(decode<Request>("4a 0d 08 ff 82 d1 ff af 07 10 ff 93 eb dc 03"_hex).since, absl::InfiniteFuture());
}

TEST(WireDecode, RoundTripsEveryKindOfField) {
  Request request{.path = "p\xc3\xa9",
                  .top = -3,
                  .words = {{"a", 1}, {"b", -2}},
                  .depth = 0,
                  .named = {{"k", {"w", 9}}},
                  .numbers = {1, -1, 1 << 30},
                  .limits = {.most = 0},
                  .flags = {true, false, true},
                  .since = absl::InfinitePast(),
                  .wait = -absl::Hours(30) - absl::Nanoseconds(5),
                  .best = Word{"best", 100},
                  .bytes = {0, 255, 7}};
  const absl::StatusOr<std::string> bytes = to_wire(type_of<Request>(), &request);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const auto back = decode<Request>(*bytes);
  EXPECT_EQ(back.path, request.path);
  EXPECT_EQ(back.top, -3);
  ASSERT_EQ(back.words.size(), 2u);
  EXPECT_EQ(back.words[1].count, -2);
  EXPECT_EQ(back.depth, 0);
  EXPECT_EQ(back.named.at("k").word, "w");
  EXPECT_EQ(back.numbers, request.numbers);
  EXPECT_EQ(back.limits.most, 0);
  EXPECT_EQ(back.flags, request.flags);
  EXPECT_EQ(back.since, request.since);
  EXPECT_EQ(back.wait, request.wait);
  EXPECT_EQ(back.best->count, 100);
  EXPECT_EQ(back.bytes, request.bytes);
  EXPECT_EQ(to_wire(type_of<Request>(), &back).value(), *bytes);
}

TEST(WireDecode, SkipsUnknownFieldsOfEveryWireType) {
  const auto numbers =
      decode<Numbers>("98 06 01 99 06 01 02 03 04 05 06 07 08 9a 06 02 ff ff 9d 06 01 02 03 04 18 05"_hex);
  EXPECT_EQ(numbers.i32, 5);
}

TEST(WireDecode, SkipsUnknownGroupsAndThoseInside) {
  EXPECT_EQ(decode<Numbers>("9b 06 08 01 a3 06 a4 06 9c 06 18 05"_hex).i32, 5);
}

TEST(WireDecode, NamesTheFieldWhoseWireTypeIsWrong) {
  EXPECT_EQ(error<Request>("1a 00 1a 04 12 02 68 69"_hex),
            "field `words[1].count`: wire type length-delimited where int64 takes varint (at byte 5)");
  EXPECT_EQ(error<Request>("08 01"_hex),
            "field `path`: wire type varint where string takes length-delimited (at byte 1)");
  EXPECT_EQ(error<Request>("28 01"_hex),
            "field `named`: wire type varint where map<string, wire_decode::Word> takes length-delimited (at byte 1)");
  EXPECT_EQ(error<Request>("2a 07 0a 01 6b 12 02 08 01"_hex),
            "field `named[\"k\"].word`: wire type varint where string takes length-delimited (at byte 8)");
  EXPECT_EQ(error<Request>("31 00"_hex), "field `numbers[0]`: wire type 64-bit where int32 takes varint (at byte 1)");
  EXPECT_EQ(error<std::string>("08 01"_hex),
            "field `value`: wire type varint where string takes length-delimited (at byte 1)");
}

TEST(WireDecode, RefusesNumbersTheFieldCannotHold) {
  EXPECT_EQ(error<Numbers>("10 80 01"_hex), "field `i8`: 128 is outside -128..127, the range of int8 (at byte 1)");
  EXPECT_EQ(error<Numbers>("20 80 80 04"_hex),
            "field `u16`: 65536 is outside 0..65535, the range of uint16 (at byte 1)");
  EXPECT_EQ(error<Numbers>("40 ff ff ff ff ff ff ff ff ff 01"_hex),
            "field `level`: 4294967295 is outside 0..255, the range of wire_decode::Level (at byte 1)");
}

TEST(WireDecode, RefusesMessagesThatEndTooEarly) {
  EXPECT_EQ(error<Numbers>("18"_hex), "field `i32`: the message ends inside a varint (at byte 1)");
  EXPECT_EQ(error<Numbers>("18 80"_hex), "field `i32`: the message ends inside a varint (at byte 1)");
  EXPECT_EQ(error<Numbers>("80"_hex), "the message: the message ends inside a varint (at byte 0)");
  EXPECT_EQ(error<Numbers>("35 00 00"_hex), "field `f`: the message ends inside a number (at byte 1)");
  EXPECT_EQ(error<Request>("0a 05 61"_hex), "field `path`: the length 5 is more than the 1 bytes left (at byte 1)");
  EXPECT_EQ(error<Request>("1a 02 0a 05 61 61 61 61 61"_hex),
            "field `words[0].word`: the length 5 is more than the 0 bytes left (at byte 3)")
      << "a field must not reach out of its message";
  EXPECT_EQ(error<Numbers>("9d 06 00"_hex), "the message: the message ends inside a number (at byte 2)");
}

TEST(WireDecode, RefusesALengthOfNearly2To64BeforeAllocating) {
  EXPECT_EQ(error<Request>("0a ff ff ff ff ff ff ff ff ff 01"_hex),
            "field `path`: the length 18446744073709551615 is more than the 0 bytes left (at byte 1)");
}

TEST(WireDecode, RefusesOverlongVarints) {
  EXPECT_EQ(error<Numbers>("18 80 80 80 80 80 80 80 80 80 80 01"_hex),
            "field `i32`: the varint has more than 64 bits (at byte 1)");
  EXPECT_EQ(error<Numbers>("28 ff ff ff ff ff ff ff ff ff 02"_hex),
            "field `u64`: the varint has more than 64 bits (at byte 1)");
}

TEST(WireDecode, RefusesTagsThatDoNotExist) {
  EXPECT_EQ(error<Numbers>("00"_hex), "the message: 0 is no field number; they are 1 to 536870911 (at byte 0)");
  EXPECT_EQ(error<Numbers>("0e"_hex), "the message: wire type 6 does not exist (at byte 0)");
  EXPECT_EQ(error<Numbers>("f8 ff ff ff 1f"_hex),
            "the message: 1073741823 is no field number; they are 1 to 536870911 (at byte 0)");
}

TEST(WireDecode, RefusesGroupsThatDoNotFit) {
  EXPECT_EQ(error<Numbers>("9c 06"_hex), "the message: a group ends that did not start (at byte 2)");
  EXPECT_EQ(error<Numbers>("9b 06 a4 06"_hex), "the message: group 99 ends as 100 (at byte 4)");
  EXPECT_EQ(error<Numbers>("9b 06 08 01"_hex), "the message: the message ends inside group 99 (at byte 4)");
}

TEST(WireDecode, RefusesTextThatIsNotUtf8) {
  EXPECT_EQ(error<Request>("1a 03 0a 01 ff"_hex), "field `words[0].word`: the text is not UTF-8 (at byte 4)");
}

TEST(WireDecode, RefusesTimesOutOfRange) {
  EXPECT_EQ(error<Request>("4a 02 10 ff"_hex), "field `since`: the message ends inside a varint (at byte 3)");
  EXPECT_EQ(error<Request>("4a 06 10 80 94 eb dc 03"_hex),
            "field `since`: 0 s and 1000000000 ns are no time in the years 1 to 9999 (at byte 8)");
  EXPECT_EQ(error<Request>("52 0d 08 01 10 ff ff ff ff ff ff ff ff ff 01"_hex),
            "field `wait`: 1 s and -1 ns are no duration of one sign within 10,000 years (at byte 15)");
}

std::string nested(int depth) {
  std::string bytes;
  for (int i = 1; i < depth; ++i) {
    std::string outer = "\x0a";
    if (bytes.size() >= 0x80) outer.push_back(static_cast<char>(0x80 | (bytes.size() & 0x7f)));
    outer.push_back(static_cast<char>(bytes.size() >= 0x80 ? bytes.size() >> 7 : bytes.size()));
    bytes = outer + bytes;
  }
  return bytes;
}

TEST(WireDecode, RefusesMessagesNestedDeeperThanTheLimit) {
  decode<Nested>(nested(kWireDepthMax));
  const std::string text = error<Nested>(nested(kWireDepthMax + 1));
  EXPECT_NE(text.find("messages are nested more than 100 deep"), std::string::npos) << text;
}

TEST(WireDecode, RefusesUnknownGroupsNestedDeeperThanTheLimit) {
  std::string bytes;
  for (int i = 0; i < 100000; ++i) bytes += "\x9b\x06";
  EXPECT_EQ(error<Numbers>(bytes), "the message: messages are nested more than 100 deep (at byte 200)");
}

TEST(WireDecode, RefusesToHoldMoreThanTheLimit) {
  std::string bytes;  // two bytes each on the wire, 64 in memory
  for (std::size_t held = 0; held <= kDecodedBytesMax; held += sizeof(Big)) bytes.append("\x0a\x00", 2);
  Bigs bigs;
  const absl::Status status = from_wire(type_of<Bigs>(), bytes, &bigs);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(status.message().find("more than 268435456 bytes of memory"), absl::string_view::npos) << status;
}

TEST(WireDecode, SurvivesEveryPrefixOfAMessageAndEveryChangedByte) {
  const Request request{.path = "path",
                        .words = {{"a", 1}, {"b", 300}},
                        .depth = 3,
                        .named = {{"k", {"w", 9}}},
                        .numbers = {1, 2, 3},
                        .since = absl::FromUnixSeconds(1),
                        .best = Word{"best", 100},
                        .bytes = {1, 2}};
  const std::string bytes = to_wire(type_of<Request>(), &request).value();
  int refused = 0;
  Request out;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    refused += from_wire(type_of<Request>(), std::string_view(bytes).substr(0, size), &out).ok() ? 0 : 1;
  }
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(value);
      refused += from_wire(type_of<Request>(), changed, &out).ok() ? 0 : 1;
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace novelo::reflect
