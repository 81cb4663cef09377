// daemon/src/nearest.h
// The known name that a mistyped one was most likely meant to be.
//
//   who    every place that refuses a name: settings, tasks, methods, fields
//   cost   one edit distance a choice; at most kNearestChoicesMax choices are looked at
//   tested tests/unit/daemon/nearest_test.cc
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace novelo::daemon {

inline constexpr std::size_t kNearestChoicesMax = 10000;

// The choice with the fewest edits (insert, delete, replace, swap of neighbours) from `word`, case ignored; the first
// of equals. Empty when even that one differs in more than a third of its letters.
std::string_view nearest(std::string_view word, std::span<const std::string_view> choices);

// "; did you mean \"grpc.listen\"?", or nothing when no choice is near. For the end of an error's text.
std::string suggestion(std::string_view word, std::span<const std::string_view> choices);

}  // namespace novelo::daemon
