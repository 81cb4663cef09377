// Depth first, with a ring of words between the stack and the work: the memory a word leads to is asked for when it
// enters the ring, and by the time it leaves it has come. Whether an object is marked already is asked at the end, when
// its mark is in the cache.
#include "gc/marker.h"

#include <array>

#include "gc/leak_finder.h"

namespace novelo::rt {

void Marker::push(std::uintptr_t word) noexcept {
  if (batch_ == nullptr) {
    batch_ = &queue_.take_empty();
  } else if (batch_->is_full()) {
    MarkQueue::Batch& full = *batch_;
    batch_ = &queue_.take_empty();
    queue_.put(full);
  }
  batch_->words[batch_->size++] = word;
}

bool Marker::pop(std::uintptr_t& word) noexcept {
  if (batch_ == nullptr || batch_->size == 0) {
    MarkQueue::Batch* more = is_working_ ? queue_.take() : queue_.begin_work();
    if (more == nullptr) return false;
    is_working_ = true;
    if (batch_ != nullptr) queue_.put(*batch_);
    batch_ = more;
  }
  word = batch_->words[--batch_->size];
  return true;
}

void Marker::finish() noexcept {
  if (batch_ != nullptr) queue_.put(*std::exchange(batch_, nullptr));
  if (std::exchange(is_working_, false)) queue_.end_work();
}

bool Marker::mark(const CollectedHeap::Object& object) noexcept {
  if (!heap_.mark(object.start)) return false;
  marked_bytes_ += object.bytes;
  ++marked_objects_;
  return true;
}

void Marker::shade(std::uintptr_t word) noexcept {
  if (LeakFinder* finder = LeakFinder::in_use.load(acquire)) [[unlikely]]  // [leak-finder]
    finder->look(&word, &word + 1);
  const CollectedHeap::Object object = heap_.find(word, CollectedHeap::Certainty::kMaybe);
  if (!object || !mark(object)) return;
  if (object.layout->shape.pointers != ObjectShape::Pointers::kNone) {
    push(reinterpret_cast<std::uintptr_t>(object.start) | kMarked);
  }
}

void Marker::shade_all(const void* from, const void* to) noexcept {
  if (LeakFinder* finder = LeakFinder::in_use.load(acquire)) [[unlikely]]  // [leak-finder]
    return finder->look(from, to);                                         // all there is has been marked
  for (const auto* at = static_cast<const char*>(from); at + sizeof(void*) <= to; at += sizeof(void*)) {
    if (const std::uintptr_t word = load_racing(at); heap_.contains(word)) shade(word);
  }
}

bool Marker::drain(std::uint64_t bytes) noexcept {
  constexpr std::size_t kRing = 64;
  std::array<std::uintptr_t, kRing> ring;
  std::size_t first = 0;
  std::size_t size = 0;
  const std::uint64_t enough = looked_into_bytes_ + bytes;
  while (looked_into_bytes_ < enough) {
    std::uintptr_t word = 0;
    while (size < kRing && pop(word)) {
      heap_.prefetch(word);
      __builtin_prefetch(reinterpret_cast<const void*>(word));
      ring[(first + size++) % kRing] = word;
    }
    if (size == 0) return false;
    work(ring[first]);
    first = (first + 1) % kRing;
    --size;
  }
  for (; size > 0; --size) push(ring[(first + size - 1) % kRing]);
  return true;
}

void Marker::work(std::uintptr_t tagged) noexcept {
  const std::uintptr_t word = tagged & ~kTag;
  switch (tagged & kTag) {
    case kReference: {
      const CollectedHeap::Object object = heap_.find(word, CollectedHeap::Certainty::kSure);
      if (object && mark(object)) look_into(object, object.start);
      return;
    }
    case kMaybe: {
      const CollectedHeap::Object object = heap_.find(word, CollectedHeap::Certainty::kMaybe);
      if (object && mark(object)) look_into(object, object.start);
      return;
    }
    default: {
      const CollectedHeap::Object object = heap_.find(word, CollectedHeap::Certainty::kSure);
      look_into(object, reinterpret_cast<char*>(word));
      return;
    }
  }
}

void Marker::look_into(const CollectedHeap::Object& object, char* from) noexcept {
  const ObjectShape& shape = object.layout->shape;
  char* const end = object.start + object.bytes;
  looked_into_bytes_ += sizeof(void*);
  if (shape.pointers == ObjectShape::Pointers::kNone) return;
  const bool is_exact = shape.pointers == ObjectShape::Pointers::kExact;
  if (is_exact && !shape.is_array) {
    looked_into_bytes_ += object.bytes;
    for (const std::uint32_t offset : shape.offsets) {
      if (const std::uintptr_t word = load_racing(from + offset); heap_.contains(word)) push(word & ~kTag);
    }
    return;
  }
  if (from == object.start) from += shape.header_bytes;
  const std::size_t element = is_exact ? shape.element_bytes : sizeof(void*);
  char* stop = from + kPieceBytes / element * element;
  if (element > kPieceBytes) stop = from + element;
  if (stop < end) {
    push(reinterpret_cast<std::uintptr_t>(stop) | kContinued);
  } else {
    stop = end;
  }
  looked_into_bytes_ += static_cast<std::uint64_t>(stop - from);
  if (!is_exact) {
    for (; from + sizeof(void*) <= stop; from += sizeof(void*)) {
      if (const std::uintptr_t word = load_racing(from); heap_.contains(word)) push((word & ~kTag) | kMaybe);
    }
    return;
  }
  for (; from + element <= stop; from += element) {
    for (const std::uint32_t offset : shape.offsets) {
      if (const std::uintptr_t word = load_racing(from + offset); heap_.contains(word)) push(word & ~kTag);
    }
  }
}

}  // namespace novelo::rt
