#!/usr/bin/env bash
# Fails, naming file and line, when clang-format 19 would change a C++ file of the project.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
find runtime proto daemon client tests -name '*.h' -print0 -o -name '*.cc' -print0 |
  xargs -0 -r clang-format-19 --dry-run --Werror
