// Descriptors against the runtime's own wire form: protobuf must read what reflection writes, and the other way round.
#include "schema/schema.h"

#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "sample_tasks.h"
#include "schema/json.h"

namespace novelo::daemon {
namespace {

const Schema& schema() {
  static const std::unique_ptr<const Schema> made = [] {
    const std::vector<const Task*> all = tasks();
    auto result = Schema::make(all);
    EXPECT_TRUE(result.ok()) << result.status();
    return *std::move(result);
  }();
  return *made;
}

sample::Everything full() {
  sample::Everything value;
  value.yes = true;
  value.tiny = -8;
  value.top = 0;  // not its default, though zero
  value.large = std::uint64_t{1} << 63;
  value.ratio = 1.5F;
  value.exact = -2.25;
  value.name = "";
  value.raw = {0, 255};
  value.color = sample::Color::kBlue;
  value.leaf = {"leaf", -1};
  value.leaves = {{"a", 1}, {"b", 2}};
  value.numbers = {0, -1, 2147483647};
  value.counts = {{"x", 1}};
  value.maybe = 0;
  value.maybe_leaf = sample::Leaf{"maybe", 3};
  value.when = absl::FromUnixSeconds(1700000000) + absl::Nanoseconds(5);
  value.lasting = absl::Milliseconds(-1500);
  return value;
}

TEST(Schema, ProtobufReadsWhatReflectionWritesAndWritesItBack) {
  const auto& type = reflect::type_of<sample::Everything>();
  const sample::Everything value = full();
  const auto wire = reflect::to_wire(type, &value);
  ASSERT_TRUE(wire.ok()) << wire.status();

  google::protobuf::DynamicMessageFactory factory;
  const auto* descriptor = schema().pool().FindMessageTypeByName("sample.Everything");
  ASSERT_NE(descriptor, nullptr);
  const std::unique_ptr<google::protobuf::Message> message(factory.GetPrototype(descriptor)->New());
  ASSERT_TRUE(message->ParseFromString(*wire));
  std::string text;
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  printer.PrintToString(*message, &text);
  EXPECT_EQ(
      text,
      "yes: true tiny: -8 top: 0 large: 9223372036854775808 ratio: 1.5 exact: -2.25 name: \"\" raw: \"\\000\\377\" "
      "color: COLOR_BLUE leaf { text: \"leaf\" number: -1 } leaves { text: \"a\" number: 1 } leaves { text: \"b\" "
      "number: 2 } numbers: 0 numbers: -1 numbers: 2147483647 counts { key: \"x\" value: 1 } maybe: 0 maybe_leaf { "
      "text: \"maybe\" number: 3 } when { seconds: 1700000000 nanos: 5 } lasting { seconds: -1 nanos: -500000000 } ");
  EXPECT_TRUE(message->GetReflection()->GetUnknownFields(*message).empty());

  sample::Everything back;
  ASSERT_TRUE(reflect::from_wire(type, message->SerializeAsString(), &back).ok());
  const auto again = reflect::to_wire(type, &back);
  EXPECT_EQ(*again, *wire);
}

TEST(Schema, AFieldWithADefaultHasPresenceAndOthersDoNot) {
  const auto* everything = schema().pool().FindMessageTypeByName("sample.Everything");
  EXPECT_TRUE(everything->FindFieldByName("top")->has_presence());
  EXPECT_TRUE(everything->FindFieldByName("name")->has_presence());
  EXPECT_FALSE(everything->FindFieldByName("tiny")->has_presence());
  EXPECT_TRUE(everything->FindFieldByName("maybe")->has_presence());
  EXPECT_TRUE(everything->FindFieldByName("counts")->is_map());
}

TEST(Schema, EveryTaskIsAMethodOfItsNamespace) {
  const TaskSchema* count = schema().find("sample.count");
  ASSERT_NE(count, nullptr);
  EXPECT_EQ(count->path(), "/sample.Tasks/Count");
  EXPECT_TRUE(count->method->server_streaming());
  EXPECT_FALSE(count->method->client_streaming());
  const TaskSchema* sum = schema().find("sample.sum");
  EXPECT_EQ(sum->input()->full_name(), "sample.SumInput");
  EXPECT_EQ(sum->input()->field(0)->name(), "value");
  EXPECT_TRUE(sum->method->client_streaming());
}

TEST(Schema, DocsAndDefaultsAreComments) {
  google::protobuf::SourceLocation place;
  ASSERT_TRUE(schema().find("sample.add")->method->GetSourceLocation(&place));
  EXPECT_EQ(place.leading_comments, " Adds two numbers.\n");
  ASSERT_TRUE(schema().pool().FindFieldByName("sample.CountRequest.to")->GetSourceLocation(&place));
  EXPECT_EQ(place.leading_comments, " Where to end.\n Default: 3\n");
}

TEST(Schema, TheFilesOfATaskStandAlone) {
  const auto set = schema().files_of(*schema().find("sample.everything"));
  google::protobuf::DescriptorPool pool;
  for (const auto& file : set.file()) ASSERT_NE(pool.BuildFile(file), nullptr) << file.name();
  EXPECT_NE(pool.FindMethodByName("sample.Tasks.Everything"), nullptr);
}

TEST(Schema, AnUnknownTaskGetsTheNearestName) {
  const absl::Status status = schema().unknown_task("sample.cuont");
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_NE(status.message().find("\"sample.count\""), absl::string_view::npos) << status;
}

}  // namespace
}  // namespace novelo::daemon
