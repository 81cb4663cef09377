// Local: each goroutine has its own, and begins with those of the one that started it.
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/runtime_fixture.h"

namespace novelo {
namespace {

class LocalTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(LocalTest);

Local<std::string> g_name("nobody");

TEST_P(LocalTest, BeginsWithTheInitialValue) {
  run([] {
    EXPECT_EQ(g_name.get(), "nobody");
    Local<int> number;
    EXPECT_EQ(number.get(), 0);
    number.set(3);
    EXPECT_EQ(number.get(), 3);
  });
}

TEST_P(LocalTest, AChildBeginsWithTheValuesOfItsParent) {
  run([] {
    Local<int> depth(0);
    depth.set(1);
    int by_go = 0;
    int by_scope = 0;
    int by_group = 0;
    WaitGroup group;
    group.add(1);
    go([&] {
      by_go = depth.get();
      group.done();
    });
    group.go([&] { by_group = depth.get(); });
    group.wait();
    Scope scope;
    scope.go([&] { by_scope = depth.get(); });
    EXPECT_TRUE(scope.wait().ok());
    EXPECT_EQ(spawn([&] {
                depth.set(depth.get() + 1);
                return spawn([&] { return depth.get(); }).join();
              }).join(),
              2);
    EXPECT_EQ(by_go, 1);
    EXPECT_EQ(by_group, 1);
    EXPECT_EQ(by_scope, 1);
    EXPECT_EQ(depth.get(), 1);
  });
}

TEST_P(LocalTest, WhatOneSetsTheOthersDoNotSee) {
  run([] {
    Local<int> value(0);
    Local<int> other(7);
    value.set(1);
    const auto is_set = make_chan<Unit>();
    const auto has_looked = make_chan<Unit>();
    auto child = spawn([&, is_set, has_looked] {
      value.set(2);
      is_set.close();
      has_looked.recv();
      return value.get();
    });
    is_set.recv();
    EXPECT_EQ(value.get(), 1);
    value.set(3);
    has_looked.close();
    EXPECT_EQ(child.join(), 2);
    EXPECT_EQ(value.get(), 3);
    EXPECT_EQ(other.get(), 7);
  });
}

TEST_P(LocalTest, ManyLocalsKeepApart) {
  run([] {
    std::vector<std::unique_ptr<Local<int>>> locals;
    for (int i = 0; i < 50; ++i) locals.push_back(std::make_unique<Local<int>>(-1));
    for (int i = 49; i >= 0; i -= 2) locals[static_cast<std::size_t>(i)]->set(i);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(locals[static_cast<std::size_t>(i)]->get(), i % 2 == 1 ? i : -1);
  });
}

TEST_P(LocalTest, ALocalIsNotTakenForAnEarlierOneInItsPlace) {
  run([] {
    std::optional<Local<int>> local;
    for (int i = 0; i < 10; ++i) {
      local.emplace(-1);
      EXPECT_EQ(local->get(), -1);
      local->set(i);
    }
  });
}

TEST_P(LocalTest, FollowsItsGoroutineAcrossThreads) {
  run([] {
    Local<int> value(0);
    WaitGroup group;
    std::atomic<int> wrong{0};
    for (int i = 0; i < 16; ++i) {
      group.go([&, i] {
        value.set(i);
        for (int n = 0; n < 50; ++n) {
          yield();
          if (value.get() != i) ++wrong;
        }
      });
    }
    group.wait();
    EXPECT_EQ(wrong.load(), 0);
    EXPECT_EQ(value.get(), 0);
  });
}

TEST_P(LocalTest, ValuesGoWithTheLastGoroutineThatHasThem) {
  auto held = std::make_shared<int>(0);
  Local<std::shared_ptr<int>> value;
  run([&] {
    const auto gate = make_chan<Unit>();
    auto child = spawn([&, gate] {
      value.set(held);
      go([gate] { gate.recv(); });  // begins with it
    });
    child.join();
    EXPECT_EQ(held.use_count(), 2);
    gate.close();
    testing::yield_until([&] { return num_goroutines() == 1; });
    EXPECT_EQ(held.use_count(), 1);
    value.set(held);
    value.set(nullptr);
    EXPECT_EQ(held.use_count(), 1) << "a value that is replaced is gone";
    value.set(held);
  });
  EXPECT_EQ(held.use_count(), 1);
}

TEST_P(LocalTest, AFunctionAfterATimeBeginsWithNone) {
  run([] {
    g_name.set("main");
    const auto seen = make_chan<std::string>(1);
    after_func(absl::ZeroDuration(), [seen] { seen.send(g_name.get()); });
    EXPECT_EQ(*seen.recv(), "nobody");
    testing::yield_until([] { return num_goroutines() == 1; });
  });
}

TEST_P(LocalTest, OnAForeignThreadThereIsTheInitialValueAndNoOther) {
  run([] {
    std::thread foreign([] {
      EXPECT_EQ(g_name.get(), "nobody");
      EXPECT_THROW(g_name.set("thread"), RuntimeError);
    });
    blocking([&foreign] { foreign.join(); });
  });
}

}  // namespace
}  // namespace novelo
