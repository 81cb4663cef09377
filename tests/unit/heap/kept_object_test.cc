// Objects that the runtime keeps for itself lie in its own heap, at the places their types ask for.
#include "heap/kept_object.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace novelo::rt {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kIsInHeap = false;  // each by malloc, so that errors with it are found
#else
constexpr bool kIsInHeap = true;
#endif

struct Small : KeptObject {
  std::uint64_t words[3] = {1, 2, 3};
};
struct alignas(64) Aligned : KeptObject {
  char bytes[100] = {};
};

TEST(KeptObject, LiesInAHeapOfItsOwn) {
  const auto small = std::make_unique<Small>();
  EXPECT_EQ(kept_heap().contains(small.get()), kIsInHeap);
  EXPECT_EQ(small->words[2], 3u);
}

TEST(KeptObject, IsAlignedAsItsTypeAsks) {
  std::vector<std::unique_ptr<Aligned>> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(std::make_unique<Aligned>());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(all.back().get()) % 64, 0u);
  }
}

TEST(KeptObject, ContainersOfThemGrowThereToo) {
  std::vector<int, KeptAllocator<int>> numbers;
  for (int i = 0; i < 10'000; ++i) numbers.push_back(i);
  EXPECT_EQ(kept_heap().contains(numbers.data()), kIsInHeap);
  EXPECT_EQ(numbers[9999], 9999);
}

TEST(KeptObject, AnyAddressInsideLeadsToItsPlace) {
  auto* memory = static_cast<char*>(Heap::get().allocate(200, nullptr));
  const Heap::Place place = Heap::get().find(memory + 150);
  EXPECT_EQ(place.start, memory);
  EXPECT_GE(place.bytes, 200u);
  auto* large = static_cast<char*>(Heap::get().allocate(100'000, nullptr));
  EXPECT_EQ(Heap::get().find(large + 99'999).start, large);
  int outside = 0;
  EXPECT_EQ(Heap::get().find(&outside).start, nullptr);
  Heap::get().deallocate(large, 100'000, nullptr);
  Heap::get().deallocate(memory, 200, nullptr);
}

}  // namespace
}  // namespace novelo::rt
