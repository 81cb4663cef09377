// Reserved address space: usable parts, guards, memory given back.
#include "os/vm.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace novelo::rt {
namespace {

constexpr std::size_t kPage = 65536;  // a multiple of every page size there is
constexpr std::size_t kBytes = 16 * kPage;

// Whether the kernel can read the byte for us, without a fault of our own.
bool is_readable(const char* address) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  const bool readable = write(ends[1], address, 1) == 1;
  EXPECT_TRUE(readable || errno == EFAULT) << std::strerror(errno);
  close(ends[0]);
  close(ends[1]);
  return readable;
}

class Vm : public ::testing::Test {
 protected:
  void SetUp() override {
    base_ = static_cast<char*>(vm_reserve(kBytes));
    ASSERT_NE(base_, nullptr);
  }
  ~Vm() override { vm_release(base_, kBytes); }
  char* base_ = nullptr;
};

TEST_F(Vm, AReservationCannotBeTouchedBeforeItIsMadeUsable) {
  EXPECT_FALSE(is_readable(base_));
  ASSERT_TRUE(vm_make_usable(base_, kPage));
  EXPECT_TRUE(is_readable(base_));
  EXPECT_FALSE(is_readable(base_ + kPage));
}

TEST_F(Vm, AGuardCannotBeTouchedAndItsNeighboursCan) {
  ASSERT_TRUE(vm_make_usable(base_, kBytes));
  ASSERT_TRUE(vm_guard(base_ + kPage, kPage));
  EXPECT_TRUE(is_readable(base_ + kPage - 1));
  EXPECT_FALSE(is_readable(base_ + kPage));
  EXPECT_FALSE(is_readable(base_ + 2 * kPage - 1));
  EXPECT_TRUE(is_readable(base_ + 2 * kPage));
}

TEST_F(Vm, AGuardStaysWhenTheMemoryAboveItIsGivenBack) {
  ASSERT_TRUE(vm_make_usable(base_, kBytes));
  ASSERT_TRUE(vm_guard(base_, kPage));
  std::memset(base_ + kPage, 1, kPage);
  vm_discard(base_ + kPage, kPage);
  EXPECT_FALSE(is_readable(base_));
  EXPECT_EQ(base_[kPage], 0);
}

TEST_F(Vm, DiscardedMemoryReadsAsZeroAndIsUsableAgain) {
  ASSERT_TRUE(vm_make_usable(base_, kBytes));
  std::memset(base_, 0x5A, kBytes);
  vm_discard(base_, kBytes);
  for (std::size_t i = 0; i < kBytes; i += 4096) ASSERT_EQ(base_[i], 0) << "at " << i;
  base_[5] = 7;
  EXPECT_EQ(base_[5], 7);
}

TEST_F(Vm, GuardingKeepsErrno) {
  ASSERT_TRUE(vm_make_usable(base_, kBytes));
  errno = ENOTTY;
  ASSERT_TRUE(vm_guard(base_, kPage));
  EXPECT_EQ(errno, ENOTTY);
}

TEST(VmLimits, AShareIsAPartOfAddressSpaceWhereThatIsLimited) {
  constexpr std::size_t kGiB = std::size_t{1} << 30;
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_AS, &before), 0);
  rlimit limited = before;
  limited.rlim_cur = 4 * kGiB;
  ASSERT_EQ(setrlimit(RLIMIT_AS, &limited), 0);
  rlimit in_force{};  // emulators know no such limit
  ASSERT_EQ(getrlimit(RLIMIT_AS, &in_force), 0);
  const std::size_t small = vm_share(kGiB / 2, 4);
  const std::size_t large = vm_share(10 * kGiB, 4);
  ASSERT_EQ(setrlimit(RLIMIT_AS, &before), 0);
  EXPECT_EQ(small, kGiB / 2);
  EXPECT_EQ(large, in_force.rlim_cur == limited.rlim_cur ? kGiB : 10 * kGiB);
}

TEST(VmLimits, AReservationLargerThanTheAddressSpaceIsRefused) {
  EXPECT_EQ(vm_reserve(std::size_t{1} << 60), nullptr);
}

}  // namespace
}  // namespace novelo::rt
