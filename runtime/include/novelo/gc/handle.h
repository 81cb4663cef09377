// novelo/gc/handle.h
// What Root, Weak and Cleanup of novelo/gc.h are made of.
#pragma once

#include <cstdint>

#include "novelo/start.h"

namespace novelo::rt {

struct RootSlot;
struct WeakCell;

// From any thread. Throw std::bad_alloc.
RootSlot* make_root(void* object);
void* root_object(const RootSlot* slot) noexcept;
void set_root(RootSlot* slot, void* object) noexcept;
void drop_root(RootSlot* slot) noexcept;

WeakCell* make_weak(void* object);
void share_weak(WeakCell* cell) noexcept;
void drop_weak(WeakCell* cell) noexcept;
// The object, or nullptr once it is unreachable. From goroutines; elsewhere throws RuntimeError.
void* weak_object(WeakCell* cell);

std::uint64_t add_cleanup(void* object, Closure&& call);
bool stop_cleanup(std::uint64_t number) noexcept;

}  // namespace novelo::rt
