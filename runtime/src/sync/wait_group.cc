// WaitGroup: a counter and an event, in a state of their own that is shared with the goroutines inside add(): the group
// may go as soon as wait() has returned.
#include <string>

#include "novelo/sync.h"
#include "sched/event.h"

namespace novelo {

struct WaitGroup::State {
  rt::Atomic<std::int64_t> counter{0};
  rt::Atomic<std::int32_t> references{1};
  rt::Event zero;

  void unref() noexcept {
    // [group-refs] acq_rel: the one who destroys sees what the others did
    if (references.fetch_sub(1, rt::acq_rel) == 1) delete this;
  }
};

WaitGroup::WaitGroup() : state_(new State) {}
WaitGroup::~WaitGroup() {
  state_->unref();
}

void WaitGroup::add(std::int64_t n) {
  State* state = state_;
  // Taken before the counter can reach zero: until then the group is alive.
  state->references.fetch_add(1, rt::relaxed);  // [group-refs] with unref()
  struct Unref {
    State* state;
    ~Unref() { state->unref(); }
  } unref{state};
  // [group-zero] acq_rel, with wait()'s acquire: who sees zero sees what was done before done()
  const std::int64_t counter = state->counter.fetch_add(n, rt::acq_rel) + n;
  if (counter < 0) {
    state->counter.fetch_sub(n, rt::relaxed);
    throw RuntimeError("WaitGroup: the counter would become negative: " + std::to_string(counter));
  }
  if (counter == 0 && n != 0) state->zero.notify_all();
}

void WaitGroup::wait() {
  State* state = state_;
  state->zero.wait(rt::WaitReason::kWaitGroup,
                   [state] { return state->counter.load(rt::acquire) == 0; });  // [group-zero]
}

}  // namespace novelo
