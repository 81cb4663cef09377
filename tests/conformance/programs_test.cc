// Whole programs that Go's own tests are known for: a sieve of goroutines, power series as streams of coefficients, and
// a long line of neighbours.
#include <deque>
#include <numeric>
#include <vector>

#include "support/runtime_fixture.h"

namespace novelo {
namespace {

class ProgramsTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(ProgramsTest);

// Each prime is a goroutine that lets through what it does not divide.
TEST_P(ProgramsTest, ASieveOfGoroutinesFindsThePrimes) {
  run([] {
    Scope scope;
    auto numbers = make_chan<int>();
    scope.go([numbers] {
      for (int n = 2;; ++n) numbers.send(n);
    });
    std::vector<int> primes;
    while (primes.size() < 60) {
      const int prime = numbers.recv().value();
      primes.push_back(prime);
      auto sieved = make_chan<int>();
      scope.go([numbers, sieved, prime] {
        for (const int n : numbers) {
          if (n % prime != 0) sieved.send(n);
        }
      });
      numbers = sieved;
    }
    EXPECT_EQ(primes[0], 2);
    EXPECT_EQ(primes[24], 97);
    EXPECT_EQ(primes[59], 281);
    scope.cancel();
    EXPECT_TRUE(absl::IsCancelled(scope.wait()));
  });
}

TEST_P(ProgramsTest, ALineOfNeighboursHandsOnToItsEnd) {
  run([] {
    constexpr int kNeighbours = 2000;
    constexpr int kValues = 5;
    const auto leftmost = make_chan<int>();
    auto left = leftmost;
    for (int i = 0; i < kNeighbours; ++i) {
      const auto right = make_chan<int>();
      go([left, right] {
        for (const int value : right) left.send(value + 1);
        left.close();
      });
      left = right;
    }
    go([right = left] {
      for (int i = 0; i < kValues; ++i) right.send(i);
      right.close();
    });
    for (int i = 0; i < kValues; ++i) EXPECT_EQ(leftmost.recv(), kNeighbours + i);
    EXPECT_EQ(leftmost.recv(), std::nullopt);
    testing::yield_until([] { return num_goroutines() == 1; });
  });
}

// ---- power series ----

struct Rational {
  std::int64_t over = 0;
  std::int64_t under = 1;

  static Rational of(std::int64_t over, std::int64_t under = 1) {
    const std::int64_t common = std::gcd(over, under);
    return {over / common, under / common};
  }
  friend Rational operator+(Rational a, Rational b) {
    return of(a.over * b.under + b.over * a.under, a.under * b.under);
  }
  friend Rational operator*(Rational a, Rational b) { return of(a.over * b.over, a.under * b.under); }
  friend bool operator==(Rational a, Rational b) { return a.over == b.over && a.under == b.under; }
  friend std::ostream& operator<<(std::ostream& out, Rational a) { return out << a.over << '/' << a.under; }
};

// The coefficients of a series, one for each demand: nobody computes what nobody asks for.
struct Series {
  Chan<Unit> demand = make_chan<Unit>();
  Chan<Rational> coefficient = make_chan<Rational>();

