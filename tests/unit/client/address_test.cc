// tests/unit/client/address_test.cc
#include "address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace novelo::cli {
namespace {

using ::testing::HasSubstr;

class AddressTest : public ::testing::Test {
 protected:
  AddressTest() {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    home_ = std::filesystem::path(::testing::TempDir()) / (std::string("novelo-address-") + info->name());
    std::filesystem::create_directories(home_ / "novelo");
    variables_["XDG_CONFIG_HOME"] = home_;
  }
  ~AddressTest() override { std::filesystem::remove_all(home_); }

  void write_config(const std::string& text) { std::ofstream(home_ / "novelo" / "config.toml") << text; }
  absl::StatusOr<Address> resolve(const std::optional<std::string>& flag = std::nullopt) {
    return resolve_address(flag, [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      return found == variables_.end() ? std::nullopt : std::optional(found->second);
    });
  }
  std::string error() { return std::string(resolve().status().message()); }

  std::filesystem::path home_;
  std::map<std::string, std::string> variables_;
};

constexpr char kTwoContexts[] =
    "current_context = \"lab\"\n[contexts.lab]\naddress = \"10.0.0.7\"\n[contexts.home]\naddress = \"h:1\"\n";

TEST_F(AddressTest, IsTheDefaultWhenNobodySaysOtherwise) {
  EXPECT_EQ(resolve()->target, "127.0.0.1:7570");
  EXPECT_EQ(resolve()->origin, "default");
}

TEST_F(AddressTest, TheFlagBeatsTheVariableBeatsTheFile) {
  write_config(kTwoContexts);
  EXPECT_EQ(resolve()->target, "10.0.0.7:7570");
  EXPECT_THAT(resolve()->origin, HasSubstr("context lab of"));
  variables_["NOVELO_ADDRESS"] = "var:2";
  EXPECT_EQ(resolve()->target, "var:2");
  EXPECT_EQ(resolve("flag:3")->target, "flag:3");
  EXPECT_EQ(resolve("flag:3")->origin, "--address");
}

TEST_F(AddressTest, HomeIsUsedWithoutXdg) {
  EXPECT_EQ(config_path([](const std::string& name) -> std::optional<std::string> {
              if (name == "HOME") return "/home/a";
              return std::nullopt;
            }),
            "/home/a/.config/novelo/config.toml");
}

TEST_F(AddressTest, AFileWithoutACurrentContextDecidesNothing) {
  write_config("[contexts.lab]\naddress = \"10.0.0.7\"\n");
  EXPECT_EQ(resolve()->origin, "default");
}

TEST_F(AddressTest, ABrokenFileIsNamedWithItsLine) {
  write_config("current_context = \"lab\"\n[contexts.lab\n");
  EXPECT_THAT(error(), HasSubstr("config.toml:2: "));
}

TEST_F(AddressTest, AnUnknownSettingIsNamedWithTheChoices) {
  write_config("[contexts.lab]\nadress = \"10.0.0.7\"\n");
  EXPECT_THAT(error(), HasSubstr("config.toml:2: unknown setting \"adress\" in context lab; did you mean address?"));
  write_config("curent_context = \"lab\"\n");
  EXPECT_THAT(error(), HasSubstr("did you mean current_context?"));
}

TEST_F(AddressTest, AContextThatIsNotThereIsNamed) {
  write_config("current_context = \"lap\"\n[contexts.lab]\naddress = \"x\"\n");
  EXPECT_THAT(error(), HasSubstr("no context \"lap\"; did you mean lab? The contexts are: lab"));
}

TEST_F(AddressTest, WrongTypesAreErrorsNotCrashes) {
  for (const char* text :
       {"current_context = 7\n", "contexts = 7\n", "contexts.lab = 7\n",
        "current_context = \"lab\"\n[contexts.lab]\naddress = 7\n", "current_context = \"lab\"\n[contexts.lab]\n"}) {
    write_config(text);
    EXPECT_FALSE(resolve().ok()) << text;
    EXPECT_THAT(error(), HasSubstr("config.toml:")) << text;
  }
}

TEST_F(AddressTest, AnImpossibleAddressSaysWhoGaveIt) {
  variables_["NOVELO_ADDRESS"] = "http://x";
  EXPECT_THAT(error(), HasSubstr("$NOVELO_ADDRESS: \"http://x\" is no address"));
}

}  // namespace
}  // namespace novelo::cli
