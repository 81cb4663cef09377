// daemon/src/job/watchers.h
// Who waits for which job to change.
//
//   signal  a channel with room for one: many changes while nobody looks are one signal
//   from    any goroutine or thread; nothing here parks
//   cost    one lock and one lookup a change, also when nobody watches
//   tested  tests/unit/daemon/jobs_test.cc
#pragma once

#include <novelo/chan.h>

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace novelo::daemon {

class Watchers {
 public:
  // Tells those who watch the job to look again.
  void notify(const std::string& id);

 private:
  friend class Watch;
  std::mutex mutex_;
  std::unordered_multimap<std::string, Chan<Unit>> signals_;
};

// One watcher, for as long as it lives. Look at the job after making it, then after each signal.
class Watch {
 public:
  Watch(Watchers& watchers, std::string id);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  const Chan<Unit>& changed() const { return changed_; }

 private:
  Watchers& watchers_;
  const std::string id_;
  const Chan<Unit> changed_ = make_chan<Unit>(1);
};

}  // namespace novelo::daemon
