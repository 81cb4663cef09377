// A job is cancelled as by its user: its goroutines unwind, and the job says that it was cancelled.
#include "leak_watch.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <novelo/go.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "export/log.h"

namespace novelo::daemon {
namespace {

constexpr int kShareMax = 100;  // of the time, for searches: one part in so many

std::string in_one_line(std::string calls) {
  absl::StripAsciiWhitespace(&calls);
  return absl::StrReplaceAll(calls, {{"\n    ", "; "}});
}

}  // namespace

std::vector<Leak> LeakWatch::look() const {
  std::vector<Leak> leaks;
  for (LeakedGoroutine& found : find_leaks()) {
    std::optional<Jobs::Owner> owner = jobs_.owner_of(found);
    leaks.push_back({std::move(found), std::move(owner)});
  }
  return leaks;
}

void LeakWatch::report(const std::vector<Leak>& leaks) {
  absl::flat_hash_set<std::uint64_t> still_there;
  std::map<std::string, Jobs::Owner> owners;
  int new_ones = 0;
  for (const auto& [found, owner] : leaks) {
    const GoroutineInfo& goroutine = found.goroutine;
    still_there.insert(goroutine.id);
    if (owner) owners.emplace(owner->id, *owner);
    if (reported_.contains(goroutine.id) || ++new_ones > kLoggedMax) continue;
    log(LogLevel::kWarn, "a goroutine waits for ever",
        {{"goroutine", absl::StrCat(goroutine.id)},
         {"name", goroutine.name},
         {"waits_for", std::string(goroutine.reason)},
         {"since", absl::FormatDuration(absl::Trunc(absl::Seconds(goroutine.waiting_seconds), absl::Seconds(1)))},
         {"job", owner ? owner->id : ""},
         {"task", owner ? owner->task : ""},
         {"calls", in_one_line(found.calls)}});
  }
  if (new_ones > kLoggedMax) {
    log(LogLevel::kWarn, "more goroutines wait for ever", {{"more", absl::StrCat(new_ones - kLoggedMax)}});
  }
  reported_ = std::move(still_there);
  if (!options_.cancels_jobs) return;
  for (const auto& [id, owner] : owners) cancel(owner);
}

void LeakWatch::cancel(const Jobs::Owner& owner) {
  log(LogLevel::kWarn, "the job is cancelled: a goroutine of it waits for ever",
      {{"job", owner.id}, {"task", owner.task}, {"setting", "job.cancel_leaked"}});
  if (const absl::StatusOr<v1::Job> cancelled = jobs_.cancel(owner.id); !cancelled.ok()) {
    log(LogLevel::kInfo, "the job ended before it was cancelled",
        {{"job", owner.id}, {"error", std::string(cancelled.status().message())}});
  }
}

void LeakWatch::watch_until_cancelled() {
  if (options_.interval == absl::ZeroDuration()) return;
  absl::Duration pause = options_.interval;
  while (true) {
    sleep(pause);
    const absl::Time begin = absl::Now();
    report(look());
    pause = std::max(options_.interval, kShareMax * (absl::Now() - begin));
  }
}

}  // namespace novelo::daemon
