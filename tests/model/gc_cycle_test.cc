// The cycle of the concurrent collector, which is to be built by these steps: four handshakes and a barrier that shades
// what a store deletes and what it writes, with two processors that run goroutines and a collector, all at once.
// Nothing that a goroutine can still reach is freed. Each of the faults that the order of the steps is there to prevent
// is put in once, and found.
//
//   H1 barrier on     a processor acknowledges at a poll: no store of its that saw the barrier off is still to come
//   H2 black birth    what it allocates from here on is marked; it scans the stack of the goroutine it runs. A
//   goroutine
//                     that was not running is scanned before it runs
//   H3 flush          it marks what its barrier has noted; when a round has marked nothing, marking is complete
//   H4 barrier off    before anything is swept
#include <array>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/atomic.h"
#include "support/model/expect.h"

namespace novelo::rt {
namespace {

using model::expect_always;
using model::expect_found;
using model::Program;

struct Faults {
  bool black_birth_in_h1 = false;
  bool self_scan_in_h1 = false;
  bool white_birth = false;
  bool notes_after_store = false;  // so that what was there before is not seen
  bool resumes_unscanned = false;
  bool one_round = false;
  bool sweeps_before_h4 = false;
};

constexpr int kNothing = -1;
constexpr char kFreed[] = "an object that can be reached was freed";

struct Object {
  Atomic<int> field{kNothing};  // refers to another
  bool is_marked = false;       // no order depends on it
  bool is_allocated = false;
  bool is_freed = false;
};

enum class Phase : int { kOff, kPrepare, kMark };
enum class Handshake : int { kNone, kBarrierOn, kBlackBirth, kFlush, kBarrierOff };

struct Cycle;

// A processor, and the goroutine that runs on it.
struct Mutator {
  explicit Mutator(Cycle& the_cycle) : cycle(the_cycle) {}

  int load(int object);
  void store(int object, int value);
  int allocate(int object);  // which one it shall be
  void poll();
  // Waits for that handshake, and answers it.
  void poll_until(Handshake kind);
  // By the processor, and by the collector once that is idle.
  void answer();
  // The goroutine that was parked runs on here, with the reference it had.
  void resume(int parked_reference);
  void use(int object);

  Cycle& cycle;
  std::vector<int> stack;  // references
  std::vector<int> noted;  // by the barrier
  bool has_black_birth = false;
  bool is_past_h2 = false;
  int last = 0;  // handshake that was answered
  Atomic<int> acknowledged{0};
  Atomic<bool> is_idle{false};  // runs nothing more
  static constexpr std::size_t kNotedMax = 4;

 private:
  void scan_stack();
  void flush();
};

struct Cycle {
  explicit Cycle(const Faults& the_faults) : faults(the_faults) {}

  void mark(int object) {
    if (object == kNothing) return;
    if (std::exchange(objects[static_cast<std::size_t>(object)].is_marked, true)) return;
    has_marked = true;
    grey.push_back(object);
  }
  void drain() {
    while (!grey.empty()) {
      const int object = grey.back();
      grey.pop_back();
      // [gc-field] acquire, with store()
      mark(objects[static_cast<std::size_t>(object)].field.load(acquire));
    }
  }
  void shake_hands(Handshake kind) {
    handshake = kind;
    const int number = ++handshakes;
    request.store(number, release);  // [gc-request] with poll()
    for (Mutator& m : mutators) {
      model::wait_until([&m, number] { return m.acknowledged.peek() == number || m.is_idle.peek(); });
      m.acknowledged.fetch_add(0, acquire);  // [gc-acknowledge] with poll(); a read of the newest
      if (m.last == number) continue;
      m.is_idle.fetch_or(false, acquire);  // [gc-idle] with run_cycle()
      m.answer();
    }
  }
  void sweep() {
    for (Object& object : objects) {
      if (!object.is_marked) object.is_freed = object.is_allocated;
      object.is_marked = false;
    }
  }
  // The object with number 0 is a root.
  void collect() {
    phase.store(Phase::kPrepare, seq_cst);
    shake_hands(Handshake::kBarrierOn);
    phase.store(Phase::kMark, seq_cst);
    shake_hands(Handshake::kBlackBirth);
    mark(0);
    for (int rounds = 0;; ++rounds) {
      drain();
      has_marked = false;
      shake_hands(Handshake::kFlush);
      if (!has_marked || faults.one_round) break;
      model::require(rounds < 4, "marking does not end");
    }
    if (faults.sweeps_before_h4) sweep();
    phase.store(Phase::kOff, seq_cst);
    shake_hands(Handshake::kBarrierOff);
    if (!faults.sweeps_before_h4) sweep();
  }

