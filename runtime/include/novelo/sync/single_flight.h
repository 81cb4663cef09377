// novelo/sync/single_flight.h
// Work that several want at one time, done once for all of them. It is no cache: who comes when the run has ended
// starts the next. Part of novelo/sync.h.
//
//   from   goroutines, and other threads, which it blocks
//   may    park while another's run goes on, and leave that wait by Cancelled; the run goes on for the others
//   cost   a map under a Mutex; one allocation a run
//   tested tests/conformance/single_flight_test.cc
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "novelo/sync.h"
#include "novelo/sync/once.h"

namespace novelo {

template <class K, class V, class Hash = std::hash<K>>
class SingleFlight {
 public:
  SingleFlight() = default;
  SingleFlight(const SingleFlight&) = delete;
  SingleFlight& operator=(const SingleFlight&) = delete;

  // Runs f for `key`, unless a run for it goes on: then waits for that one. All get a copy of its result, or its
  // exception; Cancelled as well, when the goroutine that runs it was cancelled.
  template <class F>
  V call(const K& key, F&& f) {
    const std::shared_ptr<Flight> flight = join(key);
    flight->once.call([&] {
      try {
        flight->value.emplace(std::forward<F>(f)());
      } catch (const rt::GoExit&) {
        flight->error = std::make_exception_ptr(RuntimeError("the function of a SingleFlight called goexit()"));
        land(key);
        throw;
      } catch (...) {
        flight->error = std::current_exception();
      }
      land(key);
    });
    if (flight->error != nullptr) std::rethrow_exception(flight->error);
    return *flight->value;
  }

 private:
  struct Flight {
    Once once;
    std::optional<V> value;
    std::exception_ptr error;
  };

  // Nobody waits for `mutex_` longer than a look at the map takes.
  std::shared_ptr<Flight> join(const K& key) {
    const std::lock_guard guard(mutex_);
    std::shared_ptr<Flight>& flight = flights_[key];
    if (flight == nullptr) flight = std::make_shared<Flight>();
    return flight;
  }

  // Before the others are told: who comes now starts the next run.
  void land(const K& key) noexcept {
    const rt::HeldDelivery whatever_happens;
    const std::lock_guard guard(mutex_);
    flights_.erase(key);
  }

  Mutex mutex_;
  std::unordered_map<K, std::shared_ptr<Flight>, Hash> flights_;
};

}  // namespace novelo
