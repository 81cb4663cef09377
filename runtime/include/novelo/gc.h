// novelo/gc.h
// Objects that live as long as they can be reached: the collected heap. Nothing is ever stopped for it, and nothing
// moves.
//
//   from   goroutines; Root also from other threads, which read through it and keep what they read in Roots
//   may    gc::collect() blocks; making an object may mark some others, for some tens of microseconds
//   cost   an object of 16 to 64 bytes a few ns; a store into one a load and a branch more than a plain store
//   errors make outside goroutines and inside blocking() throws RuntimeError; std::bad_alloc when memory ran out
//   tested tests/conformance/gc_test.cc, tests/stress/gc_test.cc
//
//   struct Node { std::string name; gc::Ptr<Node> next; };
//   auto list = gc::make<Node>("first");
//   list->next = gc::make<Node>("second");
//
// What keeps an object alive: a gc::Ptr, reference or raw pointer to it or into it on a goroutine's stack; a gc::Ptr in
// an object that is alive, in a channel, in a callable of go(), in a result, in a value of a Local or a Context; a
// gc::Root anywhere. What does not: a gc::Ptr in memory of malloc (a std::vector, a std::function), in a global, in an
// exception; a raw pointer anywhere but on a stack. In blocking() objects are read, not made and not stored into.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "novelo/gc/handle.h"
#include "novelo/gc/layout.h"
#include "novelo/gc/shape.h"
#include "novelo/stats.h"

namespace novelo::gc {

// Refers to a collected object, or is null. As large as a pointer, copied like one; storing one into an object costs a
// load and a branch.
template <class T>
class Ptr {
 public:
  using element_type = T;

  constexpr Ptr() noexcept = default;
  constexpr Ptr(std::nullptr_t) noexcept {}
#if defined(NOVELO_GC_CHECKS)
  Ptr(const Ptr& other) noexcept : object_(other.object_) {
    if (object_ != nullptr) rt::check_reference_place(this);
  }
#else
  Ptr(const Ptr&) noexcept = default;
#endif
  template <class U>
    requires(std::is_convertible_v<U*, T*> && !std::is_same_v<U, T>)
  Ptr(const Ptr<U>& other) noexcept : object_(other.get()) {}
  // Of an object that make() made; for code that had to take the raw pointer.
  static Ptr from_raw(T* object) noexcept {
    Ptr p;
    p.object_ = object;
    return p;
  }

  // NOLINTNEXTLINE(bugprone-unhandled-self-assignment,cert-oop54-cpp): it does no harm
  Ptr& operator=(const Ptr& other) noexcept {
    if (rt::kChecksPlaces && other.object_ != nullptr) rt::check_reference_place(this);
    rt::before_store(object_, other.object_);
    object_ = other.object_;
    return *this;
  }
  Ptr& operator=(std::nullptr_t) noexcept { return *this = Ptr(); }

  T* get() const noexcept { return object_; }
  std::add_lvalue_reference_t<T> operator*() const noexcept { return *object_; }
  T* operator->() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  friend bool operator==(const Ptr&, const Ptr&) noexcept = default;
  friend bool operator==(const Ptr& p, std::nullptr_t) noexcept { return p.object_ == nullptr; }
  template <class H>
  friend H AbslHashValue(H state, const Ptr& p) {
    return H::combine(std::move(state), p.object_);
  }

 private:
  T* object_ = nullptr;
};

// Refers to the elements of make_array(), or to none.
template <class T>
class ArrayPtr {
 public:
  using element_type = T;

  constexpr ArrayPtr() noexcept = default;
  constexpr ArrayPtr(std::nullptr_t) noexcept {}
  ArrayPtr(const ArrayPtr&) noexcept = default;
  // NOLINTNEXTLINE(bugprone-unhandled-self-assignment,cert-oop54-cpp): it does no harm
  ArrayPtr& operator=(const ArrayPtr& other) noexcept {
    rt::before_store(elements_, other.elements_);
    elements_ = other.elements_;
    size_ = other.size_;
    return *this;
  }
  ArrayPtr& operator=(std::nullptr_t) noexcept { return *this = ArrayPtr(); }

