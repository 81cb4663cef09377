// What a collection does to pools.
#include "novelo/sync/pool.h"

#include <gtest/gtest.h>

#include <memory>

#include "novelo/novelo.h"
#include "sched/collection.h"

namespace novelo::rt {
namespace {

TEST(PoolCollection, AnObjectSurvivesOneCollectionAndNotTwo) {
  auto kept = std::make_shared<int>(1);
  Pool<std::shared_ptr<int>> pool;
  pool.put(kept);
  tell_of_collection();
  EXPECT_EQ(pool.get(), kept);
  pool.put(kept);
  tell_of_collection();
  EXPECT_EQ(kept.use_count(), 2);
  tell_of_collection();
  EXPECT_EQ(kept.use_count(), 1) << "destroyed, not only forgotten";
  EXPECT_EQ(pool.get(), nullptr);
}

TEST(PoolCollection, OneThatIsUsedBetweenTwoCollectionsStays) {
  auto kept = std::make_shared<int>(1);
  Pool<std::shared_ptr<int>> pool;
  pool.put(kept);
  for (int round = 0; round < 5; ++round) {
    tell_of_collection();
    auto got = pool.get();
    EXPECT_EQ(got, kept);
    pool.put(std::move(got));
  }
}

TEST(PoolCollection, WhatIsDestroyedMayUseThePool) {
  struct Returns {
    Pool<std::shared_ptr<int>>* pool = nullptr;
    Returns() = default;
    explicit Returns(Pool<std::shared_ptr<int>>* p) noexcept : pool(p) {}
    Returns(Returns&& other) noexcept : pool(std::exchange(other.pool, nullptr)) {}
    ~Returns() {
      if (pool != nullptr) pool->put(std::make_shared<int>(2));
    }
  };
  Pool<std::shared_ptr<int>> inner;
  Pool<Returns> outer;
  outer.put(Returns(&inner));
  tell_of_collection();
  tell_of_collection();
  EXPECT_EQ(*inner.get(), 2);
}

TEST(PoolCollection, APoolThatIsGoneIsNotLookedAt) {
  auto kept = std::make_shared<int>(1);
  {
    Pool<std::shared_ptr<int>> pool;
    pool.put(kept);
  }
  EXPECT_EQ(kept.use_count(), 1);
  tell_of_collection();
}

}  // namespace
}  // namespace novelo::rt
