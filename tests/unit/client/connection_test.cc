// tests/unit/client/connection_test.cc
#include "connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace novelo::client {
namespace {

TEST(NormalizeAddress, FillsInThePort) {
  EXPECT_EQ(*normalize_address("localhost"), "localhost:7570");
  EXPECT_EQ(*normalize_address("10.0.0.7:1"), "10.0.0.7:1");
}

TEST(NormalizeAddress, BracketsV6) {
  EXPECT_EQ(*normalize_address("::1"), "[::1]:7570");
  EXPECT_EQ(*normalize_address("[::1]"), "[::1]:7570");
  EXPECT_EQ(*normalize_address("[fe80::1%eth0]:99"), "[fe80::1%eth0]:99");
}

TEST(NormalizeAddress, KeepsUnixPaths) {
  EXPECT_EQ(*normalize_address("unix:/run/novelo.sock"), "unix:/run/novelo.sock");
}

TEST(NormalizeAddress, RefusesWhatCannotBeOne) {
  for (const char* bad : {"", ":7570", "host:", "host:0", "host:65536", "host:http", "http://host:1", "[::1", "[::1]x",
                          "two words:1", "unix:", "host:1:2x:/"}) {
    EXPECT_EQ(normalize_address(bad).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

}  // namespace
}  // namespace novelo::client
