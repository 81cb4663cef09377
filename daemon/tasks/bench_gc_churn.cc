// bench.gc_churn: goroutines that each keep a ring of collected objects and replace the oldest by a new one, again and
// again. Each object keeps the one made before it alive until it is replaced itself, so that old objects are stored
// into; what a goroutine replaces must still be what it put there.
#include <novelo/novelo.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace bench {

inline constexpr std::int64_t kChurnGoroutinesMax = 100'000;
inline constexpr std::int64_t kChurnObjectsMax = 100'000'000'000;
inline constexpr std::int64_t kChurnLiveObjectsMax = 50'000'000;

struct GcChurnRequest {
  std::int64_t goroutines = 4;
  std::int64_t objects = 10'000'000;
  std::int64_t live_objects = 100'000;
};

struct GcChurnReply {
  std::int64_t objects = 0;
  absl::Duration elapsed;
  double objects_per_second = 0;
  std::int64_t cycles = 0;
  absl::Duration pause_max;
};

namespace {

constexpr std::int64_t kTurnObjects = 1024;  // made before others go first, and a cancelled task ends

struct Churned {
  novelo::gc::Ptr<Churned> before;
  std::int64_t number = 0;
};

absl::Status churn(std::int64_t objects, std::int64_t live_objects) {
  const auto ring = novelo::gc::make_array<novelo::gc::Ptr<Churned>>(static_cast<std::size_t>(live_objects));
  novelo::gc::Ptr<Churned> newest;
  for (std::int64_t number = 0; number < objects; ++number) {
    novelo::gc::Ptr<Churned>& slot = ring[static_cast<std::size_t>(number % live_objects)];
    if (slot) {
      const std::int64_t expected = number - live_objects;
      const bool is_right = slot->number == expected && (expected == 0 || slot->before->number == expected - 1);
      if (!is_right) return absl::InternalError(absl::StrCat("object ", expected, " is not what it was"));
      slot->before = nullptr;
    }
    newest = novelo::gc::make<Churned>(newest, number);
    slot = newest;
    if (number % kTurnObjects == 0) novelo::yield();
  }
  return absl::OkStatus();
}

// No pause between the two was longer.
absl::Duration longest_pause(const novelo::DurationHistogram& before, const novelo::DurationHistogram& after) {
  for (std::size_t i = after.counts.size(); i-- > 0;) {
    if (after.counts[i] == before.counts[i]) continue;
    const double sum = after.sum_seconds - before.sum_seconds;
    return absl::Seconds(i < after.bounds_seconds.size() ? after.bounds_seconds[i] : sum);
  }
  return absl::ZeroDuration();
}

absl::Status check(const char* field, std::int64_t value, std::int64_t max) {
  if (value >= 1 && value <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " is ", value, "; it must be from 1 to ", max));
}

}  // namespace

absl::StatusOr<GcChurnReply> gc_churn(const GcChurnRequest& request) {
  absl::Status status = check("goroutines", request.goroutines, kChurnGoroutinesMax);
  status.Update(check("objects", request.objects, kChurnObjectsMax));
  status.Update(check("live_objects", request.live_objects, kChurnLiveObjectsMax));
  if (!status.ok()) return status;
  const novelo::gc::Stats before = novelo::gc::stats();
  const auto start = std::chrono::steady_clock::now();
  const auto share = [&](std::int64_t of, std::int64_t i) {
    return of / request.goroutines + (i < of % request.goroutines ? 1 : 0);
  };
  novelo::Scope scope;  // should one of them fail, the others end with it
  for (std::int64_t i = 0; i < request.goroutines; ++i) {
    scope.go([objects = share(request.objects, i),
              live_objects = std::max<std::int64_t>(share(request.live_objects, i), 1)] {
      return churn(objects, live_objects);
    });
  }
  if (status = scope.wait(); !status.ok()) return status;
  const absl::Duration elapsed = absl::FromChrono(std::chrono::steady_clock::now() - start);
  const novelo::gc::Stats after = novelo::gc::stats();
  return GcChurnReply{request.objects, elapsed, static_cast<double>(request.objects) / absl::ToDoubleSeconds(elapsed),
                      static_cast<std::int64_t>(after.cycles - before.cycles),
                      longest_pause(before.pauses, after.pauses)};
}

}  // namespace bench

NOVELO_TASK(
    bench::gc_churn,
    "Makes collected objects in goroutines that each keep the newest ones alive, and says what the collector did "
    "meanwhile.");
NOVELO_FIELD_DOC(bench::GcChurnRequest, goroutines, "How many make objects, from 1 to 100000.");
NOVELO_FIELD_DOC(bench::GcChurnRequest, objects, "To be made by all together, from 1 to 100000000000, of 16 bytes.");
NOVELO_FIELD_DOC(bench::GcChurnRequest, live_objects,
                 "Kept alive by all together, from 1 to 50000000; by each goroutine its share, at least one.");
NOVELO_FIELD_DOC(bench::GcChurnReply, objects, "How many were made.");
NOVELO_FIELD_DOC(bench::GcChurnReply, elapsed, "How long it took.");
NOVELO_FIELD_DOC(bench::GcChurnReply, objects_per_second, "How many were made in a second, by all together.");
NOVELO_FIELD_DOC(bench::GcChurnReply, cycles, "Cycles of the node's collector meanwhile.");
NOVELO_FIELD_DOC(bench::GcChurnReply, pause_max,
                 "The collector held no goroutine of the node up for longer than this at one time meanwhile: a bound, "
                 "to a factor of two.");