  T& operator[](std::size_t i) const noexcept { return elements_[i]; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  T* get() const noexcept { return elements_; }
  T* begin() const noexcept { return elements_; }
  T* end() const noexcept { return elements_ + size_; }
  explicit operator bool() const noexcept { return elements_ != nullptr; }
  friend bool operator==(const ArrayPtr&, const ArrayPtr&) noexcept = default;
  friend bool operator==(const ArrayPtr& p, std::nullptr_t) noexcept { return p.elements_ == nullptr; }

 private:
  template <class U>
  friend ArrayPtr<U> make_array(std::size_t n);
  ArrayPtr(T* elements, std::size_t size) noexcept : elements_(elements), size_(size) {}

  T* elements_ = nullptr;
  std::size_t size_ = 0;
};

namespace internal {

template <class T>
struct Places<Ptr<T>> {
  static constexpr bool kIsKnown = true;
  static constexpr std::array<std::size_t, 1> kOffsets = {0};
};
template <class T>
struct Places<ArrayPtr<T>> {
  static constexpr bool kIsKnown = true;
  static constexpr std::array<std::size_t, 1> kOffsets = {0};  // its first member
};

template <class T>
rt::ObjectShape object_shape() {
  rt::ObjectShape shape = shape_of<T>();
  if constexpr (kHasDestructor<T>) shape.destroy = [](void* object) noexcept { static_cast<T*>(object)->~T(); };
  return shape;
}
template <class T>
inline constinit rt::CollectedType object_type{.describe = object_shape<T>, .bytes = sizeof(T)};

// Elements with a destructor have their number before them.
template <class T>
inline constexpr std::size_t kArrayHeaderBytes =
    kHasDestructor<T> ? std::max(alignof(T), alignof(std::max_align_t)) : 0;

template <class T>
rt::ObjectShape array_shape() {
  rt::ObjectShape shape = shape_of<T>();
  shape.is_array = true;
  shape.header_bytes = kArrayHeaderBytes<T>;
  if constexpr (kHasDestructor<T>) {
    shape.destroy = [](void* object) noexcept {
      auto* elements = reinterpret_cast<T*>(static_cast<std::byte*>(object) + kArrayHeaderBytes<T>);
      std::destroy_n(elements, *static_cast<const std::size_t*>(object));
    };
  }
  return shape;
}
template <class T>
inline constinit rt::CollectedType array_type{.describe = array_shape<T>};

}  // namespace internal

// An object of T, made from the arguments.
template <class T, class... A>
Ptr<T> make(A&&... args) {
  static_assert(alignof(T) <= alignof(std::max_align_t), "collected objects are aligned to 16 bytes");
  void* memory = rt::collected_new(internal::object_type<T>);
  T* object = nullptr;
  if constexpr (std::is_constructible_v<T, A...>) {
    object = ::new (memory) T(std::forward<A>(args)...);
  } else {
    object = ::new (memory) T{std::forward<A>(args)...};
  }
  if constexpr (internal::kHasDestructor<T>) rt::collected_has_destructor(memory);
  return Ptr<T>::from_raw(object);
}

// n elements, each T(). Of zero elements it refers to none.
template <class T>
ArrayPtr<T> make_array(std::size_t n) {
  static_assert(alignof(T) <= alignof(std::max_align_t), "collected objects are aligned to 16 bytes");
  if (n == 0) return {};
  constexpr std::size_t kHeader = internal::kArrayHeaderBytes<T>;
  constexpr std::size_t kBytesMax = std::size_t{1} << 46;
  if (n > kBytesMax / sizeof(T)) throw std::bad_array_new_length();
  // One byte more, so that a pointer past the last element is one into the object.
  auto* memory = static_cast<std::byte*>(rt::collected_new_array(internal::array_type<T>, kHeader + n * sizeof(T) + 1));
  auto* elements = reinterpret_cast<T*>(memory + kHeader);
  if constexpr (!std::is_trivially_default_constructible_v<T>) {
    std::uninitialized_value_construct_n(elements, n);  // trivial ones are zero already
  }
  if constexpr (internal::kHasDestructor<T>) {
    *reinterpret_cast<std::size_t*>(memory) = n;
    rt::collected_has_destructor(memory);
  }
  return ArrayPtr<T>(elements, n);
}

// Keeps an object alive from anywhere: a global, memory of malloc, a std container, a foreign thread.
template <class T>
class Root {
 public:
  Root() noexcept = default;
  Root(Ptr<T> p) : slot_(p == nullptr ? nullptr : rt::make_root(const_cast<std::remove_cv_t<T>*>(p.get()))) {}
  Root(const Root& other) : Root(other.ptr()) {}
  Root(Root&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {}
  Root& operator=(const Root& other) {
    if (this != &other) reset(other.ptr());
    return *this;
  }
  Root& operator=(Root&& other) noexcept {
    std::swap(slot_, other.slot_);
    return *this;
  }
  Root& operator=(Ptr<T> p) {
    reset(p);
    return *this;
  }
  ~Root() {
    if (slot_ != nullptr) rt::drop_root(slot_);
  }

  Ptr<T> ptr() const noexcept { return Ptr<T>::from_raw(get()); }
  operator Ptr<T>() const noexcept { return ptr(); }
  T* get() const noexcept { return static_cast<T*>(rt::root_object(slot_)); }
  std::add_lvalue_reference_t<T> operator*() const noexcept { return *get(); }
  T* operator->() const noexcept { return get(); }
  explicit operator bool() const noexcept { return get() != nullptr; }
  friend bool operator==(const Root& a, const Root& b) noexcept { return a.get() == b.get(); }
  friend bool operator==(const Root& a, std::nullptr_t) noexcept { return a.get() == nullptr; }

 private:
  void reset(Ptr<T> p) {
    if (slot_ != nullptr) {
      rt::set_root(slot_, p.get());
    } else if (p != nullptr) {
      slot_ = rt::make_root(p.get());
    }
  }
  rt::RootSlot* slot_ = nullptr;
};

// Refers to an object without keeping it alive.
template <class T>
class Weak {
 public:
  Weak() noexcept = default;
  Weak(Ptr<T> p) : cell_(p == nullptr ? nullptr : rt::make_weak(p.get())) {}
  Weak(const Weak& other) noexcept : cell_(other.cell_) {
    if (cell_ != nullptr) rt::share_weak(cell_);
  }
  Weak(Weak&& other) noexcept : cell_(std::exchange(other.cell_, nullptr)) {}
  Weak& operator=(Weak other) noexcept {
    std::swap(cell_, other.cell_);
    return *this;
  }
  ~Weak() {
    if (cell_ != nullptr) rt::drop_weak(cell_);
  }
  // The object; null once it was found unreachable. From goroutines; elsewhere throws RuntimeError.
  Ptr<T> get() const { return cell_ == nullptr ? Ptr<T>() : Ptr<T>::from_raw(static_cast<T*>(rt::weak_object(cell_))); }

