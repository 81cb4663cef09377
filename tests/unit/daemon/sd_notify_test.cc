// What the manager is told, seen from its end of the socket.
#include "export/sd_notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

namespace novelo::daemon {
namespace {

class SdNotify : public testing::Test {
 protected:
  SdNotify() {
    std::string name = testing::TempDir() + "novelod-notify-XXXXXX";
    directory_ = mkdtemp(name.data());
    fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = directory_ + "/notify";
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~SdNotify() override {
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    close(fd_);
    unlink((directory_ + "/notify").c_str());
    rmdir(directory_.c_str());
  }

  // What has come; empty: nothing.
  std::string told() const {
    std::array<char, 256> text{};
    const ssize_t size = recv(fd_, text.data(), text.size(), 0);
    return {text.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  }

  std::string directory_;
  int fd_ = -1;
};

TEST_F(SdNotify, IsToldEachStateInItsWords) {
  tell_ready("serving");
  EXPECT_EQ(told(), "READY=1\nSTATUS=serving");
  tell_alive();
  EXPECT_EQ(told(), "WATCHDOG=1");
  tell_reloading();
  EXPECT_EQ(told(), "RELOADING=1");
  tell_stopping("draining");
  EXPECT_EQ(told(), "STOPPING=1\nSTATUS=draining");
}

TEST_F(SdNotify, IsToldNothingWhenThereIsNone) {
  unsetenv("NOTIFY_SOCKET");
  tell_ready("serving");
  EXPECT_EQ(told(), "");
}

TEST_F(SdNotify, WatchdogIsWhatItAskedFor) {
  EXPECT_EQ(watchdog_interval(), absl::InfiniteDuration());
  setenv("WATCHDOG_USEC", "400000", 1);
  EXPECT_EQ(watchdog_interval(), absl::Milliseconds(400));
}

}  // namespace
}  // namespace novelo::daemon
