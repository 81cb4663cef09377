// novelo/stack.h
// The stack of a goroutine: how deep it may go, and how to ask for more.
//
//   from   goroutines; on other threads grow_stack() calls f at once
//   cost   grow_stack() about 1 ns when there is room; else about 140 ns, and the memory that f touches
//   tested tests/conformance/stack_test.cc
//
// Nothing here is needed as a rule. The first goroutines of a function run on stacks of 8 MiB and show what their like
// need; a stack that ends grows into the address space below it, up to RuntimeOptions::max_stack_bytes. Where that is
// not free, or at the limit, the goroutine ends with StackOverflow, thrown at its next call of the runtime: destructors
// run, other goroutines do not notice. Code that uses up the reserve of 16 KiB as well without any call cannot be
// unwound: the process ends, with a message that names the goroutine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "novelo/start.h"

namespace novelo {

namespace rt {

// Makes room of `need` bytes on the calling goroutine's stack where it stands. False: call on another.
bool make_room(std::size_t need) noexcept;
// Calls `call(argument)` on another stack of at least `need` bytes. Throws StackOverflow when none can be had.
void call_on_segment(std::size_t need, void (*call)(void* argument), void* argument);

template <std::size_t Bytes, class F>
struct WithStack {
  F f;
  decltype(auto) operator()() { return std::move(f)(); }
};

template <std::size_t Bytes, class F>
inline constexpr std::size_t kStackHint<WithStack<Bytes, F>> = Bytes;

}  // namespace rt

// Bytes of stack that the calling goroutine has left without growing; the greatest number on other threads.
std::size_t stack_left() noexcept;

// f() with at least `need` bytes of stack, elsewhere if the caller's has fewer and cannot grow. For recursion whose
// depth comes from outside: call it once a level, with what a level and the calls it makes may take. What f throws is
// thrown. Throws StackOverflow when the goroutine would have more than max_stack_bytes.
template <class F>
std::invoke_result_t<F> grow_stack(std::size_t need, F&& f) {
  rt::overflow_point();
  if (stack_left() >= need || rt::make_room(need)) return std::forward<F>(f)();
  using R = std::invoke_result_t<F>;
  if constexpr (std::is_void_v<R>) {
    rt::call_on_segment(
        need, [](void* body) { std::forward<F> (*static_cast<std::remove_reference_t<F>*>(body))(); },
        const_cast<void*>(static_cast<const void*>(&f)));
  } else {
    // A reference is kept as a pointer.
    using Kept = std::conditional_t<std::is_reference_v<R>, std::remove_reference_t<R>*, std::optional<R>>;
    struct Call {
      std::remove_reference_t<F>* body;
      Kept result{};
    } call{&f};
    rt::call_on_segment(
        need,
        [](void* argument) {
          Call& one = *static_cast<Call*>(argument);
          if constexpr (std::is_reference_v<R>) {
            one.result = &std::forward<F>(*one.body)();
          } else {
            one.result.emplace(std::forward<F>(*one.body)());
          }
        },
        &call);
    return static_cast<R>(*std::move(call.result));
  }
}

// What to start instead of f when its first goroutines are to have so much from the beginning:
// go(with_stack<32 << 20>(f)).
template <std::size_t Bytes, class F>
auto with_stack(F&& f) {
  static_assert(Bytes > 0);
  return rt::WithStack<Bytes, std::decay_t<F>>{std::forward<F>(f)};
}

}  // namespace novelo
