// The way that gc::make() takes, and what programs call of the collector besides.
#include <bit>
#include <exception>
#include <new>
#include <string>

#include "base/check.h"
#include "gc/cycle.h"
#include "gc/leak_finder.h"
#include "novelo/error.h"
#include "novelo/gc.h"
#include "novelo/gc/handle.h"
#include "novelo/gc/shape.h"
#include "novelo/go.h"
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

// ---- for goroutines that are metered ----

bool is_within_limit(const Account& account, std::uint64_t bytes) noexcept {
  return account.held_bytes() + bytes <= account.heap_limit();
}

// Part of what it holds may be dead. A limit that collections only just keep would be all that the process does: an
// eighth has to be free afterwards.
[[gnu::noinline]] void make_room(const Account& account, std::uint64_t bytes) {
  if (std::uncaught_exceptions() > 0 || current_goroutine()->no_throws > 0) return;
  {
    const ShieldSection shield;
    Collector::get().collect(CollectionCause::kMeter);
  }
  if (is_within_limit(account, bytes + account.heap_limit() / 8)) return;
  std::string text = "goroutine " + std::to_string(current_goroutine()->id.load(relaxed)) +
                     " and those metered with it hold " + std::to_string(account.held_bytes()) +
                     " bytes of the collected heap";
  if (bytes != 0) text += ", it wants " + std::to_string(bytes) + " more";
  throw HeapLimitExceeded(text + ", and they may hold " + std::to_string(account.heap_limit()) +
                          ", an eighth of it free after a collection");
}

// The caller may be on another machine afterwards.
void keep_within_limits(const AccountChain* accounts, std::uint64_t bytes) {
  for (; accounts != nullptr; accounts = accounts->outer) {
    if (!is_within_limit(*accounts->account, bytes)) [[unlikely]]
      make_room(*accounts->account, bytes);
  }
}

// A cell of a run in which a sample falls is drawn by lot. The run ends before it for now, and goes on with it.
void* draw_sample(Mutator& mutator, const AccountChain& accounts, std::uint16_t kind, void* first,
                  std::uint64_t stands_for) noexcept {
  CellRuns::Run& run = mutator.cells.runs[kind];
  std::uint32_t before = mutator.sample_points.below(1 + static_cast<std::uint32_t>(std::popcount(run.bits)));
  if (before == 0 || mutator.withheld.bits != 0) {
    Collector::get().samples().add(accounts, first, stands_for);
    return first;
  }
  std::uint64_t rest = run.bits;
  while (--before > 0) rest &= rest - 1;
  mutator.withheld = {.bits = rest, .kind = kind, .stands_for = stands_for};
  run.bits &= ~rest;
  return first;
}

// ---- cells ----

void* refill(Mutator& mutator, std::uint16_t kind) noexcept {
  CellRuns& cells = mutator.cells;
  const AccountChain* accounts = current_goroutine()->accounts;
  if (mutator.withheld.bits != 0 && mutator.withheld.kind == kind) {
    mutator.rejoin();
    void* object = take_cell(cells.runs[kind]);
    if (accounts != nullptr) Collector::get().samples().add(*accounts, object, mutator.withheld.stands_for);
    return object;
  }
  const std::int64_t before = cells.allocated_bytes;
  void* object = tell_leak_finder(CollectedHeap::get().refill(cells, kind), cells.runs[kind]);
  if (object == nullptr || accounts == nullptr) return object;
  const auto bytes = static_cast<std::uint64_t>(cells.allocated_bytes - before);
  charge(accounts, Charge::kAllocatedBytes, bytes);
  const std::uint64_t stands_for = mutator.sample_points.take(bytes);
  return stands_for == 0 ? object : draw_sample(mutator, *accounts, kind, object, stands_for);
}

void* allocate_large(Mutator& mutator, const Layout& layout, std::size_t bytes) {
  const std::int64_t before = mutator.cells.allocated_bytes;
  void* object = tell_leak_finder(CollectedHeap::get().allocate_large(layout, bytes, mutator.cells), {});
  const AccountChain* accounts = current_goroutine()->accounts;
  if (object == nullptr || accounts == nullptr) return object;
  const auto taken = static_cast<std::uint64_t>(mutator.cells.allocated_bytes - before);
  charge(accounts, Charge::kAllocatedBytes, taken);
  const std::uint64_t stands_for = mutator.sample_points.take(taken);
  if (stands_for != 0) Collector::get().samples().add(*accounts, object, stands_for);
  return object;
}

// What is due before `bytes` or some cells are taken; the caller may be on another machine afterwards.
Mutator& settle(std::size_t bytes = 0) {
  static_cast<void>(require_allocating());
  keep_within_limits(current_goroutine()->accounts, bytes);
  collector_poll();
  Collector::get().account(*require_allocating().allocator);
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
  void* object = nullptr;
  if (type.bytes > kCellBytesMax) {
    object = allocate_large(settle(type.bytes), *layout, type.bytes);
  } else {
    const std::uint16_t kind = heap.kind_for(*layout, type.bytes);
    type.kind.store(kind, relaxed);
    object = refill(settle(), kind);
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
    object = allocate_large(settle(bytes), *layout, bytes);
  } else {
    const std::uint16_t kind = heap.kind_for(*layout, bytes);
    CellRuns::Run& run = require_allocating().allocator->cells.runs[kind];
    if (run.bits != 0) return take_cell(run);
    object = refill(settle(), kind);
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
  const AccountChain* accounts = own_mutator() == nullptr ? nullptr : current_goroutine()->accounts;
  keep_within_limits(accounts, bytes);
  const PinnedProcessor p;
  void* memory = Collector::get().roots().allocate(bytes, align, p ? &p->traced_cells : nullptr);
  if (memory == nullptr) throw std::bad_alloc();
  if (LeakFinder* finder = LeakFinder::in_use.load(acquire)) finder->is_new(memory);  // [leak-finder]
  if (accounts != nullptr) {
    charge(accounts, Charge::kAllocatedBytes, bytes);
    const std::uint64_t stands_for = own_mutator()->sample_points.take(bytes);
    if (stands_for != 0) Collector::get().samples().add_traced(*accounts, memory, stands_for);
  }
  return memory;
}

void require_collected_heap() {
  if (CollectedHeap::get().bytes_max() != 0) return;
  throw RuntimeError(
      "the system refuses address space for collected objects: at least 64 MiB, of which RLIMIT_AS (ulimit -v) has to "
      "allow eight times as much");
}

void deallocate_traced(void* memory, std::size_t bytes, std::size_t align) noexcept {
  Collector::get().samples().forget_traced(memory);
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
