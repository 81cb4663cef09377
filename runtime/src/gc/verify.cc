// A second opinion: what is marked refers to nothing that is not. Asked when marking is complete and nothing has been
// given up yet; goroutines run on, since they can reach nothing else than what is marked either.
#include <string>

#include "base/check.h"
#include "gc/cycle.h"

namespace novelo::rt {
namespace {

[[noreturn]] void report(const CollectedHeap::Object& from, std::size_t offset, std::uintptr_t word, const char* what) {
  fatal("gc: the object at %p (%zu bytes) is alive and refers at offset %zu to %p, which %s", from.start, from.bytes,
        offset, reinterpret_cast<void*>(word), what);
}

}  // namespace

void Collector::verify() const noexcept {
  heap_.for_each_object([this](const CollectedHeap::Object& object) {
    const ObjectShape& shape = object.layout->shape;
    if (shape.pointers != ObjectShape::Pointers::kExact || !heap_.is_marked(object.start)) return;
    const std::size_t element = shape.is_array ? shape.element_bytes : object.bytes;
    for (std::size_t at = shape.header_bytes; at + element <= object.bytes; at += element) {
      for (const std::uint32_t offset : shape.offsets) {
        const std::uintptr_t word = load_racing(object.start + at + offset);
        if (!heap_.contains(word)) continue;
        const CollectedHeap::Object to = heap_.find(word, CollectedHeap::Certainty::kSure);
        if (!to || !heap_.is_allocated(to.start)) report(object, at + offset, word, "was freed");
        if (!heap_.is_marked(to.start)) report(object, at + offset, word, "was not marked");
      }
    }
  });
}

}  // namespace novelo::rt
