// client/cli/commands.cc
// The one list of nouns: a noun that is not in it cannot be called, completed or found in help.
#include "commands.h"

#include "parse.h"

namespace novelo::cli {

const std::vector<Noun>& nouns() {
  static const auto* const all =
      new std::vector<Noun>{call_noun(),  task_noun(),       job_noun(),     status_noun(), gc_noun(),
                            leaks_noun(), completion_noun(), version_noun(), help_noun(),   complete_noun()};
  return *all;
}

const Noun* find_noun(const std::string& name) {
  for (const Noun& noun : nouns()) {
    if (noun.name == name) return &noun;
  }
  return nullptr;
}

const Verb* find_verb(const Noun& noun, const std::string& name) {
  for (const Verb& verb : noun.verbs) {
    if (verb.name == name) return &verb;
  }
  return nullptr;
}

std::vector<Flag> own_flags(const Verb& verb) {
  std::vector<Flag> flags = verb.flags;
  flags.insert(flags.end(), global_flags().begin(), global_flags().end());
  return flags;
}

}  // namespace novelo::cli
