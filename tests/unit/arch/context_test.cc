// Switching between stacks: what travels with a context, and what a made one finds.
#include "arch/context.h"

#include <gtest/gtest.h>

#include <cfenv>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

namespace novelo::rt {
namespace {

// A second execution on a stack of its own that the test enters and leaves.
class Side {
 public:
  explicit Side(std::function<void(Side&)> body) : body_(std::move(body)), memory_(new char[kBytes]) {
    context_adopt_thread(home_);
    context_make(context_, memory_.get(), kBytes, &Side::start, this);
  }
  ~Side() { context_destroy(context_); }

  void enter() { context_switch(home_, context_); }
  void leave() { context_switch(context_, home_); }
  bool has_ended() const { return has_ended_; }
  std::uintptr_t entry_frame() const { return entry_frame_; }
  bool owns(const void* address) const {
    const auto* at = static_cast<const char*>(address);
    return at >= memory_.get() && at < memory_.get() + kBytes;
  }

 private:
  static constexpr std::size_t kBytes = std::size_t{256} << 10;
  static void start(void* self) {
    auto& side = *static_cast<Side*>(self);
    side.entry_frame_ = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    context_arrived(side.context_);
    side.body_(side);
    side.has_ended_ = true;
    context_switch(side.context_, side.home_, SwitchFrom::kEnds);
  }

  std::uintptr_t entry_frame_ = 0;
  std::function<void(Side&)> body_;
  std::unique_ptr<char[]> memory_;
  Context home_;
  Context context_;
  bool has_ended_ = false;
};

TEST(Context, GoesOnWhereItLeft) {
  std::string steps;
  Side side([&](Side& self) {
    steps += 'a';
    self.leave();
    steps += 'c';
  });
  side.enter();
  steps += 'b';
  EXPECT_FALSE(side.has_ended());
  side.enter();
  EXPECT_TRUE(side.has_ended());
  EXPECT_EQ(steps, "abc");
}

TEST(Context, RunsOnTheStackItWasMadeWith) {
  bool is_on_own = false;
  Side side([&](Side& self) { is_on_own = self.owns(__builtin_frame_address(0)); });
  side.enter();
  EXPECT_TRUE(is_on_own);
  EXPECT_FALSE(side.owns(__builtin_frame_address(0)));
}

TEST(Context, EntersWithTheStackAlignedAsTheAbiAsks) {
  // The entry is called as any function: its frame lies on a multiple of 16. Not so that of a function whose callers
  // the compiler all knows.
  Side side([](Side&) {});
  side.enter();
  EXPECT_NE(side.entry_frame(), 0u);
  EXPECT_EQ(side.entry_frame() % 16, 0u);
}

TEST(Context, KeepsTheRoundingModeOfEach) {
  int inside_first = -1;
  int inside_again = -1;
  Side side([&](Side& self) {
    inside_first = std::fegetround();
    std::fesetround(FE_UPWARD);
    self.leave();
    inside_again = std::fegetround();
  });
  ASSERT_EQ(std::fesetround(FE_DOWNWARD), 0);
  side.enter();
  EXPECT_EQ(inside_first, FE_TONEAREST) << "a new context starts as a process does";
  EXPECT_EQ(std::fegetround(), FE_DOWNWARD);
  std::fesetround(FE_TOWARDZERO);
  side.enter();
  EXPECT_EQ(inside_again, FE_UPWARD);
  EXPECT_EQ(std::fegetround(), FE_TOWARDZERO);
  std::fesetround(FE_TONEAREST);
}

TEST(Context, KeepsLocalVariablesOfBothAcrossManySwitches) {
  std::uint64_t inside = 0;
  Side side([&](Side& self) {
    std::uint64_t a = 1;
    std::uint64_t b = 1;
    double c = 0.5;
    for (int i = 0; i < 1000; ++i) {
      a = a * 3 + b;
      b ^= a >> 7;
      c = c * 0.5 + static_cast<double>(b % 17);
      self.leave();
    }
    inside = a + b + static_cast<std::uint64_t>(c);
  });
  std::uint64_t a = 1;
  std::uint64_t b = 1;
  double c = 0.5;
  for (int i = 0; i < 1000; ++i) {
    side.enter();
    a = a * 3 + b;
    b ^= a >> 7;
    c = c * 0.5 + static_cast<double>(b % 17);
  }
  side.enter();
  EXPECT_EQ(inside, a + b + static_cast<std::uint64_t>(c));
}

TEST(Context, AnExceptionIsThrownAndCaughtOnAMadeStack) {
  std::string caught;
  Side side([&](Side& self) {
    try {
      throw std::runtime_error("on the side");
    } catch (const std::runtime_error& e) {
      caught = e.what();
    }
    self.leave();
    try {
      throw 7;
    } catch (int n) {
      caught += std::to_string(n);
    }
  });
  side.enter();
  EXPECT_EQ(caught, "on the side");
  side.enter();
  EXPECT_EQ(caught, "on the side7");
}

TEST(Context, ManyContextsAreEnteredInAnyOrder) {
  std::string steps;
  Side one([&](Side& self) {
    steps += '1';
    self.leave();
    steps += '1';
  });
  Side two([&](Side& self) {
    steps += '2';
    self.leave();
    steps += '2';
  });
  one.enter();
  two.enter();
  two.enter();
  one.enter();
  EXPECT_EQ(steps, "1221");
}

}  // namespace
}  // namespace novelo::rt
