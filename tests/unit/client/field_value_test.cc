// tests/unit/client/field_value_test.cc
#include "field_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "message_json.h"
#include "sample_task.h"

namespace novelo::cli {
namespace {

using ::testing::HasSubstr;

class FieldValueTest : public ::testing::Test {
 protected:
  const google::protobuf::FieldDescriptor& field(const std::string& name) {
    return *schema_->input().FindFieldByName(name);
  }
  // The field's JSON after it was set from each text, or the error.
  std::string set_all(const std::string& name, const std::vector<std::string>& texts) {
    const auto input = schema_->new_input();
    for (const std::string& text : texts) {
      const absl::Status status = set_field(input.get(), field(name), "--" + name, text);
      if (!status.ok()) return std::string(status.message());
    }
    std::string json = client::to_json(*input, client::JsonLayout::kOneLine).value();
    const std::size_t begin = json.find("\"" + name + "\":") + name.size() + 3;
    return json.substr(begin);
  }
  std::string set(const std::string& name, const std::string& text) { return set_all(name, {text}); }

  std::shared_ptr<const client::TaskSchema> schema_ = novelo::testing::sample_schema();
};

using ::testing::StartsWith;

TEST_F(FieldValueTest, IntegersKeepTheirRange) {
  EXPECT_THAT(set("top", "-2147483648"), StartsWith("-2147483648"));
  EXPECT_THAT(set("top", "0x10"), StartsWith("16"));
  EXPECT_THAT(set("top", "2147483648"),
              HasSubstr("--top: \"2147483648\" is not a whole number from -2147483648 to 2147483647 (int32)"));
  EXPECT_THAT(set("small", "4294967295"), StartsWith("4294967295"));
  EXPECT_THAT(set("small", "-1"), HasSubstr("from 0 to 4294967295 (uint32)"));
  EXPECT_THAT(set("big", "18446744073709551615"), StartsWith("\"18446744073709551615\""));
  EXPECT_THAT(set("offset", "-9223372036854775808"), StartsWith("\"-9223372036854775808\""));
  for (const char* bad : {"", "1.5", "ten", "1e3", "9223372036854775808"}) {
    EXPECT_THAT(set("offset", bad), HasSubstr("(int64)")) << bad;
  }
}

TEST_F(FieldValueTest, NumbersMayHaveAPoint) {
  EXPECT_THAT(set("ratio", "-2.5e3"), StartsWith("-2500"));
  EXPECT_THAT(set("share", "0.5"), StartsWith("0.5"));
  EXPECT_THAT(set("ratio", "half"), HasSubstr("is not a number (double)"));
}

TEST_F(FieldValueTest, BoolsAreTrueOrFalse) {
  EXPECT_THAT(set("deep", "true"), StartsWith("true"));
  EXPECT_THAT(set("deep", "no"), StartsWith("false"));
  EXPECT_THAT(set("deep", "maybe"), HasSubstr("is not true or false (bool)"));
}

TEST_F(FieldValueTest, EnumsGoByNameInAnyCaseOrByNumber) {
  EXPECT_THAT(set("order", "BY_WORD"), StartsWith("\"BY_WORD\""));
  EXPECT_THAT(set("order", "by-word"), StartsWith("\"BY_WORD\""));
  EXPECT_THAT(set("order", "1"), StartsWith("\"BY_WORD\""));
  EXPECT_THAT(set("order", "by_wrod"), HasSubstr("is not one of BY_COUNT, BY_WORD; did you mean BY_WORD?"));
}

TEST_F(FieldValueTest, DurationsAndTimesAreReadAsPeopleWriteThem) {
  EXPECT_THAT(set("patience", "1.5s"), StartsWith("\"1.500s\""));
  EXPECT_THAT(set("patience", "-2m"), StartsWith("\"-120s\""));
  EXPECT_THAT(set("patience", "90"), StartsWith("\"90s\""));
  for (const char* bad : {"soon", "inf", "1e300"})
    EXPECT_THAT(set("patience", bad), HasSubstr("is not a duration")) << bad;
  EXPECT_THAT(set("since", "2026-11-25T12:00:00+02:00"), StartsWith("\"2026-11-25T10:00:00Z\""));
  EXPECT_THAT(set("since", "1969-12-31T23:59:59.5Z"), StartsWith("\"1969-12-31T23:59:59.500Z\""));
  for (const char* bad : {"yesterday", "2026-11-25", "infinite-future"}) {
    EXPECT_THAT(set("since", bad), HasSubstr("is not a time")) << bad;
  }
}

TEST_F(FieldValueTest, RepeatedFieldsGrow) {
  EXPECT_THAT(set_all("skip", {"a", "b,c"}), StartsWith(R"(["a","b,c"])"));
  EXPECT_THAT(set_all("orders", {"by_word", "by_count"}), StartsWith(R"(["BY_WORD","BY_COUNT"])"));
  EXPECT_THAT(set_all("ranges", {R"({"first": 1})", R"({"last": 2})"}),
              StartsWith(R"([{"first":1,"last":0,"is_open":false},{"first":0,"last":2,"is_open":false}])"));
}

TEST_F(FieldValueTest, MapsTakeKeyAndValue) {
  EXPECT_THAT(set("weight", "a=5"), StartsWith(R"({"a":"5"})"));
  EXPECT_THAT(set_all("weight", {"a=5", "a=6"}), StartsWith(R"({"a":"6"})"));
  EXPECT_THAT(set("parts", R"(x={"first": 3})"), StartsWith(R"({"x":{"first":3)"));
  EXPECT_THAT(set("weight", "a"), HasSubstr("--weight: \"a\" is not KEY=VALUE"));
  EXPECT_THAT(set("weight", "a=b"), HasSubstr("--weight, the value of a: \"b\" is not a whole number"));
}

TEST_F(FieldValueTest, BytesStandAsTheyAreOrComeFromAFile) {
  EXPECT_THAT(set("salt", "abc"), StartsWith("\"YWJj\""));
  const std::string path = ::testing::TempDir() + "novelo-salt";
  std::ofstream(path) << "abc";
  EXPECT_THAT(set("salt", "@" + path), StartsWith("\"YWJj\""));
  std::filesystem::remove(path);
  EXPECT_THAT(set("salt", "@" + path), HasSubstr(path));
}

TEST_F(FieldValueTest, HelpNamesWhatAFieldTakes) {
  EXPECT_EQ(value_name(field("top")), "INT32");
  EXPECT_EQ(value_name(field("patience")), "DURATION");
  EXPECT_EQ(value_name(field("since")), "TIME");
  EXPECT_EQ(value_name(field("weight")), "KEY=VALUE");
  EXPECT_EQ(value_name(field("ranges")), "JSON");
  EXPECT_THAT(value_words(field("skip")), HasSubstr("any number of flags"));
}

}  // namespace
}  // namespace novelo::cli
