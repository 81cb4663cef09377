// novelo/start.h
// How a callable becomes a goroutine: what go(), spawn() and their like are made of. Programs use go.h.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace novelo {

// Who goes first: see set_priority().
enum class Priority : std::uint8_t { kLatency, kNormal, kBatch };

}  // namespace novelo

namespace novelo::rt {

// A movable callable without arguments or result, run at most once. Small ones are kept inside.
class Closure {
 public:
  static constexpr std::size_t kInlineBytes = 80;

  Closure() noexcept = default;

  // `Entry` is the callable as the program wrote it, when `f` wraps it: dumps name it.
  template <class F, class Entry = std::decay_t<F>>
    requires(!std::is_same_v<std::decay_t<F>, Closure>)
  explicit Closure(F&& f, std::type_identity<Entry> = {}) {
    using Body = std::decay_t<F>;
    if constexpr (sizeof(Body) <= kInlineBytes && alignof(Body) <= alignof(std::max_align_t) &&
                  std::is_nothrow_move_constructible_v<Body>) {
      ::new (static_cast<void*>(storage_)) Body(std::forward<F>(f));
      operations_ = &kInline<Body, Entry>;
    } else {
      ::new (static_cast<void*>(storage_)) Body*(new Body(std::forward<F>(f)));
      operations_ = &kHeap<Body, Entry>;
    }
  }

  Closure(Closure&& other) noexcept : operations_(other.operations_) {
    if (operations_ != nullptr) operations_->relocate(storage_, other.storage_);
    other.operations_ = nullptr;
  }

  Closure& operator=(Closure&& other) noexcept {
    if (this != &other) {
      reset();
      operations_ = other.operations_;
      if (operations_ != nullptr) operations_->relocate(storage_, other.storage_);
      other.operations_ = nullptr;
    }
    return *this;
  }

  ~Closure() { reset(); }

  void operator()() { operations_->run(storage_); }
  explicit operator bool() const noexcept { return operations_ != nullptr; }

  // The type of the callable as the program wrote it; nullptr for a pointer, whose type says nothing.
  const std::type_info* entry() const noexcept { return operations_ == nullptr ? nullptr : operations_->entry; }

  // Destroys the callable. What it holds may run code of its own.
  void reset() noexcept {
    if (operations_ == nullptr) return;
    const Operations* operations = operations_;
    operations_ = nullptr;
    operations->destroy(storage_);
  }

 private:
  struct Operations {
    void (*run)(void* storage);
    void (*relocate)(void* to, void* from) noexcept;
    void (*destroy)(void* storage) noexcept;
    const std::type_info* entry;
  };

  template <class Entry>
  static constexpr const std::type_info* kEntry = std::is_class_v<Entry> ? &typeid(Entry) : nullptr;

  template <class Body>
  static Body& inside(void* storage) noexcept {
    return *std::launder(static_cast<Body*>(storage));
  }
  template <class Body>
  static Body*& outside(void* storage) noexcept {
    return *std::launder(static_cast<Body**>(storage));
  }

  template <class Body, class Entry>
  static constexpr Operations kInline = {
      [](void* storage) { std::move(inside<Body>(storage))(); },
      [](void* to, void* from) noexcept {
        ::new (to) Body(std::move(inside<Body>(from)));
        inside<Body>(from).~Body();
      },
      [](void* storage) noexcept { inside<Body>(storage).~Body(); },
      kEntry<Entry>,
  };
  template <class Body, class Entry>
  static constexpr Operations kHeap = {
      [](void* storage) { std::move (*outside<Body>(storage))(); },
      [](void* to, void* from) noexcept { ::new (to) Body*(outside<Body>(from)); },
      [](void* storage) noexcept { delete outside<Body>(storage); },
      kEntry<Entry>,
  };

  const Operations* operations_ = nullptr;
  alignas(std::max_align_t) std::byte storage_[kInlineBytes];
};

// What goexit() throws: derives from nothing, so that only catch (...) sees it.
struct GoExit {};

// Deterministic mode: a call that never blocks lets others go first, if the seed says so. Elsewhere a load and a
// branch.
extern std::atomic<bool> is_choosing;
void choice_point_slow() noexcept;
inline void choice_point() noexcept {
  if (is_choosing.load(std::memory_order_relaxed)) [[unlikely]]
    choice_point_slow();
}

class ScopeCore;
class JoinCore;

// Starts a goroutine in the scope the caller runs in. From goroutines only; throws RuntimeError elsewhere and when the
// limit on goroutines is reached.
[[gnu::noinline]] void start(Closure&& body);

// Starts a goroutine in `scope`; with `join`, it tells that when it has ended. Takes over one reference to `join`.
// From goroutines and, while the runtime lives, from any thread. `created_at` is shown by dumps; without it the caller
// is.
[[gnu::noinline]] void start_in(ScopeCore& scope, Closure&& body, JoinCore* join = nullptr,
                                const void* created_at = nullptr);

}  // namespace novelo::rt