  const Faults faults;
  std::array<Object, 4> objects;
  std::array<Mutator, 2> mutators{Mutator(*this), Mutator(*this)};
  Atomic<Phase> phase{Phase::kOff};
  Atomic<int> request{0};
  Handshake handshake = Handshake::kNone;
  int handshakes = 0;
  std::vector<int> grey;
  bool has_marked = false;
};

int Mutator::load(int object) {
  use(object);
  // Nothing orders it before the look at the phase that a store makes: it is a plain load in a program.
  const int value = cycle.objects[static_cast<std::size_t>(object)].field.load(relaxed);
  use(value);
  return value;
}

void Mutator::store(int object, int value) {
  Object& target = cycle.objects[static_cast<std::size_t>(object)];
  const bool is_on = cycle.phase.load(relaxed) != Phase::kOff;
  if (is_on && !cycle.faults.notes_after_store) {
    noted.push_back(target.field.load(relaxed));
    noted.push_back(value);
  }
  target.field.store(value, release);
  if (is_on && cycle.faults.notes_after_store) {
    noted.push_back(target.field.load(relaxed));
    noted.push_back(value);
  }
  if (noted.size() >= kNotedMax) flush();
}

int Mutator::allocate(int object) {
  Object& fresh = cycle.objects[static_cast<std::size_t>(object)];
  fresh.is_allocated = true;
  if (has_black_birth && !cycle.faults.white_birth) fresh.is_marked = true;
  return object;
}

void Mutator::use(int object) {
  model::require(object == kNothing || !cycle.objects[static_cast<std::size_t>(object)].is_freed, kFreed);
}

void Mutator::scan_stack() {
  for (const int reference : stack) cycle.mark(reference);
}

void Mutator::flush() {
  for (const int reference : noted) cycle.mark(reference);
  noted.clear();
}

void Mutator::resume(int parked_reference) {
  if (is_past_h2 && !cycle.faults.resumes_unscanned) cycle.mark(parked_reference);
  stack.push_back(parked_reference);
}

void Mutator::poll() {
  const int number = cycle.request.fetch_add(0, acquire);  // [gc-request]; to read an older one is to poll earlier
  if (number == last) return;
  answer();
  acknowledged.store(number, release);  // [gc-acknowledge]
}

void Mutator::poll_until(Handshake kind) {
  while (kind != Handshake::kNone && !(last == cycle.handshakes && cycle.handshake >= kind)) {
    model::wait_until([this] { return cycle.request.peek() != last; });
    poll();
  }
}

void Mutator::answer() {
  last = cycle.handshakes;
  switch (cycle.handshake) {
    case Handshake::kBarrierOn:
      has_black_birth = cycle.faults.black_birth_in_h1;
      if (cycle.faults.self_scan_in_h1) scan_stack();
      break;
    case Handshake::kBlackBirth:
      has_black_birth = is_past_h2 = true;
      if (!cycle.faults.self_scan_in_h1) scan_stack();
      break;
    case Handshake::kFlush:
      flush();
      break;
    case Handshake::kBarrierOff:
      has_black_birth = is_past_h2 = false;
      noted.clear();
      break;
    case Handshake::kNone:
      break;
  }
}

// Two goroutines and the collector; at the end no mark is left, since the next cycle would take it for its own.
using Script = std::function<void(Mutator&)>;
void run_cycle(Program& p, const Faults& faults, const std::function<void(Cycle&)>& prepare, const Script& first,
               const Script& second) {
  auto cycle = std::make_shared<Cycle>(faults);
  cycle->objects[0].is_allocated = true;
  prepare(*cycle);
  for (const std::size_t i : {0, 1}) {
    p.thread([cycle, i, script = i == 0 ? first : second] {
      Mutator& m = cycle->mutators[i];
      script(m);
      m.is_idle.store(true, release);  // [gc-idle] with shake_hands()
    });
  }
  p.thread([cycle] { cycle->collect(); });
  p.at_end([cycle] {
    for (Mutator& m : cycle->mutators) {
      for (const int reference : m.stack) {
        if (reference != kNothing) m.load(reference);
      }
    }
    for (const Object& object : cycle->objects) model::require(!object.is_marked, "a mark is left for the next cycle");
  });
}

void idle(Mutator&) {}

// One deletes what the other has just loaded, after its stack was scanned.
void delete_what_was_loaded(Program& p, const Faults& faults, Handshake deleted_after) {
  run_cycle(
      p, faults,
      [](Cycle& c) {
        c.objects[1].is_allocated = c.objects[2].is_allocated = true;
        c.objects[0].field.store(1, relaxed);
        c.objects[1].field.store(2, relaxed);
      },
      [=](Mutator& m) {
        m.poll_until(deleted_after);
        m.store(0, kNothing);
      },
      [=](Mutator& m) {
        m.poll_until(faults.self_scan_in_h1 ? Handshake::kBarrierOn : Handshake::kBlackBirth);
        m.stack.push_back(m.load(0));
      });
}

TEST(GcCycleModel, WhatIsDeletedFromTheHeapAndOnAStackAloneLives) {
  for (const Handshake after : {Handshake::kNone, Handshake::kBarrierOn, Handshake::kBlackBirth, Handshake::kFlush}) {
    expect_always([after](Program& p) { delete_what_was_loaded(p, {}, after); });
  }
  expect_found(kFreed, [](Program& p) { delete_what_was_loaded(p, {.self_scan_in_h1 = true}, Handshake::kNone); });
  expect_found(kFreed,
               [](Program& p) { delete_what_was_loaded(p, {.notes_after_store = true}, Handshake::kBlackBirth); });
  expect_found(kFreed, [](Program& p) { delete_what_was_loaded(p, {.one_round = true}, Handshake::kBlackBirth); });
}

// One allocates an object and shows it; the other stores into it the only reference to a third, and forgets that.
void store_into_a_new_object(Program& p, const Faults& faults) {
  run_cycle(
      p, faults,
      [](Cycle& c) {
        c.objects[2].is_allocated = true;
        c.mutators[1].stack.push_back(2);
      },
      [](Mutator& m) {
        m.poll_until(Handshake::kBarrierOn);
        const int fresh = m.allocate(1);
        m.stack.push_back(fresh);
        m.store(0, fresh);
      },
      [](Mutator& m) {
        const int fresh = m.load(0);
        if (fresh == kNothing) return;
        m.store(fresh, 2);
        m.stack.clear();
      });
}

TEST(GcCycleModel, WhatIsStoredIntoANewObjectLives) {
  expect_always([](Program& p) { store_into_a_new_object(p, {}); });
  expect_found(kFreed, [](Program& p) { store_into_a_new_object(p, {.black_birth_in_h1 = true}); });
}

void allocate_while_marking(Program& p, const Faults& faults) {
  run_cycle(
      p, faults, [](Cycle&) {},
      [](Mutator& m) {
        m.poll_until(Handshake::kBlackBirth);
        m.stack.push_back(m.allocate(1));
      },
      idle);
}

TEST(GcCycleModel, WhatIsAllocatedWhileOthersMarkLives) {
  expect_always([](Program& p) { allocate_while_marking(p, {}); });
  expect_found(kFreed, [](Program& p) { allocate_while_marking(p, {.white_birth = true}); });
}

// A goroutine that was parked when its processor scanned the stack of the one it ran.
void resume_a_parked_goroutine(Program& p, const Faults& faults) {
  run_cycle(
      p, faults,
      [](Cycle& c) {
        c.objects[1].is_allocated = c.objects[2].is_allocated = true;
        c.objects[1].field.store(2, relaxed);
      },
      [](Mutator& m) {
        m.poll_until(Handshake::kBlackBirth);
        m.resume(1);
      },
      idle);
}

TEST(GcCycleModel, WhatAParkedGoroutineHoldsLivesWhenItRuns) {
  expect_always([](Program& p) { resume_a_parked_goroutine(p, {}); });
  expect_found(kFreed, [](Program& p) { resume_a_parked_goroutine(p, {.resumes_unscanned = true}); });
}

// The barrier marks by itself when its notes are many.
void store_often(Program& p, const Faults& faults) {
  run_cycle(
      p, faults, [](Cycle& c) { c.objects[1].is_allocated = true, c.mutators[0].stack.push_back(1); },
      [](Mutator& m) {
        m.poll_until(Handshake::kFlush);
        m.store(0, 1);
        m.store(0, 1);
      },
      idle);
}

TEST(GcCycleModel, NoMarkComesAfterTheSweep) {
  expect_always([](Program& p) { store_often(p, {}); });
  expect_found("a mark is left for the next cycle", [](Program& p) { store_often(p, {.sweeps_before_h4 = true}); });
}

}  // namespace
}  // namespace novelo::rt
