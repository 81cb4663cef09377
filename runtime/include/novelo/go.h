// novelo/go.h
// Goroutines: starting, joining, leaving, sleeping, and scopes that bound their lives.
//
//   from   goroutines, unless a call says otherwise; elsewhere they throw RuntimeError
//   cost   go() about a hundred ns with the goroutine's whole life; 4 KiB of memory while it waits
//   may    park where they say "blocks"; a call that blocks leaves by Cancelled when the goroutine's scope is cancelled
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "novelo/chan.h"
#include "novelo/error.h"
#include "novelo/poll.h"
#include "novelo/start.h"
#include "novelo/time.h"

namespace novelo {

namespace rt {

// The callable of go(f, args...): decays and stores them as std::thread does.
template <class F, class... A>
auto bind_call(F&& f, A&&... args) {
  if constexpr (sizeof...(A) == 0) {
    return std::decay_t<F>(std::forward<F>(f));
  } else {
    return [body = std::decay_t<F>(std::forward<F>(f)),
            arguments = std::tuple<std::decay_t<A>...>(std::forward<A>(args)...)]() mutable -> decltype(auto) {
      return std::apply(std::move(body), std::move(arguments));
    };
  }
}

// The shared end of a spawned goroutine: who waits for it, how it ended. The result lives in JoinState<R>.
class JoinCore {
 public:
  enum class Outcome : std::uint8_t { kRunning, kReturned, kThrew, kCancelled, kExited };

  JoinCore(std::size_t bytes, std::size_t align);  // of the whole object
  virtual ~JoinCore();
  static void* allocate(std::size_t bytes, std::size_t align);
  static void deallocate(void* memory, std::size_t bytes, std::size_t align) noexcept;
  JoinCore(const JoinCore&) = delete;
  JoinCore& operator=(const JoinCore&) = delete;

  // With one reference, the handle's. Before the goroutine starts: a second one, its own.
  void share() noexcept;
  void unref() noexcept;

  // Blocks until the goroutine and its destructors have ended; does not throw what it threw.
  void wait();
  // Throws what join() owes for an end other than a return.
  void rethrow_unless_returned();
  void cancel();
  std::uint64_t id() const noexcept { return id_; }
  RecvChan<Unit> done();
  ScopeCore& scope() noexcept { return *scope_; }

  // By the goroutine itself: how it ended; then, after its destructors, that it has.
  void set_outcome(Outcome outcome, std::exception_ptr error = nullptr) noexcept;
  void complete() noexcept;
  void set_id(std::uint64_t id) noexcept { id_ = id; }

 private:
  // Of the runtime's own types, and here without allocations of their own. The scope may outlive the rest, and frees
  // the memory of the whole object.
  struct Ended;  // what it waits by
  static constexpr std::size_t kEndedBytes = 64;
  static constexpr std::size_t kScopeBytes = 200;
  Ended& ended() noexcept;

  alignas(std::max_align_t) std::byte ended_[kEndedBytes];
  alignas(std::max_align_t) std::byte scope_memory_[kScopeBytes];
  ScopeCore* scope_;
  std::uint64_t id_ = 0;
  std::exception_ptr error_;
  Outcome outcome_ = Outcome::kRunning;
};

template <class R>
class JoinState final : public JoinCore {
 public:
  using Stored = std::conditional_t<std::is_void_v<R>, Unit, R>;
  static JoinState* make() {
    constexpr std::size_t kBytes = sizeof(JoinState);
    void* memory =
        kMayRefer<Stored> ? allocate_traced(kBytes, alignof(JoinState)) : allocate(kBytes, alignof(JoinState));
    try {
      return ::new (memory) JoinState;
    } catch (...) {
      deallocate(memory, kBytes, alignof(JoinState));
      throw;
    }
  }
  std::optional<Stored> result;

