// Settings: one name in three places, precedence, and errors that name place, setting and choices.
#include "config/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "address.h"

namespace novelo::daemon {
namespace {

class ConfigTest : public testing::Test {
 protected:
  ConfigTest() {
    std::string name = testing::TempDir() + "novelod-config-XXXXXX";
    directory_ = mkdtemp(name.data());
    places_ = {directory_ + "/novelod.toml", directory_ + "/novelod.d"};
  }
  ~ConfigTest() override { std::filesystem::remove_all(directory_); }

  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(directory_ + "/" + name).parent_path());
    std::ofstream(directory_ + "/" + name) << text;
  }

  absl::StatusOr<LoadedConfig> load(const std::vector<std::string>& environment = {},
                                    const std::map<std::string, std::string>& flags = {}) {
    CommandLine line;
    line.flags = flags;
    return load_config(line, environment, places_);
  }

  // The error of loading a file with this text.
  std::string error_of(const std::string& text) {
    write("novelod.toml", text);
    const auto loaded = load();
    EXPECT_FALSE(loaded.ok());
    return std::string(loaded.status().message());
  }

  std::string directory_;
  ConfigPlaces places_;
};

TEST_F(ConfigTest, WithoutFilesEverySettingHasItsDefault) {
  const auto loaded = load();
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->config.grpc_listen, "127.0.0.1:7570");
  EXPECT_EQ(loaded->config.grpc_max_message_bytes, 16 << 20);
  EXPECT_EQ(loaded->config.drain_timeout, absl::Seconds(30));
  EXPECT_FALSE(loaded->config.node_name.empty());
}

TEST_F(ConfigTest, FlagBeatsEnvironmentBeatsLaterFileBeatsFile) {
  write("novelod.toml", "[log]\nlevel = \"trace\"\n[job]\nmax_queued = 7\nmax_running = 3\n");
  write("novelod.d/10.toml", "[log]\nlevel = \"debug\"\n[job]\nmax_queued = 8\n");
  const auto loaded = load({"NOVELOD_LOG_LEVEL=warn"}, {{"log.level", "error"}});
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->config.log_level, "error");
  EXPECT_EQ(loaded->config.job_max_queued, 8);
  EXPECT_EQ(loaded->config.job_max_running, 3);
  EXPECT_EQ(loaded->origins.at("log.level"), "flag --log.level");
  EXPECT_EQ(loaded->origins.at("job.max_queued"), places_.directory + "/10.toml:4");
  EXPECT_EQ(load({"NOVELOD_LOG_LEVEL=warn"})->config.log_level, "warn");
}

TEST_F(ConfigTest, UnknownSettingIsNamedWithLineAndNearest) {
  const std::string error = error_of("# comment\n[grpc]\nlistne = \"x\"\n");
  EXPECT_NE(error.find("novelod.toml:3"), std::string::npos) << error;
  EXPECT_NE(error.find("did you mean \"grpc.listen\"?"), std::string::npos) << error;
}

TEST_F(ConfigTest, UnknownTableListsWhatThereIs) {
  const std::string error = error_of("[zzz]\na = 1\n");
  EXPECT_NE(error.find(":1: unknown setting \"zzz\""), std::string::npos) << error;
  EXPECT_NE(error.find("grpc.listen"), std::string::npos) << error;
}

TEST_F(ConfigTest, ValuesOfAnotherTypeOrBeyondBoundsAreRefusedWithWhatIsAllowed) {
  EXPECT_NE(error_of("[grpc]\nlisten = 7570\n").find("novelod.toml:2"), std::string::npos);
  EXPECT_NE(error_of("[job]\nmax_queued = 0\n").find("from 1 to 10000000"), std::string::npos);
  EXPECT_NE(error_of("[log]\nlevel = \"loud\"\n").find("one of: trace, debug, info"), std::string::npos);
  EXPECT_NE(error_of("drain_timeout = \"soon\"\n").find("a duration from"), std::string::npos);
  EXPECT_NE(error_of("[grpc\n").find("novelod.toml:1"), std::string::npos);
}

TEST_F(ConfigTest, UnknownEnvironmentVariableOfOursIsRefusedAndOthersAreNot) {
  EXPECT_FALSE(load({"NOVELOD_GRPC_LISTNE=x"}).ok());
  EXPECT_TRUE(load({"PATH=/bin", "NOVELO_ADDRESS=x"}).ok());
}

TEST_F(ConfigTest, AddressBeyondLoopbackNeedsInsecure) {
  EXPECT_FALSE(load({"NOVELOD_GRPC_LISTEN=0.0.0.0:7570"}).ok());
  EXPECT_FALSE(load({"NOVELOD_HTTP_LISTEN=[::]:7571"}).ok());
  EXPECT_TRUE(load({"NOVELOD_GRPC_LISTEN=0.0.0.0:7570", "NOVELOD_INSECURE=true"}).ok());
}

TEST_F(ConfigTest, WhatIsPrintedLoadsToTheSame) {
  write("novelod.toml", "[job]\nresult_ttl = \"90m\"\nmax_result_bytes = \"3MiB\"\n[node]\nname = \"a \\\"b\\\"\"\n");
  const auto first = load();
  ASSERT_TRUE(first.ok()) << first.status();
  write("novelod.toml", print_config(*first));
  const auto second = load();
  ASSERT_TRUE(second.ok()) << second.status();
  for (const Setting& setting : settings()) {
    EXPECT_EQ(value_text(first->config, setting), value_text(second->config, setting)) << setting.name;
  }
}

TEST_F(ConfigTest, EverySettingIsInTheManual) {
  std::ifstream in(NOVELO_SOURCE_DIR "/daemon/README.md");
  const std::string manual((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  for (const Setting& setting : settings()) {
    const std::string row = "| `" + std::string(setting.name) + "` | `" + std::string(setting.default_text) + "` |";
    EXPECT_NE(manual.find(row), std::string::npos) << "daemon/README.md lacks the row: " << row;
  }
}

TEST(Address, FormsAreReadAndWrittenBack) {
  for (const char* text : {"127.0.0.1:7570", "[::1]:0", "localhost:65535", "unix:/run/novelod.sock"}) {
    const auto address = parse_address(text);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_EQ(address->text(), text);
    EXPECT_TRUE(address->is_local());
  }
  for (const char* text : {"", "7570", "host", "host:", "host:65536", "::1:7570", ":7570", "unix:"}) {
    EXPECT_FALSE(parse_address(text).ok()) << text;
  }
}

}  // namespace
}  // namespace novelo::daemon
