// novelo/reflect/signature.h
// What a function takes and returns, and calling it when its arguments are known by address only.
//
//   used by     novelo/reflect/describe.h (functions as types) and novelo/task.h (the kind of a task)
//   checked by  tests/unit/reflect/task_test.cc
#pragma once

#include <cstddef>
#include <new>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace novelo {

// The message of a task that takes nothing, or that returns only whether it succeeded.
struct Empty {};

namespace reflect::internal {

// What is left of a result once its status is taken off: T of StatusOr<T>, Empty of Status and void.
template <class R>
struct ResultOf {
  using Value = R;
};
template <>
struct ResultOf<void> {
  using Value = Empty;
};
template <>
struct ResultOf<absl::Status> {
  using Value = Empty;
};
template <class T>
struct ResultOf<absl::StatusOr<T>> {
  using Value = T;
};

// Calls and hands the value of the result to `keep`, unless the status of the result is an error, which is returned.
template <class Call, class Keep>
absl::Status call_and_pass(Call&& call, Keep keep) {
  using R = std::invoke_result_t<Call>;
  if constexpr (std::is_void_v<R>) {
    std::forward<Call>(call)();
    keep(Empty());
    return absl::OkStatus();
  } else if constexpr (std::is_same_v<R, absl::Status>) {
    absl::Status status = std::forward<Call>(call)();
    if (status.ok()) keep(Empty());
    return status;
  } else if constexpr (std::is_same_v<std::remove_cvref_t<R>, typename ResultOf<std::remove_cvref_t<R>>::Value>) {
    keep(std::forward<Call>(call)());
    return absl::OkStatus();
  } else {
    std::remove_cvref_t<R> result = std::forward<Call>(call)();
    if (!result.ok()) return result.status();
    keep(*std::move(result));
    return absl::OkStatus();
  }
}

// The value goes into raw memory, or into an optional.
template <class Call>
absl::Status call_into(Call&& call, void* out) {
  return call_and_pass(std::forward<Call>(call),
                       [out]<class T>(T&& value) { ::new (out) std::remove_cvref_t<T>(std::forward<T>(value)); });
}
template <class Call, class T>
absl::Status call_and_keep(Call&& call, std::optional<T>& out) {
  return call_and_pass(std::forward<Call>(call), [&]<class V>(V&& value) { out.emplace(std::forward<V>(value)); });
}

template <class F>
struct Signature;  // only functions and pointers to them have one

template <class R, class... A>
struct Signature<R(A...)> {
  using Result = std::remove_cvref_t<typename ResultOf<std::remove_cvref_t<R>>::Value>;
  using Parameters = std::tuple<std::remove_cvref_t<A>...>;
  using Pointer = R (*)(A...);

  // As Operations::call.
  static absl::Status call(const void* function, void* const* arguments, void* result) {
    return call_with(*static_cast<const Pointer*>(function), arguments, result, std::index_sequence_for<A...>());
  }

 private:
  template <std::size_t... kIndex>
  static absl::Status call_with(Pointer function, [[maybe_unused]] void* const* arguments, void* result,
                                std::index_sequence<kIndex...>) {
    return call_into(
        [&]() -> R {
          return function(static_cast<std::conditional_t<std::is_lvalue_reference_v<A>, A, std::remove_cvref_t<A>&&>>(
              *static_cast<std::remove_cvref_t<A>*>(arguments[kIndex]))...);
        },
        result);
  }
};

template <class R, class... A>
struct Signature<R(A...) noexcept> : Signature<R(A...)> {};
template <class F>
struct Signature<F*> : Signature<F> {};

}  // namespace reflect::internal
}  // namespace novelo
