// The compaction of cold stacks: the page of a parked goroutine's stack goes to an image, while another goroutine that
// holds a pointer into it writes, its own comes back, and the collector looks through it. No write is lost, none that
// came before the look is missed, and no page is put where one is.
//
//   the compactor    takes the page away at one instant and says that the stack is cold, under the stack's lock
//   who touches it   is held until the server has put it back, under the lock: the page of a cold stack from its image,
//                    any other as it comes when it is first touched. That it is awake is said before the page is there
//   its own          puts it back under the lock, if it still is cold, and drops the image
//   the collector    looks through the image of a cold one, through the stack of another
#include <memory>

#include "base/atomic.h"
#include "support/model/expect.h"

namespace novelo::rt {
namespace {

using model::expect_always;
using model::expect_found;
using model::Program;

struct Faults {
  bool copies_and_then_drops = false;
  bool takes_without_the_lock = false;
  bool puts_over_what_is_there = false;
  bool touch_drops_the_image = false;
  bool says_late_that_it_is_awake = false;
};

enum class State { kWarm, kCold, kAwake };

constexpr char kLost[] = "a write was lost";
constexpr char kMissed[] = "a write was missed";

// What the kernel does to a page, one step each; whoever finds it there sees what was done before it was put.
struct Page {
  static constexpr int kPresent = 1;
  static constexpr int kOwn = 2;      // what its goroutine has written
  static constexpr int kForeign = 4;  // and another

  Atomic<int> word{kPresent | kOwn};

  // False: it faults.
  bool write_foreign() {
    int now = word.fetch_add(0, acq_rel);
    while ((now & kPresent) != 0) {
      if (word.compare_exchange_weak(now, now | kForeign, acq_rel, acquire)) return true;
    }
    return false;
  }
  bool read(int& content) {
    const int now = word.fetch_add(0, acq_rel);
    content = now & (kOwn | kForeign);
    return (now & kPresent) != 0;
  }
  int take() { return word.exchange(0, acq_rel) & (kOwn | kForeign); }
  void put(int content, bool over_what_is_there) {
    int absent = 0;
    if (over_what_is_there) {
      word.exchange(kPresent | content, acq_rel);
    } else {
      word.compare_exchange_strong(absent, kPresent | content, acq_rel, acquire);
    }
  }
};

constexpr int kAll = Page::kOwn | Page::kForeign;

struct ColdStack {
  explicit ColdStack(const Faults& the_faults) : faults(the_faults) {}
  ColdStack(const Faults& the_faults, int the_image)
      : faults(the_faults), page{Atomic<int>{0}}, state(State::kCold), image(the_image), has_image(true) {}

  void compact() {
    int taken = 0;
    if (faults.takes_without_the_lock) taken = page.take();
    {
      const Guard guard(lock);
      if (faults.copies_and_then_drops) {
        page.read(taken);
        page.take();
      } else if (!faults.takes_without_the_lock) {
        taken = page.take();
      }
      image = taken;
      has_image = true;
      state.store(State::kCold, release);
    }
    is_compacted = true;
  }
  void put_back() {
    model::require(has_image, "put back from nothing");
    if (!faults.says_late_that_it_is_awake) state.store(State::kAwake, release);
    page.put(image, faults.puts_over_what_is_there);
    if (faults.says_late_that_it_is_awake) state.store(State::kAwake, release);
  }
  // By the server.
  void on_fault() {
    const Guard guard(lock);
    if (state.load(relaxed) == State::kCold) {
      put_back();
      if (faults.touch_drops_the_image) has_image = false;
    } else {
      page.put(0, faults.puts_over_what_is_there);
    }
  }
  void write_foreign() {
    while (!page.write_foreign()) on_fault();
  }
  int read() {
    int content = 0;
    while (!page.read(content)) on_fault();
    return content;
  }
  // By its own goroutine, which no compactor holds any more.
  void come_back() {
    model::wait_until([this] { return is_compacted; });
    const Guard guard(lock);
    if (state.load(relaxed) == State::kCold || faults.touch_drops_the_image) put_back();
  }
  int look() { return state.load(acquire) == State::kCold ? image : read(); }

  struct Guard {
    explicit Guard(model::ModelLock& the_lock) : lock(the_lock) { lock.lock(); }
    ~Guard() { lock.unlock(); }
    model::ModelLock& lock;
  };

  const Faults faults;
  Page page;
  model::ModelLock lock;
  Atomic<State> state{State::kWarm};
  int image = 0;
  bool has_image = false;
  bool is_compacted = false;
};

void compact_against_a_foreign_write(Program& p, const Faults& faults) {
  auto stack = std::make_shared<ColdStack>(faults);
  p.thread([=] { stack->compact(); });
  p.thread([=] { stack->write_foreign(); });
  p.thread([=] { stack->come_back(); });
  p.thread([=] { stack->read(); });
  p.at_end([=] { model::require(stack->read() == kAll, kLost); });
}

TEST(CompactionModel, NoForeignWriteIsLost) {
  expect_always([](Program& p) { compact_against_a_foreign_write(p, {}); });
  expect_found(kLost, [](Program& p) { compact_against_a_foreign_write(p, {.copies_and_then_drops = true}); });
  expect_found(kLost, [](Program& p) { compact_against_a_foreign_write(p, {.takes_without_the_lock = true}); });
  expect_found(kLost, [](Program& p) { compact_against_a_foreign_write(p, {.puts_over_what_is_there = true}); });
  expect_found("put back from nothing",
               [](Program& p) { compact_against_a_foreign_write(p, {.touch_drops_the_image = true}); });
}

// The look begins when all have answered, after what they wrote before.
void look_after_a_foreign_write(Program& p, const Faults& faults) {
  auto stack = std::make_shared<ColdStack>(faults, Page::kOwn);
  auto has_answered = std::make_shared<Atomic<int>>(0);
  p.thread([=] {
    stack->write_foreign();
    has_answered->store(1, release);
  });
  p.thread([=] { stack->read(); });
  p.thread([=] {
    model::wait_until([=] { return has_answered->peek() == 1; });
    has_answered->fetch_add(0, acquire);  // the newest, unlike what a load may see
    model::require(stack->look() == kAll, kMissed);
  });
}

TEST(CompactionModel, NoLookMissesWhatWasWrittenBefore) {
  expect_always([](Program& p) { look_after_a_foreign_write(p, {}); });
  expect_found(kMissed, [](Program& p) { look_after_a_foreign_write(p, {.says_late_that_it_is_awake = true}); });
}

}  // namespace
}  // namespace novelo::rt
