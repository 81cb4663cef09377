// An execution is repeated from its start for each new sequence of choices: the trail says which alternative was taken
// at each, and the next execution takes the last one that has another left.
#include "support/model/explorer.h"

#include <ucontext.h>

#include <algorithm>
#include <utility>

namespace novelo::model {
namespace {

constexpr std::size_t kStackBytes = 256 << 10;
constexpr int kStepsMax = 20'000;
constexpr std::size_t kOutside = kThreadsMax;  // before the threads begin and after they have ended

struct Choice {
  std::uint32_t taken;
  std::uint32_t of;
};

struct Fiber {
  ucontext_t context;
  std::unique_ptr<char[]> stack = std::make_unique<char[]>(kStackBytes);
  std::function<void()> body;
  const std::function<bool()>* waits_for = nullptr;
  bool has_ended = false;
};

struct Knowledge {
  Clock clock;
  Clock acquired;  // by relaxed loads: known after the next fence
  Clock released;  // at the last fence: what relaxed stores hand on
};

class Explorer {
 public:
  Result explore(const Options& options, const std::function<void(Program&)>& make) {
    options_ = options;
    trail_.clear();
    Result result;
    do {
      ++result.executions;
      execute(make);
      if (!failure_.empty()) {
        result.failure = failure_;
        return result;
      }
      if (result.executions == options.executions_max) return result;
    } while (advance());
    result.is_exhausted = true;
    return result;
  }

  std::size_t current() const noexcept { return current_; }
  Knowledge& known() noexcept { return known_[current_]; }
  Knowledge& known_by(std::size_t thread) noexcept { return known_[thread]; }
  Clock& sequential() noexcept { return sequential_; }

  // A point where another thread may go on.
  void step() {
    if (current_ == kOutside) return;
    if (++steps_ > kStepsMax) fail("no progress");
    switch_to(next());
  }

  std::uint32_t choose(std::uint32_t of) {
    if (of == 1) return 0;
    if (made_ == trail_.size()) trail_.push_back({0, of});
    if (trail_[made_].of != of) fail("another course than before: the program depends on more than its choices");
    return trail_[made_++].taken;
  }

  void wait_until(const std::function<bool()>& is_true) {
    fibers_[current_].waits_for = &is_true;
    switch_to(next());
    fibers_[current_].waits_for = nullptr;
  }

  // Ends the execution: what is on the fibers' stacks is left there.
  void fail(const char* what) {
    if (failure_.empty()) failure_ = what;
    if (current_ == kOutside) return;
    const std::size_t from = std::exchange(current_, kOutside);
    swapcontext(&fibers_[from].context, &outside_);
  }

 private:
  void execute(const std::function<void(Program&)>& make) {
    failure_.clear();
    made_ = 0;
    steps_ = 0;
    preemptions_ = 0;
    current_ = kOutside;
    known_ = {};
    sequential_ = {};
    Program program;
    make(program);
    threads_ = program.threads.size();
    for (std::size_t i = 0; i < threads_; ++i) {
      Fiber& fiber = fibers_[i];
      fiber.body = program.threads[i];
      fiber.has_ended = false;
      fiber.waits_for = nullptr;
      known_[i].clock = known_[kOutside].clock;
      known_[i].clock.of[i] = 1;
      getcontext(&fiber.context);
      fiber.context.uc_stack.ss_sp = fiber.stack.get();
      fiber.context.uc_stack.ss_size = kStackBytes;
      fiber.context.uc_link = nullptr;
      makecontext(&fiber.context, &Explorer::fiber_main, 0);
    }
    const std::size_t first = next();
    if (first != kOutside) {
      current_ = first;
      swapcontext(&outside_, &fibers_[first].context);
    }
    current_ = kOutside;
    for (std::size_t i = 0; i < threads_; ++i) known_[kOutside].clock.join(known_[i].clock);
    if (failure_.empty() && program.end) program.end();
  }

  static void fiber_main();

  // Who goes on: the same, or for a preemption another. kOutside when all have ended.
  std::size_t next() {
    std::array<std::size_t, kThreadsMax> able;
    std::uint32_t count = 0;
    const bool may_go_on = current_ != kOutside && is_able(current_);
    if (may_go_on) able[count++] = current_;
    bool have_all_ended = true;
    for (std::size_t i = 0; i < threads_; ++i) {
      have_all_ended = have_all_ended && fibers_[i].has_ended;
      if (i != current_ && is_able(i)) able[count++] = i;
    }
    if (count == 0) {
      if (!have_all_ended) fail("all threads wait");
      return kOutside;
    }
    if (may_go_on && preemptions_ == options_.preemptions) return current_;
    const std::uint32_t chosen = choose(count);
    if (may_go_on && chosen != 0) ++preemptions_;
    return able[chosen];
  }

  bool is_able(std::size_t thread) const {
    const Fiber& fiber = fibers_[thread];
    return !fiber.has_ended && (fiber.waits_for == nullptr || (*fiber.waits_for)());
  }

  void switch_to(std::size_t thread) {
    if (thread == current_) return;
    const std::size_t from = std::exchange(current_, thread);
    swapcontext(&fibers_[from].context, thread == kOutside ? &outside_ : &fibers_[thread].context);
  }

  // The next sequence of choices; false when there is none.
  bool advance() {
    trail_.resize(made_);
    while (!trail_.empty() && trail_.back().taken + 1 == trail_.back().of) trail_.pop_back();
    if (trail_.empty()) return false;
    ++trail_.back().taken;
    return true;
  }

