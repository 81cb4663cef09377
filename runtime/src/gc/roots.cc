// Slots of Root, in arrays that are kept for ever; and a heap for what is freed by hand.
#include "gc/roots.h"

#include <cstring>

namespace novelo::rt {

RootSlot* Roots::make_slot(void* object) {
  const LockGuard guard(lock_);
  if (free_ == nullptr) {
    slots_.push_back(std::make_unique<Slots>());
    for (RootSlot& slot : *slots_.back()) {
      slot.next_free = free_;
      free_ = &slot;
    }
  }
  RootSlot* slot = free_;
  free_ = slot->next_free;
  if (is_barrier_on.load(relaxed)) marker_.shade(reinterpret_cast<std::uintptr_t>(object));
  slot->object.store(object, relaxed);
  return slot;
}

void Roots::set_slot(RootSlot& slot, void* object) noexcept {
  const LockGuard guard(lock_);
  if (is_barrier_on.load(relaxed)) {
    marker_.shade(reinterpret_cast<std::uintptr_t>(slot.object.load(relaxed)));
    marker_.shade(reinterpret_cast<std::uintptr_t>(object));
  }
  slot.object.store(object, relaxed);
}

void Roots::drop_slot(RootSlot& slot) noexcept {
  const LockGuard guard(lock_);
  if (is_barrier_on.load(relaxed)) marker_.shade(reinterpret_cast<std::uintptr_t>(slot.object.load(relaxed)));
  slot.object.store(nullptr, relaxed);
  slot.next_free = free_;
  free_ = &slot;
}

void* Roots::allocate(std::size_t bytes, std::size_t align, CellCache* cache) noexcept {
  return traced_.allocate(aligned_size(bytes, align), cache);
}

// What a cell held is not found in what comes next. Large ones are left as they are: they may never have been touched.
void Roots::deallocate(void* memory, std::size_t bytes, std::size_t align, CellCache* cache) noexcept {
  if (bytes <= kCellBytesMax) std::memset(memory, 0, bytes);
  traced_.deallocate(memory, aligned_size(bytes, align), cache);
}

void Roots::note_from_outside(const void* from, const void* to) noexcept {
  const LockGuard guard(lock_);
  if (is_barrier_on.load(relaxed)) marker_.shade_all(from, to);
}

void Roots::mark_slots(Marker& marker) noexcept {
  for (std::size_t i = 0;; ++i) {
    const LockGuard guard(lock_);
    if (i >= slots_.size()) return;
    for (const RootSlot& slot : *slots_[i]) marker.shade(reinterpret_cast<std::uintptr_t>(slot.object.load(relaxed)));
  }
}

void Roots::mark_traced(Marker& marker, absl::FunctionRef<void()> pause) noexcept {
  constexpr std::size_t kPauseEvery = std::size_t{64} << 10;
  std::size_t looked_at = 0;
  heap_.for_each_traced([&](const char* start, std::size_t bytes) {
    marker.shade_all(start, start + bytes);
    looked_at += bytes;
    if (looked_at % kPauseEvery == 0) pause();
  });
}

bool Roots::publish_noted() noexcept {
  const LockGuard guard(lock_);
  marker_.finish();
  static_cast<void>(marker_.take_marked_bytes());
  return marker_.take_marked_objects() != 0;
}

}  // namespace novelo::rt
