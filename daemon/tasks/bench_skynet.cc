// bench.skynet: a tree of goroutines, each inner one with a channel without buffer from which it sums what its children
// send. A new goroutine runs next, so that the tree is walked in depth and few are alive at once: this measures whole
// lives.
#include <novelo/novelo.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace bench {

inline constexpr std::int64_t kLeavesMax = 10'000'000;
inline constexpr std::int64_t kFanOutMax = 1000;

struct SkynetRequest {
  std::int64_t leaves = 100'000;
  std::int64_t fan_out = 10;
};

struct SkynetReply {
  std::int64_t sum = 0;
  std::int64_t goroutines = 0;
  absl::Duration elapsed;
};

namespace {

struct Sum {
  std::int64_t total = 0;
  std::int64_t goroutines = 0;
};

// Sends the sum of the numbers from `first` on, `count` of them: a leaf its own, an inner one what its children found.
void skynet_node(const novelo::SendChan<Sum>& out, std::int64_t first, std::int64_t count, std::int64_t fan_out) {
  if (count == 1) {
    out.send({first, 1});
    return;
  }
  const std::int64_t children = std::min(count, fan_out);
  const auto results = novelo::make_chan<Sum>();
  for (std::int64_t i = 0; i < children; ++i) {
    const std::int64_t begin = count * i / children;
    const std::int64_t end = count * (i + 1) / children;
    novelo::go([results, first, begin, end, fan_out] { skynet_node(results, first + begin, end - begin, fan_out); });
  }
  Sum sum{0, 1};
  for (std::int64_t i = 0; i < children; ++i) {
    const Sum part = results.recv().value_or(Sum());
    sum.total += part.total;
    sum.goroutines += part.goroutines;
  }
  out.send(sum);
}

}  // namespace

absl::StatusOr<SkynetReply> skynet(const SkynetRequest& request) {
  if (request.leaves < 1 || request.leaves > kLeavesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("leaves is ", request.leaves, "; it must be from 1 to ", kLeavesMax));
  }
  if (request.fan_out < 2 || request.fan_out > kFanOutMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("fan_out is ", request.fan_out, "; it must be from 2 to ", kFanOutMax));
  }
  const auto start = std::chrono::steady_clock::now();
  const auto result = novelo::make_chan<Sum>();
  Sum sum;
  novelo::Scope scope;  // should one of them fail, the others end with it
  scope.go([&] { skynet_node(result, 0, request.leaves, request.fan_out); });
  scope.go([&] { sum = result.recv().value_or(Sum()); });
  if (absl::Status status = scope.wait(); !status.ok()) return status;
  return SkynetReply{sum.total, sum.goroutines, absl::FromChrono(std::chrono::steady_clock::now() - start)};
}

}  // namespace bench

NOVELO_TASK(
    bench::skynet,
    "Sums numbers by a tree of goroutines and channels: 1000000 leaves with a fan-out of 10 is the well-known skynet "
    "benchmark.");
NOVELO_FIELD_DOC(bench::SkynetRequest, leaves, "How many numbers, from 1 to 10000000.");
NOVELO_FIELD_DOC(bench::SkynetRequest, fan_out, "Children of an inner goroutine, from 2 to 1000.");
NOVELO_FIELD_DOC(bench::SkynetReply, sum, "Of the numbers from 0 to leaves - 1.");
NOVELO_FIELD_DOC(bench::SkynetReply, goroutines, "How many took part.");
NOVELO_FIELD_DOC(bench::SkynetReply, elapsed, "How long it took.");
