// Pages that come when they are touched.
#include "os/userfault.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include "os/vm.h"

namespace novelo::rt {
namespace {

constexpr std::size_t kPages = 16;
constexpr std::size_t kBytes = kPages * kFaultPageBytes;

// Where the system has no userfaultfd for us, it says so, and that is all there is to see.
class UserfaultTest : public ::testing::Test {
 protected:
  void SetUp() override {
    base_ = static_cast<char*>(vm_reserve(kBytes));
    ASSERT_NE(base_, nullptr);
    ASSERT_TRUE(vm_make_usable(base_, kBytes));
    is_open_ = faults_.open();
    EXPECT_EQ(faults_.is_open(), is_open_);
  }
  ~UserfaultTest() override { vm_release(base_, kBytes); }
  char* page(std::size_t i) { return base_ + i * kFaultPageBytes; }

  // Runs `body` while pages of 'p' are put where somebody is held. Returns how many were.
  template <class F>
  int with_server(F body) {
    int served = 0;
    std::thread server([&] {
      alignas(kFaultPageBytes) std::array<char, kFaultPageBytes> content;
      content.fill('p');
      while (const std::uintptr_t at = faults_.wait()) {
        ++served;
        faults_.put_page(reinterpret_cast<void*>(at), content.data());
      }
    });
    body();
    faults_.stop();
    server.join();
    return served;
  }

  Userfault faults_;
  bool is_open_ = false;
  char* base_ = nullptr;
};

TEST_F(UserfaultTest, WhoTouchesAWatchedPageIsHeldUntilItIsThere) {
  if (!is_open_) return;
  *page(0) = 'w';
  ASSERT_TRUE(faults_.watch(base_, kBytes));
  const int served = with_server([&] {
    EXPECT_EQ(page(3)[17], 'p');
    *page(4) = 'x';
    EXPECT_EQ(page(4)[1], 'p');
    EXPECT_EQ(*page(0), 'w');
  });
  EXPECT_EQ(served, 2);
  EXPECT_EQ(*page(4), 'x');
}

TEST_F(UserfaultTest, TheKernelIsHeldToo) {
  if (!is_open_) return;
  ASSERT_TRUE(faults_.watch(base_, kBytes));
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const int served = with_server([&] {
    EXPECT_EQ(write(ends[1], page(0), 3), 3) << std::strerror(errno);
    EXPECT_EQ(read(ends[0], page(1) + 1, 3), 3) << std::strerror(errno);
  });
  EXPECT_EQ(served, 2);
  EXPECT_EQ(std::memcmp(page(1), "pppp", 4), 0);
  close(ends[0]);
  close(ends[1]);
}

TEST_F(UserfaultTest, APageThatIsThereIsNotPutAgain) {
  if (!is_open_) return;
  ASSERT_TRUE(faults_.watch(base_, kBytes));
  faults_.put_zeros(page(2));
  *page(2) = 'k';
  alignas(kFaultPageBytes) std::array<char, kFaultPageBytes> content{};
  faults_.put_page(page(2), content.data());
  faults_.put_zeros(page(2));
  EXPECT_EQ(*page(2), 'k');
}

TEST_F(UserfaultTest, AMovedPageIsThereAndHereItIsNot) {
  if (!is_open_) return;
  std::memset(page(0), 'm', kFaultPageBytes);
  ASSERT_TRUE(faults_.watch(base_, kBytes));
  ASSERT_TRUE(faults_.move_page(page(5), page(0)));
  EXPECT_EQ(page(5)[kFaultPageBytes - 1], 'm');
  EXPECT_FALSE(faults_.move_page(page(6), page(0))) << "there is nothing to move";
  const int served = with_server([&] { EXPECT_EQ(*page(0), 'p'); });
  EXPECT_EQ(served, 1);
}

TEST_F(UserfaultTest, WhatIsNotWatchedAnyMoreComesAsElsewhere) {
  if (!is_open_) return;
  ASSERT_TRUE(faults_.watch(base_, kBytes));
  faults_.unwatch(base_, kBytes);
  EXPECT_EQ(*page(7), 0);
}

}  // namespace
}  // namespace novelo::rt
