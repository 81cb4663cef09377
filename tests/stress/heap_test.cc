// Cells that are allocated on one processor and given back on another.
#include "heap/heap.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "support/seed.h"

namespace novelo::rt {
namespace {

// Property: a block is nobody else's from its allocation to its end, whoever ends it, and no page is lost.
// Method:   threads, each with a cache, write a mark over each block, pass it on, and look at the mark before they give
//           it back; one has no cache.
TEST(HeapStress, ABlockIsItsOwnersAlone) {
  constexpr int kThreads = 4;
  struct Block {
    unsigned char* at = nullptr;
    std::size_t bytes = 0;
    unsigned char mark = 0;
  };
  const std::uint64_t seed = testing::seed();
  const auto pages = std::make_unique<PageHeap>();
  ASSERT_TRUE(pages->reserve(std::size_t{16} << 30));
  const auto heap = std::make_unique<Heap>(*pages);
  std::mutex mutex;
  std::vector<Block> passed;
  std::atomic<std::uint64_t> wrong{0};
  std::atomic<std::uint64_t> turns{0};
  const testing::For running(std::chrono::milliseconds(500));
  const auto end = [&](const Block& one, CellCache* cache) {
    for (std::size_t i = 0; i < one.bytes; ++i) wrong += one.at[i] != one.mark ? 1 : 0;
    heap->deallocate(one.at, one.bytes, cache);
  };
  std::vector<std::thread> threads;
  for (int number = 0; number < kThreads; ++number) {
    threads.emplace_back([&, number] {
      std::mt19937_64 random(seed + static_cast<std::uint64_t>(number));
      const auto own = std::make_unique<CellCache>();
      CellCache* cache = number == 0 ? nullptr : own.get();
      std::vector<Block> batch;
      while (running) {
        for (int i = 0; i < 20; ++i) {
          Block one;
          one.bytes = random() % 100 == 0 ? 1 + random() % 40'000 : 1 + random() % 600;
          one.at = static_cast<unsigned char*>(heap->allocate(one.bytes, cache));
          one.mark = static_cast<unsigned char>(random());
          std::memset(one.at, one.mark, one.bytes);
          batch.push_back(one);
        }
        {
          const std::lock_guard guard(mutex);
          for (Block& one : batch) {
            if (!passed.empty() && random() % 2 == 0) std::swap(one, passed[random() % passed.size()]);
            if (passed.size() < 2000 && random() % 4 == 0) {
              passed.push_back(one);
              one.at = nullptr;
            }
          }
        }
        for (const Block& one : batch) {
          if (one.at != nullptr) end(one, cache);
        }
        batch.clear();
        ++turns;
        if (turns % 500 == 0) heap->scavenge();
      }
      heap->drain(*own);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Block& one : passed) end(one, nullptr);
  EXPECT_EQ(wrong, 0u);
  EXPECT_GT(turns, 0u);
  std::uint64_t kept = 0;  // a span for each class
  for (unsigned i = 0; i < kSizeClasses; ++i) kept += span_pages_of(i) * kHeapPageBytes;
  EXPECT_LE(heap->bytes().in_use, kept);
}

}  // namespace
}  // namespace novelo::rt
