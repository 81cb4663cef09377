#!/usr/bin/env python3
"""The rules for atomics: one door to them, every access names its order, every ordering tag stands on both sides of its pair."""
import collections
import re
import unittest

import tree

# How many arguments an access has when it names its order.
_ARGUMENTS = {
    "load": 1,
    "store": 2,
    "exchange": 2,
    "fetch_add": 2,
    "fetch_sub": 2,
    "fetch_and": 2,
    "fetch_or": 2,
    "fetch_xor": 2,
    "compare_exchange_weak": 3,
    "compare_exchange_strong": 3,
}
_ACCESS = re.compile(r"(?:\.|->)(%s)\(" % "|".join(_ARGUMENTS))
_TAG = re.compile(r"\[([a-z][a-z0-9]*(?:-[a-z0-9]+)+)\]")
_FOREIGN_ATOMIC = re.compile(r"\bstd::atomic|\b__atomic_|\b__sync_|#\s*include\s*<atomic>")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def without_comments(source: str) -> str:
    """The source with its comments blanked out, line numbers kept."""
    return _COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), source)


def arguments_after(source: str, start: int) -> int:
    """How many arguments stand in the parenthesis that opened just before `start`."""
    depth, commas = 0, 0
    for index in range(start, len(source)):
        character = source[index]
        if character in "([{":
            depth += 1
        elif character in ")]}":
            if depth == 0:
                return commas + 1 if source[start:index].strip() else 0
            depth -= 1
        elif character == "," and depth == 0:
            commas += 1
    return commas + 1


def accesses_without_order(source: str) -> list[tuple[int, str]]:
    """(line, access) of each atomic access that leaves its order to the default, sequential consistency."""
    code = without_comments(source)
    return [
        (code.count("\n", 0, match.start()) + 1, match.group(1))
        for match in _ACCESS.finditer(code)
        if arguments_after(code, match.end()) < _ARGUMENTS[match.group(1)]
    ]


def lone_tags(sources: dict[str, str]) -> list[str]:
    """The ordering tags that stand at one place only."""
    places = collections.defaultdict(list)
    for file, source in sources.items():
        for number, line in enumerate(source.splitlines(), 1):
            comment = line.partition("//")[2]
            for tag in _TAG.findall(comment):
                places[tag].append(f"{file}:{number}")
    return [f"{at[0]}: [{tag}] has no other side" for tag, at in sorted(places.items()) if len(at) < 2]


def runtime_sources() -> dict[str, str]:
    return {tree.name(path): tree.text(path) for path in tree.files(".h", ".cc", under="runtime")}


class Atomics(unittest.TestCase):
    maxDiff = None

    def test_have_one_door_in_the_runtime(self):
        # A public header cannot see that door; its orders are checked all the same.
        wrong = []
        for file, source in runtime_sources().items():
            if file == "runtime/src/base/atomic.h" or file.startswith("runtime/include/"):
                continue
            for number, line in enumerate(without_comments(source).splitlines(), 1):
                if _FOREIGN_ATOMIC.search(line):
                    wrong.append(f"{file}:{number}: {line.strip()} (use Atomic of base/atomic.h)")
        self.assertEqual([], wrong)

    def test_name_the_order_of_every_access(self):
        wrong = []
        for path in tree.files(".h", ".cc", under="runtime"):
            for line, access in accesses_without_order(tree.text(path)):
                wrong.append(f"{tree.name(path)}:{line}: {access}() without an order")
        self.assertEqual([], wrong)

    def test_tag_both_sides_of_every_pair(self):
        self.assertEqual([], lone_tags(runtime_sources()))


class TheseRules(unittest.TestCase):
    maxDiff = None

    def test_see_an_access_without_its_order(self):
        source = "// x.load() in words\nint a = x.load();\ny->store(f(1, 2));\nz.store(1, release);\nw.compare_exchange_strong(a, b);\n"
        self.assertEqual([(2, "load"), (3, "store"), (5, "compare_exchange_strong")], accesses_without_order(source))

    def test_see_a_tag_with_one_side(self):
        self.assertEqual(["a.cc:1: [rq-reuse] has no other side"], lone_tags({"a.cc": "x;  // [rq-reuse]\nint a[k-1];\n"}))
        self.assertEqual([], lone_tags({"a.cc": "// [rq-reuse]\n", "b.cc": "// [rq-reuse]\n"}))


if __name__ == "__main__":
    unittest.main()
