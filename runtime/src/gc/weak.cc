// One list of all weak references, looked through at the end of each cycle.
#include "gc/weak.h"

#include "novelo/error.h"

namespace novelo::rt {

WeakCell* WeakTable::make(void* object) {
  auto* cell = new WeakCell;
  cell->object.store(object, relaxed);
  cell->start = heap_.find(reinterpret_cast<std::uintptr_t>(object), CollectedHeap::Certainty::kMaybe).start;
  const LockGuard guard(lock_);
  cells_.push_front(*cell);
  return cell;
}

void WeakTable::remove(WeakCell& cell) noexcept {
  {
    const LockGuard guard(lock_);
    cell.unlink();
  }
  delete &cell;
}

void* WeakTable::get(WeakCell& cell) noexcept {
  // A caller that finds the barrier off has not answered the first handshake of a cycle: its stack is still to be
  // looked through.
  if (!is_barrier_on.load(relaxed)) return cell.object.load(relaxed);
  const LockGuard guard(lock_);
  void* object = cell.object.load(relaxed);
  switch (phase_) {
    case Phase::kIdle:
      break;
    case Phase::kMarking:
      marker_.shade(reinterpret_cast<std::uintptr_t>(object));
      break;
    case Phase::kMarked:
      if (cell.start != nullptr && !heap_.is_marked(cell.start)) return nullptr;
      break;
  }
  return object;
}

void WeakTable::begin_marking() noexcept {
  const LockGuard guard(lock_);
  phase_ = Phase::kMarking;
}

bool WeakTable::end_marking() noexcept {
  const LockGuard guard(lock_);
  marker_.finish();
  static_cast<void>(marker_.take_marked_bytes());
  if (marker_.take_marked_objects() != 0) return false;
  phase_ = Phase::kMarked;
  return true;
}

void WeakTable::clear_unmarked() noexcept {
  const LockGuard guard(lock_);
  for (WeakCell* cell = cells_.front(); cell != nullptr; cell = cells_.next(*cell)) {
    if (cell->start == nullptr || heap_.is_marked(cell->start)) continue;
    cell->object.store(nullptr, relaxed);
    cell->start = nullptr;
  }
}

void WeakTable::end_cycle() noexcept {
  const LockGuard guard(lock_);
  phase_ = Phase::kIdle;
}

}  // namespace novelo::rt
