// Stacks kept as images: what comes back, for whom, and which are kept so.
#include "stack/cold_stacks.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

namespace novelo::rt {
namespace {

constexpr std::size_t kStacks = 256;
constexpr std::size_t kLive = 704;

// Where the system does not allow it, none is ever kept so: each test then sees that, and nothing else.
class ColdStacksTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_GE(classes_.reserve(4096, std::size_t{256} << 20), 4096u);
    need_.kind.store(StackNeed::Kind::kMedium, relaxed);
    for (std::size_t i = 0; i < kStacks; ++i) {
      stacks_.push_back(classes_.take(cache_, need_));
      ASSERT_NE(stacks_.back().bottom, nullptr);
      std::memset(sp(i), static_cast<int>(i % 255) + 1, kLive);
    }
  }

  char* sp(std::size_t i, std::size_t live = kLive) const {
    return stacks_[i].bottom + stacks_[i].size - stacks_[i].colour() - live;
  }
  bool holds_its_own(std::size_t i) const {
    const char byte = static_cast<char>(i % 255 + 1);
    for (std::size_t at = 0; at < kLive; ++at) {
      if (sp(i)[at] != byte) return false;
    }
    return true;
  }
  bool has_memory(std::size_t i) const {
    const std::uintptr_t page = reinterpret_cast<std::uintptr_t>(sp(i)) / kFaultPageBytes * kFaultPageBytes;
    unsigned char is_resident = 0;
    EXPECT_EQ(mincore(reinterpret_cast<void*>(page), kFaultPageBytes, &is_resident), 0);
    return (is_resident & 1) != 0;
  }

  // One pass over the first `n`, which have all waited for long.
  void pass(std::size_t n = kStacks, std::size_t live = kLive) {
    if (!cold_stacks_.begin_pass()) return;
    for (std::size_t i = 0; i < n; ++i) {
      if (cold_[i] != nullptr && ColdStacks::is_cold(*cold_[i])) {
        ColdStacks::count_settled(*cold_[i]);
        continue;
      }
      wake(i);
      cold_[i] = cold_stacks_.compact(stacks_[i], sp(i, live));
    }
    cold_stacks_.end_pass();
  }
  // Until all of them are cold: the kernel may be at a page itself, which stays for that pass.
  void settle() {
    pass();
    pass();
    for (int passes = 0; passes < 100 && cold_stacks_.cold() < if_allowed(kStacks); ++passes) pass();
    ASSERT_EQ(now_cold(), if_allowed(kStacks));
  }
  void wake(std::size_t i) {
    if (cold_[i] != nullptr) cold_stacks_.restore(std::exchange(cold_[i], nullptr));
  }
  std::size_t now_cold() const {
    std::size_t n = 0;
    for (const ColdStack* cold : cold_) n += cold != nullptr && ColdStacks::is_cold(*cold) ? 1 : 0;
    EXPECT_EQ(cold_stacks_.cold(), n);
    return n;
  }
  static std::size_t if_allowed(std::size_t n) { return ColdStacks::is_allowed() ? n : 0; }

  StackClasses classes_;
  StackClasses::Cache cache_;
  StackNeed need_;
  std::vector<Stack> stacks_;
  ColdStacks cold_stacks_{classes_};
  std::vector<ColdStack*> cold_ = std::vector<ColdStack*>(kStacks);
};

