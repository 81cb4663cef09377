// Tasks that misbehave on purpose, for the end-to-end tests alone: linked with the daemon into novelod_faulty. Each
// does one thing that a user's task may do by mistake; the tests see that the job ends as documented and that the
// daemon lives.
#include <novelo/novelo.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fault {

struct Nothing {
  bool unused = false;
};

// How many of these tasks' stacks were unwound, whichever way they ended.
std::atomic<std::int64_t> g_unwound{0};

struct CountsItsEnd {
  CountsItsEnd() = default;
  CountsItsEnd(const CountsItsEnd&) = delete;
  CountsItsEnd& operator=(const CountsItsEnd&) = delete;
  ~CountsItsEnd() { g_unwound.fetch_add(1, std::memory_order_relaxed); }
};

struct ThrowsRequest {
  std::string what;
};
absl::StatusOr<Nothing> throws(const ThrowsRequest& request) {
  const CountsItsEnd counted;
  throw std::runtime_error(request.what);
}

struct FailsRequest {
  std::int32_t code = 9;
  std::string message;
};
absl::StatusOr<Nothing> fails(const FailsRequest& request) {
  const CountsItsEnd counted;
  return absl::Status(static_cast<absl::StatusCode>(request.code), request.message);
}

struct ForMilliseconds {
  std::int64_t milliseconds = 0;
};
absl::StatusOr<ForMilliseconds> sleeps(const ForMilliseconds& request) {
  const CountsItsEnd counted;
  novelo::sleep(absl::Milliseconds(request.milliseconds));
  return request;
}

// Uses the processor without one call of the runtime.
absl::StatusOr<ForMilliseconds> loops(const ForMilliseconds& request) {
  const CountsItsEnd counted;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(request.milliseconds);
  while (std::chrono::steady_clock::now() < end) {
  }
  return request;
}

// Waits for what never comes, with a goroutine that does so too.
absl::StatusOr<Nothing> waits(const Nothing&) {
  const CountsItsEnd counted;
  const novelo::Chan<int> never = novelo::make_chan<int>();
  novelo::go([never] {
    const CountsItsEnd counted_too;
    never.recv();
  });
  never.recv();
  return Nothing{};
}

struct Hoard {
  novelo::gc::Ptr<Hoard> next;
  char rest[1016];
};

// Keeps all it allocates of the collected heap, for ever more.
absl::StatusOr<Nothing> hoards(const Nothing&) {
  const CountsItsEnd counted;
  novelo::gc::Ptr<Hoard> all;
  for (;;) {
    auto more = novelo::gc::make<Hoard>();
    more->next = std::exchange(all, more);
  }
}

struct Unwound {
  std::int64_t count = 0;
};
absl::StatusOr<Unwound> unwound(const Nothing&) {
  return Unwound{g_unwound.load(std::memory_order_relaxed)};
}

struct GatheredSieveRequest {
  std::int64_t parties = 1;
};
struct GatheredSieveReply {
  std::int64_t prime = 0;
};

// Where runs of gathered_sieve meet: each round of `parties` goes on together.
class Gathering {
 public:
  void meet(std::int64_t parties) {
    mutex_.lock();
    const novelo::Chan<novelo::Unit> mine = opened_;
    if (++arrived_ == parties) {
      arrived_ = 0;
      opened_ = novelo::make_chan<novelo::Unit>();
      mine.close();
    }
    mutex_.unlock();
    mine.recv();
  }

 private:
  novelo::Mutex mutex_;
  std::int64_t arrived_ = 0;
  novelo::Chan<novelo::Unit> opened_ = novelo::make_chan<novelo::Unit>();
};

// Finds the third prime through a chain of goroutines, then stays until `parties` runs have come so far: so many were
// alive at once.
absl::StatusOr<GatheredSieveReply> gathered_sieve(const GatheredSieveRequest& request) {
  static Gathering gathering;
  novelo::Chan<std::int64_t> numbers = novelo::make_chan<std::int64_t>();
  novelo::go([out = numbers] {
    for (std::int64_t n = 2;; ++n) out.send(n);
  });
  for (int filters = 0; filters < 2; ++filters) {
    const std::int64_t prime = numbers.recv().value_or(0);
    const novelo::Chan<std::int64_t> rest = novelo::make_chan<std::int64_t>();
    novelo::go([in = numbers, out = rest, prime] {
      for (;;) {
        const std::int64_t n = in.recv().value_or(0);
        if (n % prime != 0) out.send(n);
      }
    });
    numbers = rest;
  }
  const std::int64_t third = numbers.recv().value_or(0);
  gathering.meet(request.parties);
  return GatheredSieveReply{third};
}

}  // namespace fault

NOVELO_TASK(fault::throws, "Throws a std::runtime_error.");
NOVELO_TASK(fault::fails, "Returns an error.");
NOVELO_TASK(fault::sleeps, "Sleeps.");
NOVELO_TASK(fault::loops, "Loops without calling the runtime.");
NOVELO_TASK(fault::waits, "Waits for ever, in two goroutines.");
NOVELO_TASK(fault::hoards, "Keeps all it allocates of the collected heap.");
NOVELO_TASK(fault::unwound, "Says how many stacks of these tasks were unwound.");
NOVELO_TASK(fault::gathered_sieve,
            "Finds a prime through three goroutines and stays until as many runs have come as are told.");
