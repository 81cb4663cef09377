// client/cli/commands.h
// Every noun of the command line. One file a noun defines it; commands.cc lists them.
#ifndef NOVELO_CLIENT_CLI_COMMANDS_H_
#define NOVELO_CLIENT_CLI_COMMANDS_H_

#include <string>
#include <vector>

#include "command.h"

namespace novelo::cli {

// In the order in which help shows them. Made once.
const std::vector<Noun>& nouns();

// nullptr: there is none.
const Noun* find_noun(const std::string& name);
const Verb* find_verb(const Noun& noun, const std::string& name);

Noun task_noun();
Noun call_noun();
Noun job_noun();
Noun status_noun();
Noun gc_noun();
Noun leaks_noun();
Noun version_noun();
Noun completion_noun();
Noun complete_noun();
Noun help_noun();

// The flags a field's flag must not be taken for: the verb's own and the global ones.
std::vector<Flag> own_flags(const Verb& verb);

}  // namespace novelo::cli

#endif  // NOVELO_CLIENT_CLI_COMMANDS_H_
