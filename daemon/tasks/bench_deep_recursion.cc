// bench.deep_recursion: a function that calls itself, to see how a stack grows and what it costs. Too deep for the
// node's limit, and the task ends with an error of its own.
#include <novelo/novelo.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace bench {

inline constexpr std::int64_t kDepthMax = 100'000'000;

struct DeepRecursionRequest {
  std::int64_t depth = 100'000;
};

struct DeepRecursionReply {
  std::int64_t depth = 0;
  std::int64_t stack_bytes = 0;
  absl::Duration elapsed;
};

namespace {

// Returns how many levels there are below, this one included, and where the last one's frame is.
[[gnu::noinline]] std::int64_t descend(std::int64_t depth, const volatile char** lowest) {  // NOLINT(misc-no-recursion)
  volatile char frame[64];
  frame[0] = static_cast<char>(depth);
  *lowest = &frame[0];
  if (depth % 16 == 0) novelo::yield();  // a call of the runtime: here it says that the stack is used up
  if (depth == 0) return 0;
  return descend(depth - 1, lowest) + (frame[0] == static_cast<char>(depth) ? 1 : 0);
}

}  // namespace

absl::StatusOr<DeepRecursionReply> deep_recursion(const DeepRecursionRequest& request) {
  if (request.depth < 0 || request.depth > kDepthMax) {
    return absl::InvalidArgumentError(absl::StrCat("depth is ", request.depth, "; it must be from 0 to ", kDepthMax));
  }
  const auto start = std::chrono::steady_clock::now();
  const volatile char here = 0;
  const volatile char* lowest = &here;
  const std::int64_t depth = descend(request.depth, &lowest);
  return DeepRecursionReply{depth, &here - lowest, absl::FromChrono(std::chrono::steady_clock::now() - start)};
}

}  // namespace bench

NOVELO_TASK(
    bench::deep_recursion,
    "Calls a function from itself, and says how much stack that took. Too deep, it ends with an error that names "
    "the limit.");
NOVELO_FIELD_DOC(bench::DeepRecursionRequest, depth, "How many calls deep, from 0 to 100000000.");
NOVELO_FIELD_DOC(bench::DeepRecursionReply, depth, "How many calls came back.");
NOVELO_FIELD_DOC(bench::DeepRecursionReply, stack_bytes, "From the first call's frame to the last one's.");
NOVELO_FIELD_DOC(bench::DeepRecursionReply, elapsed, "How long it took.");
