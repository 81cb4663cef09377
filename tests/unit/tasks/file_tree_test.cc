// Walking and reading files, and the lines of them.
#include "tasks/file_tree.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "novelo/novelo.h"
#include "support/runtime_fixture.h"
#include "support/temporary_tree.h"
#include "tasks/line_reader.h"

namespace text {
namespace {

class FileTree : public novelo::testing::RuntimeTest {
 protected:
  // What walk_files() sends for `path`, without the tree's own path.
  std::vector<std::string> walk(const std::string& path, absl::Status& status) const {
    std::vector<std::string> found;
    const auto files = novelo::make_chan<std::string>(1);
    novelo::Scope scope;
    scope.go([&] {
      status = walk_files(path, files);
      files.close();
    });
    for (const std::string& file : files) {
      const bool is_below = file.starts_with(tree_.root() + "/");
      found.push_back(is_below ? file.substr(tree_.root().size() + 1) : file);
    }
    EXPECT_TRUE(scope.wait().ok());
    return found;
  }

  novelo::testing::TemporaryTree tree_;
};
NOVELO_WITH_PROCS(FileTree);

TEST_P(FileTree, IsWalkedFilesFirstEachByName) {
  for (const char* name : {"b/2", "b/1", "a/x/deep", "z", "c"}) tree_.write(name, "");
  run([&] {
    absl::Status status;
    EXPECT_EQ(walk(tree_.root(), status), (std::vector<std::string>{"c", "z", "a/x/deep", "b/1", "b/2"}));
    EXPECT_TRUE(status.ok()) << status;
  });
}

TEST_P(FileTree, OfAFileIsThatFile) {
  const std::string file = tree_.write("one", "");
  run([&] {
    absl::Status status;
    EXPECT_EQ(walk(file, status), (std::vector<std::string>{"one"}));
  });
}

TEST_P(FileTree, FollowsNoLinksInsideButThePathItself) {
  tree_.write("real/file", "");
  std::filesystem::create_directory_symlink(tree_.path("real"), tree_.path("real/loop"));
  std::filesystem::create_symlink(tree_.path("real/file"), tree_.path("real/link"));
  std::filesystem::create_directory_symlink(tree_.path("real"), tree_.path("way"));
  run([&] {
    absl::Status status;
    EXPECT_EQ(walk(tree_.path("way"), status), (std::vector<std::string>{"way/file"}));
  });
}

TEST_P(FileTree, PassesOverWhatIsNoRegularFile) {
  tree_.write("file", "");
  ASSERT_EQ(mkfifo(tree_.path("pipe").c_str(), 0600), 0);
  run([&] {
    absl::Status status;
    EXPECT_EQ(walk(tree_.root(), status), (std::vector<std::string>{"file"}));
    const absl::StatusOr<FileReader> pipe = FileReader::open(tree_.path("pipe"));
    EXPECT_TRUE(pipe.ok()) << "it must neither fail nor wait for a writer";
  });
}

TEST_P(FileTree, NamesThePathThatCannotBeRead) {
  const std::string file = tree_.write("file", "");
  run([&] {
    absl::Status status;
    walk("", status);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    walk(tree_.path("missing"), status);
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
    EXPECT_NE(status.message().find(tree_.path("missing")), absl::string_view::npos) << status;
    walk(file + "/below", status);
    EXPECT_NE(status.message().find("Not a directory"), absl::string_view::npos) << status;
    walk("/dev/null", status);
    EXPECT_EQ(status, absl::InvalidArgumentError("`/dev/null` is neither a file nor a directory"));
  });
}

TEST_P(FileTree, IsLeftByACancelledWalker) {
  for (int i = 0; i < 20; ++i) tree_.write("file" + std::to_string(i), "");
  run([&] {
    const auto files = novelo::make_chan<std::string>();
    auto walker = novelo::spawn([&] { return walk_files(tree_.root(), files); });
    EXPECT_TRUE(files.recv().has_value());
    walker.cancel();
    EXPECT_THROW(walker.join().IgnoreError(), novelo::JoinCancelled);
  });
}

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  absl::StatusOr<FileReader> file = FileReader::open(path);
  EXPECT_TRUE(file.ok()) << file.status();
  LineReader reader(*std::move(file));
  while (true) {
    const absl::StatusOr<std::optional<std::string_view>> line = reader.next();
    EXPECT_TRUE(line.ok()) << line.status();
    if (!line.ok() || !line->has_value()) break;
    lines.emplace_back(**line);
    EXPECT_EQ(reader.line_number(), static_cast<std::int64_t>(lines.size()));
  }
  return lines;
}

class Lines : public FileTree {};
NOVELO_WITH_PROCS(Lines);

TEST_P(Lines, AreSplitAtNewlinesAndTheLastNeedsNone) {
  const std::string file = tree_.write("f", "one\n\ntwo\nthree");
  const std::string ended = tree_.write("e", "one\n");
  const std::string empty = tree_.write("0", "");
  run([&] {
    EXPECT_EQ(lines_of(file), (std::vector<std::string>{"one", "", "two", "three"}));
    EXPECT_EQ(lines_of(ended), (std::vector<std::string>{"one"}));
    EXPECT_EQ(lines_of(empty), std::vector<std::string>());
  });
}

TEST_P(Lines, MaySpanSeveralReads) {
  const std::string longer(kReadBytes * 2 + 5, 'x');
  const std::string edge(kReadBytes - 1, 'y');
  const std::string file = tree_.write("f", edge + "\n" + longer + "\nend\n");
  run([&] { EXPECT_EQ(lines_of(file), (std::vector<std::string>{edge, longer, "end"})); });
}

TEST_P(Lines, AreCutAtTheLimit) {
  const std::string file = tree_.write("f", std::string(kLineBytesMax + 100, 'x') + "\nend\n");
  run([&] {
    const std::vector<std::string> lines = lines_of(file);
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[0].size(), kLineBytesMax);
    EXPECT_EQ(lines[1], "end");
  });
}

}  // namespace
}  // namespace text
