// client/cli/suggest.h
// The word somebody meant when they typed another. Used for nouns, verbs, flags, field names, enum values and task
// names; pure, O(candidates * length^2). Tested in tests/unit/client/suggest_test.cc.
#ifndef NOVELO_CLIENT_CLI_SUGGEST_H_
#define NOVELO_CLIENT_CLI_SUGGEST_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace novelo::cli {

// How many letters must be inserted, removed, replaced or swapped with their neighbour to make `b` of `a`; letter case
// and the difference between '-' and '_' do not count.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate most like `word`: at most a third of its letters (and never fewer than one) may differ, or `word` is
// its beginning. Of equals the first. None when nothing is near.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);

// "; did you mean X?", or `otherwise` when nothing is near. `prefix` is put before X.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates,
                         std::string_view prefix = "", std::string_view otherwise = "");

}  // namespace novelo::cli

#endif  // NOVELO_CLIENT_CLI_SUGGEST_H_
