// [retake]: the machine's own use of its processor against sysmon, which takes it away. The steps are those of
// PinnedProcessor and Scheduler::retake().
#include "base/atomic.h"
#include "os/barrier.h"
#include "support/model/expect.h"

namespace novelo::rt {
namespace {

using model::expect_always;
using model::expect_found;
using model::Plain;
using model::Program;

struct State {
  Atomic<std::uint32_t> in_runtime{0};
  Atomic<std::uint32_t> retake_pending{0};
  Atomic<int> processor{1};
  Plain<int> queue;  // what the processor holds
};

void pin_against_retake(Program& p, bool has_barrier) {
  auto s = std::make_shared<State>();
  p.thread([=] {
    for (int i = 0; i < 2; ++i) {
      s->in_runtime.store(s->in_runtime.load(relaxed) + 1, relaxed);
      light_barrier();
      while (s->retake_pending.load(acquire) != 0) {
        model::wait_until([=] { return s->retake_pending.peek() == 0; });
      }
      if (s->processor.load(acquire) != 0) s->queue.write(s->queue.read() + 1);
      s->in_runtime.store(s->in_runtime.load(relaxed) - 1, release);
    }
  });
  p.thread([=] {
    s->retake_pending.store(1, relaxed);
    if (has_barrier) heavy_barrier();
    const bool is_free = s->in_runtime.load(acquire) == 0;
    if (is_free) s->processor.store(0, relaxed);
    s->retake_pending.store(0, release);
    if (is_free) s->queue.write(s->queue.read() + 1);  // by the next machine
  });
}

TEST(RetakeModel, TheMachineAndSysmonNeverBothUseTheProcessor) {
  expect_always([](Program& p) { pin_against_retake(p, true); });
  expect_found("a data race", [](Program& p) { pin_against_retake(p, false); });
}

}  // namespace
}  // namespace novelo::rt
