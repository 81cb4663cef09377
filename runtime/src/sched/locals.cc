// A short sorted list, copied before it is written unless nobody else holds it. Rejected: an array with a slot for each
// Local, which every goroutine with one value would pay in full.
#include "sched/locals.h"

#include <algorithm>

#include "novelo/error.h"
#include "novelo/local.h"
#include "sched/machine.h"

namespace novelo::rt {
namespace {

auto place_of(Locals& locals, std::uint64_t key) noexcept {
  return std::lower_bound(locals.values.begin(), locals.values.end(), key,
                          [](const auto& one, std::uint64_t wanted) { return one.first < wanted; });
}

}  // namespace

Locals* share_locals(Locals* locals) noexcept {
  if (locals != nullptr) locals->references.fetch_add(1, relaxed);  // [locals-refs] whoever shares holds one already
  return locals;
}

void drop_locals(Locals* locals) noexcept {
  // [locals-refs] acq_rel: the one who destroys, or writes because it is alone, sees what the others did
  if (locals != nullptr && locals->references.fetch_sub(1, acq_rel) == 1) delete locals;
}

std::uint64_t new_local_key() noexcept {
  static Atomic<std::uint64_t> next{1};
  return next.fetch_add(1, relaxed);
}

const void* find_local(std::uint64_t key) noexcept {
  const Goroutine* g = current_goroutine();
  if (g == nullptr || g->locals == nullptr) return nullptr;
  const auto place = place_of(*g->locals, key);
  return place != g->locals->values.end() && place->first == key ? place->second.get() : nullptr;
}

void set_local(std::uint64_t key, std::shared_ptr<const void> value) {
  Goroutine* g = current_goroutine();
  if (g == nullptr) throw RuntimeError("Local::set() called outside a goroutine");
  if (g->locals == nullptr) {
    g->locals = new Locals;
  } else if (g->locals->references.load(acquire) != 1) {  // [locals-refs]
    auto copy = std::make_unique<Locals>();
    copy->values = g->locals->values;
    drop_locals(std::exchange(g->locals, copy.release()));
  }
  const auto place = place_of(*g->locals, key);
  if (place != g->locals->values.end() && place->first == key) {
    place->second.swap(value);  // what it was is destroyed when the list is whole again
  } else {
    g->locals->values.emplace(place, key, std::move(value));
  }
}

}  // namespace novelo::rt