 private:
  JoinState() : JoinCore(sizeof(JoinState), alignof(JoinState)) {}
};

}  // namespace rt

// The handle of a spawned goroutine. Movable, joined once; dropping it detaches, and an exception nobody joined is
// discarded. Usable from any thread; join() from a foreign thread blocks that thread.
template <class R>
class JoinHandle {
 public:
  JoinHandle() = default;
  explicit JoinHandle(rt::JoinState<R>* state) noexcept : state_(state) {}
  JoinHandle(JoinHandle&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  JoinHandle& operator=(JoinHandle&& other) noexcept {
    if (this != &other) {
      if (state_ != nullptr) state_->unref();
      state_ = std::exchange(other.state_, nullptr);
    }
    return *this;
  }
  ~JoinHandle() {
    if (state_ != nullptr) state_->unref();
  }

  bool joinable() const noexcept { return state_ != nullptr; }

  // Blocks until the goroutine has ended; returns its result or rethrows its exception. JoinCancelled if it ended by
  // Cancelled, RuntimeError if it called goexit() or the handle is empty.
  R join() {
    require_state();
    state_->wait();
    struct Drop {
      rt::JoinState<R>* state;
      ~Drop() { state->unref(); }
    } drop{std::exchange(state_, nullptr)};
    drop.state->rethrow_unless_returned();
    if constexpr (!std::is_void_v<R>) return std::move(*drop.state->result);
  }

  // Cancels the scope the goroutine is the root of. Returns at once.
  void cancel() const {
    require_state();
    state_->cancel();
  }
  std::uint64_t id() const {
    require_state();
    return state_->id();
  }
  // Closes when the result is ready, after the goroutine's own destructors.
  RecvChan<Unit> done() const {
    require_state();
    return state_->done();
  }

 private:
  void require_state() const {
    if (state_ == nullptr) throw RuntimeError("the join handle is empty: it was never filled, moved from, or joined");
  }
  rt::JoinState<R>* state_ = nullptr;
};

// Starts a goroutine that runs f(args...), in the innermost scope the caller runs in. Inlined always, as its like, so
// that a dump shows who called it.
template <class F, class... A>
[[gnu::always_inline]] inline void go(F&& f, A&&... args) {
  rt::start(rt::Closure(
      [call = rt::bind_call(std::forward<F>(f), std::forward<A>(args)...)]() mutable {
        static_cast<void>(std::invoke(std::move(call)));
      },
      std::type_identity<std::decay_t<F>>()));
}

// As go(), with a handle to wait for it and to cancel it: the goroutine is the root of a scope of its own.
template <class F, class... A>
[[gnu::always_inline]] inline auto spawn(F&& f, A&&... args) {
  auto call = rt::bind_call(std::forward<F>(f), std::forward<A>(args)...);
  using R = std::invoke_result_t<decltype(std::move(call))>;
  auto* state = rt::JoinState<R>::make();
  JoinHandle<R> handle(state);
  rt::Closure body(
      [state, call = std::move(call)]() mutable {
        using Outcome = rt::JoinCore::Outcome;
        try {
          if constexpr (std::is_void_v<R>) {
            std::invoke(std::move(call));
          } else {
            state->result.emplace(std::invoke(std::move(call)));
          }
          state->set_outcome(Outcome::kReturned);
        } catch (const Cancelled&) {
          state->set_outcome(Outcome::kCancelled);
        } catch (const rt::GoExit&) {
          state->set_outcome(Outcome::kExited);
          throw;
        } catch (...) {
          state->set_outcome(Outcome::kThrew, std::current_exception());
        }
      },
      std::type_identity<std::decay_t<F>>());
  state->share();
  rt::start_in(state->scope(), std::move(body), state);
  return handle;
}

// Lets every other goroutine of its class and those above go first that is runnable on this processor or in the global
// queue. In a loop that only computes NOVELO_POLL() (novelo/poll.h) does so when it is time, for a nanosecond else.
void yield();

// Unwinds the calling goroutine, running destructors. A catch (...) must rethrow; if it does not, the next blocking
// call throws again.
[[noreturn]] void goexit();

// Classes of goroutines, in novelo/start.h: latency goes before normal, normal before batch. Those of a lower class
// make way at their next call of the runtime, or within some milliseconds if they make none; they get a turn now and
// then however much there is above them. A goroutine begins with the class of the one that starts it; those started
// from outside, and by timers, are normal. Changes the calling goroutine's class, as of its next wait, and returns what
// it was.
Priority set_priority(Priority priority);
Priority current_priority() noexcept;  // kNormal outside goroutines

// The calling goroutine's number; never reused. 0 outside goroutines.
std::uint64_t goroutine_id();

// Binds the calling goroutine to the thread it is on, and the thread to it, for libraries that keep state there, until
// unlock_os_thread() was called as often; a goroutine that ends locked takes the thread with it. Each time it waits and
// goes on costs two wake-ups of threads.
void lock_os_thread();
void unlock_os_thread();

// Goroutines of the user that have been started and not yet ended, the main one included. From any thread.
std::size_t num_goroutines();

// Names the calling goroutine for dumps and fatal messages. At most 47 bytes are kept.
void set_goroutine_name(std::string_view name);

// Blocks for `d`, never less. Not at all if it is zero or negative; for ever if it is infinite.
void sleep(absl::Duration d);

namespace rt {

// Hands the processor on for as long as it lives: the goroutine may block its thread meanwhile.
class BlockingSection {
 public:
  // Leaves by Cancelled when the scope is cancelled.
  [[gnu::always_inline]] BlockingSection() {
    save_registers(registers_);
    begin();
  }
  ~BlockingSection();
  BlockingSection(const BlockingSection&) = delete;
  BlockingSection& operator=(const BlockingSection&) = delete;