 private:
  rt::WeakCell* cell_ = nullptr;
};

// A call that was added to an object. Dropping this changes nothing.
class Cleanup {
 public:
  Cleanup() noexcept = default;
  explicit Cleanup(std::uint64_t number) noexcept : number_(number) {}
  // The call will not be made; false if it was, or is about to be.
  bool stop() noexcept { return number_ != 0 && rt::stop_cleanup(std::exchange(number_, 0)); }

 private:
  std::uint64_t number_ = 0;
};

// f() once the object is unreachable, on a goroutine of the runtime. It must not hold the object, which would keep it
// alive for ever.
template <class T, class F>
Cleanup add_cleanup(Ptr<T> p, F&& f) {
  return Cleanup(rt::add_cleanup(p.get(), rt::Closure([call = std::decay_t<F>(std::forward<F>(f))]() mutable {
                                   static_cast<void>(std::invoke(call));
                                 })));
}

// A whole cycle. Blocks the calling goroutine alone; does not wait for cleanups. Leaves by Cancelled.
void collect();

// How much the heap may grow over what was alive at the last cycle before the next one, in percent: 100 at first.
// Negative: only the limit counts. Returns what it was.
int set_percent(int percent);

// Soft limit on the collected heap in bytes, none at first: near it cycles come more often, and no more often than the
// heap grows by a sixteenth. Returns what it was.
std::size_t set_memory_limit(std::size_t bytes);

struct Stats {
  std::uint64_t cycles = 0;
  std::uint64_t cycles_requested = 0;   // of them, by collect()
  std::uint64_t cycles_for_leaks = 0;   // of them, by find_leaks()
  std::uint64_t cycles_for_meters = 0;  // of them, for goroutines at the limit of Meter::limit_heap()
  std::uint64_t cycles_for_period = 0;  // of them, because there had been none for two minutes
  std::uint64_t heap_live_bytes = 0;    // found alive by the last cycle
  std::uint64_t heap_bytes = 0;         // and allocated since
  std::uint64_t heap_goal_bytes = 0;    // at which the present or next cycle is to end
  std::uint64_t heap_objects = 0;       // not yet given back
  std::uint64_t total_alloc_bytes = 0;
  std::uint64_t total_alloc_objects = 0;
  std::uint64_t freed_objects = 0;
  double mark_seconds = 0;    // from the beginnings of cycles to when all was marked, others running beside
  double sweep_seconds = 0;   // from then to their ends
  double assist_seconds = 0;  // in which those who allocate have marked
  // What the collector's own goroutine has worked: less than the above, since others go first now and then.
  double mark_work_seconds = 0;
  double sweep_work_seconds = 0;
  double leak_work_seconds = 0;
  // How long a goroutine or a machine did something for the collector, each time: all together, and answers to the
  // collector, looks through stacks, and marking by those who allocate.
  DurationHistogram pauses;
  DurationHistogram handshake_pauses;
  DurationHistogram scan_pauses;
  DurationHistogram assist_pauses;
};
// Throws RuntimeError when no Runtime is alive.
Stats stats();

}  // namespace novelo::gc

template <class T>
struct std::hash<novelo::gc::Ptr<T>> {
  std::size_t operator()(const novelo::gc::Ptr<T>& p) const noexcept { return std::hash<T*>()(p.get()); }
};

#include "novelo/gc/containers.h"
#include "novelo/gc/map.h"
