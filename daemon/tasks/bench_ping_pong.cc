// bench.ping_pong: two goroutines and two channels without buffer. Each round trip is two hand-overs from one goroutine
// to the other.
#include <novelo/novelo.h>

#include <chrono>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace bench {

inline constexpr std::int64_t kRoundTripsMax = 100'000'000;

struct PingPongRequest {
  std::int64_t round_trips = 500'000;
};

struct PingPongReply {
  std::int64_t round_trips = 0;
  absl::Duration elapsed;
  double nanoseconds_per_round_trip = 0;
};

absl::StatusOr<PingPongReply> ping_pong(const PingPongRequest& request) {
  if (request.round_trips < 1 || request.round_trips > kRoundTripsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("round_trips is ", request.round_trips, "; it must be from 1 to ", kRoundTripsMax));
  }
  const auto ping = novelo::make_chan<std::int64_t>();
  const auto pong = novelo::make_chan<std::int64_t>();
  novelo::Scope scope;
  scope.go([&] {
    for (const std::int64_t n : ping) pong.send(n);
  });
  const auto start = std::chrono::steady_clock::now();
  std::int64_t returned = 0;
  for (std::int64_t i = 0; i < request.round_trips; ++i) {
    ping.send(i);
    if (pong.recv() == i) ++returned;
  }
  const absl::Duration elapsed = absl::FromChrono(std::chrono::steady_clock::now() - start);
  ping.close();
  if (absl::Status status = scope.wait(); !status.ok()) return status;
  return PingPongReply{returned, elapsed, absl::ToDoubleNanoseconds(elapsed) / static_cast<double>(returned)};
}

}  // namespace bench

NOVELO_TASK(bench::ping_pong, "Sends a number to and fro between two goroutines.");
NOVELO_FIELD_DOC(bench::PingPongRequest, round_trips, "How often, from 1 to 100000000.");
NOVELO_FIELD_DOC(bench::PingPongReply, round_trips, "How often the number came back.");
NOVELO_FIELD_DOC(bench::PingPongReply, elapsed, "How long all took.");
NOVELO_FIELD_DOC(bench::PingPongReply, nanoseconds_per_round_trip, "How long one took.");
