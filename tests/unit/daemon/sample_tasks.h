// tests/unit/daemon/sample_tasks.h
// Tasks and types of every form, for the daemon's tests.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <novelo/novelo.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sample {

enum class Color : std::int32_t { kRed = 0, kDarkGreen = 1, kBlue = 7 };

struct Leaf {
  std::string text;
  std::int64_t number = 0;
};

// One field of each kind the wire knows.
struct Everything {
  bool yes = false;
  std::int8_t tiny = 0;
  std::int32_t top = 10;
  std::uint64_t large = 0;
  float ratio = 0;
  double exact = 0.5;
  std::string name = "novelo";
  std::vector<std::uint8_t> raw;
  Color color = Color::kRed;
  Leaf leaf;
  std::vector<Leaf> leaves;
  std::vector<std::int32_t> numbers;
  std::map<std::string, std::int64_t> counts;
  std::optional<std::int32_t> maybe;
  std::optional<Leaf> maybe_leaf;
  absl::Time when = absl::UnixEpoch();
  absl::Duration lasting;
};

struct AddRequest {
  std::int64_t a = 0;
  std::int64_t b = 0;
};
struct AddReply {
  std::int64_t sum = 0;
};
struct CountRequest {
  std::int64_t to = 3;
};
struct FailRequest {
  std::int32_t code = 9;
  std::string message;
};
struct FlakyRequest {
  std::string key;
  std::int32_t failures = 1;
};
struct Nothing {
  bool unused = false;
};

absl::StatusOr<AddReply> add(const AddRequest& request);
absl::StatusOr<Everything> everything(const Everything& request);
absl::Status count(const CountRequest& request, novelo::SendChan<AddReply> out);
absl::StatusOr<std::int64_t> sum(novelo::RecvChan<std::int64_t> in);
absl::Status upper(novelo::RecvChan<std::string> in, novelo::SendChan<std::string> out);
absl::StatusOr<Nothing> fails(const FailRequest& request);
absl::StatusOr<Nothing> throws(const FailRequest& request);
// Waits for ever in two goroutines.
absl::StatusOr<Nothing> waits(const Nothing& request);
// Waits for ever in as many goroutines as there can be.
absl::StatusOr<Nothing> crowds(const Nothing& request);
// Fails as often as it is told, counted by key, then succeeds.
absl::StatusOr<AddReply> flaky(const FlakyRequest& request);
// The class it runs in: 0 latency, 1 normal, 2 batch.
absl::StatusOr<AddReply> shows_class(const Nothing& request);
// Fills its output for ever.
absl::Status pours(const Nothing& request, novelo::SendChan<std::string> out);

}  // namespace sample
