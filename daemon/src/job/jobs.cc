// A job is in the queue or in running_, never in both, until it has ended; cancel() looks in both under one lock, so it
// cannot miss one on its way. What the store says is behind that by the time of one update.
#include "job/jobs.h"

#include <absl/cleanup/cleanup.h>
#include <absl/strings/str_cat.h>
#include <novelo/meter.h>
#include <novelo/select.h>
#include <novelo/time.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "job/retry.h"
#include "proto_time.h"
#include "rpc/error.h"
#include "run_task.h"

namespace novelo::daemon {
namespace {

// Ended jobs forgotten in one transaction.
constexpr std::size_t kForgetBatch = 512;
// How long a job waits that found no goroutine to run on.
constexpr absl::Duration kRetryWhenNoGoroutine = absl::Milliseconds(100);

absl::Time deadline_of(const v1::Job& job) {
  return job.has_deadline_time() ? from_proto(job.deadline_time()) : absl::InfiniteFuture();
}

absl::Time eligible_since(const v1::Job& job) {
  return from_proto(job.has_next_attempt_time() ? job.next_attempt_time() : job.create_time());
}

void add_to(google::protobuf::Duration& sum, absl::Duration part) {
  sum = to_proto(from_proto(sum) + std::max(part, absl::ZeroDuration()));
}

void add_to(v1::JobUsage& sum, const Usage& attempt) {
  add_to(*sum.mutable_cpu_time(), attempt.cpu_time);
  add_to(*sum.mutable_runnable_time(), attempt.runnable_time);
  sum.set_goroutines(sum.goroutines() + 1 + static_cast<std::int64_t>(attempt.goroutines));
  sum.set_allocated_bytes(sum.allocated_bytes() + static_cast<std::int64_t>(attempt.allocated_bytes));
}

// Parks until `changed` signals or `until` has come.
void wait_for(const Chan<Unit>& changed, absl::Time until) {
  if (until == absl::InfiniteFuture()) {
    changed.recv();
    return;
  }
  const Timer timer(until - absl::Now());
  select(on_recv(changed), on_recv(timer.chan()));
}

absl::Status overdue_in_queue(const v1::Job& job) {
  return Error(
      absl::StatusCode::kDeadlineExceeded, "JOB_DEADLINE",
      absl::StrCat("the deadline of the job passed before ", job.attempt() == 0 ? "it could run" : "its next attempt"));
}

}  // namespace

// A job that has left the queue and has not ended.
struct Jobs::Running {
  QueuedJob queued;
  const TaskSchema* task = nullptr;
  JoinHandle<void> handle;  // guarded by Jobs::mutex_
  Meter meter;
  std::atomic<bool> is_cancel_requested{false};
  std::atomic<std::int64_t> messages{0};
  std::atomic<std::int64_t> bytes{0};
};

// What a running job reads and writes.
class Jobs::Output final : public TaskStream {
 public:
  Output(Running& running, Watchers& watchers, std::int64_t bytes_max, std::string input)
      : running_(running), watchers_(watchers), bytes_max_(bytes_max), input_(std::move(input)) {}

  absl::StatusOr<std::optional<std::string>> read() override { return std::exchange(input_, std::nullopt); }

  absl::Status write(std::string message) override {
    const auto size = static_cast<std::int64_t>(message.size());
    if (running_.bytes.load(std::memory_order_relaxed) + size > bytes_max_) {
      const std::string limit = absl::StrCat("job.max_result_bytes = ", bytes_max_);
      return Error(absl::StatusCode::kResourceExhausted, "RESULT_TOO_LARGE",
                   absl::StrCat("the job wrote more than it may (", limit, ")"))
          .quota("job", limit);
    }
    v1::Payload* payload = results_.Add();
    payload->set_type(running_.task->output()->full_name());
    payload->set_proto(std::move(message));
    running_.messages.fetch_add(1, std::memory_order_relaxed);
    running_.bytes.fetch_add(size, std::memory_order_relaxed);
    watchers_.notify(running_.queued.id);
    return absl::OkStatus();
  }

