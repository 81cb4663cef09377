// No hooks until there is a collector: at the first object that is made.
#include "sched/safepoint.h"

namespace novelo::rt {

constinit CollectorHooks collector_hooks{};
constinit Atomic<bool> collector_is_active{false};

}  // namespace novelo::rt
