// client/cli/completion.cc
// novelo completion: the scripts that make a shell ask `novelo __complete` at every Tab. They hold no list of their
// own, so they stay right when commands or tasks change.
#include "absl/strings/str_cat.h"
#include "commands.h"
#include "session.h"

namespace novelo::cli {
namespace {

constexpr char kBash[] = R"bash(# bash completion of novelo: eval "$(novelo completion bash)"
_novelo() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("${line%%$'\t'*}")
  done < <("${COMP_WORDS[0]}" __complete bash -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _novelo novelo
)bash";

constexpr char kZsh[] = R"zsh(#compdef novelo
# zsh completion of novelo: source <(novelo completion zsh), or save it as _novelo in a directory of $fpath
_novelo() {
  local line
  local -a found
  for line in "${(@f)$(${words[1]} __complete zsh -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] && found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  if (( $#found )); then
    _describe 'novelo' found
  else
    _files
  fi
}
if [[ ${funcstack[1]} == _novelo ]]; then
  _novelo "$@"
else
  compdef _novelo novelo
fi
)zsh";

constexpr char kFish[] = R"fish(# fish completion of novelo: novelo completion fish | source
function __novelo_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    set -l found ($before[1] __complete fish -- $before[2..-1] "$current" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path "$current"
    end
end
complete -c novelo -f -a '(__novelo_complete)'
)fish";

ExitCode run_completion(Session& session, const Arguments& arguments) {
  const std::string& shell = arguments.positional.front();
  const char* script = shell == "bash" ? kBash : shell == "zsh" ? kZsh : shell == "fish" ? kFish : nullptr;
  if (script == nullptr) {
    return session.usage(absl::InvalidArgumentError(absl::StrCat("there is no completion for \"", shell,
                                                                 "\"; the shells are: bash, zsh, fish")),
                         "novelo completion");
  }
  session.out() << script;
  return ExitCode::kDone;
}

}  // namespace

Noun completion_noun() {
  return {.name = "completion",
          .summary = "Write a shell's completion script",
          .verbs = {{.name = "",
                     .summary = "Writes the completion script of bash, zsh or fish",
                     .arguments = {{.name = "SHELL", .meaning = Meaning::kShell}},
                     .examples = {"eval \"$(novelo completion bash)\"", "source <(novelo completion zsh)",
                                  "novelo completion fish | source"},
                     .run = run_completion}}};
}

}  // namespace novelo::cli
