// novelo/sync/once.h
// Doing something once, whoever comes first: Once, and OnceValue for what has a result. Part of novelo/sync.h.
//
//   from   goroutines, and other threads, which they block
//   may    park while another's call runs, and leave that wait by Cancelled
//   cost   one load when it was done
//   tested tests/conformance/once_test.cc, tests/stress/sync_test.cc
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "novelo/go.h"

namespace novelo {

class Once {
 public:
  constexpr Once() noexcept = default;
  Once(const Once&) = delete;
  Once& operator=(const Once&) = delete;

  // The first call runs f; all return when that has ended. One that throws counts as the call: its exception goes to
  // that caller alone. A call from within f waits for itself.
  template <class F>
  void call(F&& f) {
    // [once-done] acquire, with end()'s release: what the call did is seen
    if (word_.load(std::memory_order_acquire) == kDone || !begin()) return;
    struct End {
      Once* once;
      ~End() { once->end(); }
    } end{this};
    std::forward<F>(f)();
  }

 private:
  static constexpr std::uint32_t kNew = 0;
  static constexpr std::uint32_t kRunning = 1;
  static constexpr std::uint32_t kAwaited = 2;  // running, and somebody is queued
  static constexpr std::uint32_t kDone = 3;

  bool begin();  // true: it is the caller's to run; false: another's has ended
  void end() noexcept;

  std::atomic<std::uint32_t> word_{kNew};
};

// The result of f, which runs when it is first asked for.
template <class T>
class OnceValue {
 public:
  template <class F>
    requires std::is_invocable_r_v<T, F&>
  explicit OnceValue(F f) : make_([this, body = std::move(f)]() mutable { value_.emplace(body()); }) {}

  // The same result, or the same exception, for all. What f holds is released after the call.
  const T& operator()() const {
    once_.call([this] {
      try {
        make_();
      } catch (const rt::GoExit&) {
        error_ = std::make_exception_ptr(RuntimeError("the function of a OnceValue called goexit()"));
        make_.reset();
        throw;
      } catch (...) {
        error_ = std::current_exception();
      }
      make_.reset();
    });
    if (error_ != nullptr) std::rethrow_exception(error_);
    return *value_;
  }

 private:
  mutable Once once_;
  mutable rt::Closure make_;  // empty once it has been called
  mutable std::optional<T> value_;
  mutable std::exception_ptr error_;
};

}  // namespace novelo
