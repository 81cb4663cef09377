// What refers to what, from the words that are looked at. Whoever waits is found alive by a key: the object waited for,
// the end of a goroutine or scope, or the frames in which the object stands.
#include "gc/leak_finder.h"

#include <algorithm>
#include <new>

#include "gc/marker.h"
#include "heap/heap.h"
#include "novelo/go.h"
#include "os/vm.h"
#include "sched/park.h"
#include "sched/scope.h"

namespace novelo::rt {
namespace {

constexpr std::size_t kTracedAtOnce = std::size_t{64} << 10;

}  // namespace

constinit Atomic<LeakFinder*> LeakFinder::in_use{nullptr};

LeakFinder::LeakFinder(CollectedHeap& heap, StackClasses& stacks) noexcept
    : heap_(heap), own_heap_(Heap::get()), stacks_(stacks) {
  include(heap.pages().base(), heap.pages().base() + heap.pages().bytes_max());
  include(own_heap_.begin(), own_heap_.begin() + own_heap_.bytes_max());
  for (const StackPool& pool : stacks.pools()) include(pool.begin(), pool.end());
  const std::size_t bytes = heap.pages().bytes_max() / kBitWordBytes * sizeof(std::uint64_t);
  void* memory = bytes == 0 ? nullptr : vm_reserve(bytes);
  if (memory != nullptr && !vm_make_usable(memory, bytes)) {
    vm_release(memory, bytes);
    memory = nullptr;
  }
  bits_ = static_cast<std::uint64_t*>(memory);
  has_failed_ = memory == nullptr;
}

LeakFinder::~LeakFinder() {
  if (bits_ != nullptr) vm_release(bits_, heap_.pages().bytes_max() / kBitWordBytes * sizeof(std::uint64_t));
}

// ---- who waits, and for what ----

bool LeakFinder::consider(Goroutine& g) noexcept try {
  const std::uint64_t wait = g.wait.snapshot();
  if (g.state.load(acquire) != GoroutineState::kWaiting || !WaitRecord::is_waiting(wait)) return false;  // [gc-state]
  if (g.is_system.load(relaxed) || g.scope->deadline() != absl::InfiniteFuture()) return false;
  const LockGuard guard(lock_);
  const auto candidate = static_cast<std::uint32_t>(candidates_.size());
  const std::size_t waits = waits_.size();
  const std::size_t on_frames = on_frames_.size();
  if (!note_waits(g, candidate)) {
    waits_.resize(waits);
    on_frames_.resize(on_frames);
    return false;
  }
  candidates_.push_back({.wait = {&g, g.id.load(relaxed), wait, {}},
                         .waits_for_scope = g.wait_reason.load(relaxed) == WaitReason::kScope});
  const auto top = reinterpret_cast<std::uintptr_t>(g.stack.bottom) + g.stack.size;
  frames_.push_back({reinterpret_cast<std::uintptr_t>(g.context.sp), top, candidate});
  return true;
} catch (const std::bad_alloc&) {
  give_up();
  return false;
}

bool LeakFinder::note_waits(const Goroutine& g, std::uint32_t candidate) {
  const void* object = g.wait_object.load(relaxed);
  switch (g.wait_reason.load(relaxed)) {
    case WaitReason::kForever:
      return true;
    case WaitReason::kChanReceive:
    case WaitReason::kChanSend:
    case WaitReason::kMutex:
    case WaitReason::kRwMutexRead:
    case WaitReason::kRwMutexWrite:
    case WaitReason::kCond:
    case WaitReason::kWaitGroup:
    case WaitReason::kOnce:
    case WaitReason::kSemaphore:
      return note_wait_for(object, candidate);
    case WaitReason::kSelect: {
      if (object == nullptr) return false;
      const auto& selected = *static_cast<const SelectedChannels*>(object);
      for (std::size_t i = 0; i < selected.size; ++i) {
        if (!note_wait_for(selected.channels[i], candidate)) return false;
      }
      return true;
    }
    case WaitReason::kJoin:
    case WaitReason::kScope:
      if (object == nullptr) return false;
      waits_.push_back({key_of(object, kEnd), candidate});
      return true;
    case WaitReason::kNone:
    case WaitReason::kSleep:
    case WaitReason::kCollection:
    case WaitReason::kBlocking:
    case WaitReason::kCount:
      break;
  }
  return false;
}

bool LeakFinder::note_wait_for(const void* object, std::uint32_t candidate) {
  const auto address = reinterpret_cast<std::uintptr_t>(object);
  const char* start = nullptr;
  if (object == nullptr) return false;
  if (stacks_.contains(object)) {
    on_frames_.push_back({address, candidate});
    return true;
  }
  if (heap_.contains(address)) {
    start = heap_.find(address, CollectedHeap::Certainty::kMaybe).start;
    if (start == nullptr) start = Heap::place_in(heap_.pages().find(object), object).start;
  } else if (own_heap_.contains(object)) {
    start = own_heap_.find(object).start;
  }
  // In memory of malloc or in a variable: who refers to it cannot be told.
  if (start == nullptr) return false;
  waits_.push_back({key_of(start, kObject), candidate});
  return true;
}

void LeakFinder::begin_finding() {
  const LockGuard guard(lock_);
  if (has_failed_) return;  // somebody may be noted by half
  std::ranges::sort(frames_, {}, &Frames::begin);
  for (const auto& [address, candidate] : on_frames_) {
    if (const Frames* frames = frames_at(address)) {
      waits_.push_back({key_of(candidates_[frames->candidate].wait.g, kFrames), candidate});
    } else {
      make_alive(candidate);  // on the stack of somebody who is alive
    }
  }
  std::ranges::sort(waits_, {}, &WaitsFor::key);
  is_finding_ = true;
  for (std::size_t i = 0; i < waits_.size(); ++i) {
    if (is_reached(waits_[i].key)) make_alive(waits_[i].candidate);
  }
  for (const std::uintptr_t word : into_frames_) reach_frames(word);
  into_frames_.clear();
}

const LeakFinder::Frames* LeakFinder::frames_at(std::uintptr_t address) const {
  const auto after = std::ranges::upper_bound(frames_, address, {}, &Frames::begin);
  if (after == frames_.begin()) return nullptr;
  const Frames& frames = *std::prev(after);
  return address < frames.end ? &frames : nullptr;
}

// ---- who is alive ----

void LeakFinder::make_alive(std::uint32_t candidate) {
  if (std::exchange(candidates_[candidate].is_alive, true)) return;
  alive_.push_back(candidate);
  // What stands in its frames is reached by it.
  reach(key_of(candidates_[candidate].wait.g, kFrames));
}

void LeakFinder::wake(Key key) {
  if (!is_finding_) return;
  for (auto at = std::ranges::lower_bound(waits_, key, {}, &WaitsFor::key); at != waits_.end() && at->key == key;
       ++at) {
    make_alive(at->candidate);
  }
}

Goroutine* LeakFinder::take_alive() noexcept {
  const LockGuard guard(lock_);
  if (alive_.empty()) return nullptr;
  Goroutine* g = candidates_[alive_.back()].wait.g;
  alive_.pop_back();
  return g;
}

void LeakFinder::is_alive(const Goroutine& g) noexcept {
  const LockGuard guard(lock_);
  try {
    if (g.join != nullptr) {
      reach(key_of(g.join, kEnd));
      // The channel of its done() lies in there.
      const auto* words = reinterpret_cast<const char*>(g.join);
      for (std::size_t at = 0; at < sizeof(JoinCore); at += sizeof(void*)) look_at(load_racing(words + at));
    }
    if (g.blocking_sp.load(relaxed) != nullptr) {
      // Its thread may be in and out of scopes meanwhile: whoever waits for one may wait for this.
      for (std::uint32_t i = 0; is_finding_ && i < candidates_.size(); ++i) {
        if (candidates_[i].waits_for_scope) make_alive(i);
      }
      return;
    }
    for (const ScopeCore* scope = g.scope; scope != nullptr; scope = scope->parent()) {
      if (is_reached(key_of(scope, kEnd))) break;  // and so are those above
      reach(key_of(scope, kEnd));
    }
  } catch (const std::bad_alloc&) {
    has_failed_ = true;
  }
}

std::vector<EndlessWait> LeakFinder::found() const {
  const LockGuard guard(lock_);
  std::vector<EndlessWait> found;
  if (has_failed_) return found;
  for (const Candidate& candidate : candidates_) {
    if (!candidate.is_alive && candidate.wait.goes_on()) found.push_back(candidate.wait);
  }
  return found;
}

// ---- what is reached ----

void LeakFinder::look(const void* from, const void* to) noexcept {
  const auto begin = reinterpret_cast<std::uintptr_t>(from);
  const auto end = reinterpret_cast<std::uintptr_t>(to);
  const LockGuard guard(lock_);
  try {
    for (std::uintptr_t at = begin; at + sizeof(void*) <= end; at += sizeof(void*)) {
      const std::uintptr_t word = load_racing(reinterpret_cast<const void*>(at));
      // Frames refer to themselves all the time.
      if (word < begin || word >= end) look_at(word);
    }
  } catch (const std::bad_alloc&) {
    has_failed_ = true;
  }
}

void LeakFinder::are_new(const char* base, std::uint64_t cells) noexcept {
  const LockGuard guard(lock_);
  if (bits_ != nullptr) bits_of(reinterpret_cast<std::uintptr_t>(base)) |= cells;
}

void LeakFinder::is_new(const void* object) noexcept {
  const auto start = reinterpret_cast<std::uintptr_t>(object);
  const LockGuard guard(lock_);
  if (bits_ != nullptr && heap_.contains(start)) bits_of(start) |= bit_of(start);
}

void LeakFinder::include(const void* begin, const void* end) noexcept {
  if (begin == end) return;
  low_ = std::min(low_, reinterpret_cast<std::uintptr_t>(begin));
  high_ = std::max(high_, reinterpret_cast<std::uintptr_t>(end));
}

void LeakFinder::look_closely(std::uintptr_t word) {
  const auto* address = reinterpret_cast<const void*>(word);
  if (heap_.contains(word)) {
    reach_collected(word);
  } else if (own_heap_.contains(address)) {
    // What lies there refers to nothing that is the program's, but for what it is itself.
    if (const Heap::Place place = own_heap_.find(address); place.start != nullptr) {
      reach(key_of(place.start, kObject));
    }
  } else if (stacks_.contains(address)) {
    reach_frames(word);
  }
}

std::uint64_t& LeakFinder::bits_of(std::uintptr_t start) const noexcept {
  return bits_[(start - reinterpret_cast<std::uintptr_t>(heap_.pages().base())) / kBitWordBytes];
}

bool LeakFinder::is_reached(Key key) const {
  if (key % 4 == kObject && heap_.contains(key)) return (bits_of(key) & bit_of(key)) != 0;
  return reached_.contains(key);
}

void LeakFinder::reach(Key key) {
  if (reached_.insert(key).second) wake(key);
}

void LeakFinder::reach_collected(std::uintptr_t word) {
  if (bits_ == nullptr) return;
  const CollectedHeap::Object object = heap_.find(word, CollectedHeap::Certainty::kMaybe);
  Heap::Place place{object.start, object.bytes};
  if (!object) {
    const auto* address = reinterpret_cast<const void*>(word);
    place = Heap::place_in(heap_.pages().find(address), address);
  }
  if (place.start == nullptr) return;
  const auto start = reinterpret_cast<std::uintptr_t>(place.start);
  std::uint64_t& bits = bits_of(start);
  if ((bits & bit_of(start)) != 0) return;
  bits |= bit_of(start);
  // Of any shape: channels are no references to the collector.
  to_trace_.push_back({place.start, place.start + place.bytes});
  wake(start);
}

void LeakFinder::reach_frames(std::uintptr_t word) {
  if (!is_finding_) {
    if (reached_.insert(word | kWord).second) into_frames_.push_back(word);
    return;
  }
  if (const Frames* frames = frames_at(word)) reach(key_of(candidates_[frames->candidate].wait.g, kFrames));
}

void LeakFinder::give_up() noexcept {
  const LockGuard guard(lock_);
  has_failed_ = true;
}

bool LeakFinder::has_given_up() const noexcept {
  const LockGuard guard(lock_);
  return has_failed_;
}

bool LeakFinder::has_more() const noexcept {
  const LockGuard guard(lock_);
  return !has_failed_ && (!alive_.empty() || !to_trace_.empty());
}

bool LeakFinder::trace_some() noexcept {
  const LockGuard guard(lock_);
  try {
    for (std::size_t left = kTracedAtOnce; left > 0;) {
      if (to_trace_.empty()) return false;
      auto& [from, to] = to_trace_.back();
      const char* at = from;
      const char* stop = at + std::min<std::size_t>(left, static_cast<std::size_t>(to - at));
      left -= static_cast<std::size_t>(stop - at);
      if (stop == to) {
        to_trace_.pop_back();
      } else {
        from = stop;
      }
      for (; at < stop; at += sizeof(void*)) look_at(load_racing(at));
    }
  } catch (const std::bad_alloc&) {
    has_failed_ = true;
    return false;
  }
  return true;
}

}  // namespace novelo::rt