TEST_F(ColdStacksTest, SettledStacksLoseTheirPageAndGetItBackAsItWas) {
  pass();
  EXPECT_EQ(now_cold(), 0u) << "only who is settled again";
  settle();
  for (std::size_t i = 0; i < kStacks; ++i) {
    EXPECT_EQ(has_memory(i), !ColdStacks::is_allowed());
    if (cold_[i] == nullptr) continue;
    const ColdStacks::Words words = ColdStacks::words(*cold_[i]);
    ASSERT_EQ(words.end - words.begin, static_cast<std::ptrdiff_t>(kLive / sizeof(std::uint64_t)));
    EXPECT_EQ(*words.begin, (i % 255 + 1) * 0x0101'0101'0101'0101U);
  }
  EXPECT_EQ(cold_stacks_.image_bytes() > 0, ColdStacks::is_allowed());
  for (std::size_t i = 0; i < kStacks; ++i) {
    wake(i);
    EXPECT_TRUE(has_memory(i));
    EXPECT_TRUE(holds_its_own(i));
  }
  EXPECT_EQ(now_cold(), 0u);
  EXPECT_EQ(cold_stacks_.touched_total(), 0u);
  EXPECT_EQ(cold_stacks_.image_bytes(), 0u);
}

TEST_F(ColdStacksTest, ZerosTakeNoRoom) {
  for (std::size_t i = 0; i < kStacks; ++i) std::memset(sp(i) + 8, 0, kLive - 16);
  settle();
  EXPECT_LT(cold_stacks_.image_bytes(), 100 * kStacks);
  for (std::size_t i = 0; i < kStacks; ++i) {
    if (cold_[i] != nullptr) {
      EXPECT_EQ(ColdStacks::words(*cold_[i]).end - ColdStacks::words(*cold_[i]).begin, 2);
    }
    wake(i);
    EXPECT_EQ(sp(i)[8], 0);
    std::memset(sp(i) + 8, static_cast<int>(i % 255) + 1, kLive - 16);
    EXPECT_TRUE(holds_its_own(i));
  }
}

TEST_F(ColdStacksTest, WhoeverTouchesOneFindsItAsItWas) {
  settle();
  for (std::size_t i = 0; i < kStacks; i += 2) {
    sp(i)[0] = 'x';
    EXPECT_EQ(sp(i)[1], static_cast<char>(i % 255 + 1));
  }
  EXPECT_EQ(now_cold(), if_allowed(kStacks / 2));
  EXPECT_EQ(cold_stacks_.touched_total(), if_allowed(kStacks / 2));
  settle();  // those that were touched go once more
  for (std::size_t i = 0; i < kStacks; ++i) {
    wake(i);
    EXPECT_EQ(sp(i)[0], i % 2 == 0 ? 'x' : static_cast<char>(i % 255 + 1));
    sp(i)[0] = static_cast<char>(i % 255 + 1);
    EXPECT_TRUE(holds_its_own(i));
  }
}

TEST_F(ColdStacksTest, WhatLiesBelowIsTouchedAsFirstEver) {
  settle();
  for (std::size_t i = 0; i < kStacks; ++i) {
    wake(i);
    EXPECT_EQ(sp(i)[-2 * static_cast<std::ptrdiff_t>(kFaultPageBytes)], 0);
    std::memset(stacks_[i].bottom, 1, stacks_[i].size - 2 * kFaultPageBytes);
    EXPECT_TRUE(holds_its_own(i));
  }
  EXPECT_EQ(cold_stacks_.touched_total(), 0u);
}

TEST_F(ColdStacksTest, ThoseWithMuchOnThemStay) {
  const std::size_t much = ColdStacks::kLiveMax + 64;
  pass(kStacks, much);
  pass(kStacks, much);
  EXPECT_EQ(now_cold(), 0u);
  pass(kStacks, ColdStacks::kLiveMax);
  pass(kStacks, ColdStacks::kLiveMax);
  EXPECT_GE(now_cold(), if_allowed(kStacks * 3 / 4)) << "but for those whose second page was never touched";
  for (std::size_t i = 0; i < kStacks; ++i) {
    wake(i);
    EXPECT_TRUE(holds_its_own(i));
  }
}

TEST_F(ColdStacksTest, OneAloneInItsPlaceStays) {
  pass(1);
  pass(1);
  EXPECT_EQ(now_cold(), 0u);
}

TEST_F(ColdStacksTest, NoWriteFromElsewhereIsLost) {
  std::atomic<bool> is_over{false};
  std::vector<std::uint32_t> written(kStacks);
  std::thread writer([&] {
    while (!is_over) {
      for (std::size_t i = 0; i < kStacks; i += 3) {
        auto* count = reinterpret_cast<volatile std::uint32_t*>(reinterpret_cast<std::uintptr_t>(sp(i) + 64) & ~7UL);
        *count = ++written[i];
        std::this_thread::yield();
      }
    }
  });
  for (int passes = 0; passes < 300; ++passes) {
    pass();
    for (std::size_t i = static_cast<std::size_t>(passes) % 5; i < kStacks; i += 5) wake(i);
  }
  is_over = true;
  writer.join();
  for (std::size_t i = 0; i < kStacks; ++i) {
    wake(i);
    if (written[i] == 0) {
      EXPECT_TRUE(holds_its_own(i));
      continue;
    }
    const auto* count = reinterpret_cast<std::uint32_t*>(reinterpret_cast<std::uintptr_t>(sp(i) + 64) & ~7UL);
    EXPECT_EQ(*count, written[i]);
  }
  EXPECT_EQ(cold_stacks_.compacted_total() > kStacks, ColdStacks::is_allowed());
}

}  // namespace
}  // namespace novelo::rt
