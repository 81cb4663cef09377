// daemon/src/job/job_queue.h
// The jobs that wait: for their time, then for their turn.
//
//   order   among those whose time has come the highest priority first, equals by submission
//   who     Jobs, under its lock; nothing here locks or parks
//   cost    O(log n) a call
//   tested  tests/unit/daemon/job_queue_test.cc
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>

namespace novelo::daemon {

struct QueuedJob {
  std::string id;
  int priority = 0;
  std::uint64_t order = 0;  // of submission; kept through retries
  absl::Time not_before = absl::InfinitePast();
  absl::Time deadline = absl::InfiniteFuture();
};

class JobQueue {
 public:
  // Requires: no job of that id is queued, and `order` is no other's.
  void push(QueuedJob job);
  // Takes the job whose turn it is.
  std::optional<QueuedJob> pop(absl::Time now);
  // Takes a job whose deadline has passed, whether or not its time had come.
  std::optional<QueuedJob> pop_overdue(absl::Time now);
  // False: no job of that id is queued.
  bool remove(const std::string& id);
  // When pop() or pop_overdue() may next have something that it does not have now.
  absl::Time next_change() const;
  bool has_ready(absl::Time now);
  std::size_t size() const { return jobs_.size(); }

 private:
  using Time = std::pair<absl::Time, std::uint64_t>;  // with the order, so that each is one of its kind
  using Turn = std::pair<int, std::uint64_t>;         // minus the priority, order

  void promote(absl::Time now);
  QueuedJob take(std::uint64_t order);

  std::unordered_map<std::string, std::uint64_t> by_id_;
  std::map<std::uint64_t, QueuedJob> jobs_;  // by order
  std::set<Time> later_;                     // their time has not come
  std::set<Turn> ready_;                     // it has
  std::set<Time> deadlines_;                 // of all that have one
};

}  // namespace novelo::daemon
