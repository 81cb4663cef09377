// tests/support/model/atomic.h
// What base/atomic.h, os/barrier.h and base/lock.h offer, in a model build: every access goes to the explorer.
#pragma once

#include <cstring>
#include <type_traits>

#include "support/model/explorer.h"

namespace novelo::model {

template <class T>
class Atomic {
  static_assert(sizeof(T) <= 8 && std::is_trivially_copyable_v<T>);

 public:
  Atomic() noexcept : Atomic(T{}) {}
  Atomic(T value) noexcept : location_(bits_of(value)) {}
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  T load(std::memory_order order) const { return value_of(location_.load(order)); }
  void store(T value, std::memory_order order) { location_.store(bits_of(value), order); }

  T exchange(T value, std::memory_order order) {
    return change([value](T) { return value; }, order);
  }
  bool compare_exchange_strong(T& expected, T value, std::memory_order success, std::memory_order failure) {
    const std::uint64_t wanted = bits_of(expected);
    bool does = false;
    const std::uint64_t found = location_.change(
        [&](std::uint64_t& bits) {
          does = bits == wanted;
          if (does) bits = bits_of(value);
          return does;
        },
        success, failure);
    expected = value_of(found);
    return does;
  }
  bool compare_exchange_weak(T& expected, T value, std::memory_order success, std::memory_order failure) {
    return compare_exchange_strong(expected, value, success, failure);
  }
  T fetch_add(T more, std::memory_order order) {
    return change([more](T value) { return static_cast<T>(value + more); }, order);
  }
  T fetch_sub(T less, std::memory_order order) {
    return change([less](T value) { return static_cast<T>(value - less); }, order);
  }
  T fetch_or(T bits, std::memory_order order) {
    return change([bits](T value) { return static_cast<T>(value | bits); }, order);
  }
  T fetch_and(T bits, std::memory_order order) {
    return change([bits](T value) { return static_cast<T>(value & bits); }, order);
  }

  // The newest value, for conditions of wait_until() and for checks.
  T peek() const noexcept { return value_of(location_.peek()); }

 private:
  template <class F>
  T change(F f, std::memory_order order) {
    return value_of(location_.change(
        [&f](std::uint64_t& bits) {
          bits = bits_of(f(value_of(bits)));
          return true;
        },
        order, order));
  }

  static std::uint64_t bits_of(T value) noexcept {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    return bits;
  }
  static T value_of(std::uint64_t bits) noexcept {
    T value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }

  mutable Location location_;
};

}  // namespace novelo::model
