// The order in which one processor serves the classes, with a clock that stands still until it is set.
#include <gtest/gtest.h>

#include <string>

#include "novelo/novelo.h"
#include "os/clock.h"

namespace novelo {
namespace {

// Time passes for the scheduler when the test says so.
class PriorityOrderTest : public ::testing::Test {
 protected:
  PriorityOrderTest() { rt::virtual_clock_set(now_); }
  ~PriorityOrderTest() override { rt::virtual_clock_set(0); }

  void pass(absl::Duration time) { rt::virtual_clock_set(now_ += absl::ToInt64Nanoseconds(time)); }

  void run(const std::function<void()>& body) {
    RuntimeOptions options;
    options.max_procs = 1;
    options.max_goroutines = 1000;
    Runtime(std::move(options)).run(body);
  }

  // A goroutine of that class, runnable, which says so when it runs.
  void start(Priority priority) {
    const Priority mine = set_priority(priority);
    go([this, priority] {
      order_ += priority == Priority::kLatency ? 'l' : priority == Priority::kNormal ? 'n' : 'b';
      if (priority == Priority::kLatency && time_of_each_ > absl::ZeroDuration()) pass(time_of_each_);
    });
    set_priority(mine);
  }

  // Any call that could wait.
  void call() {
    const auto own = make_chan<int>(1);
    own.send(1);
  }

  void finish() {
    set_priority(Priority::kBatch);
    while (num_goroutines() > 1) yield();
  }

  std::int64_t now_ = rt::kVirtualStartNs;
  absl::Duration time_of_each_ = absl::ZeroDuration();
  std::string order_;
};

TEST_F(PriorityOrderTest, TheHigherClassGoesFirst) {
  run([this] {
    for (const Priority priority : {Priority::kBatch, Priority::kNormal, Priority::kLatency}) {
      for (int i = 0; i < 3; ++i) start(priority);
    }
    finish();
  });
  EXPECT_EQ(order_, "lllnnnbbb");
}

TEST_F(PriorityOrderTest, AClassThatWasPassedOverForItsPatienceIsServedOnce) {
  time_of_each_ = absl::Milliseconds(5);
  run([this] {
    set_priority(Priority::kBatch);
    yield();  // from here on nobody waits
    start(Priority::kNormal);
    start(Priority::kNormal);
    for (int i = 0; i < 5; ++i) start(Priority::kLatency);
    finish();
  });
  EXPECT_EQ(order_, "llnllnl");
}

TEST_F(PriorityOrderTest, WhoLowersItselfMakesWayAtTheNextCall) {
  run([this] {
    start(Priority::kNormal);
    set_priority(Priority::kBatch);
    EXPECT_EQ(order_, "");
    call();
    EXPECT_EQ(order_, "n");
  });
}

TEST_F(PriorityOrderTest, AWakeUpOvertakesALowerClassAtItsNextCall) {
  run([this] {
    set_priority(Priority::kBatch);
    const auto jobs = make_chan<int>(2);
    go([this, jobs] {
      set_priority(Priority::kLatency);
      for (int i = 0; i < 2; ++i) {
        jobs.recv();
        order_ += 'l';
      }
    });
    while (runtime_stats().goroutines_waiting < 1) yield();
    jobs.send(1);
    order_ += 'b';
    jobs.send(2);
    order_ += 'b';
    call();
    EXPECT_EQ(order_, "blbl");
  });
}

TEST_F(PriorityOrderTest, ALowerClassDoesNotOvertake) {
  run([this] {
    set_priority(Priority::kBatch);  // or the waiter would never come to wait
    const auto jobs = make_chan<int>(2);
    go([this, jobs] {
      jobs.recv();
      order_ += 'b';
    });
    while (runtime_stats().goroutines_waiting < 1) yield();
    set_priority(Priority::kLatency);
    jobs.send(1);
    for (int i = 0; i < 3; ++i) yield();
    EXPECT_EQ(order_, "");
    finish();
    EXPECT_EQ(order_, "b");
  });
}

}  // namespace
}  // namespace novelo
