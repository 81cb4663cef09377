// The names of wait reasons, and how a foreign thread sleeps.
#include "sched/wait_record.h"

#include "os/futex.h"

namespace novelo::rt {

const char* wait_reason_name(WaitReason reason) noexcept {
  switch (reason) {
    case WaitReason::kNone:
      return "";
    case WaitReason::kChanReceive:
      return "chan receive";
    case WaitReason::kChanSend:
      return "chan send";
    case WaitReason::kSelect:
      return "select";
    case WaitReason::kSleep:
      return "sleep";
    case WaitReason::kMutex:
      return "mutex";
    case WaitReason::kRwMutexRead:
      return "rwmutex read";
    case WaitReason::kRwMutexWrite:
      return "rwmutex write";
    case WaitReason::kCond:
      return "cond";
    case WaitReason::kWaitGroup:
      return "wait group";
    case WaitReason::kOnce:
      return "once";
    case WaitReason::kSemaphore:
      return "semaphore";
    case WaitReason::kJoin:
      return "join";
    case WaitReason::kScope:
      return "scope";
    case WaitReason::kCollection:
      return "gc";
    case WaitReason::kForever:
      return "forever";
    case WaitReason::kBlocking:
      return "blocking";
    case WaitReason::kCount:
      break;
  }
  return "unknown";
}

void WaitRecord::thread_sleep() noexcept {
  // [thread-woken] acquire, with thread_wake()'s release: what the waker delivered is seen
  while (thread_woken_.load(acquire) == 0) futex_wait(thread_woken_, 0);
  thread_woken_.store(0, relaxed);
}

void WaitRecord::thread_wake() noexcept {
  thread_woken_.store(1, release);  // [thread-woken] with thread_sleep(); the thread may be gone after this line
  futex_wake(thread_woken_, 1);
}

}  // namespace novelo::rt
