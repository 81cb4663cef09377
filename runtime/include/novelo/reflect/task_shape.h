// novelo/reflect/task_shape.h
// What the signature of a function says of the task it is: its kind, and the types of its messages.
//
//   used by     novelo/task.h; evaluated while compiling. A signature that is no task's is a readable compile error
//   checked by  tests/unit/reflect/task_test.cc
#pragma once

#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "novelo/chan.h"
#include "novelo/reflect/signature.h"

namespace novelo {

enum class TaskKind : std::uint8_t { kUnary, kServerStreaming, kClientStreaming, kBidiStreaming };

namespace internal {

template <class P>
struct Parameter {
  using Requests = std::tuple<P>;
  using Reads = std::tuple<>;
  using Writes = std::tuple<>;
  static constexpr bool kIsTwoWayChan = false;
};
template <class T>
struct Parameter<RecvChan<T>> {
  using Requests = std::tuple<>;
  using Reads = std::tuple<T>;
  using Writes = std::tuple<>;
  static constexpr bool kIsTwoWayChan = false;
};
template <class T>
struct Parameter<SendChan<T>> {
  using Requests = std::tuple<>;
  using Reads = std::tuple<>;
  using Writes = std::tuple<T>;
  static constexpr bool kIsTwoWayChan = false;
};
template <class T>
struct Parameter<Chan<T>> : Parameter<RecvChan<T>> {
  static constexpr bool kIsTwoWayChan = true;
};

template <class... Tuples>
using Joined = decltype(std::tuple_cat(std::declval<Tuples>()...));

template <class Tuple, class Otherwise>
struct FirstOr {
  using Type = Otherwise;
};
template <class First, class... Rest, class Otherwise>
struct FirstOr<std::tuple<First, Rest...>, Otherwise> {
  using Type = First;
};

template <class F>
struct TaskShape;  // of functions and pointers to them

template <class R, class... A>
struct TaskShape<R(A...)> {
 private:
  using Requests = Joined<typename Parameter<std::remove_cvref_t<A>>::Requests...>;
  using Reads = Joined<typename Parameter<std::remove_cvref_t<A>>::Reads...>;
  using Writes = Joined<typename Parameter<std::remove_cvref_t<A>>::Writes...>;
  static constexpr bool kReads = std::tuple_size_v<Reads> != 0;
  static constexpr bool kWrites = std::tuple_size_v<Writes> != 0;

  static_assert(!(Parameter<std::remove_cvref_t<A>>::kIsTwoWayChan || ...),
                "a task reads messages from a RecvChan<T> and writes them to a SendChan<T>, not a Chan<T>");
  static_assert(std::tuple_size_v<Requests> + std::tuple_size_v<Reads> <= 1 && std::tuple_size_v<Writes> <= 1,
                "a task takes at most one request or one RecvChan<T>, and at most one SendChan<T>");
  static_assert(!kWrites || std::is_void_v<R> || std::is_same_v<R, absl::Status>,
                "a task that writes messages to a SendChan<T> returns absl::Status or void");
  static_assert(((!std::is_lvalue_reference_v<A> || std::is_const_v<std::remove_reference_t<A>>) && ...),
                "a task takes its request by value or by const reference");

 public:
  static constexpr TaskKind kKind = kReads ? (kWrites ? TaskKind::kBidiStreaming : TaskKind::kClientStreaming)
                                           : (kWrites ? TaskKind::kServerStreaming : TaskKind::kUnary);
  using Request = typename FirstOr<Requests, Empty>::Type;
  using Result = typename reflect::internal::Signature<R(A...)>::Result;
  using Read = typename FirstOr<Reads, Request>::Type;   // the type of the messages read
  using Write = typename FirstOr<Writes, Result>::Type;  // the type of the messages written
  using Pointer = R (*)(A...);

  // Calls with what each parameter wants of the three; the request may be moved from.
  static R call(Pointer function, Request& request, const RecvChan<Read>& in, const SendChan<Write>& out) {
    return function(choose<A>(request, in, out)...);
  }

 private:
  template <class P>
  static decltype(auto) choose([[maybe_unused]] Request& request, [[maybe_unused]] const RecvChan<Read>& in,
                               [[maybe_unused]] const SendChan<Write>& out) {
    using Plain = std::remove_cvref_t<P>;
    if constexpr (std::tuple_size_v<typename Parameter<Plain>::Reads> != 0) {
      return Plain(in);
    } else if constexpr (std::tuple_size_v<typename Parameter<Plain>::Writes> != 0) {
      return Plain(out);
    } else {
      return static_cast<std::conditional_t<std::is_lvalue_reference_v<P>, P, Plain&&>>(request);
    }
  }
};
template <class R, class... A>
struct TaskShape<R(A...) noexcept> : TaskShape<R(A...)> {};
template <class F>
struct TaskShape<F*> : TaskShape<F> {};

}  // namespace internal
}  // namespace novelo
