// tests/unit/client/line_reader_test.cc
#include "line_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <thread>

namespace novelo::cli {
namespace {

class LineReaderTest : public ::testing::Test {
 protected:
  LineReaderTest() { EXPECT_EQ(pipe(fds_.data()), 0); }
  ~LineReaderTest() override {
    close(fds_[0]);
    end();
  }
  void send(const std::string& text) {
    ASSERT_EQ(write(fds_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void end() {
    if (fds_[1] >= 0) close(fds_[1]);
    fds_[1] = -1;
  }
  std::array<int, 2> fds_{-1, -1};
};

TEST_F(LineReaderTest, LinesComeOneByOneAndTheLastNeedsNoEnd) {
  send("one\n\nthree");
  end();
  LineReader lines(fds_[0]);
  EXPECT_EQ(lines.next()->value(), "one");
  EXPECT_EQ(lines.next()->value(), "");
  EXPECT_EQ(lines.next()->value(), "three");
  EXPECT_EQ(*lines.next(), std::nullopt);
  EXPECT_EQ(*lines.next(), std::nullopt);
}

TEST_F(LineReaderTest, ALineMayComeInPieces) {
  LineReader lines(fds_[0]);
  std::string line;
  std::thread reader([&] { line = lines.next()->value(); });
  send("half");
  send(" and half\n");
  reader.join();
  EXPECT_EQ(line, "half and half");
}

TEST_F(LineReaderTest, StopEndsAWait) {
  LineReader lines(fds_[0]);
  std::thread reader([&] { EXPECT_EQ(*lines.next(), std::nullopt); });
  lines.stop();
  reader.join();
  EXPECT_EQ(*lines.next(), std::nullopt);
}

TEST_F(LineReaderTest, ADescriptorThatCannotBeReadIsAnError) {
  LineReader lines(fds_[1]);
  end();
  EXPECT_FALSE(lines.next().ok());
}

TEST(ReadFile, ReadsAllAndNamesWhatItCannot) {
  const std::string path = ::testing::TempDir() + "novelo-read-file";
  std::ofstream(path) << std::string(200'000, 'x');
  EXPECT_EQ(read_file(path, 0)->size(), 200'000u);
  std::filesystem::remove(path);
  const auto missing = read_file(path, 0);
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.status().message()), ::testing::HasSubstr(path));
  EXPECT_FALSE(read_file("/tmp", 0).ok());
}

}  // namespace
}  // namespace novelo::cli
