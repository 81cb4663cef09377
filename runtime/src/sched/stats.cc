// Sums over processors and machines for novelo/stats.h.
#include "novelo/stats.h"

#include "heap/collected_heap.h"
#include "obs/duration_histogram.h"
#include "os/clock.h"
#include "os/cycle_clock.h"
#include "sched/scheduler.h"

namespace novelo::rt {

std::uint64_t Scheduler::running_cycles(const Account& account) noexcept {
  std::uint64_t running = 0;
  const LockGuard guard(idle_lock_);
  for (const auto& m : machines_) {
    if (m->slice_account.load(relaxed) != &account) continue;
    const std::uint64_t began = m->slice_began.load(relaxed);
    const std::uint64_t now = cycles_now();
    if (began != 0 && now > began) running += now - began;
  }
  return running;
}

RuntimeStats Scheduler::stats() {
  RuntimeStats s;
  s.sched_latency = empty_histogram();
  s.timer_lateness = empty_histogram();
  std::array<std::uint64_t, static_cast<std::size_t>(WaitReason::kCount)> parks{};
  for (const auto& p : processors_) {
    if (!p->is_retired.load(relaxed)) {
      std::uint64_t length = 0;
      for (const RunQueue& queue : p->queues) length += queue.length();
      s.run_queue_length.push_back(length);
    }
    s.steals_total += p->steals.load(relaxed);
    s.timers += p->timers.size();
    for (std::size_t i = 0; i < parks.size(); ++i) parks[i] += p->parks[i].load(relaxed);
    add_to(s.sched_latency, p->latency);
    add_to(s.timer_lateness, p->timers.lateness());
  }
  for (std::size_t i = 1; i < parks.size(); ++i) {
    s.parks_total.emplace_back(wait_reason_name(static_cast<WaitReason>(i)), parks[i]);
  }
  s.global_queue_length = global_size();
  s.procs_idle = static_cast<std::uint64_t>(std::max(0, idle_processors_.load(relaxed)));
  s.procs_running =
      static_cast<std::uint64_t>(max_procs()) - std::min(static_cast<std::uint64_t>(max_procs()), s.procs_idle);
  s.handoffs_total = handoffs_.load(relaxed);
  s.preempts_total = preempts_.load(relaxed);
  s.goroutines_created_total = goroutines_created();
  {
    LockGuard guard(idle_lock_);
    s.threads_idle = static_cast<std::uint64_t>(idle_machines_);
    for (const auto& m : machines_) {
      if (m->processor.load(relaxed) != nullptr) ++s.threads_running;
    }
    const std::uint64_t known = s.threads_idle + s.threads_running;
    s.threads_blocked = live_machines() > known ? live_machines() - known : 0;
  }
  for_each_goroutine([&s](const Goroutine& g) {
    if (g.is_system.load(relaxed)) return;
    switch (g.state.load(relaxed)) {
      case GoroutineState::kDead:
        break;
      case GoroutineState::kRunnable:
        ++s.goroutines_runnable;
        break;
      case GoroutineState::kRunning:
        ++s.goroutines_running;
        break;
      case GoroutineState::kWaiting:
        ++s.goroutines_waiting;
        break;
    }
  });
  const auto add_heap = [&s](const PageHeap::Bytes& heap) {
    s.heap_in_use_bytes += heap.in_use;
    s.heap_free_bytes += heap.free;
    s.heap_released_bytes += heap.released;
  };
  add_heap(Heap::get().bytes());
  add_heap(kept_heap().bytes());
  if (CollectedHeap::exists()) add_heap(CollectedHeap::get().pages().bytes());
  const StackClasses::Bytes stacks = stacks_.bytes();
  std::uint64_t kept = 0;
  for (const auto& p : processors_) kept += StackClasses::kept_bytes(p->stacks);
  kept = std::min(kept, stacks.in_use);  // stacks may go from one list to another while we count
  s.stack_in_use_bytes = stacks.in_use - kept;
  s.stack_idle_bytes = stacks.idle + kept;
  s.stack_grown_total = stacks_.grown_total();
  s.stack_overflows_total = stacks_.overflows_total();
  s.stack_released_bytes_total = stacks_.released_bytes_total();
  s.stacks_compacted = cold_stacks_.cold();
  s.stacks_compacted_bytes = cold_stacks_.image_bytes();
  s.stack_compacted_total = cold_stacks_.compacted_total();
  s.stack_compacted_touched_total = cold_stacks_.touched_total();
  return s;
}

GoroutineInfo info_of(const Goroutine& g, std::int64_t now_ns) {
  const GoroutineState state = g.state.load(relaxed);
  const WaitReason reason = g.wait_reason.load(relaxed);
  GoroutineInfo info;
  info.id = g.id.load(relaxed);
  info.creator_id = g.creator_id.load(relaxed);
  info.name = g.name().text;
  info.state = goroutine_state_name(state);
  if (state == GoroutineState::kWaiting || reason == WaitReason::kBlocking) {
    info.reason = wait_reason_name(reason);
    info.waiting_seconds =
        static_cast<double>(std::max<std::int64_t>(0, now_ns - g.waiting_since_ns.load(relaxed))) * 1e-9;
  }
  return info;
}

std::vector<GoroutineInfo> Scheduler::list_goroutines() {
  std::vector<GoroutineInfo> list;
  const std::int64_t now = now_ns();
  for_each_goroutine([&](const Goroutine& g) {
    const GoroutineState state = g.state.load(relaxed);
    if (state == GoroutineState::kDead || g.is_system.load(relaxed)) return;
    list.push_back(info_of(g, now));
  });
  return list;
}

}  // namespace novelo::rt

namespace novelo {

RuntimeStats runtime_stats() {
  return rt::require_scheduler().stats();
}
std::vector<GoroutineInfo> list_goroutines() {
  return rt::require_scheduler().list_goroutines();
}

}  // namespace novelo
