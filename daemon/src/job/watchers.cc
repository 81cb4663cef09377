// Signals carry nothing: who gets one looks at the store, so a lost step between two looks is no loss.
#include "job/watchers.h"

#include <utility>

namespace novelo::daemon {

void Watchers::notify(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto [begin, end] = signals_.equal_range(id);
  for (auto signal = begin; signal != end; ++signal) {
    Unit unit;
    signal->second.try_send(unit);
  }
}

Watch::Watch(Watchers& watchers, std::string id) : watchers_(watchers), id_(std::move(id)) {
  const std::lock_guard lock(watchers_.mutex_);
  watchers_.signals_.emplace(id_, changed_);
}

Watch::~Watch() {
  const std::lock_guard lock(watchers_.mutex_);
  const auto [begin, end] = watchers_.signals_.equal_range(id_);
  for (auto signal = begin; signal != end; ++signal) {
    if (signal->second == changed_) {
      watchers_.signals_.erase(signal);
      return;
    }
  }
}

}  // namespace novelo::daemon
