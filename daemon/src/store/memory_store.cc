// A row keeps the payloads apart from the job: most readers and every change of state have no use for them.
#include "store/memory_store.h"

#include <absl/strings/str_cat.h>

#include "proto_time.h"
#include "rpc/error.h"

namespace novelo::daemon {
namespace {

// What list() looks at before it lets others have the lock.
constexpr std::size_t kListPiece = 512;

absl::Status not_found(std::string_view id) {
  const std::string shown(id.substr(0, 64));
  return Error(absl::StatusCode::kNotFound, "JOB_NOT_FOUND",
               absl::StrCat("no job has the id \"", shown,
                            "\": it was never submitted, was deleted, or its time to be kept is over"))
      .resource("job", shown);
}

}  // namespace

bool is_terminal(v1::JobState state) {
  return state == v1::JOB_STATE_SUCCEEDED || state == v1::JOB_STATE_FAILED || state == v1::JOB_STATE_CANCELLED;
}

absl::StatusOr<InsertedJob> MemoryStore::insert(v1::Job job) {
  const std::lock_guard lock(mutex_);
  if (!job.request_id().empty()) {
    if (const auto earlier = by_request_id_.find(job.request_id()); earlier != by_request_id_.end()) {
      Row& row = rows_.at(earlier->second);
      v1::Job found = row.job;
      *found.mutable_input() = row.input;
      *found.mutable_results() = row.results;
      return InsertedJob{std::move(found), false};
    }
  }
  Row row;
  const auto bytes = static_cast<std::int64_t>(job.input().proto().size());
  if (!make_room(bytes)) {
    const std::string limit = absl::StrCat("job.max_stored_bytes = ", options_.max_stored_bytes);
    return Error(absl::StatusCode::kResourceExhausted, "STORE_FULL",
                 absl::StrCat("the input of ", bytes, " bytes does not fit beside the jobs that have not ended (",
                              limit, ")"))
        .quota("store", limit)
        .retry_after(absl::Seconds(1))
        .status();
  }
  const std::uint64_t key = next_row_++;
  by_id_[job.id()] = key;
  if (!job.request_id().empty()) by_request_id_[job.request_id()] = key;
  InsertedJob inserted{job, true};
  row.job = std::move(job);
  take_payloads(row.job, row);
  bytes_ += row.bytes;
  count(row.job, 1);
  rows_.emplace(key, std::move(row));
  return inserted;
}

absl::StatusOr<v1::Job> MemoryStore::get(std::string_view id, JobParts parts) {
  const std::lock_guard lock(mutex_);
  const auto found = find(id);
  if (found == rows_.end()) return not_found(id);
  v1::Job job = found->second.job;
  if (parts == JobParts::kWithoutPayloads) return job;
  if (found->second.input.ByteSizeLong() > 0) *job.mutable_input() = found->second.input;
  *job.mutable_results() = found->second.results;
  return job;
}

absl::StatusOr<v1::Job> MemoryStore::update(std::string_view id, absl::FunctionRef<absl::Status(v1::Job&)> change) {
  const std::lock_guard lock(mutex_);
  const auto found = find(id);
  if (found == rows_.end()) return not_found(id);
  Row& row = found->second;
  if (is_terminal(row.job.state())) {
    return Error(absl::StatusCode::kFailedPrecondition, "JOB_ENDED",
                 absl::StrCat("the job ", row.job.id(), " has ended as ", v1::JobState_Name(row.job.state())))
        .resource("job", row.job.id())
        .status();
  }
  v1::Job changed = row.job;
  if (absl::Status status = change(changed); !status.ok()) return status;
  count(row.job, -1);
  bytes_ -= row.bytes;
  row.job = std::move(changed);
  if (row.job.results_size() > 0) take_payloads(row.job, row);
  bytes_ += row.bytes;
  count(row.job, 1);
  v1::Job light = row.job;
  if (is_terminal(light.state())) {
    row.ended = next_ended_++;
    ended_.emplace(row.ended, found->first);
    make_room(0);
  }
  return light;
}

absl::StatusOr<JobPage> MemoryStore::list(absl::FunctionRef<bool(const v1::Job&)> matches, std::size_t limit,
                                          std::uint64_t before) {
  JobPage page;
  std::uint64_t from = before;  // jobs older than this one are still to be looked at; 0: all
  while (true) {
    const std::lock_guard lock(mutex_);
    auto row = from == 0 ? rows_.end() : rows_.lower_bound(from);
    for (std::size_t seen = 0; seen < kListPiece; ++seen) {
      if (row == rows_.begin()) return page;
      --row;
      if (!matches(row->second.job)) {
        from = row->first;
        continue;
      }
      if (page.jobs.size() == limit) {
        page.next = from;
        return page;
      }
      page.jobs.push_back(row->second.job);
      from = row->first;
    }
  }
}

absl::Status MemoryStore::erase(std::string_view id) {
  const std::lock_guard lock(mutex_);
  const auto found = find(id);
  if (found == rows_.end()) return not_found(id);
  if (!is_terminal(found->second.job.state())) {
    return Error(absl::StatusCode::kFailedPrecondition, "JOB_NOT_ENDED",
                 absl::StrCat("the job ", found->second.job.id(), " is ", v1::JobState_Name(found->second.job.state()),
                              "; cancel it and wait for its end first"))
        .resource("job", found->second.job.id());
  }
  erase_row(found);
  return absl::OkStatus();
}

absl::StatusOr<std::size_t> MemoryStore::erase_expired(absl::Time now, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  std::size_t erased = 0;
  // All jobs are kept for the same time, so the one that ended first expires first.
  while (erased < limit && !ended_.empty()) {
    const auto row = rows_.find(ended_.begin()->second);
    if (from_proto(row->second.job.expire_time()) > now) break;
    erase_row(row);
    ++erased;
  }
  return erased;
}

absl::Time MemoryStore::next_expiry() {
  const std::lock_guard lock(mutex_);
  if (ended_.empty()) return absl::InfiniteFuture();
  return from_proto(rows_.at(ended_.begin()->second).job.expire_time());
}

std::map<std::pair<std::string, v1::JobState>, std::int64_t> MemoryStore::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

MemoryStore::Rows::iterator MemoryStore::find(std::string_view id) {
  const auto key = by_id_.find(std::string(id));
  return key == by_id_.end() ? rows_.end() : rows_.find(key->second);
}

void MemoryStore::erase_row(Rows::iterator row) {
  const v1::Job& job = row->second.job;
  bytes_ -= row->second.bytes;
  count(job, -1);
  by_id_.erase(job.id());
  if (!job.request_id().empty()) by_request_id_.erase(job.request_id());
  ended_.erase(row->second.ended);
  rows_.erase(row);
}

// Drops ended jobs until both limits hold with `bytes` more; false when the jobs that have not ended are too much
// alone.
bool MemoryStore::make_room(std::int64_t bytes) {
  while (!ended_.empty() && (static_cast<std::int64_t>(ended_.size()) > options_.max_retained ||
                             bytes_ + bytes > options_.max_stored_bytes)) {
    erase_row(rows_.find(ended_.begin()->second));
  }
  return bytes_ + bytes <= options_.max_stored_bytes;
}

void MemoryStore::count(const v1::Job& job, std::int64_t by) {
  const auto key = std::make_pair(job.task(), job.state());
  counts_[key] += by;
}

// Moves the payloads of `from` into the row.
void MemoryStore::take_payloads(v1::Job& from, Row& into) {
  if (from.has_input()) {
    into.input = std::move(*from.mutable_input());
    from.clear_input();
  }
  into.results = std::move(*from.mutable_results());
  from.clear_results();
  std::size_t bytes = into.input.proto().size();
  for (const v1::Payload& payload : into.results) bytes += payload.proto().size();
  into.bytes = static_cast<std::int64_t>(bytes);
}

}  // namespace novelo::daemon
