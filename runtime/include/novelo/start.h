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

#include "novelo/gc/shape.h"

namespace novelo {

// Who goes first: see set_priority().
enum class Priority : std::uint8_t { kLatency, kNormal, kBatch };

}  // namespace novelo

namespace novelo::rt {

// What is known of the stacks that the goroutines of one callable type need.
struct StackNeed {
  enum class Kind : std::uint8_t { kUnknown, kMedium, kLarge };  // only ever raised

  std::atomic<Kind> kind{Kind::kUnknown};
  std::atomic<std::uint32_t> measured{0};  // goroutines
  std::atomic<std::uint64_t> used_bytes_max{0};
  std::size_t hint = 0;  // bytes, by with_stack()
};

// with_stack() says it of its result.
template <class Entry>
inline constexpr std::size_t kStackHint = 0;

template <class Entry>
inline constinit StackNeed stack_need_of{
    .kind = kStackHint<Entry> == 0 ? StackNeed::Kind::kUnknown : StackNeed::Kind::kLarge, .hint = kStackHint<Entry>};

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
      ::new (static_cast<void*>(storage_)) Body*(make_outside<Body>(std::forward<F>(f)));
      operations_ = &kHeap<Body, Entry>;
    }
  }

  Closure(Closure&& other) noexcept : operations_(other.operations_) { take(other); }

  Closure& operator=(Closure&& other) noexcept {
    if (this != &other) {
      reset();
      operations_ = other.operations_;
      take(other);
    }
    return *this;
  }

  ~Closure() { reset(); }

  void operator()() { operations_->run(storage_); }
  explicit operator bool() const noexcept { return operations_ != nullptr; }

  // The type of the callable as the program wrote it; nullptr for a pointer, whose type says nothing.
  const std::type_info* entry() const noexcept { return operations_ == nullptr ? nullptr : operations_->entry; }

  // Of its type. Not empty.
  StackNeed& stack_need() const noexcept { return *operations_->stack_need; }

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
    StackNeed* stack_need;
  };

  void take(Closure& other) noexcept {
    if (operations_ == nullptr) return;
    // The collector may have looked at where it goes already.
    if (is_barrier_on.load(std::memory_order_relaxed)) [[unlikely]]
      note_moved(other.storage_, kInlineBytes);
    operations_->relocate(storage_, other.storage_);
    other.operations_ = nullptr;
  }

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

  template <class Body, class F>
  static Body* make_outside(F&& f) {
    void* memory = allocate_traced(sizeof(Body), alignof(Body));
    try {
      return ::new (memory) Body(std::forward<F>(f));
    } catch (...) {
      deallocate_traced(memory, sizeof(Body), alignof(Body));
      throw;
    }
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
      &stack_need_of<Entry>,
  };
  template <class Body, class Entry>
  static constexpr Operations kHeap = {
      [](void* storage) { std::move (*outside<Body>(storage))(); },
      [](void* to, void* from) noexcept { ::new (to) Body*(outside<Body>(from)); },
      [](void* storage) noexcept {
        Body* body = outside<Body>(storage);
        body->~Body();
        deallocate_traced(body, sizeof(Body), alignof(Body));
      },
      kEntry<Entry>,
      &stack_need_of<Entry>,
  };

  const Operations* operations_ = nullptr;
  alignas(std::max_align_t) std::byte storage_[kInlineBytes];
};

// The registers that a call keeps, in memory: a reference to a collected object may be in them alone.
struct SavedRegisters {
  void* words[10];
};
[[gnu::always_inline]] inline void save_registers(SavedRegisters& to) noexcept {
#if defined(__x86_64__)
  asm volatile(
      "movq %%rbx, 0(%0)\n\tmovq %%rbp, 8(%0)\n\tmovq %%r12, 16(%0)\n\t"
      "movq %%r13, 24(%0)\n\tmovq %%r14, 32(%0)\n\tmovq %%r15, 40(%0)" ::"r"(to.words)
      : "memory");
#else
  asm volatile(
      "stp x19, x20, [%0]\n\tstp x21, x22, [%0, #16]\n\tstp x23, x24, [%0, #32]\n\t"
      "stp x25, x26, [%0, #48]\n\tstp x27, x28, [%0, #64]" ::"r"(to.words)
      : "memory");
#endif
}

// What goexit() throws: derives from nothing, so that only catch (...) sees it.
struct GoExit {};

// Above zero: calls that do not block look up too. In deterministic mode they let others go first, if the seed says so;
// while some goroutine has used up its stack, they throw StackOverflow if it is the caller; while the collector waits
// for answers, they answer, and a caller with a deep stack lets others go first. Elsewhere a load and a branch.
extern std::atomic<int> is_looked_up;
void choice_point_slow() noexcept;
void overflow_point_slow();
// For calls that never throw.
inline void choice_point() noexcept {
  if (is_looked_up.load(std::memory_order_relaxed) != 0) [[unlikely]]
    choice_point_slow();
}
// For calls that may throw, before they have done anything.
inline void overflow_point() {
  if (is_looked_up.load(std::memory_order_relaxed) != 0) [[unlikely]]
    overflow_point_slow();
}
inline void call_point() {
  if (is_looked_up.load(std::memory_order_relaxed) != 0) [[unlikely]] {
    overflow_point_slow();
    choice_point_slow();
  }
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
