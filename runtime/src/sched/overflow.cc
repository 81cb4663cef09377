// A goroutine at the end of its stack. Throwing from the handler itself does not work: no compiler has unwinding tables
// for every instruction. So the handler only makes room, and the next call of the runtime throws, in ordinary code.
#include "sched/overflow.h"

#include <cstdio>
#include <string>

#include "novelo/error.h"
#include "novelo/stack.h"
#include "sched/machine.h"
#include "sched/safepoint.h"
#include "sched/scheduler.h"

namespace novelo::rt {
namespace {

// What a call into here may still need above the reserve, for it not to be in use.
constexpr std::size_t kMarginBytes = 4096;
// What a call on a new stack takes of it.
constexpr std::size_t kSegmentOwnBytes = 4096;

struct SizeText {
  explicit SizeText(std::size_t bytes) noexcept {
    const bool is_large = bytes >= std::size_t{1} << 20;
    std::snprintf(text, sizeof text, "%zu %s", bytes >> (is_large ? 20 : 10), is_large ? "MiB" : "KiB");
  }
  char text[32];
};

std::size_t total_size(const Goroutine& g) noexcept {
  std::size_t bytes = g.stack.size;
  for (const StackSegment* segment = g.segments; segment != nullptr; segment = segment->outer) {
    bytes += segment->stack.size;
  }
  return bytes;
}

// Of all stacks that the goroutine is on, the one whose guard `address` lies in.
Stack* find_stack(Goroutine& g, const void* address) noexcept {
  const auto is_in_guard = [address](const Stack& stack) {
    const std::size_t guarded = stack.is_reserve_open ? kStackRedBytes : kStackGuardBytes;
    return address < stack.bottom && address >= stack.bottom - guarded;
  };
  if (is_in_guard(g.stack)) return &g.stack;
  for (StackSegment* segment = g.segments; segment != nullptr; segment = segment->outer) {
    if (is_in_guard(segment->stack)) return &segment->stack;
  }
  return nullptr;
}

// The sanitizer learns of it at the next switch.
void tell_context([[maybe_unused]] Context& context, [[maybe_unused]] const Stack& stack) noexcept {
#if defined(NOVELO_ASAN)
  context.stack_size += static_cast<std::size_t>(static_cast<const char*>(context.stack_bottom) - stack.bottom);
  context.stack_bottom = stack.bottom;
#endif
}

[[noreturn]] void throw_overflow(const Goroutine& g) {
  const Goroutine::Name name = g.name();
  const bool is_named = name.text[0] != '\0';
  char text[160];
  std::snprintf(text, sizeof text, "stack overflow: goroutine %llu%s%s%s used up its stack of %s",
                static_cast<unsigned long long>(g.id.load(relaxed)), is_named ? " (" : "", name.text,
                is_named ? ")" : "", SizeText(total_size(g)).text);
  throw StackOverflow(text);
}

bool may_throw(const Goroutine& g) noexcept {
  return g.no_throws == 0 && current_machine()->exceptions->uncaught == 0;
}

struct SegmentCall {
  void (*call)(void* argument);
  void* argument;
  Goroutine& g;
  StackSegment& left;
  std::exception_ptr error;
};

void segment_main(void* argument) noexcept {
  auto& one = *static_cast<SegmentCall*>(argument);
  context_arrived(one.g.context);
  try {
    one.call(one.argument);
  } catch (...) {
    one.error = std::current_exception();
  }
  context_switch(one.g.context, one.left.context, SwitchFrom::kEnds);
  fatal("a stack segment runs on after its end");
}

}  // namespace

bool on_stack_fault(const void* address) noexcept {
  Goroutine* g = current_goroutine();
  if (g == nullptr) return false;
  Stack* stack = find_stack(*g, address);
  if (stack == nullptr) return false;
  StackClasses& stacks = scheduler()->stacks();
  const bool has_grown = stacks.grow(*stack, *g->stack_need);
  if (has_grown || (!stack->is_reserve_open && address >= stack->bottom - kStackReserveBytes &&
                    stacks.open_reserve(*stack, *g->stack_need))) {
    if (stack == &g->stack) tell_context(g->context, *stack);
    if (has_grown) return true;
    g->is_overflow_told = false;
    g->attention.fetch_or(kAttentionOverflow, relaxed);
    is_looked_up.fetch_add(1, relaxed);
    return true;
  }
  const Goroutine::Name name = g->name();
  const bool is_named = name.text[0] != '\0';
  fatal("stack overflow: goroutine %llu%s%s%s used up its stack of %s, and the reserve without a call of the runtime",
        static_cast<unsigned long long>(g->id.load(relaxed)), is_named ? " (" : "", name.text, is_named ? ")" : "",
        SizeText(total_size(*g)).text);
}

void deliver_overflow(Goroutine& g) {
  if (!g.stack.is_reserve_open) return;  // it is that of a stack which the goroutine will come back to
  const auto* here = static_cast<const char*>(__builtin_frame_address(0));
  const bool is_in_use = here < g.stack.bottom + kStackReserveBytes + kMarginBytes;
  if (is_in_use || !g.is_overflow_told) {
    if (!may_throw(g)) return;
    g.is_overflow_told = true;
    throw_overflow(g);
  }
  if (!scheduler()->stacks().close_reserve(g.stack)) return;
  tell_context(g.context, g.stack);
  g.attention.fetch_and(~kAttentionOverflow, relaxed);
  is_looked_up.fetch_sub(1, relaxed);
}

void overflow_point_slow() {
  collector_poll();
  Goroutine* g = current_goroutine();
  if (g != nullptr && (g->attention.load(relaxed) & kAttentionOverflow) != 0) deliver_overflow(*g);
}

bool make_room(std::size_t need) noexcept {
  Goroutine& g = *current_goroutine();
  while (stack_left() < need) {
    if (!scheduler()->stacks().grow(g.stack, *g.stack_need)) return false;
    tell_context(g.context, g.stack);
  }
  return true;
}

void call_on_segment(std::size_t need, void (*call)(void* argument), void* argument) {
  Goroutine& g = *current_goroutine();
  Scheduler& s = *scheduler();
  overflow_point();
  Stack fresh;
  if (total_size(g) + need <= s.options().max_stack_bytes) fresh = s.stacks().take_of(need + kSegmentOwnBytes);
  if (fresh.size < need + kSegmentOwnBytes) {
    if (fresh.bottom != nullptr) s.stacks().give_segment(fresh);
    throw StackOverflow(std::string("grow_stack(): goroutine ") + std::to_string(g.id.load(relaxed)) +
                        " has stacks of " + SizeText(total_size(g)).text + " and asks for " + SizeText(need).text +
                        " more: the limit, max_stack_bytes, is " + SizeText(s.options().max_stack_bytes).text);
  }
  StackSegment left{g.context, g.stack, g.segments};
  SegmentCall one{call, argument, g, left, nullptr};
  // A fault on the stack that is being left finds it among the segments.
  g.segments = &left;
  g.stack = fresh;
  context_make(g.context, fresh.bottom, fresh.size - fresh.colour(), &segment_main, &one);
  context_switch(left.context, g.context);
  context_destroy(g.context);
  const Stack used = g.stack;
  g.context = left.context;
  g.stack = left.stack;
  g.segments = left.outer;
  if (used.is_reserve_open) {
    is_looked_up.fetch_sub(1, relaxed);
    g.is_overflow_told = g.stack.is_reserve_open;
    if (!g.stack.is_reserve_open) g.attention.fetch_and(~kAttentionOverflow, relaxed);
  }
  s.stacks().give_segment(used);
  if (one.error != nullptr) std::rethrow_exception(one.error);
}

}  // namespace novelo::rt

namespace novelo {

std::size_t stack_left() noexcept {
  const rt::Goroutine* g = rt::current_goroutine();
  if (g == nullptr) return ~std::size_t{0};
  const auto* here = static_cast<const char*>(__builtin_frame_address(0));
  return here < g->stack.bottom ? 0 : static_cast<std::size_t>(here - g->stack.bottom);
}

}  // namespace novelo
