// novelo/sync/pool.h
// Objects kept for the next who needs one: each processor has its own, so that putting and getting seldom meet. Part of
// novelo/sync.h.
//
//   from   goroutines and any other thread; never parks
//   cost   an uncontended lock; moving the object in and out
//   keeps  at most rt::kPoolPartMax a processor; what nobody got again is destroyed at the second collection after it
//          was put, on a goroutine of the runtime
//   tested tests/conformance/pool_test.cc, tests/unit/sync/pool_test.cc
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "novelo/chan.h"

namespace novelo {

namespace rt {

inline constexpr std::size_t kPoolPartMax = 1024;

// The untyped part of a Pool.
class PoolCore {
 public:
  explicit PoolCore(const ElementType& type);
  ~PoolCore();
  PoolCore(const PoolCore&) = delete;
  PoolCore& operator=(const PoolCore&) = delete;

  // Fills the std::optional; false when nothing is kept.
  bool get(void* optional) noexcept;
  // Moves from the element; false when this processor keeps enough.
  bool put(void* element);

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace rt

template <class T>
class Pool {
 public:
  static_assert(std::is_nothrow_move_constructible_v<T>, "a pool moves its objects");

  // `make` is called when nothing is kept, by several at one time.
  explicit Pool(absl::AnyInvocable<T() const> make = [] { return T{}; })
      : make_(std::move(make)), core_(rt::kElementType<T>) {}

  // One that was put, or a new one.
  T get() {
    std::optional<T> kept;
    if (core_.get(&kept)) return std::move(*kept);
    return make_();
  }
  void put(T value) { core_.put(&value); }

 private:
  absl::AnyInvocable<T() const> make_;
  rt::PoolCore core_;
};

}  // namespace novelo
