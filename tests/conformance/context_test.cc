// Contexts: who is cancelled with whom and why, deadlines, values, functions called at the end, and the context of a
// scope.
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/runtime_fixture.h"

namespace novelo {
namespace {

class ContextTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(ContextTest);

struct Name {
  using type = std::string;
};
struct Number {
  using type = int;
};

bool is_done(const Context& context) {
  std::optional<Unit> nothing;
  return context.done().try_recv(nothing) == RecvResult::kClosed;
}

void wait_for_functions() {
  testing::yield_until([] { return num_goroutines() == 1; });
}

TEST_P(ContextTest, TheBackgroundIsNeverCancelledAndItsChannelIsNil) {
  run([] {
    const Context context = Context::background();
    EXPECT_EQ(context.done(), RecvChan<Unit>());
    EXPECT_TRUE(context.err().ok());
    EXPECT_TRUE(context.cause().ok());
    EXPECT_EQ(context.deadline(), absl::InfiniteFuture());
    EXPECT_EQ(context.value<Name>(), nullptr);
    EXPECT_EQ(with_value<Name>(context, "x").done(), RecvChan<Unit>()) << "values alone cancel nothing";
  });
}

TEST_P(ContextTest, CancelClosesDoneOnceAndSetsErrBefore) {
  run([] {
    auto [context, cancel] = with_cancel(Context::background());
    EXPECT_FALSE(is_done(context));
    EXPECT_TRUE(context.err().ok());
    EXPECT_TRUE(context.cause().ok());
    std::atomic<bool> was_set{false};
    auto waiting = spawn([context, &was_set] {
      context.done().recv();
      was_set = context.err().code() == absl::StatusCode::kCancelled;
    });
    testing::yield_until_waiting(1);
    const CancelFunc copy = cancel;
    copy();
    cancel();
    copy();
    waiting.join();
    EXPECT_TRUE(was_set.load());
    EXPECT_TRUE(is_done(context));
    EXPECT_EQ(context.cause().code(), absl::StatusCode::kCancelled);
    EXPECT_EQ(context.done(), context.done()) << "one channel";
  });
}

TEST_P(ContextTest, CancelReachesAllBelowAndNobodyAbove) {
  run([] {
    auto [top, cancel_top] = with_cancel(Context::background());
    auto [middle, cancel_middle] = with_cancel(with_value<Name>(top, "between"));
    auto [leaf, cancel_leaf] = with_cancel(middle);
    auto [other, cancel_other] = with_cancel(top);
    cancel_middle();
    EXPECT_TRUE(is_done(middle));
    EXPECT_TRUE(is_done(leaf));
    EXPECT_FALSE(is_done(top));
    EXPECT_FALSE(is_done(other));
    cancel_top();
    EXPECT_TRUE(is_done(other));
    EXPECT_TRUE(is_done(top));
  });
}

TEST_P(ContextTest, OneMadeBelowACancelledContextIsCancelledFromTheStart) {
  run([] {
    auto [context, cancel] = with_cancel_cause(Context::background());
    cancel(absl::DataLossError("why"));
    const Context below = with_cancel(context).ctx;
    EXPECT_TRUE(is_done(below));
    EXPECT_EQ(below.err().code(), absl::StatusCode::kCancelled);
    EXPECT_EQ(below.cause(), absl::DataLossError("why"));
    EXPECT_EQ(runtime_stats().timers, 0u);
    EXPECT_EQ(with_timeout(context, absl::Hours(1)).ctx.err().code(), absl::StatusCode::kCancelled);
    EXPECT_EQ(runtime_stats().timers, 0u);
  });
}

TEST_P(ContextTest, TheFirstCauseStaysAndGoesDown) {
  run([] {
    auto [context, cancel] = with_cancel_cause(Context::background());
    auto [below, cancel_below] = with_cancel_cause(context);
    EXPECT_TRUE(context.cause().ok());
    cancel(absl::InternalError("first"));
    cancel(absl::InternalError("second"));
    cancel_below(absl::InternalError("third"));
    EXPECT_EQ(context.cause(), absl::InternalError("first"));
    EXPECT_EQ(below.cause(), absl::InternalError("first"));
    EXPECT_EQ(below.err().code(), absl::StatusCode::kCancelled);
    auto [plain, cancel_plain] = with_cancel_cause(Context::background());
    cancel_plain(absl::OkStatus());
    EXPECT_EQ(plain.cause(), plain.err());
    EXPECT_EQ(plain.err().code(), absl::StatusCode::kCancelled);
  });
}

TEST_P(ContextTest, ADeadlineCancelsWhenItHasPassed) {
  run([] {
    const absl::Time deadline = absl::Now() + absl::Milliseconds(2);
    auto [context, cancel] = with_deadline(Context::background(), deadline);
    EXPECT_EQ(context.deadline(), deadline);
    const Context below = with_cancel(context).ctx;
    EXPECT_EQ(below.deadline(), deadline);
    below.done().recv();
    EXPECT_EQ(below.err().code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(context.err().code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(context.cause().code(), absl::StatusCode::kDeadlineExceeded);
  });
}

TEST_P(ContextTest, TheEarlierDeadlineWins) {
  run([] {
    const absl::Time now = absl::Now();
    const auto early = with_deadline(Context::background(), now + absl::Hours(1));
    const auto late = with_deadline(early.ctx, now + absl::Hours(2));
    EXPECT_EQ(late.ctx.deadline(), now + absl::Hours(1));
    EXPECT_EQ(runtime_stats().timers, 1u) << "the later one needs no timer";
    const auto earlier = with_deadline(late.ctx, now + absl::Minutes(1));
    EXPECT_EQ(earlier.ctx.deadline(), now + absl::Minutes(1));
    EXPECT_EQ(runtime_stats().timers, 2u);
    early.cancel();
    EXPECT_EQ(runtime_stats().timers, 0u) << "a cancelled context has no timer";
  });
}

TEST_P(ContextTest, ADeadlineThatHasPassedCancelsAtOnce) {
  run([] {
    const auto past = with_deadline(Context::background(), absl::InfinitePast());
    EXPECT_TRUE(is_done(past.ctx));
    EXPECT_EQ(past.ctx.err().code(), absl::StatusCode::kDeadlineExceeded);
    past.cancel();
    EXPECT_EQ(past.ctx.err().code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_TRUE(is_done(with_timeout(Context::background(), absl::ZeroDuration()).ctx));
  });
}

TEST_P(ContextTest, AnInfiniteDeadlineIsNone) {
  run([] {
    const auto context = with_timeout(Context::background(), absl::InfiniteDuration());
    EXPECT_EQ(context.ctx.deadline(), absl::InfiniteFuture());
    EXPECT_EQ(runtime_stats().timers, 0u);
    context.cancel();
    EXPECT_EQ(context.ctx.err().code(), absl::StatusCode::kCancelled);
  });
}

TEST_P(ContextTest, ADroppedContextLeavesNoTimerAndNothingAtItsParent) {
  run([] {
    auto [parent, cancel] = with_cancel(Context::background());
    for (int i = 0; i < 1000; ++i) static_cast<void>(with_timeout(parent, absl::Hours(1)));
    EXPECT_EQ(runtime_stats().timers, 0u);
    for (int round = 0; round < 200; ++round) {
      // Dropped while its deadline passes.
      const Context short_lived = with_timeout(parent, absl::Microseconds(round % 30)).ctx;
      if (round % 3 == 0) yield();
    }
    cancel();
  });
}

TEST_P(ContextTest, ValuesAreFoundByTheirKeyAndTheNearestHides) {
  run([] {
    const Context one = with_value<Name>(Context::background(), "one");
    const Context both = with_value<Number>(one, 2);
    const Context hidden = with_value<Name>(with_cancel(both).ctx, "nearer");
    EXPECT_EQ(*one.value<Name>(), "one");
    EXPECT_EQ(one.value<Number>(), nullptr);
    EXPECT_EQ(*both.value<Number>(), 2);
    EXPECT_EQ(*hidden.value<Name>(), "nearer");
    EXPECT_EQ(*hidden.value<Number>(), 2);
    EXPECT_EQ(*both.value<Name>(), "one");
  });
}

TEST_P(ContextTest, WithoutCancelKeepsTheValuesAlone) {
  run([] {
    auto [context, cancel] = with_timeout(with_value<Name>(Context::background(), "kept"), absl::Hours(1));
    const Context apart = without_cancel(context);
    const Context below = with_value<Number>(apart, 1);
    cancel();
    EXPECT_EQ(apart.done(), RecvChan<Unit>());
    EXPECT_TRUE(below.err().ok());
    EXPECT_EQ(below.deadline(), absl::InfiniteFuture());
    EXPECT_EQ(*below.value<Name>(), "kept");
  });
}

TEST_P(ContextTest, AFunctionIsCalledInItsOwnGoroutineWhenTheContextIsCancelled) {
  run([] {
    auto [context, cancel] = with_cancel(Context::background());
    const auto ran = make_chan<std::uint64_t>(1);
    const StopFunc stop = after_func(context, [ran] { ran.send(goroutine_id()); });
    std::optional<std::uint64_t> early;
    EXPECT_EQ(ran.try_recv(early), RecvResult::kEmpty);
    cancel();
    EXPECT_FALSE(stop());
    EXPECT_NE(*ran.recv(), goroutine_id());
    wait_for_functions();
  });
}

TEST_P(ContextTest, DroppingAContextAndStopPreventsNoFunction) {
  run([] {
    auto [context, cancel] = with_cancel(Context::background());
    const auto ran = make_chan<int>(2);
    after_func(with_cancel(with_value<Name>(with_cancel(context).ctx, "")).ctx, [ran] { ran.send(1); });
    cancel();
    EXPECT_EQ(*ran.recv(), 1);
    after_func(with_timeout(Context::background(), absl::Milliseconds(1)).ctx, [ran] { ran.send(2); });
    EXPECT_EQ(*ran.recv(), 2);
    wait_for_functions();
  });
}

TEST_P(ContextTest, AFunctionOfACancelledContextIsCalledAtOnce) {
  run([] {
    auto [context, cancel] = with_cancel(Context::background());
    cancel();
    const auto ran = make_chan<Unit>();
    EXPECT_FALSE(after_func(context, [ran] { ran.close(); })());
    ran.recv();
    wait_for_functions();
  });
}

TEST_P(ContextTest, StopSaysWhetherItPreventedTheFunction) {
  run([] {
    auto [context, cancel] = with_cancel(Context::background());
    std::atomic<int> runs{0};
    const StopFunc stop = after_func(context, [&runs] { ++runs; });
    const StopFunc copy = stop;
    EXPECT_TRUE(copy());
    EXPECT_FALSE(stop());
    cancel();
    EXPECT_EQ(runs.load(), 0);
    EXPECT_TRUE(after_func(Context::background(), [&runs] { ++runs; })());
    for (int round = 0; round < 100; ++round) {
      auto racing = with_cancel(Context::background());
      const StopFunc stop_it = after_func(racing.ctx, [&runs] { ++runs; });
      runs = 0;
      auto canceller = spawn([&racing] { racing.cancel(); });
      const bool was_prevented = stop_it();
      canceller.join();
      testing::yield_until([&] { return runtime_stats().timers == 0; });  // a function is one that is due at once
      wait_for_functions();
      ASSERT_EQ(runs.load(), was_prevented ? 0 : 1) << "round " << round;
    }
  });
}

TEST_P(ContextTest, WhatAFunctionHoldsGoesWhenItIsStoppedOrCanNeverBeCalled) {
  run([] {
    auto held = std::make_shared<int>(0);
    auto [context, cancel] = with_cancel(Context::background());
    EXPECT_TRUE(after_func(context, [held] {})());
    EXPECT_EQ(held.use_count(), 1);
    EXPECT_TRUE(after_func(with_timeout(context, absl::Hours(1)).ctx, [held] {})());
    EXPECT_EQ(held.use_count(), 1);
    after_func(with_cancel(with_cancel(Context::background()).ctx).ctx, [held] {});
    EXPECT_EQ(held.use_count(), 1) << "nobody is left who could cancel it";
  });
}

TEST_P(ContextTest, AFunctionBelongsToTheOutermostScope) {
  run([] {
    const auto gate = make_chan<Unit>();
    std::atomic<bool> was_cancelled{false};
    {
      Scope scope;
      scope.go([&, gate] {
        auto [context, cancel] = with_cancel(Context::background());
        std::atomic<bool> began{false};
        static_cast<void>(after_func(context, [&, gate] {
          began = true;
          try {
            gate.recv();
          } catch (const Cancelled&) {
            was_cancelled = true;
          }
        }));
        cancel();
        testing::yield_until([&] { return began.load(); });
      });
      scope.cancel();
    }
    gate.close();
    wait_for_functions();
    EXPECT_FALSE(was_cancelled.load());
  });
}

TEST_P(ContextTest, ThatOfAScopeIsCancelledWithIt) {
  run([] {
    Scope scope;
    const auto contexts = make_chan<Context>(1);
    scope.go([contexts] {
      contexts.send(current_context());
      sleep(absl::InfiniteDuration());
    });
    const Context context = *contexts.recv();
    EXPECT_TRUE(context.err().ok());
    scope.cancel();
    context.done().recv();
    EXPECT_EQ(context.err().code(), absl::StatusCode::kCancelled);
    EXPECT_EQ(scope.wait().code(), absl::StatusCode::kCancelled);
  });
}

TEST_P(ContextTest, ThatOfAnInnerScopeIsCancelledWithTheOuterOne) {
  run([] {
    Scope outer;
    const auto contexts = make_chan<Context>(1);
    outer.go([contexts] {
      Scope inner;
      inner.go([contexts] {
        contexts.send(current_context());  // it has never parked: nobody knows its scope yet
        sleep(absl::InfiniteDuration());
      });
      static_cast<void>(inner.wait());
    });
    const Context context = *contexts.recv();
    outer.cancel();
    context.done().recv();
    EXPECT_EQ(outer.wait().code(), absl::StatusCode::kCancelled);
  });
}

TEST_P(ContextTest, ThatOfAScopeHasItsDeadlineAndEndsByIt) {
  run([] {
    const absl::Time deadline = absl::Now() + absl::Milliseconds(2);
    Context inside;
    Context nested;
    const absl::Status status = with_deadline(deadline, [&] {
      inside = current_context();
      EXPECT_EQ(inside.deadline(), deadline);
      static_cast<void>(with_timeout(absl::Hours(1), [&] {
        nested = current_context();
        EXPECT_EQ(nested.deadline(), deadline) << "the earlier one";
        sleep(absl::InfiniteDuration());
      }));
    });
    EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
    for (const Context& context : {inside, nested}) {
      EXPECT_TRUE(is_done(context));
      EXPECT_EQ(context.err().code(), absl::StatusCode::kDeadlineExceeded);
    }
    EXPECT_EQ(current_context().deadline(), absl::InfiniteFuture());
  });
}

TEST_P(ContextTest, ThatOfAScopeIsCancelledWhenTheScopeHasEndedThoughTheCancelIsStillOnItsWay) {
  run([] {
    for (int round = 0; round < 300; ++round) {
      std::vector<Context> inside;
      const absl::Status status = with_timeout(absl::Microseconds(round % 40), [&] {
        inside.push_back(current_context());
        static_cast<void>(with_timeout(absl::Hours(1), [&] {
          inside.push_back(current_context());
          Scope scope;
          scope.go([&] {
            inside.push_back(current_context());
            sleep(absl::InfiniteDuration());
          });
          static_cast<void>(scope.wait());
        }));
      });
      ASSERT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
      for (const Context& context : inside) {
        ASSERT_TRUE(is_done(context)) << "round " << round;
        ASSERT_EQ(context.err().code(), absl::StatusCode::kDeadlineExceeded) << "round " << round;
      }
    }
  });
}

TEST_P(ContextTest, ThatOfAScopeIsTheSameForAllInItAndCancelledWhenTheScopeEnds) {
  run([] {
    EXPECT_EQ(current_context().done(), current_context().done());
    RecvChan<Unit> of_child;
    WaitGroup group;
    group.go([&] { of_child = current_context().done(); });
    group.wait();
    EXPECT_EQ(of_child, current_context().done());
    Context of_spawned;
    {
      auto handle = spawn([&] { of_spawned = current_context(); });
      handle.join();
    }
    of_spawned.done().recv();
    EXPECT_EQ(of_spawned.err().code(), absl::StatusCode::kCancelled);
    EXPECT_FALSE(is_done(current_context()));
  });
}

TEST_P(ContextTest, AChainLongerThanAStackIsDeepIsCancelledAndDropped) {
  run([] {
    auto [first, cancel] = with_cancel(Context::background());
    Context last = first;
    for (int i = 0; i < 50'000; ++i) last = with_cancel(last).ctx;
    cancel();
    EXPECT_TRUE(is_done(last));
    last = {};
  });
}

TEST_P(ContextTest, ForeignThreadsCancelAndWait) {
  run_with_foreign_threads([] {
    auto [context, cancel] = with_cancel(Context::background());
    std::thread foreign([cancel] {
      EXPECT_EQ(current_context().done(), RecvChan<Unit>());
      cancel();
    });
    context.done().recv();
    blocking([&foreign] { foreign.join(); });
    EXPECT_EQ(context.err().code(), absl::StatusCode::kCancelled);
  });
}

TEST(ContextWithoutRuntime, IsCancelledAllTheSame) {
  auto [context, cancel] = with_cancel(Context::background());
  const Context below = with_value<Number>(with_cancel(context).ctx, 3);
  cancel();
  EXPECT_TRUE(is_done(below));
  EXPECT_EQ(*below.value<Number>(), 3);
  EXPECT_THROW(with_timeout(Context::background(), absl::Seconds(1)), RuntimeError);
}

TEST(ContextWithoutRuntime, OneThatOutlivesTheRuntimeStaysAsItIs) {
  auto held = std::make_shared<int>(0);
  Context context;
  {
    Runtime runtime(RuntimeOptions{.max_goroutines = 1024});
    runtime.run([&] {
      context = with_timeout(Context::background(), absl::Hours(1)).ctx;
      after_func(with_cancel(context).ctx, [held] {});
      after_func(with_timeout(context, absl::Minutes(1)).ctx, [held] {});
    });
  }
  EXPECT_TRUE(context.err().ok());
  context = {};
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace novelo
