// tests/unit/client/task_schema_test.cc
#include "task_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample_task.h"

namespace novelo::client {
namespace {

using novelo::testing::sample_schema;
using novelo::testing::sample_tasks;
using ::testing::HasSubstr;

TEST(TaskSchema, KnowsWhichSidesAreStreams) {
  EXPECT_FALSE(sample_schema("text.word_count")->reads_stream());
  EXPECT_FALSE(sample_schema("text.word_count")->writes_stream());
  EXPECT_TRUE(sample_schema("text.grep")->writes_stream());
  EXPECT_TRUE(sample_schema("text.sum")->reads_stream());
  EXPECT_TRUE(sample_schema("text.upper")->reads_stream() && sample_schema("text.upper")->writes_stream());
}

TEST(TaskSchema, AMissingImportIsTheServersErrorNotACrash) {
  v1::Task task = sample_tasks().back();
  task.mutable_file_descriptor_set()->mutable_file()->DeleteSubrange(0, 1);
  const auto schema = TaskSchema::from(task);
  EXPECT_EQ(schema.status().code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(schema.status().message()), HasSubstr("text.word_count"));
}

TEST(TaskSchema, ATypeThatIsNotThereIsNamed) {
  v1::Task task = sample_tasks().back();
  task.set_output_type("text.Nothing");
  EXPECT_THAT(std::string(TaskSchema::from(task).status().message()), HasSubstr("text.Nothing"));
}

TEST(TaskSchema, BytesThatAreNoReplyAreAnError) {
  const auto schema = sample_schema();
  EXPECT_EQ(schema->parse_output("\xff\xff").status().code(), absl::StatusCode::kInternal);
  EXPECT_TRUE(schema->parse_output("").ok());
}

}  // namespace
}  // namespace novelo::client