 private:
  void begin();

  SavedRegisters registers_;  // the collector looks at this stack while the thread is elsewhere
};

// Runs the calling goroutine inside a scope of its own with a deadline.
class DeadlineSection {
 public:
  explicit DeadlineSection(absl::Time deadline);
  ~DeadlineSection();  // cancels and waits for the goroutines started inside
  DeadlineSection(const DeadlineSection&) = delete;
  DeadlineSection& operator=(const DeadlineSection&) = delete;
  bool ended_by_own_deadline() const noexcept;
  // Leaves the scope and waits for the goroutines started inside; the destructor does what is left to do.
  void close() noexcept;

 private:
  ScopeCore* scope_;
  ScopeCore* outer_;
};

class ShieldSection {
 public:
  ShieldSection();
  ~ShieldSection();
  ShieldSection(const ShieldSection&) = delete;
  ShieldSection& operator=(const ShieldSection&) = delete;
};

// As ShieldSection, for code that also runs on threads that are not the runtime's: there it does nothing.
class HeldDelivery {
 public:
  HeldDelivery() noexcept;
  ~HeldDelivery();
  HeldDelivery(const HeldDelivery&) = delete;
  HeldDelivery& operator=(const HeldDelivery&) = delete;
};

}  // namespace rt

// Runs f, which may block the thread (a system call, a foreign lock), while the processor serves other goroutines.
// f must not call what only goroutines with a processor may; plain C++ and the system are what it is for.
template <class F>
auto blocking(F&& f) {
  rt::BlockingSection section;
  return std::invoke(std::forward<F>(f));
}

// Runs f with the delivery of cancellation held back; it comes at the next blocking call after.
template <class F>
auto shield(F&& f) {
  rt::ShieldSection section;
  return std::invoke(std::forward<F>(f));
}

// Runs f, returning void or absl::Status, on the same goroutine in a scope that is cancelled at `deadline`. OK or f's
// status if f returned; kDeadlineExceeded if the deadline ended it; every other exception passes through.
template <class F>
absl::Status with_deadline(absl::Time deadline, F&& f) {
  rt::DeadlineSection section(deadline);
  absl::Status status;
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
      std::invoke(std::forward<F>(f));
    } else {
      status = std::invoke(std::forward<F>(f));
    }
  } catch (const Cancelled&) {
    if (!section.ended_by_own_deadline()) throw;
    status = absl::DeadlineExceededError("the deadline of with_deadline passed");
  }
  section.close();
  return status;
}

template <class F>
absl::Status with_timeout(absl::Duration timeout, F&& f) {
  return with_deadline(now() + timeout, std::forward<F>(f));
}

// Structured concurrency: the goroutines started in a Scope never outlive it. Used by one goroutine at a time.
class Scope {
 public:
  explicit Scope();
  ~Scope();  // cancels what still runs, then waits for it
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  // f returns void or absl::Status; the first error or exception cancels the others.
  template <class F>
  [[gnu::always_inline]] void go(F&& f) {
    start(rt::Closure(
        [state = state_, body = std::decay_t<F>(std::forward<F>(f))]() mutable {
          try {
            if constexpr (std::is_void_v<std::invoke_result_t<std::decay_t<F>>>) {
              std::invoke(std::move(body));
            } else {
              absl::Status status = std::invoke(std::move(body));
              if (!status.ok()) fail(*state, std::move(status), nullptr);
            }
          } catch (const Cancelled&) {
            ended_by_cancel(*state, std::current_exception());
          } catch (const rt::GoExit&) {
            throw;
          } catch (...) {
            fail(*state, absl::OkStatus(), std::current_exception());
          }
        },
        std::type_identity<std::decay_t<F>>()));
  }

  // Blocks until all have ended. The first error; rethrows a child's exception; kCancelled after cancel() without one;
  // kCancelled or kDeadlineExceeded if that of a scope around it cut a child short and does not end the caller as well.
  absl::Status wait();
  void cancel();

 private:
  struct State;
  [[gnu::noinline]] void start(rt::Closure&& body);
  static void fail(State& state, absl::Status status, std::exception_ptr error) noexcept;
  static void ended_by_cancel(State& state, std::exception_ptr error) noexcept;

  std::shared_ptr<State> state_;
};

}  // namespace novelo
