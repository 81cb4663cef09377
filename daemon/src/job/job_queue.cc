// Three ordered sets over one map: waiting for their time, waiting for their turn, and by deadline.
#include "job/job_queue.h"

#include <utility>

namespace novelo::daemon {

void JobQueue::push(QueuedJob job) {
  by_id_[job.id] = job.order;
  later_.emplace(job.not_before, job.order);
  if (job.deadline != absl::InfiniteFuture()) deadlines_.emplace(job.deadline, job.order);
  const std::uint64_t order = job.order;
  jobs_.emplace(order, std::move(job));
}

void JobQueue::promote(absl::Time now) {
  while (!later_.empty() && later_.begin()->first <= now) {
    const std::uint64_t order = later_.begin()->second;
    later_.erase(later_.begin());
    ready_.emplace(-jobs_.at(order).priority, order);
  }
}

std::optional<QueuedJob> JobQueue::pop(absl::Time now) {
  if (!has_ready(now)) return std::nullopt;
  return take(ready_.begin()->second);
}

std::optional<QueuedJob> JobQueue::pop_overdue(absl::Time now) {
  if (deadlines_.empty() || deadlines_.begin()->first > now) return std::nullopt;
  return take(deadlines_.begin()->second);
}

bool JobQueue::remove(const std::string& id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return false;
  take(found->second);
  return true;
}

absl::Time JobQueue::next_change() const {
  absl::Time next = absl::InfiniteFuture();
  if (!later_.empty()) next = later_.begin()->first;
  if (!deadlines_.empty()) next = std::min(next, deadlines_.begin()->first);
  return next;
}

bool JobQueue::has_ready(absl::Time now) {
  promote(now);
  return !ready_.empty();
}

QueuedJob JobQueue::take(std::uint64_t order) {
  const auto found = jobs_.find(order);
  QueuedJob job = std::move(found->second);
  jobs_.erase(found);
  by_id_.erase(job.id);
  later_.erase({job.not_before, order});
  ready_.erase({-job.priority, order});
  deadlines_.erase({job.deadline, order});
  return job;
}

}  // namespace novelo::daemon
