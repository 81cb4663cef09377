// runtime/src/gc/marker.h
// Marking: from words that may refer to objects to marked objects, and on to what those refer to.
//
//   who        a thread each: the collector's goroutine, a goroutine that assists, a machine that flushes what its
//              barrier has noted
//   cost       15 ns an object in the trees of bintrees18, 35 ns in the graph of latency (tests/bench)
//   invariants an object is looked into once: by whoever set its mark. What this holds is given back by finish()
//   tested     tests/unit/gc/marker_test.cc, tests/stress/gc_test.cc
#pragma once

#include <cstdint>
#include <utility>

#include "gc/mark_queue.h"
#include "heap/collected_heap.h"

namespace novelo::rt {

// A word of memory that other threads may be writing meanwhile. By the processor itself: neither compiler nor sanitizer
// is to see it, since the program's own stores are plain ones.
inline std::uintptr_t load_racing(const void* address) noexcept {
  std::uintptr_t word;
#if defined(__x86_64__)
  asm volatile("movq %1, %0" : "=r"(word) : "m"(*static_cast<const std::uintptr_t*>(address)));
#else
  asm volatile("ldr %0, %1" : "=r"(word) : "m"(*static_cast<const std::uintptr_t*>(address)));
#endif
  return word;
}

class Marker {
 public:
  Marker(CollectedHeap& heap, MarkQueue& queue) noexcept : heap_(heap), queue_(queue) {}
  ~Marker() { finish(); }
  Marker(const Marker&) = delete;
  Marker& operator=(const Marker&) = delete;

  // Marks the object the word refers to, if it does to one; it is looked into later. At once: the caller may go on and
  // change where the word was.
  void shade(std::uintptr_t word) noexcept;
  // Every word of [from, to), aligned.
  void shade_all(const void* from, const void* to) noexcept;

  // Looks into objects, this one's and the queue's, until `bytes` of them were looked into or nothing is left: then
  // false.
  bool drain(std::uint64_t bytes) noexcept;

  // Publishes what is left to look into.
  void finish() noexcept;

  // Since the marker was made or asked last.
  std::uint64_t take_marked_bytes() noexcept { return std::exchange(marked_bytes_, 0); }
  std::uint64_t take_marked_objects() noexcept { return std::exchange(marked_objects_, 0); }

 private:
  // What a word in a batch stands for, in its lowest bits: objects begin at multiples of 16.
  static constexpr std::uintptr_t kReference = 0;  // of an object's field
  static constexpr std::uintptr_t kMaybe = 1;      // any word
  static constexpr std::uintptr_t kMarked = 2;     // an object that is marked
  static constexpr std::uintptr_t kContinued = 3;  // the inside of one that was looked into up to here
  static constexpr std::uintptr_t kTag = 3;
  static constexpr std::size_t kPieceBytes = std::size_t{128} << 10;  // of a large object, looked into at one time

  void push(std::uintptr_t word) noexcept;
  bool pop(std::uintptr_t& word) noexcept;
  void work(std::uintptr_t tagged) noexcept;
  void look_into(const CollectedHeap::Object& object, char* from) noexcept;
  bool mark(const CollectedHeap::Object& object) noexcept;

  CollectedHeap& heap_;
  MarkQueue& queue_;
  MarkQueue::Batch* batch_ = nullptr;
  bool is_working_ = false;
  std::uint64_t marked_bytes_ = 0;
  std::uint64_t marked_objects_ = 0;
  std::uint64_t looked_into_bytes_ = 0;
};

}  // namespace novelo::rt
