// daemon/src/job/jobs.h
// The life of every job on this node: queued, run, tried again, ended, forgotten.
//
//   goroutines  one that starts jobs when their turn comes, one that forgets ended ones, and each running job's own:
//               the root of a scope that cancel() ends and that the job's deadline bounds
//   from        goroutines; what parks says so. queued() and running() from any thread
//   lock        one mutex of the thread for queue and running jobs, never held over a call that parks
//   tested      tests/unit/daemon/jobs_test.cc
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/random/random.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <novelo/chan.h>
#include <novelo/go.h>
#include <novelo/leaks.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "job/job_id.h"
#include "job/job_queue.h"
#include "job/watchers.h"
#include "schema/schema.h"
#include "service/admission.h"
#include "store/store.h"

namespace novelo::daemon {

struct JobsOptions {
  std::string node_name;
  std::int64_t max_running = 10000;
  std::int64_t max_queued = 100000;
  std::int64_t max_result_bytes = 64 << 20;
  std::int64_t max_heap_bytes = std::int64_t{4} << 30;
  absl::Duration result_ttl = absl::Hours(1);
};

// Told of each job; neither parks nor takes long.
class JobObserver {
 public:
  virtual ~JobObserver() = default;
  virtual void submitted(const std::string& task) = 0;
  virtual void started(const std::string& task, absl::Duration queued) = 0;
  virtual void attempt_ended(const std::string& task, absl::Duration ran) = 0;
  virtual void finished(const std::string& task, v1::JobState outcome) = 0;
};

class Jobs {
 public:
  // All outlive the Jobs; `observer` may be null.
  Jobs(JobsOptions options, Store& store, const Schema& schema, const Admission& admission, JobObserver* observer);
  ~Jobs();

  // Starts the two goroutines. `scope` ends them, and every job that still runs, before the Jobs go.
  void start(Scope& scope);

  // Stores and queues a job that make_job() made. Parks.
  absl::StatusOr<v1::Job> submit(v1::Job job);
  absl::StatusOr<v1::Job> get(const std::string& id, JobParts parts);
  absl::StatusOr<JobPage> list(absl::FunctionRef<bool(const v1::Job&)> matches, std::size_t limit,
                               std::uint64_t before);
  absl::StatusOr<v1::Job> cancel(const std::string& id);
  absl::Status erase(const std::string& id);
  // The whole job once it has ended, or as it is at `until`. Parks.
  absl::StatusOr<v1::Job> wait(const std::string& id, absl::Time until);
  // Shows the job now and after each change, whole at its end. Ends with the first error of `show`. Parks.
  absl::Status watch(const std::string& id, absl::FunctionRef<absl::Status(const v1::Job&)> show);

  // From now on no job is started. Those that run go on.
  void close();
  // Cancels every running job; they end as CANCELLED because the node stops.
  void cancel_running();
  // Closed when no job runs. After close() it stays so.
  RecvChan<Unit> idle();

  // The running job that the goroutine belongs to, and its task.
  struct Owner {
    std::string id;
    std::string task;
  };
  std::optional<Owner> owner_of(const LeakedGoroutine& goroutine) const;

  std::int64_t queued() const;
  std::int64_t running() const;

 private:
  struct Running;
  class Output;

  void dispatch();
  void forget();
  void start_ready();
  void fail_overdue();
  void run(const std::shared_ptr<Running>& running);
  absl::StatusOr<v1::Job> begin(Running& running);
  void end(Running& running, const v1::Job& job, absl::Status status, Output& output);
  void leave(Running& running);
  void finish(v1::Job& job, v1::JobState state, const absl::Status& error) const;
  void announce_end(const v1::Job& job);
  void wake();

  const JobsOptions options_;
  Store& store_;
  const Schema& schema_;
  const Admission& admission_;
  JobObserver* const observer_;
  JobIds ids_;
  Watchers watchers_;
  const Chan<Unit> wake_ = make_chan<Unit>(1);         // for dispatch()
  const Chan<Unit> wake_forget_ = make_chan<Unit>(1);  // for forget()

  mutable std::mutex mutex_;
  JobQueue queue_;
  std::unordered_map<std::string, std::shared_ptr<Running>> running_;
  absl::BitGen random_;
  std::uint64_t next_order_ = 1;
  std::int64_t reserved_ = 0;  // places in the queue for jobs that the store is being told of
  bool is_closed_ = false;
  bool is_stopping_ = false;
  Chan<Unit> idle_;  // closed when the last running job has left; made by idle()
};

}  // namespace novelo::daemon
