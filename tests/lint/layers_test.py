#!/usr/bin/env python3
"""Dependencies point one way: a lower layer of the runtime never includes a higher one, and the runtime nothing but Abseil."""
import re
import unittest

import tree

# Who may include whom: itself and what has a lower number. Equal numbers do not see each other, but for the foundation: a
# lock of base waits on a futex of os, and os counts with the atomics of base.
_LEVEL = {
    "base": 0,
    "os": 0,
    "arch": 0,
    "obs": 1,
    "heap": 2,
    "stack": 3,
    "sched": 4,
    "gc": 5,
    "time": 6,
    "chan": 7,
    "sync": 7,
    "context": 8,
    "net": 8,
    "reflect": 9,
}
_FOUNDATION = {"base", "os", "arch"}
_INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)
_FOREIGN = re.compile(r"^(grpc|grpcpp|google|spdlog|fmt|prometheus|sqlite3|toml\+\+|CLI|re2|systemd|daemon|client)\b")


def upward_includes(file: str, source: str) -> list[str]:
    """The includes of runtime/src/AREA/... that point to a higher or an unknown layer."""
    area = file.split("/")[2]
    wrong = []
    for _, included in _INCLUDE.findall(source):
        other = included.split("/")[0]
        if "/" not in included or other == area or other not in _LEVEL or {area, other} <= _FOUNDATION:
            continue
        if _LEVEL[other] >= _LEVEL[area]:
            wrong.append(f"{file}: includes {included}: {area} (level {_LEVEL[area]}) may not see {other} (level {_LEVEL[other]})")
    return wrong


class Layers(unittest.TestCase):
    maxDiff = None

    def test_of_the_runtime_include_downward_only(self):
        wrong = []
        for path in tree.files(".h", ".cc", ".S", under="runtime/src"):
            file = tree.name(path)
            if len(file.split("/")) > 3:
                self.assertIn(file.split("/")[2], _LEVEL, f"{file}: no such layer; name it in ARCHITECTURE.md and here")
                wrong += upward_includes(file, tree.text(path))
        self.assertEqual([], wrong)

    def test_of_the_runtime_need_abseil_alone(self):
        wrong = []
        for path in tree.files(".h", ".cc", under="runtime"):
            wrong += [f"{tree.name(path)}: includes {name}" for _, name in _INCLUDE.findall(tree.text(path)) if _FOREIGN.match(name)]
        self.assertEqual([], wrong)

    def test_of_the_client_do_not_know_the_daemon(self):
        wrong = []
        for path in tree.files(".h", ".cc", under="client"):
            wrong += [f"{tree.name(path)}: includes {name}" for _, name in _INCLUDE.findall(tree.text(path)) if name.startswith("daemon/")]
        self.assertEqual([], wrong)


class TheseRules(unittest.TestCase):
    maxDiff = None

    def test_see_an_include_that_points_up(self):
        wrong = upward_includes("runtime/src/stack/pool.cc", '#include "sched/park.h"\n#include "heap/span.h"\n#include <vector>\n')
        self.assertEqual(1, len(wrong), wrong)
        self.assertIn("stack (level 3) may not see sched (level 4)", wrong[0])


if __name__ == "__main__":
    unittest.main()