  google::protobuf::RepeatedPtrField<v1::Payload>& results() { return results_; }

 private:
  Running& running_;
  Watchers& watchers_;
  const std::int64_t bytes_max_;
  std::optional<std::string> input_;
  google::protobuf::RepeatedPtrField<v1::Payload> results_;
};

Jobs::Jobs(JobsOptions options, Store& store, const Schema& schema, const Admission& admission, JobObserver* observer)
    : options_(std::move(options)), store_(store), schema_(schema), admission_(admission), observer_(observer) {}

Jobs::~Jobs() = default;

void Jobs::start(Scope& scope) {
  scope.go([this] { dispatch(); });
  scope.go([this] { forget(); });
}

absl::StatusOr<v1::Job> Jobs::submit(v1::Job job) {
  if (absl::Status status = admission_.admit(); !status.ok()) return status;
  {
    const std::lock_guard lock(mutex_);
    if (static_cast<std::int64_t>(queue_.size()) + reserved_ >= options_.max_queued) {
      const std::string limit = absl::StrCat("job.max_queued = ", options_.max_queued);
      return Error(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
                   absl::StrCat("as many jobs wait as may (", limit, ")"))
          .quota("queue", limit)
          .retry_after(absl::Seconds(1))
          .status();
    }
    ++reserved_;
  }
  const auto release = absl::MakeCleanup([this] {
    const std::lock_guard lock(mutex_);
    --reserved_;
  });

  const absl::Time now = absl::Now();
  job.set_id(ids_.next(now));
  *job.mutable_create_time() = to_proto(now);
  job.set_state(v1::JOB_STATE_QUEUED);
  job.set_durability(store_.durability());
  const std::string asked_task = job.task();
  const std::string asked_input = job.input().proto();
  absl::StatusOr<InsertedJob> inserted = store_.insert(std::move(job));
  if (!inserted.ok()) return inserted.status();
  if (!inserted->is_new) {
    const v1::Job& earlier = inserted->job;
    if (earlier.task() != asked_task || earlier.input().proto() != asked_input) {
      return Error(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                   absl::StrCat("the request_id belongs to the job ", earlier.id(), " of another task or input"))
          .resource("job", earlier.id())
          .status();
    }
    return std::move(inserted->job);
  }

  if (observer_ != nullptr) observer_->submitted(inserted->job.task());
  {
    const std::lock_guard lock(mutex_);
    queue_.push({inserted->job.id(), inserted->job.priority(), next_order_++, eligible_since(inserted->job),
                 deadline_of(inserted->job)});
  }
  wake();
  return std::move(inserted->job);
}

absl::StatusOr<v1::Job> Jobs::get(const std::string& id, JobParts parts) {
  absl::StatusOr<v1::Job> job = store_.get(id, parts);
  if (!job.ok() || job->state() != v1::JOB_STATE_RUNNING) return job;
  const std::lock_guard lock(mutex_);
  if (const auto found = running_.find(id); found != running_.end()) {
    job->mutable_progress()->set_messages(found->second->messages.load(std::memory_order_relaxed));
    job->mutable_progress()->set_bytes(found->second->bytes.load(std::memory_order_relaxed));
    add_to(*job->mutable_usage()->mutable_run_time(), absl::Now() - from_proto(job->start_time()));
    const Usage usage = found->second->meter.usage();
    add_to(*job->mutable_usage(), usage);
    job->mutable_usage()->set_heap_bytes(static_cast<std::int64_t>(usage.heap_bytes));
  }
  return job;
}

absl::StatusOr<JobPage> Jobs::list(absl::FunctionRef<bool(const v1::Job&)> matches, std::size_t limit,
                                   std::uint64_t before) {
  return store_.list(matches, limit, before);
}

absl::Status Jobs::erase(const std::string& id) {
  absl::Status status = store_.erase(id);
  if (status.ok()) watchers_.notify(id);
  return status;
}

absl::StatusOr<v1::Job> Jobs::cancel(const std::string& id) {
  bool was_queued = false;
  {
    const std::lock_guard lock(mutex_);
    was_queued = queue_.remove(id);
    if (const auto found = running_.find(id); found != running_.end()) {
      found->second->is_cancel_requested.store(true, std::memory_order_relaxed);
      found->second->handle.cancel();
    }
  }
  const absl::StatusOr<v1::Job> updated = store_.update(id, [&](v1::Job& job) {
    if (was_queued) {
      finish(job, v1::JOB_STATE_CANCELLED,
             Error(absl::StatusCode::kCancelled, "JOB_CANCELLED", "cancelled in the queue"));
    } else {
      job.set_cancel_requested(true);
    }
    return absl::OkStatus();
  });
  if (updated.ok()) {
    if (was_queued) announce_end(*updated);
    watchers_.notify(id);
  } else if (!absl::IsFailedPrecondition(updated.status())) {
    return updated.status();
  }
  return get(id, JobParts::kAll);
}

absl::StatusOr<v1::Job> Jobs::wait(const std::string& id, absl::Time until) {
  const Watch watch(watchers_, id);
  while (true) {
    const absl::StatusOr<v1::Job> job = store_.get(id, JobParts::kWithoutPayloads);
    if (!job.ok()) return job.status();
    if (is_terminal(job->state()) || absl::Now() >= until) return get(id, JobParts::kAll);
    wait_for(watch.changed(), until);
  }
}

absl::Status Jobs::watch(const std::string& id, absl::FunctionRef<absl::Status(const v1::Job&)> show) {
  const Watch watch(watchers_, id);
  while (true) {
    absl::StatusOr<v1::Job> job = get(id, JobParts::kWithoutPayloads);
    if (job.ok() && is_terminal(job->state())) job = get(id, JobParts::kAll);
    if (!job.ok()) return job.status();
    if (absl::Status status = show(*job); !status.ok() || is_terminal(job->state())) return status;
    watch.changed().recv();
  }
}

void Jobs::wake() {
  Unit unit;
  wake_.try_send(unit);
}

// The goroutine that starts jobs.
void Jobs::dispatch() {
  while (true) {
    fail_overdue();
    start_ready();
    absl::Time next;
    {
      const std::lock_guard lock(mutex_);
      if (is_closed_) return;
      next = queue_.next_change();
    }
    wait_for(wake_, next);
  }
}

void Jobs::fail_overdue() {
  while (true) {
    std::optional<QueuedJob> overdue;
    {
      const std::lock_guard lock(mutex_);
      overdue = queue_.pop_overdue(absl::Now());
    }
    if (!overdue.has_value()) return;
    const absl::StatusOr<v1::Job> updated = store_.update(overdue->id, [&](v1::Job& job) {
      finish(job, v1::JOB_STATE_FAILED, overdue_in_queue(job));
      return absl::OkStatus();
    });
    if (updated.ok()) announce_end(*updated);
    watchers_.notify(overdue->id);
  }
}

void Jobs::start_ready() {
  const std::lock_guard lock(mutex_);
  while (!is_closed_ && static_cast<std::int64_t>(running_.size()) < options_.max_running) {
    std::optional<QueuedJob> next = queue_.pop(absl::Now());
    if (!next.has_value()) return;
    auto running = std::make_shared<Running>();
    running->queued = std::move(*next);
    running->meter.limit_heap(static_cast<std::uint64_t>(options_.max_heap_bytes));
    running_.emplace(running->queued.id, running);
    try {
      // Its goroutine needs mutex_ to leave running_, so the handle is in place before anyone can miss it.
      running->handle = spawn([this, running] { run(running); });
    } catch (const RuntimeError&) {  // the node has as many goroutines as it may
      running_.erase(running->queued.id);
      running->queued.not_before = absl::Now() + kRetryWhenNoGoroutine;
      queue_.push(std::move(running->queued));
      return;
    }
  }
}

// A running job's goroutine. Its own bookkeeping is shielded: cancelling a job must not lose it.
void Jobs::run(const std::shared_ptr<Running>& running) {
  const auto left = absl::MakeCleanup([&] { leave(*running); });
  const absl::StatusOr<v1::Job> job = shield([&] { return begin(*running); });
  if (!job.ok()) return;
  Output output(*running, watchers_, options_.max_result_bytes, job->input().proto());
  const Priority priority = job->priority() < 0 ? Priority::kBatch : Priority::kNormal;
  try {
    absl::Status status = run_task(*running->task->task, output, running->queued.deadline, priority, running->meter);
    shield([&] { end(*running, *job, std::move(status), output); });
  } catch (...) {  // goexit(): the goroutine goes on unwinding
    shield([&] {
      end(*running, *job, Error(absl::StatusCode::kAborted, "TASK_EXITED", "the task's goroutine ended by goexit()"),
          output);
    });
    throw;
  }
}

// Marks the attempt as begun; an error when the job is not to run after all.
absl::StatusOr<v1::Job> Jobs::begin(Running& running) {
  const std::string& id = running.queued.id;
  const absl::Time now = absl::Now();
  absl::Duration queued;
  const absl::StatusOr<v1::Job> updated = store_.update(id, [&](v1::Job& job) {
    if (running.is_cancel_requested.load(std::memory_order_relaxed)) {
      finish(job, v1::JOB_STATE_CANCELLED,
             Error(absl::StatusCode::kCancelled, "JOB_CANCELLED", "cancelled in the queue"));
      return absl::OkStatus();
    }
    queued = now - eligible_since(job);
    job.set_state(v1::JOB_STATE_RUNNING);
    job.set_attempt(job.attempt() + 1);
    job.set_node(options_.node_name);
    *job.mutable_start_time() = to_proto(now);
    job.clear_next_attempt_time();
    job.clear_progress();
    job.clear_error();
    add_to(*job.mutable_usage()->mutable_queue_time(), queued);
    return absl::OkStatus();
  });
  if (!updated.ok()) return updated.status();
  watchers_.notify(id);
  if (updated->state() != v1::JOB_STATE_RUNNING) {
    announce_end(*updated);
    return absl::CancelledError();
  }
  if (observer_ != nullptr) observer_->started(updated->task(), queued);
  running.task = schema_.find(updated->task());
  return store_.get(id, JobParts::kAll);
}

// Keeps how the attempt ended, and queues the job again if its policy says so.
void Jobs::end(Running& running, const v1::Job& job, absl::Status status, Output& output) {
  const std::string& id = running.queued.id;
  const absl::Time now = absl::Now();
  const absl::Duration ran = now - from_proto(job.start_time());
  if (observer_ != nullptr) observer_->attempt_ended(job.task(), ran);

  bool is_stopping = false;
  std::optional<absl::Duration> backoff;
  {
    const std::lock_guard lock(mutex_);
    is_stopping = is_stopping_;
    const bool is_final = status.ok() || running.is_cancel_requested.load(std::memory_order_relaxed) || is_stopping ||
                          now >= running.queued.deadline;
    if (!is_final) backoff = backoff_after(job.retry_policy(), job.attempt(), status, absl::Uniform(random_, 0.0, 1.0));
  }
  if (backoff.has_value() && now + *backoff >= running.queued.deadline) backoff.reset();

  const absl::StatusOr<v1::Job> updated = store_.update(id, [&](v1::Job& stored) {
    add_to(*stored.mutable_usage()->mutable_run_time(), ran);
    add_to(*stored.mutable_usage(), running.meter.usage());
    stored.mutable_progress()->set_messages(running.messages.load(std::memory_order_relaxed));
    stored.mutable_progress()->set_bytes(running.bytes.load(std::memory_order_relaxed));
    if (backoff.has_value()) {
      stored.set_state(v1::JOB_STATE_QUEUED);
      *stored.mutable_error() = to_proto(status);
      *stored.mutable_next_attempt_time() = to_proto(now + *backoff);
    } else if (status.ok()) {
      finish(stored, v1::JOB_STATE_SUCCEEDED, absl::OkStatus());
      stored.mutable_results()->Swap(&output.results());
    } else if (absl::IsCancelled(status) && running.is_cancel_requested.load(std::memory_order_relaxed)) {
      finish(stored, v1::JOB_STATE_CANCELLED,
             Error(absl::StatusCode::kCancelled, "JOB_CANCELLED", "cancelled while it ran"));
    } else if (absl::IsCancelled(status) && is_stopping) {
      finish(stored, v1::JOB_STATE_CANCELLED,
             Error(absl::StatusCode::kCancelled, "NODE_STOPPED", "the node stopped before the job was done"));
    } else {
      finish(stored, v1::JOB_STATE_FAILED, status);
    }
    return absl::OkStatus();
  });
  if (updated.ok() && is_terminal(updated->state())) announce_end(*updated);
  if (updated.ok() && backoff.has_value()) {
    QueuedJob again = running.queued;
    again.not_before = now + *backoff;
    const std::lock_guard lock(mutex_);
    running_.erase(id);  // now, so that cancel() finds the job in one place
    queue_.push(std::move(again));
  }
  watchers_.notify(id);
}

// The last thing of a running job's goroutine.
void Jobs::leave(Running& running) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = running_.find(running.queued.id);
        found != running_.end() && found->second.get() == &running) {
      running_.erase(found);
    }
    running.handle = {};
    if (running_.empty() && idle_ != Chan<Unit>()) std::exchange(idle_, Chan<Unit>()).close();
  }
  wake();
}