  Options options_;
  std::vector<Choice> trail_;
  std::size_t made_ = 0;
  int steps_ = 0;
  int preemptions_ = 0;
  std::string failure_;
  std::size_t threads_ = 0;
  std::size_t current_ = kOutside;
  ucontext_t outside_;
  std::array<Fiber, kThreadsMax> fibers_;
  std::array<Knowledge, kThreadsMax + 1> known_;
  Clock sequential_;  // what sequentially consistent accesses and fences have handed on
};

Explorer& explorer() {
  static Explorer the;
  return the;
}

void Explorer::fiber_main() {
  Explorer& e = explorer();
  Fiber& fiber = e.fibers_[e.current_];
  fiber.body();
  fiber.has_ended = true;
  e.switch_to(e.next());
}

bool is_acquire(std::memory_order order) {
  return order == std::memory_order_acquire || order == std::memory_order_acq_rel || order == std::memory_order_seq_cst;
}
bool is_release(std::memory_order order) {
  return order == std::memory_order_release || order == std::memory_order_acq_rel || order == std::memory_order_seq_cst;
}

void fence_of(Knowledge& known) {
  known.clock.join(known.acquired);
  known.clock.join(explorer().sequential());
  explorer().sequential() = known.clock;
  known.released = known.clock;
}

void fence_if_sequential(std::memory_order order) {
  if (order == std::memory_order_seq_cst) fence_of(explorer().known());
}

void learn(Knowledge& known, const Clock& released, std::memory_order order) {
  (is_acquire(order) ? known.clock : known.acquired).join(released);
}

}  // namespace

Result explore(const Options& options, const std::function<void(Program&)>& make) {
  return explorer().explore(options, make);
}

void require(bool condition, const char* what) {
  if (!condition) explorer().fail(what);
}

void wait_until(const std::function<bool()>& is_true) {
  explorer().wait_until(is_true);
}

std::size_t thread_now() noexcept {
  return explorer().current();
}
std::uint32_t time_now() noexcept {
  return explorer().known().clock.of[explorer().current()];
}
bool knows(std::size_t thread, std::uint32_t time) noexcept {
  return explorer().known().clock.of[thread] >= time;
}

void fence() {
  explorer().step();
  fence_of(explorer().known());
}

void fence_everywhere() {
  explorer().step();
  for (std::size_t i = 0; i < kThreadsMax; ++i) fence_of(explorer().known_by(i));
  for (std::size_t i = 0; i < kThreadsMax; ++i) fence_of(explorer().known_by(i));
}

std::uint64_t Location::load(std::memory_order order) {
  explorer().step();
  const std::size_t self = explorer().current();
  Knowledge& known = explorer().known();
  // It learns what was handed on before, but hands on nothing: earlier stores of this thread may still be on their way.
  if (order == std::memory_order_seq_cst) known.clock.join(explorer().sequential());
  // Not behind what it read or wrote before, nor behind what it knows to have happened.
  std::size_t oldest = seen_[self];
  for (std::size_t i = stores_.size(); i > oldest; --i) {
    if (known.clock.of[stores_[i - 1].thread] >= stores_[i - 1].time) oldest = i;
  }
  const std::size_t newest = stores_.size();
  const bool may_be_stale = stale_[self] < kStaleMax;
  const std::size_t back = may_be_stale ? explorer().choose(static_cast<std::uint32_t>(newest - oldest + 1)) : 0;
  stale_[self] = back == 0 ? 0 : static_cast<std::uint8_t>(stale_[self] + 1);
  const std::size_t read = newest - back;  // 0: the initial value
  seen_[self] = static_cast<std::uint16_t>(read);
  if (read == 0) return initial_;
  learn(known, stores_[read - 1].released, order);
  return stores_[read - 1].bits;
}

void Location::store(std::uint64_t bits, std::memory_order order) {
  explorer().step();
  fence_if_sequential(order);
  const std::size_t self = explorer().current();
  Knowledge& known = explorer().known();
  const std::uint32_t time = ++known.clock.of[self];
  stores_.push_back({bits, self, time, is_release(order) ? known.clock : known.released});
  seen_[self] = static_cast<std::uint16_t>(stores_.size());
  fence_if_sequential(order);
}

std::uint64_t Location::change(const std::function<bool(std::uint64_t& bits)>& change, std::memory_order order,
                               std::memory_order failure) {
  explorer().step();
  const std::size_t self = explorer().current();
  Knowledge& known = explorer().known();
  std::uint64_t bits = peek();
  const std::uint64_t before = bits;
  const bool does = change(bits);
  const std::memory_order effective = does ? order : failure;
  fence_if_sequential(effective);
  Clock sequence;  // a read-modify-write goes on with the release sequence of what it read
  if (!stores_.empty()) {
    sequence = stores_.back().released;
    learn(known, sequence, effective);
  }
  seen_[self] = static_cast<std::uint16_t>(stores_.size());
  if (!does) return before;
  const std::uint32_t time = ++known.clock.of[self];
  sequence.join(is_release(order) ? known.clock : known.released);
  stores_.push_back({bits, self, time, sequence});
  seen_[self] = static_cast<std::uint16_t>(stores_.size());
  fence_if_sequential(order);
  return before;
}

void ModelLock::lock() {
  explorer().step();
  if (is_taken_) explorer().wait_until([this] { return !is_taken_; });
  is_taken_ = true;
  explorer().known().clock.join(released_);
}

void ModelLock::unlock() {
  Knowledge& known = explorer().known();
  ++known.clock.of[explorer().current()];
  released_ = known.clock;
  is_taken_ = false;
  explorer().step();
}

}  // namespace novelo::model
