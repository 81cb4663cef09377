// The way that gc::make() takes, and what programs call of the collector besides.
#include <bit>
#include <new>

#include "base/check.h"
#include "gc/cycle.h"
#include "gc/leak_finder.h"
#include "novelo/error.h"
#include "novelo/gc.h"
#include "novelo/gc/handle.h"
#include "novelo/gc/shape.h"
#include "sched/park.h"
#include "sched/processor.h"
#include "sched/safepoint.h"
#include "sched/scheduler.h"

namespace novelo::rt {
namespace {

// The machine of a goroutine that may allocate.
Machine& require_allocating() {
  Machine* m = current_machine();
  if (m == nullptr || m->current == nullptr)
    throw RuntimeError("a collected object was to be made outside a goroutine: use Runtime::post()");
  if (m->is_in_blocking.load(relaxed))
    throw RuntimeError("a collected object was to be made inside blocking(): make it before or afterwards");
  m->allocator = &mutator_of(*m);
  return *m;
}

void* take_cell(CellRuns::Run& run) noexcept {
  const auto bit = static_cast<std::size_t>(std::countr_zero(run.bits));
  run.bits &= run.bits - 1;
  return run.base + bit * kGranuleBytes;
}

// What was taken for it, and what is left in the run, if a search for leaks is under way.
void* tell_leak_finder(void* object, const CellRuns::Run& run) noexcept {
  if (LeakFinder* finder = LeakFinder::in_use.load(acquire)) {  // [leak-finder]
    finder->is_new(object);
    if (run.bits != 0) finder->are_new(run.base, run.bits);
  }
  return object;
}

// What is due before more cells are taken; the caller may be on another machine afterwards.
Mutator& settle() {
  Machine& m = require_allocating();
  collector_poll();
  Collector::get().account(*m.allocator);
  if (Goroutine& g = *current_goroutine(); (g.attention.load(relaxed) & kAttentionPreempt) != 0) {
    g.attention.fetch_and(~kAttentionPreempt, relaxed);
    leave_for(SwitchReason::kYield);
  }
  return *require_allocating().allocator;
}

[[gnu::noinline]] void* new_slow(CollectedType& type) {
  CollectedHeap& heap = CollectedHeap::get();
  const Layout* layout = type.layout.load(acquire);  // [gc-type]
  if (layout == nullptr) {
    layout = &heap.layout_of(type.describe());
    type.layout.store(layout, release);  // [gc-type]
  }
  Mutator& mutator = settle();
  void* object = nullptr;
  if (type.bytes > kCellBytesMax) {
    object = tell_leak_finder(heap.allocate_large(*layout, type.bytes, mutator.cells), {});
  } else {
    const std::uint16_t kind = heap.kind_for(*layout, type.bytes);
    type.kind.store(kind, relaxed);
    object = tell_leak_finder(heap.refill(mutator.cells, kind), mutator.cells.runs[kind]);
  }
  if (object == nullptr) throw std::bad_alloc();
  return object;
}

}  // namespace

void* collected_new(CollectedType& type) {
  Machine* m = current_machine();
  if (m != nullptr && m->allocator != nullptr) [[likely]] {
    CellRuns::Run& run = m->allocator->cells.runs[type.kind.load(relaxed)];
    if (run.bits != 0) [[likely]]
      return take_cell(run);
  }
  return new_slow(type);
}

void* collected_new_array(CollectedType& type, std::size_t bytes) {
  const Layout* layout = type.layout.load(acquire);  // [gc-type]
  if (layout == nullptr) {
    layout = &CollectedHeap::get().layout_of(type.describe());
    type.layout.store(layout, release);  // [gc-type]
  }
  CollectedHeap& heap = CollectedHeap::get();
  void* object = nullptr;
  if (bytes > kCellBytesMax) {
    object = tell_leak_finder(heap.allocate_large(*layout, bytes, settle().cells), {});
  } else {
    const std::uint16_t kind = heap.kind_for(*layout, bytes);
    CellRuns::Run& run = require_allocating().allocator->cells.runs[kind];
    if (run.bits != 0) return take_cell(run);
    CellRuns& cells = settle().cells;
    object = tell_leak_finder(heap.refill(cells, kind), cells.runs[kind]);
  }
  if (object == nullptr) throw std::bad_alloc();
  return object;
}

void collected_has_destructor(void* object) noexcept {
  CollectedHeap::get().set_destructor(static_cast<char*>(object));
}

// ---- the barrier ----

namespace {

// Of the goroutine that runs here; nullptr on other threads, on schedulers' stacks, and in blocking(), where the
// collector may be at it.
Mutator* own_mutator() noexcept {
  Machine* m = current_machine();
  if (m == nullptr || m->current == nullptr || m->is_in_blocking.load(relaxed)) return nullptr;
  return &mutator_of(*m);
}

}  // namespace

void note_store(const void* old_value, const void* new_value) noexcept {
  Mutator* mutator = own_mutator();
  if (mutator == nullptr) {
    const void* const values[] = {old_value, new_value};
    Collector::get().roots().note_from_outside(&values[0], &values[2]);
    return;
  }
  if (mutator->noted_size + 2 > Mutator::kNotedMax) {
    for (const std::uintptr_t word : mutator->noted) mutator->marker.shade(word);
    mutator->noted_size = 0;
  }
  mutator->noted[mutator->noted_size++] = reinterpret_cast<std::uintptr_t>(old_value);
  mutator->noted[mutator->noted_size++] = reinterpret_cast<std::uintptr_t>(new_value);
}

void note_moved(const void* from, std::size_t bytes) noexcept {
  const auto* end = static_cast<const char*>(from) + bytes;
  if (Mutator* mutator = own_mutator()) {
    if (is_barrier_on.load(relaxed)) mutator->marker.shade_all(from, end);
  } else if (CollectedHeap::exists()) {
    Collector::get().roots().note_from_outside(from, end);
  }
}

void check_reference_place(const void* place) noexcept {
  const Machine* m = current_machine();
  if (m == nullptr || m->current == nullptr) return;
  if (CollectedHeap::get().contains(reinterpret_cast<std::uintptr_t>(place))) return;
  if (scheduler()->stacks().contains(place) || scheduler()->is_in_record(place)) return;
  fatal(
      "gc: a gc::Ptr is kept at %p, where the collector does not look: in memory of malloc, in a global or in an "
      "exception. It keeps nothing alive there. Use gc::Root for it, or gc::Vector, gc::String and gc::Map for what "
      "holds it",
      place);
}

// ---- memory that is looked into ----

void* allocate_traced(std::size_t bytes, std::size_t align) {
  const PinnedProcessor p;
  void* memory = Collector::get().roots().allocate(bytes, align, p ? &p->traced_cells : nullptr);
  if (memory == nullptr) throw std::bad_alloc();
  if (LeakFinder* finder = LeakFinder::in_use.load(acquire)) finder->is_new(memory);  // [leak-finder]
  return memory;
}

void deallocate_traced(void* memory, std::size_t bytes, std::size_t align) noexcept {
  note_moved(memory, bytes);
  const PinnedProcessor p;
  Collector::get().roots().deallocate(memory, bytes, align, p ? &p->traced_cells : nullptr);
}

// ---- handles ----

RootSlot* make_root(void* object) {
  return Collector::get().roots().make_slot(object);
}
void* root_object(const RootSlot* slot) noexcept {
  return slot == nullptr ? nullptr : slot->object.load(relaxed);
}
void set_root(RootSlot* slot, void* object) noexcept {
  Collector::get().roots().set_slot(*slot, object);
}
void drop_root(RootSlot* slot) noexcept {
  Collector::get().roots().drop_slot(*slot);
}

WeakCell* make_weak(void* object) {
  return Collector::get().weak().make(object);
}
void share_weak(WeakCell* cell) noexcept {
  cell->references.fetch_add(1, relaxed);  // [weak-refs] whoever copies holds one
}
void drop_weak(WeakCell* cell) noexcept {
  // [weak-refs] acq_rel: the one who removes sees what the others did
  if (cell->references.fetch_sub(1, acq_rel) == 1) Collector::get().weak().remove(*cell);
}
void* weak_object(WeakCell* cell) {
  if (current_goroutine() == nullptr) throw RuntimeError("gc::Weak::get() called outside a goroutine");
  return Collector::get().weak().get(*cell);
}

std::uint64_t add_cleanup(void* object, Closure&& call) {
  return Collector::get().cleanups().add(object, std::move(call));
}
bool stop_cleanup(std::uint64_t number) noexcept {
  return Collector::get().cleanups().stop(number);
}

}  // namespace novelo::rt

namespace novelo::gc {

void collect() {
  rt::Collector::get().collect();
}

int set_percent(int percent) {
  return rt::Collector::get().pacer().set_percent(percent);
}

std::size_t set_memory_limit(std::size_t bytes) {
  return rt::Collector::get().pacer().set_limit(bytes);
}

}  // namespace novelo::gc
