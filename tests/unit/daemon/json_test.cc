// JSON in and out of messages known only at run time; mistakes name the field.
#include "schema/json.h"

#include <gtest/gtest.h>

#include "rpc/error.h"
#include "sample_tasks.h"
#include "schema/schema.h"

namespace novelo::daemon {
namespace {

class JsonTest : public testing::Test {
 protected:
  JsonTest() : schema_(*Schema::make(tasks())), codec_(schema_->pool()) {}

  absl::StatusOr<std::string> round_trip(const std::string& json) {
    const auto wire = codec_.from_json(type(), json);
    if (!wire.ok()) return wire.status();
    return codec_.to_json(type(), *wire);
  }
  std::string error_of(const std::string& json) {
    const auto wire = codec_.from_json(type(), json);
    EXPECT_TRUE(absl::IsInvalidArgument(wire.status())) << json;
    return std::string(wire.status().message());
  }
  const google::protobuf::Descriptor& type() { return *schema_->pool().FindMessageTypeByName("sample.Everything"); }

  std::unique_ptr<const Schema> schema_;
  JsonCodec codec_;
};

TEST_F(JsonTest, NamesAreThoseOfTheStruct) {
  const auto json = round_trip(R"({"maybe_leaf":{"text":"x"},"counts":{"k":"5"},"when":"2023-11-14T22:13:20Z"})");
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_NE(json->find(R"("maybe_leaf":{"text":"x","number":"0"})"), std::string::npos) << *json;
  EXPECT_NE(json->find(R"("when":"2023-11-14T22:13:20Z")"), std::string::npos) << *json;
}

TEST_F(JsonTest, AnUnknownFieldIsNamedWithTheNearest) {
  EXPECT_NE(error_of(R"({"tpo":1})").find("tpo: there is no such field in sample.Everything; did you mean \"top\"?"),
            std::string::npos);
  const std::string deep = error_of(R"({"leaf":{"nunber":1}})");
  EXPECT_NE(deep.find("leaf.nunber"), std::string::npos) << deep;
  EXPECT_NE(deep.find("did you mean \"number\"?"), std::string::npos) << deep;
  EXPECT_NE(error_of(R"({"leaves":[{},{"zzz":1}]})").find("it has: text number"), std::string::npos);
}

TEST_F(JsonTest, AWrongTypeIsNamedWithTheRightOne) {
  EXPECT_NE(error_of(R"({"top":"many"})").find("top: \"many\" is no value of type int32"), std::string::npos);
  EXPECT_NE(error_of(R"({"leaves":[{"number":"x"}]})").find("leaves[0].number"), std::string::npos);
  EXPECT_NE(error_of(R"({"color":"PINK"})").find("color: \"PINK\" is no value of type sample.Color"),
            std::string::npos);
  EXPECT_NE(error_of(R"({"when":"soon"})").find("when"), std::string::npos);
}

TEST_F(JsonTest, WhatIsNoJsonIsSaidToBeNone) {
  EXPECT_NE(error_of(R"({"top":1)").find("not JSON"), std::string::npos);
  EXPECT_NE(error_of("").find("not JSON"), std::string::npos);
  EXPECT_NE(error_of("[1]").find("is an object"), std::string::npos);
  EXPECT_EQ(reason_of(codec_.from_json(type(), "{").status()), "INVALID_JSON");
}

TEST_F(JsonTest, BytesThatAreNoMessageAreRefused) {
  EXPECT_TRUE(codec_.check(type(), "").ok());
  EXPECT_TRUE(absl::IsInvalidArgument(codec_.check(type(), "\xff\xff")));
}

}  // namespace
}  // namespace novelo::daemon
