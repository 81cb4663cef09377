// daemon/src/store/store.h
// Where jobs are kept. What survives a crash is the store's to say; what a job may become next is its to enforce.
//
//   record   a novelo.v1.Job with the binary form of its payloads (JSON is made for the reader) and the store's fields
//   states   QUEUED, RUNNING -> SUCCEEDED, FAILED, CANCELLED; an ended job never changes again
//   calls    on goroutines; each may park, none holds a thread; each is one transaction
//   errors   NOT_FOUND, FAILED_PRECONDITION, RESOURCE_EXHAUSTED as Error (rpc/error.h) with ErrorInfo
//   kinds    memory_store.h
//   tested   tests/unit/daemon/store_test.cc, the same test for every kind
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "novelo/v1/job.pb.h"

namespace novelo::daemon {

bool is_terminal(v1::JobState state);

struct InsertedJob {
  v1::Job job;
  bool is_new = true;  // false: a job of this request_id was there, and `job` is that one
};

// How much of a job is asked for.
enum class JobParts { kWithoutPayloads, kAll };

// Jobs from the newest to the oldest.
struct JobPage {
  std::vector<v1::Job> jobs;
  std::uint64_t next = 0;  // pass it as `before` to go on; 0: there is no more
};

class Store {
 public:
  virtual ~Store() = default;

  // "memory", "sqlite"...
  virtual std::string_view kind() const = 0;
  virtual v1::Durability durability() const = 0;

  // Keeps a new job. `job` has an id that no other has.
  virtual absl::StatusOr<InsertedJob> insert(v1::Job job) = 0;
  virtual absl::StatusOr<v1::Job> get(std::string_view id, JobParts parts) = 0;
  // Lets `change` alter a job and keeps the result, which is returned without input and results. Nothing is kept when
  // `change` returns an error. `change` runs under the store's lock: it must not park. FAILED_PRECONDITION when the job
  // has ended.
  virtual absl::StatusOr<v1::Job> update(std::string_view id, absl::FunctionRef<absl::Status(v1::Job&)> change) = 0;
  // Up to `limit` jobs for which `matches` holds, without inputs and results, older than `before` (0: from the newest).
  virtual absl::StatusOr<JobPage> list(absl::FunctionRef<bool(const v1::Job&)> matches, std::size_t limit,
                                       std::uint64_t before) = 0;
  // Forgets an ended job.
  virtual absl::Status erase(std::string_view id) = 0;

  // Forgets ended jobs whose time has come, at most `limit`; returns how many.
  virtual absl::StatusOr<std::size_t> erase_expired(absl::Time now, std::size_t limit) = 0;
  // When the next ended job is to be forgotten; InfiniteFuture: there is none.
  virtual absl::Time next_expiry() = 0;

  // How many jobs there are, by task and state. From any thread.
  virtual std::map<std::pair<std::string, v1::JobState>, std::int64_t> counts() const = 0;
};

}  // namespace novelo::daemon
