// bench.sieve: the prime sieve of communicating processes. A generator and one filter a prime stand in a line, joined
// by channels without buffer; what passes all filters is the next prime.
#include <novelo/novelo.h>

#include <chrono>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace bench {

inline constexpr std::int64_t kPrimesMax = 10'000;

struct SieveRequest {
  std::int64_t primes = 100;
};

struct SieveReply {
  std::int64_t last_prime = 0;
  absl::Duration elapsed;
};

namespace {

void generate(const novelo::SendChan<std::int64_t>& out) {
  for (std::int64_t n = 2;; ++n) out.send(n);
}

void filter(const novelo::RecvChan<std::int64_t>& in, const novelo::SendChan<std::int64_t>& out, std::int64_t prime) {
  for (const std::int64_t n : in) {
    if (n % prime != 0) out.send(n);
  }
}

}  // namespace

absl::StatusOr<SieveReply> sieve(const SieveRequest& request) {
  if (request.primes < 1 || request.primes > kPrimesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("primes is ", request.primes, "; it must be from 1 to ", kPrimesMax));
  }
  const auto start = std::chrono::steady_clock::now();
  std::int64_t prime = 0;
  {
    novelo::Scope line;  // ends the generator and the filters, which would go on for ever
    auto in = novelo::make_chan<std::int64_t>();
    line.go([out = in] { generate(out); });
    for (std::int64_t i = 0; i < request.primes; ++i) {
      prime = in.recv().value_or(0);
      const auto out = novelo::make_chan<std::int64_t>();
      line.go([in, out, prime] { filter(in, out, prime); });
      in = out;
    }
  }
  return SieveReply{prime, absl::FromChrono(std::chrono::steady_clock::now() - start)};
}

}  // namespace bench

NOVELO_TASK(bench::sieve, "Finds primes by a line of goroutines, a filter for each prime.");
NOVELO_FIELD_DOC(bench::SieveRequest, primes, "How many primes to find, from 1 to 10000.");
NOVELO_FIELD_DOC(bench::SieveReply, last_prime, "The last one found.");
NOVELO_FIELD_DOC(bench::SieveReply, elapsed, "How long it took.");
