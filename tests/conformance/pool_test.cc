// Pool: what was put is got again, by anybody, and nothing is got twice.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/runtime_fixture.h"

namespace novelo {
namespace {

class PoolTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(PoolTest);

TEST_P(PoolTest, AnEmptyPoolMakesANewOne) {
  run([] {
    Pool<std::string> plain;
    EXPECT_EQ(plain.get(), "");
    int made = 0;
    Pool<std::unique_ptr<int>> counted([&made] { return std::make_unique<int>(++made); });
    EXPECT_EQ(*counted.get(), 1);
    EXPECT_EQ(*counted.get(), 2);
  });
}

TEST_P(PoolTest, WhatWasPutIsGotAgainByWhoeverAsks) {
  run([] {
    Pool<std::string> pool;
    spawn([&pool] { pool.put(std::string("kept")); }).join();
    // Whichever processor asks.
    EXPECT_EQ(spawn([&pool] { return pool.get(); }).join(), "kept");
    EXPECT_EQ(pool.get(), "");
  });
}

TEST_P(PoolTest, NothingIsGotTwice) {
  run([] {
    struct Object {
      std::atomic<int> users{0};
    };
    Pool<std::shared_ptr<Object>> pool([] { return std::make_shared<Object>(); });
    std::atomic<int> shared{0};
    WaitGroup group;
    for (int i = 0; i < 16; ++i) {
      group.go([&] {
        for (int n = 0; n < 300; ++n) {
          auto object = pool.get();
          if (++object->users != 1) ++shared;
          if (n % 32 == 0) yield();
          --object->users;
          pool.put(std::move(object));
        }
      });
    }
    group.wait();
    EXPECT_EQ(shared.load(), 0);
  });
}

TEST_P(PoolTest, KeepsNoMoreThanItsBoundAndDestroysTheRest) {
  run([] {
    auto counted = std::make_shared<int>(0);
    Pool<std::shared_ptr<int>> pool;
    const std::size_t most = rt::kPoolPartMax * 64;
    for (std::size_t i = 0; i < 2 * most; ++i) pool.put(counted);
    EXPECT_LE(static_cast<std::size_t>(counted.use_count()), most + 1);
    EXPECT_GE(static_cast<std::size_t>(counted.use_count()), rt::kPoolPartMax + 1);
  });
}

TEST_P(PoolTest, ForeignThreadsUseIt) {
  run([] {
    Pool<std::string> pool;
    std::thread foreign([&pool] { pool.put(pool.get() + "from outside"); });
    blocking([&foreign] { foreign.join(); });
    EXPECT_EQ(pool.get(), "from outside");
  });
}

// Before there is a Runtime and after.
TEST(PoolWithoutRuntime, KeepsToo) {
  Pool<int> pool([] { return -1; });
  pool.put(3);
  EXPECT_EQ(pool.get(), 3);
  EXPECT_EQ(pool.get(), -1);
}

}  // namespace
}  // namespace novelo
