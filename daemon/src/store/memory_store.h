// daemon/src/store/memory_store.h
// Jobs in this process's memory: lost with it.
//
//   limits   max_retained ended jobs and max_stored_bytes of inputs and results; the jobs that ended first make room
//   lock     one mutex of the thread, held for one job's work (list() lets go of it between pieces)
//   tested   tests/unit/daemon/store_test.cc
#pragma once

#include <mutex>
#include <unordered_map>

#include "store/store.h"

namespace novelo::daemon {

struct MemoryStoreOptions {
  std::int64_t max_retained = 100000;
  std::int64_t max_stored_bytes = std::int64_t{1} << 30;
};

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(const MemoryStoreOptions& options) : options_(options) {}

  std::string_view kind() const override { return "memory"; }
  v1::Durability durability() const override { return v1::DURABILITY_MEMORY; }
  absl::StatusOr<InsertedJob> insert(v1::Job job) override;
  absl::StatusOr<v1::Job> get(std::string_view id, JobParts parts) override;
  absl::StatusOr<v1::Job> update(std::string_view id, absl::FunctionRef<absl::Status(v1::Job&)> change) override;
  absl::StatusOr<JobPage> list(absl::FunctionRef<bool(const v1::Job&)> matches, std::size_t limit,
                               std::uint64_t before) override;
  absl::Status erase(std::string_view id) override;
  absl::StatusOr<std::size_t> erase_expired(absl::Time now, std::size_t limit) override;
  absl::Time next_expiry() override;
  std::map<std::pair<std::string, v1::JobState>, std::int64_t> counts() const override;

 private:
  struct Row {
    v1::Job job;  // without input and results, so that it is cheap to copy
    v1::Payload input;
    google::protobuf::RepeatedPtrField<v1::Payload> results;
    std::int64_t bytes = 0;   // of both
    std::uint64_t ended = 0;  // its place in ended_; 0 while it has none
  };
  using Rows = std::map<std::uint64_t, Row>;

  // All of these with mutex_ held.
  Rows::iterator find(std::string_view id);
  void erase_row(Rows::iterator row);
  bool make_room(std::int64_t bytes);
  void count(const v1::Job& job, std::int64_t by);
  static void take_payloads(v1::Job& from, Row& into);

  const MemoryStoreOptions options_;
  mutable std::mutex mutex_;
  Rows rows_;  // by order of insertion
  std::unordered_map<std::string, std::uint64_t> by_id_;
  std::unordered_map<std::string, std::uint64_t> by_request_id_;
  std::map<std::uint64_t, std::uint64_t> ended_;  // order of ending -> row
  std::map<std::pair<std::string, v1::JobState>, std::int64_t> counts_;
  std::uint64_t next_row_ = 1;
  std::uint64_t next_ended_ = 1;
  std::int64_t bytes_ = 0;
};

}  // namespace novelo::daemon
