// runtime/src/arch/sanitizer.h
// context_switch() with what AddressSanitizer and ThreadSanitizer must be told about it. Included by context.h alone.
//
// AddressSanitizer wants the bounds of the stack entered and keeps a fake stack a context; ThreadSanitizer wants to
// know which fiber runs, and takes the switch as a synchronisation, which it is: one thread does both sides.
#pragma once

#include "arch/context.h"

#if defined(NOVELO_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(NOVELO_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

namespace novelo::rt {

inline void context_arrived([[maybe_unused]] Context& self) noexcept {
#if defined(NOVELO_ASAN)
  __sanitizer_finish_switch_fiber(self.fake_stack, nullptr, nullptr);
#endif
}

[[gnu::always_inline]] inline void context_switch(Context& from, Context& to,
                                                  [[maybe_unused]] SwitchFrom fate) noexcept {
#if defined(NOVELO_ASAN)
  __sanitizer_start_switch_fiber(fate == SwitchFrom::kEnds ? nullptr : &from.fake_stack, to.stack_bottom,
                                 to.stack_size);
#endif
#if defined(NOVELO_TSAN)
  __tsan_switch_to_fiber(to.fiber, 0);
#endif
  jump_context(&from.sp, to.sp);
  context_arrived(from);
}

}  // namespace novelo::rt
