// client/cli/complete.h
// What could stand where the cursor is: nouns, verbs, flags, their values, tasks, jobs, the fields of a task. Asks the
// server only for the last three, for at most kCompletionTimeout, and is silent when it does not answer: the hidden
// verb `novelo __complete SHELL -- WORD...` runs at every press of Tab. Tested in tests/unit/client/complete_test.cc.
#ifndef NOVELO_CLIENT_CLI_COMPLETE_H_
#define NOVELO_CLIENT_CLI_COMPLETE_H_

#include <string>
#include <vector>

#include "session.h"

namespace novelo::cli {

inline constexpr char kCompletionTimeout[] = "1s";

struct Candidate {
  std::string text;
  std::string doc;  // shells that can show it do
};

// Candidates for the last of `words`, which follow the program's name. None: a file name, or nothing known.
std::vector<Candidate> candidates(Session& session, const std::vector<std::string>& words);

}  // namespace novelo::cli

#endif  // NOVELO_CLIENT_CLI_COMPLETE_H_