  Rational next() const {
    demand.send({});
    return coefficient.recv().value();
  }
  void answer(const std::function<Rational()>& compute) const {
    demand.recv();
    coefficient.send(compute());
  }
};

std::vector<Rational> first_of(const Series& series, int count) {
  std::vector<Rational> coefficients;
  for (int i = 0; i < count; ++i) coefficients.push_back(series.next());
  return coefficients;
}

// Starts the goroutine that answers `out` with the integral of `in`, beginning with `constant`.
void integrate(Scope& scope, const Series& out, const Series& in, Rational constant) {
  scope.go([=] {
    out.answer([=] { return constant; });
    for (std::int64_t n = 1;; ++n) out.answer([&] { return in.next() * Rational::of(1, n); });
  });
}

Series multiply(Scope& scope, const Series& a, const Series& b) {
  const Series out;
  scope.go([=] {
    std::vector<Rational> as;
    std::vector<Rational> bs;
    while (true) {
      out.answer([&] {
        as.push_back(a.next());
        bs.push_back(b.next());
        Rational sum;
        for (std::size_t i = 0; i < as.size(); ++i) sum = sum + as[i] * bs[bs.size() - 1 - i];
        return sum;
      });
    }
  });
  return out;
}

Series add(Scope& scope, const Series& a, Rational constant) {
  const Series out;
  scope.go([=] {
    out.answer([&] { return a.next() + constant; });
    while (true) out.answer([&] { return a.next(); });
  });
  return out;
}

// Copies of one series, each at its own pace. A copy that is ahead asks for the next coefficient in a goroutine of its
// own: computing it may need what the other copies hold already. Cases of the select that make no sense now are nil.
std::vector<Series> split(Scope& scope, const Series& in, std::size_t copies) {
  std::vector<Series> out(copies);
  scope.go([&scope, in, out] {
    struct Copy {
      std::deque<Rational> held;
      bool is_owed = false;
    };
    std::vector<Copy> state(out.size());
    const auto fetched = make_chan<Rational>();
    bool is_fetching = false;
    while (true) {
      std::vector<SelectCase> cases;
      std::vector<std::optional<Unit>> asked(out.size());
      std::optional<Rational> arrived;
      for (std::size_t i = 0; i < out.size(); ++i) {
        cases.push_back(SelectCase::recv(state[i].is_owed ? Chan<Unit>() : out[i].demand, &asked[i]));
      }
      cases.push_back(SelectCase::recv(is_fetching ? fetched : Chan<Rational>(), &arrived));
      const std::size_t chosen = select(std::span(cases));
      if (chosen == out.size()) {
        is_fetching = false;
        for (Copy& copy : state) copy.held.push_back(*arrived);
      } else {
        state[chosen].is_owed = true;
      }
      for (std::size_t i = 0; i < out.size(); ++i) {
        Copy& copy = state[i];
        if (!copy.is_owed) continue;
        if (copy.held.empty()) {
          if (!is_fetching) scope.go([in, fetched] { fetched.send(in.next()); });
          is_fetching = true;
          continue;
        }
        out[i].coefficient.send(copy.held.front());
        copy.held.pop_front();
        copy.is_owed = false;
      }
    }
  });
  return out;
}

// exp' = exp, exp(0) = 1
TEST_P(ProgramsTest, TheExponentialIsItsOwnIntegral) {
  run([] {
    Scope scope;
    const Series exponential;
    const auto copies = split(scope, exponential, 2);
    integrate(scope, exponential, copies[1], Rational::of(1));
    const auto coefficients = first_of(copies[0], 10);
    std::int64_t factorial = 1;
    for (std::int64_t n = 0; n < 10; ++n) {
      if (n > 0) factorial *= n;
      EXPECT_EQ(coefficients[static_cast<std::size_t>(n)], Rational::of(1, factorial)) << "of x^" << n;
    }
    scope.cancel();
    EXPECT_TRUE(absl::IsCancelled(scope.wait()));
  });
}

// tan' = 1 + tan * tan, tan(0) = 0
TEST_P(ProgramsTest, TheTangentSolvesItsDifferentialEquation) {
  run([] {
    Scope scope;
    const Series tangent;
    const auto copies = split(scope, tangent, 3);
    integrate(scope, tangent, add(scope, multiply(scope, copies[1], copies[2]), Rational::of(1)), Rational{});
    const auto coefficients = first_of(copies[0], 10);
    const std::vector<Rational> expected = {{0, 1},  {1, 1}, {0, 1},    {1, 3}, {0, 1},
                                            {2, 15}, {0, 1}, {17, 315}, {0, 1}, {62, 2835}};
    EXPECT_EQ(coefficients, expected);
    scope.cancel();
    EXPECT_TRUE(absl::IsCancelled(scope.wait()));
  });
}

}  // namespace
}  // namespace novelo
