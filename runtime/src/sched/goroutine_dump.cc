// What dump_goroutines() prints. A goroutine's stack is read while it may wake: its wait record tells afterwards
// whether it stood still.
#include <cxxabi.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>

#include "absl/debugging/symbolize.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "novelo/leaks.h"
#include "os/clock.h"
#include "os/vm.h"
#include "sched/overflow.h"
#include "sched/scheduler.h"
#include "stack/backtrace.h"

namespace novelo::rt {
namespace {

constexpr std::size_t kCallsMax = 64;
constexpr int kTries = 3;  // to find a goroutine standing still

// Names of functions by return address, each looked up once a dump.
class Symbols {
 public:
  const std::string& name(const void* return_address) {
    std::string& name = names_[return_address];
    if (name.empty()) {
      char text[1024];
      // The call may be the last instruction of its function: one byte back lies inside it.
      const bool is_known = absl::Symbolize(static_cast<const char*>(return_address) - 1, text, sizeof text);
      name = is_known ? std::string(text)
                      : absl::StrCat("0x", absl::Hex(reinterpret_cast<std::uintptr_t>(return_address)));
    }
    return name;
  }

 private:
  std::unordered_map<const void*, std::string> names_;
};

// What lies between the program's functions says nothing to a reader; the reason of the wait does.
bool is_internal(std::string_view function) {
  for (const std::string_view prefix :
       {"novelo::rt::", "novelo_context_", "novelo::Scope::go<", "std::invoke<", "std::__invoke",
        "absl::debian3::internal_any_invocable::", "absl::lts_20220623::internal_any_invocable::"}) {
    if (function.starts_with(prefix)) return true;
  }
  return false;
}

std::string name_of(const std::type_info& callable) {
  int status = 0;
  char* text = abi::__cxa_demangle(callable.name(), nullptr, nullptr, &status);
  std::string name = text == nullptr ? callable.name() : text;
  std::free(text);
  return name;
}

struct Calls {
  std::array<const void*, kCallsMax> at;
  std::size_t size = 0;
};

// What is read here may be changing: the record says afterwards whether it was.
__attribute__((no_sanitize("thread"))) std::optional<Calls> calls_of(const Goroutine& g) {
  for (int i = 0; i < kTries; ++i) {
    const std::uint64_t before = g.wait.snapshot();
    if (!WaitRecord::is_waiting(before)) continue;
    Calls calls;
    calls.size = backtrace(g.context, g.stack, calls.at);
    const StackSegment* next = g.segments;
    StackSegment left;
    for (std::size_t n = 0; n < kCallsMax && next != nullptr && vm_read(next, &left, sizeof left); ++n) {
      calls.size += backtrace(left.context, left.stack, std::span(calls.at).subspan(calls.size));
      next = left.outer;
    }
    if (g.wait.snapshot() == before) return calls;
  }
  return std::nullopt;
}

// The calls, the outermost last, and who started it.
void append_calls(std::string& text, Symbols& symbols, const Goroutine& g) {
  if (const std::optional<Calls> calls = calls_of(g)) {
    for (std::size_t i = 0; i < calls->size; ++i) {
      const std::string& function = symbols.name(calls->at[i]);
      if (!is_internal(function)) absl::StrAppend(&text, "    ", function, "\n");
    }
  }
  // The compiler often merges a goroutine's function with the runtime's code that calls it: its type names it all the
  // same.
  if (const std::type_info* entry = g.entry.load(relaxed)) absl::StrAppend(&text, "    ", name_of(*entry), "\n");
  const void* at = g.created_at.load(relaxed);
  if (at == nullptr) return;
  const std::uint64_t creator = g.creator_id.load(relaxed);
  const std::type_info* creator_entry = g.creator_entry.load(relaxed);
  const std::string& function = symbols.name(at);
  absl::StrAppend(&text, "    started by ", creator == 0 ? "another thread" : absl::StrCat("goroutine ", creator),
                  " in ", is_internal(function) && creator_entry != nullptr ? name_of(*creator_entry) : function, "\n");
}

std::string how_long(double seconds) {
  if (seconds < 1) return "";
  return absl::StrCat(", ", absl::FormatDuration(absl::Seconds(static_cast<std::int64_t>(seconds))));
}

std::string class_of(const Goroutine& g) {
  switch (g.priority.load(relaxed)) {
    case Priority::kLatency:
      return ", latency";
    case Priority::kBatch:
      return ", batch";
    case Priority::kNormal:
      break;
  }
  return "";
}

}  // namespace

std::vector<LeakedGoroutine> Scheduler::describe(std::span<const Goroutine* const> goroutines) {
  Symbols symbols;
  std::vector<LeakedGoroutine> described;
  described.reserve(goroutines.size());
  const std::int64_t now = now_ns();
  for (const Goroutine* g : goroutines) {
    described.push_back({.goroutine = info_of(*g, now), .calls = {}, .accounts = {}});
    append_calls(described.back().calls, symbols, *g);
  }
  return described;
}

std::string Scheduler::dump_goroutines(const DumpOptions& options) {
  std::string text;
  Symbols symbols;
  std::size_t listed = 0;
  std::size_t left_out = 0;
  const std::int64_t now = now_coarse_ns();
  for_each_goroutine([&](const Goroutine& g) {
    const GoroutineState state = g.state.load(relaxed);
    if (state == GoroutineState::kDead || g.is_system.load(relaxed)) return;
    if (listed == options.max_goroutines) {
      ++left_out;
      return;
    }
    ++listed;
    const WaitReason reason = g.wait_reason.load(relaxed);
    const bool is_waiting = state == GoroutineState::kWaiting || reason == WaitReason::kBlocking;
    const std::string name = g.name().text;
    absl::StrAppend(&text, "goroutine ", g.id.load(relaxed), name.empty() ? "" : " ", name, " [",
                    is_waiting ? wait_reason_name(reason) : goroutine_state_name(state));
    if (is_waiting) {
      const std::int64_t waited = now - g.waiting_since_ns.load(relaxed);
      absl::StrAppend(&text, how_long(static_cast<double>(waited) * 1e-9));
    }
    absl::StrAppend(&text, class_of(g), "]\n");
    if (options.has_stacks) append_calls(text, symbols, g);
  });
  if (left_out > 0) absl::StrAppend(&text, "and ", left_out, " more goroutines\n");
  return text;
}

}  // namespace novelo::rt

namespace novelo {

std::string dump_goroutines(const DumpOptions& options) {
  return rt::require_scheduler().dump_goroutines(options);
}

}  // namespace novelo
