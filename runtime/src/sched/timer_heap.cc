// A heap with four children a node: half the depth of a binary one, and the children share a cache line. Most timers
// are timeouts and are stopped long before they are due: those leave a gap, and nothing is moved for them.
#include "sched/timer_heap.h"

#include <utility>

#include "base/check.h"
#include "sched/choices.h"

namespace novelo::rt {

TimerHeap::~TimerHeap() {
  for (const Entry& entry : entries_) {
    if (entry.timer == nullptr) continue;
    entry.timer->place_ = 0;
    entry.timer->abandon();
  }
}

void TimerHeap::put(std::size_t i, Entry entry) noexcept {
  entries_[i] = entry;
  if (entry.timer != nullptr) entry.timer->place_ = i + 1;
}

void TimerHeap::sift_up(std::size_t i, Entry entry) noexcept {
  while (i > 0) {
    const std::size_t parent = (i - 1) / kChildren;
    if (entries_[parent].when <= entry.when) break;
    put(i, entries_[parent]);
    i = parent;
  }
  put(i, entry);
}

void TimerHeap::sift_down(std::size_t i, Entry entry) noexcept {
  for (;;) {
    const std::size_t first = i * kChildren + 1;
    if (first >= entries_.size()) break;
    std::size_t least = first;
    for (std::size_t child = first + 1; child < entries_.size() && child < first + kChildren; ++child) {
      if (entries_[child].when < entries_[least].when) least = child;
    }
    if (entry.when <= entries_[least].when) break;
    put(i, entries_[least]);
    i = least;
  }
  put(i, entry);
}

void TimerHeap::publish() noexcept {
  size_.store(entries_.size() - gaps_, relaxed);
  const std::int64_t when = entries_.empty() ? kNever : entries_.front().when;
  // [timer-sleep] seq_cst, with next_when(): who arms publishes and then looks for a sleeper; who goes to sleep says so
  // and then looks at the times. Without it a timer could be slept over.
  if (when != next_when_.load(relaxed)) next_when_.store(when, seq_cst);
}

bool TimerHeap::arm(TimerEvent& timer, std::int64_t when) noexcept {
  NOVELO_CHECK(timer.place_ == 0);
  timer.when_ = when;
  entries_.push_back({when, &timer});
  sift_up(entries_.size() - 1, {when, &timer});
  publish();
  return timer.place_ == 1;
}

// The timer there, which leaves a gap.
TimerEvent& TimerHeap::take(std::size_t i) noexcept {
  TimerEvent& timer = *std::exchange(entries_[i].timer, nullptr);
  timer.place_ = 0;
  ++gaps_;
  if (i == 0) {
    while (!entries_.empty() && entries_.front().timer == nullptr) drop_first();
  } else if (gaps_ >= kGapsMin && gaps_ > entries_.size() / 4 * 3) {
    close_gaps();
  }
  return timer;
}

// A gap.
void TimerHeap::drop_first() noexcept {
  const Entry last = entries_.back();
  entries_.pop_back();
  --gaps_;
  if (!entries_.empty()) sift_down(0, last);
}

void TimerHeap::close_gaps() noexcept {
  std::erase_if(entries_, [](const Entry& entry) { return entry.timer == nullptr; });
  gaps_ = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) put(i, entries_[i]);
  for (std::size_t i = entries_.size() / kChildren + 1; i-- > 0;) {
    if (i < entries_.size()) sift_down(i, entries_[i]);
  }
}

bool TimerHeap::cancel(TimerEvent& timer) noexcept {
  if (timer.place_ == 0) return false;
  NOVELO_DCHECK(entries_[timer.place_ - 1].timer == &timer);
  take(timer.place_ - 1);
  publish();
  return true;
}

// The place of one of the timers that are due at the same time as the first.
std::size_t TimerHeap::choose_among_first(Choices& choices) noexcept {
  std::vector<std::size_t> ties = {0};
  // What is due with the first hangs together at the top of the heap, gaps included.
  for (std::size_t i = 0; i < ties.size(); ++i) {
    for (std::size_t child = ties[i] * kChildren + 1; child <= ties[i] * kChildren + kChildren; ++child) {
      if (child < entries_.size() && entries_[child].when == entries_.front().when) ties.push_back(child);
    }
  }
  std::erase_if(ties, [this](std::size_t i) NOVELO_REQUIRES(lock_) { return entries_[i].timer == nullptr; });
  return ties[choices.below(static_cast<std::uint32_t>(ties.size()))];
}

std::uint32_t TimerHeap::run_expired(std::int64_t now, std::uint32_t max, Choices* choices) noexcept {
  if (next_when() > now) return 0;
  LockGuard guard(lock_);
  std::uint32_t fired = 0;
  while (fired < max && !entries_.empty() && entries_.front().when <= now) {
    const std::size_t i = choices == nullptr ? 0 : choose_among_first(*choices);
    lateness_.add(now - entries_[i].when);
    TimerEvent& timer = take(i);
    size_.store(entries_.size() - gaps_, relaxed);  // before fire(): whoever it wakes must not see the timer counted
    timer.fire(now);
    ++fired;
  }
  publish();
  return fired;
}

TimerHeap::Armed TimerHeap::armed() {
  const LockGuard guard(lock_);
  Armed armed;
  armed.reserve(entries_.size() - gaps_);
  for (const Entry& entry : entries_) {
    if (entry.timer != nullptr) armed.push_back(entry.timer);
  }
  return armed;
}

}  // namespace novelo::rt
