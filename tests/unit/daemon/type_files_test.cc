// Names and files made from C++ types.
#include "schema/type_files.h"

#include <gtest/gtest.h>
#include <novelo/reflect.h>

#include "schema/names.h"

namespace nest {

struct Tree {
  std::int32_t value = 0;
  std::vector<Tree> branches;
};

struct Outer {
  struct Inner {
    std::int32_t value = 0;
  };
  Inner inner;
  Tree tree;
};

}  // namespace nest

namespace novelo::daemon {
namespace {

TEST(Names, ChangeTheirSpelling) {
  EXPECT_EQ(pascal_case("word_count"), "WordCount");
  EXPECT_EQ(snake_case("WordCountRequest"), "word_count_request");
  EXPECT_EQ(snake_case("JSONFile2"), "json_file2");
  EXPECT_EQ(upper_snake_case("kDarkGreen"), "DARK_GREEN");
  EXPECT_EQ(upper_snake_case("DARK_GREEN"), "DARK_GREEN");
}

TEST(TypeFiles, ATypeInsideATypeIsANestedMessageAndImportsComeFirst) {
  TypeFiles files;
  files.add(reflect::type_of<nest::Outer>());
  ASSERT_TRUE(files.build().ok());
  ASSERT_EQ(files.files().size(), 2U);
  EXPECT_EQ(files.files()[0].name(), "nest/tree.proto");
  const auto& outer = files.files()[1];
  EXPECT_EQ(outer.name(), "nest/outer.proto");
  EXPECT_EQ(outer.dependency(0), "nest/tree.proto");
  ASSERT_EQ(outer.message_type(0).nested_type_size(), 1);
  EXPECT_EQ(outer.message_type(0).nested_type(0).name(), "Inner");
  EXPECT_EQ(outer.message_type(0).field(0).type_name(), ".nest.Outer.Inner");
}

TEST(TypeFiles, ATypeThatHoldsItselfIsOneFile) {
  TypeFiles files;
  files.add(reflect::type_of<nest::Tree>());
  ASSERT_TRUE(files.build().ok());
  ASSERT_EQ(files.files().size(), 1U);
  EXPECT_EQ(files.files()[0].message_type(0).field(1).type_name(), ".nest.Tree");
}

TEST(TypeFiles, TypesOfFieldsAreWrittenAsProtoFilesDo) {
  EXPECT_EQ(proto_type_text(reflect::type_of<std::vector<nest::Tree>>()), "repeated nest.Tree");
  using Map = std::map<std::string, std::int64_t>;
  EXPECT_EQ(proto_type_text(reflect::type_of<Map>()), "map<string, int64>");
  EXPECT_EQ(proto_type_text(reflect::type_of<absl::Time>()), "google.protobuf.Timestamp");
}

}  // namespace
}  // namespace novelo::daemon
