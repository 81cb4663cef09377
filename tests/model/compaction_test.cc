// For the compaction of cold stacks that is to be built: the page of a parked goroutine's stack is copied to an image
// and dropped, while another goroutine that holds a pointer into it writes, and while its own comes back. No write is
// lost, and no page is restored twice.
//
//   the compactor   protects the page against writes; copies it; under the stack's lock, and only if nobody has asked
//   for
//                   it meanwhile, drops it
//   a write that    under the lock: of a page being copied, the copy is given up and the protection lifted; of a
//   dropped faults          page, it is restored a restore       puts the whole page there at once, or finds that
//   another has (UFFDIO_COPY); the image is kept until
//                   the goroutine itself has run
#include <memory>

#include "base/atomic.h"
#include "support/model/expect.h"

namespace novelo::rt {
namespace {

using model::expect_always;
using model::expect_found;
using model::Program;

struct Faults {
  bool does_not_protect = false;
  bool drops_without_looking = false;
  bool restores_over_what_is_there = false;
  bool first_restore_frees_the_image = false;
};

enum class State { kWarm, kCopying, kCold };

constexpr char kLost[] = "a write was lost";

// What the kernel does to a page, one step each.
struct Page {
  static constexpr int kPresent = 1;
  static constexpr int kProtected = 2;
  static constexpr int kValue = 4;  // times the value

  Atomic<int> word{kPresent};

  // False: it faults.
  bool write(int value) {
    int now = word.fetch_add(0, relaxed);
    while ((now & kPresent) != 0 && (now & kProtected) == 0) {
      if (word.compare_exchange_weak(now, kPresent + kValue * value, relaxed, relaxed)) return true;
    }
    return false;
  }
  bool read(int& value) {
    const int now = word.fetch_add(0, relaxed);
    value = now / kValue;
    return (now & kPresent) != 0;
  }
  void protect() { word.fetch_or(kProtected, relaxed); }
  void lift() { word.fetch_and(~kProtected, relaxed); }
  void drop() { word.exchange(0, relaxed); }
  void put(int value, bool over_what_is_there) {
    int absent = 0;
    if (over_what_is_there) {
      word.exchange(kPresent + kValue * value, relaxed);
    } else {
      word.compare_exchange_strong(absent, kPresent + kValue * value, relaxed, relaxed);
    }
  }
};

struct ColdStack {
  explicit ColdStack(const Faults& the_faults) : faults(the_faults) {}

  void compact() {
    int copy = 0;
    {
      const Guard guard(lock);
      state = State::kCopying;
      if (!faults.does_not_protect) page.protect();
    }
    page.read(copy);
    {
      const Guard guard(lock);
      if (state == State::kCopying || faults.drops_without_looking) {
        image = copy;
        has_image = true;
        page.drop();
        state = State::kCold;
      }
    }
    is_compacted = true;
  }
  void on_fault() {
    bool is_cold = false;
    {
      const Guard guard(lock);
      is_cold = state == State::kCold;
      if (state == State::kCopying) {
        state = State::kWarm;
        page.lift();
      }
    }
    if (is_cold) restore();
  }
  void restore() {
    model::require(has_image, "restored from nothing");
    const int value = image;
    page.put(value, faults.restores_over_what_is_there);
    if (faults.first_restore_frees_the_image) has_image = false;
  }
  // By its own goroutine, which no compactor holds any more.
  int come_back() {
    model::wait_until([this] { return is_compacted; });
    bool is_cold = false;
    {
      const Guard guard(lock);
      is_cold = state == State::kCold;
    }
    if (is_cold) restore();
    int value = 0;
    while (!page.read(value)) on_fault();
    return value;
  }

  struct Guard {
    explicit Guard(model::ModelLock& the_lock) : lock(the_lock) { lock.lock(); }
    ~Guard() { lock.unlock(); }
    model::ModelLock& lock;
  };

  const Faults faults;
  Page page;
  model::ModelLock lock;
  State state = State::kWarm;
  int image = 0;
  bool has_image = false;
  bool is_compacted = false;
};

void compact_against_a_foreign_write(Program& p, const Faults& faults) {
  auto stack = std::make_shared<ColdStack>(faults);
  p.thread([=] { stack->compact(); });
  p.thread([=] {
    while (!stack->page.write(1)) stack->on_fault();
  });
  p.thread([=] { stack->come_back(); });
  p.at_end([=] {
    int value = 0;
    while (!stack->page.read(value)) stack->on_fault();
    model::require(value == 1, kLost);
  });
}

TEST(CompactionModel, NoForeignWriteIsLost) {
  expect_always([](Program& p) { compact_against_a_foreign_write(p, {}); });
  expect_found(kLost, [](Program& p) { compact_against_a_foreign_write(p, {.does_not_protect = true}); });
  expect_found(kLost, [](Program& p) { compact_against_a_foreign_write(p, {.drops_without_looking = true}); });
  expect_found(kLost, [](Program& p) { compact_against_a_foreign_write(p, {.restores_over_what_is_there = true}); });
  expect_found("restored from nothing",
               [](Program& p) { compact_against_a_foreign_write(p, {.first_restore_frees_the_image = true}); });
}

}  // namespace
}  // namespace novelo::rt