// Makes a job terminal. On the store's copy, under its lock.
void Jobs::finish(v1::Job& job, v1::JobState state, const absl::Status& error) const {
  const absl::Time now = absl::Now();
  job.set_state(state);
  job.clear_error();
  if (!error.ok()) *job.mutable_error() = to_proto(error);
  job.clear_next_attempt_time();
  job.clear_cancel_requested();
  *job.mutable_end_time() = to_proto(now);
  *job.mutable_expire_time() = to_proto(now + options_.result_ttl);
}

void Jobs::announce_end(const v1::Job& job) {
  if (observer_ != nullptr) observer_->finished(job.task(), job.state());
  Unit unit;
  wake_forget_.try_send(unit);
}

// The goroutine that forgets ended jobs when their time has come.
void Jobs::forget() {
  while (true) {
    wait_for(wake_forget_, store_.next_expiry());
    while (store_.erase_expired(absl::Now(), kForgetBatch).value_or(0) == kForgetBatch) yield();
  }
}

void Jobs::close() {
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
  }
  wake();
}

void Jobs::cancel_running() {
  const std::lock_guard lock(mutex_);
  is_stopping_ = true;
  for (const auto& [id, running] : running_) running->handle.cancel();
}

RecvChan<Unit> Jobs::idle() {
  const std::lock_guard lock(mutex_);
  if (running_.empty()) {
    Chan<Unit> closed = make_chan<Unit>();
    closed.close();
    return closed;
  }
  if (idle_ == Chan<Unit>()) idle_ = make_chan<Unit>();
  return idle_;
}

std::optional<Jobs::Owner> Jobs::owner_of(const LeakedGoroutine& goroutine) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, running] : running_) {
    if (!goroutine.is_metered_by(running->meter)) continue;
    return Owner{id, std::string(running->task->task->name())};  // it runs: it has a task
  }
  return std::nullopt;
}

std::int64_t Jobs::queued() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::int64_t>(queue_.size());
}

std::int64_t Jobs::running() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::int64_t>(running_.size());
}

}  // namespace novelo::daemon
