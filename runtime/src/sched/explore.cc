// testing::explore() and replay(): a Runtime a run.
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/check.h"
#include "novelo/testing.h"

namespace novelo::testing {
namespace {

// What went wrong; empty if nothing did.
std::string run_once(const ExploreOptions& options, Recording& recording, std::vector<std::uint32_t> replay,
                     const std::function<void()>& body) {
  // A broken invariant ends the process: it must still say by which seed.
  rt::set_fatal_note(absl::StrCat("repeat with NOVELO_SEED=", recording.seed));
  std::string uncaught;
  std::string thrown;
  {
    RuntimeOptions chosen;
    chosen.max_goroutines = options.max_goroutines;
    chosen.seed = recording.seed;
    chosen.replay = std::move(replay);
    chosen.record = &recording.choices;
    chosen.uncaught = UncaughtPolicy::kReport;
    chosen.on_uncaught = [&uncaught](std::uint64_t id, const std::exception_ptr& error) {
      if (uncaught.empty())
        uncaught = absl::StrCat("goroutine ", id, " ended by an uncaught exception: ", describe_exception(error));
    };
    Runtime runtime(std::move(chosen));
    try {
      runtime.run(body);
    } catch (...) {
      thrown = describe_exception(std::current_exception());
    }
  }
  rt::set_fatal_note("");
  if (!thrown.empty()) return thrown;
  if (!uncaught.empty()) return uncaught;
  return options.has_failed && options.has_failed() ? "a check of the body failed" : "";
}

std::optional<std::uint64_t> seed_of_environment() {
  const char* text = std::getenv("NOVELO_SEED");
  std::uint64_t seed = 0;
  if (text == nullptr || *text == '\0') return std::nullopt;
  if (!absl::SimpleAtoi(text, &seed)) throw RuntimeError(absl::StrCat("NOVELO_SEED is not a number: ", text));
  return seed;
}

}  // namespace

Exploration explore(const ExploreOptions& options, const std::function<void()>& body) {
  const std::optional<std::uint64_t> only = seed_of_environment();
  const absl::Time end = absl::Now() + options.at_most;
  const int runs = only.has_value() ? 1 : options.runs;
  Exploration exploration;
  for (; exploration.runs < runs && absl::Now() < end; ++exploration.runs) {
    Recording recording{.seed = only.value_or(options.first_seed + static_cast<std::uint64_t>(exploration.runs)),
                        .choices = {}};
    const std::string wrong = run_once(options, recording, {}, body);
    if (wrong.empty()) continue;
    std::string text = absl::StrCat(wrong, "\nfound by run ", exploration.runs + 1, " of ", runs, " after ",
                                    recording.choices.size(), " choices; repeat with NOVELO_SEED=", recording.seed);
    std::fprintf(stderr, "novelo: explore: %s\n", text.c_str());
    exploration.failure = Failure{std::move(recording), std::move(text)};
    ++exploration.runs;
    break;
  }
  return exploration;
}

std::optional<Failure> replay(const Recording& recording, const std::function<void()>& body) {
  Recording repeated{.seed = recording.seed, .choices = {}};
  std::string wrong = run_once({}, repeated, recording.choices, body);
  if (wrong.empty()) return std::nullopt;
  return Failure{std::move(repeated), std::move(wrong)};
}

}  // namespace novelo::testing
