// novelo/local.h
// Values of a goroutine, which those it starts begin with.
//
//   from   goroutines; get() also on other threads, where it is the initial value
//   may    allocate in set(); never parks
//   cost   a goroutine without values pays nothing; go() shares them by one count; the first set() after that copies
//          the list of them, not the values; get() searches the list and copies the value
//   tested tests/conformance/local_test.cc
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "novelo/gc/shape.h"

namespace novelo {

namespace rt {

std::uint64_t new_local_key() noexcept;
// The value of the calling goroutine; nullptr when it has none.
const void* find_local(std::uint64_t key) noexcept;
// Throws RuntimeError outside goroutines.
void set_local(std::uint64_t key, std::shared_ptr<const void> value);

}  // namespace rt

// Each Local is one value a goroutine; usually a global or a static. The values of goroutines are destroyed when they
// are replaced and when the goroutines end, not with the Local.
template <class T>
class Local {
 public:
  explicit Local(T initial = {}) : initial_(std::move(initial)) {}
  Local(const Local&) = delete;
  Local& operator=(const Local&) = delete;

  // What set() was last given here, or by the one that started this goroutine before it did; else the initial value.
  T get() const {
    const void* value = rt::find_local(key_);
    return value == nullptr ? initial_ : *static_cast<const T*>(value);
  }
  void set(T value) { rt::set_local(key_, std::allocate_shared<T>(rt::TracedAllocator<T>(), std::move(value))); }

 private:
  const std::uint64_t key_ = rt::new_local_key();
  const T initial_;
};

}  // namespace novelo
