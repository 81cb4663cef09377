#!/usr/bin/env python3
"""What every file must have, and what none may: a first line that says what it is, a place in the build, words that mean something."""
import re
import shutil
import subprocess
import unittest

import tree

_CODE = (".h", ".cc", ".S", ".cmake", "CMakeLists.txt", ".py", ".sh", ".proto", ".service")
_LEFT_OVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|#\s*if\s+0\b|\bDISABLED_|\bGTEST_SKIP\b")
_EMPTY_WORD = re.compile(r"(?:^|_)(utils?|helpers?|common|manager|impl)(?:_|$)")
_SAYS_NOTHING = "does not begin with a comment that says what it is"


def first_line_is_comment(source: str) -> bool:
    lines = [line for line in source.splitlines() if not line.startswith("#!")]
    return bool(lines) and bool(re.match(r'(//|#(?!include|pragma|if)|/\*|""")\s*\S*', lines[0])) and len(lines[0]) > 10


def code() -> list:
    this = "tests/lint/files_test.py"
    return [path for path in tree.files(*_CODE) if tree.name(path) != this]


class EveryFile(unittest.TestCase):
    maxDiff = None

    def test_begins_with_what_it_is(self):
        self.assertEqual([], [f"{tree.name(path)} {_SAYS_NOTHING}" for path in code() if not first_line_is_comment(tree.text(path))])

    def test_has_no_left_over(self):
        wrong = []
        for path in code():
            for number, line in enumerate(tree.text(path).splitlines(), 1):
                if _LEFT_OVER.search(line):
                    wrong.append(f"{tree.name(path)}:{number}: {line.strip()}")
        self.assertEqual([], wrong)

    def test_of_code_is_named_by_its_concept(self):
        wrong = [tree.name(path) for path in code() if _EMPTY_WORD.search(path.name.split(".")[0])]
        self.assertEqual([], wrong, "utils, helpers, common, manager and impl say nothing")

    def test_of_cpp_is_listed_in_a_cmake_file(self):
        lists = "\n".join(tree.text(path) for path in tree.files("CMakeLists.txt", ".cmake"))
        listed = set(re.findall(r"[\w.+/-]+\.(?:h|cc|S|proto)\b", lists))
        wrong = []
        for path in tree.files(".h", ".cc", ".S", ".proto"):
            parts = tree.name(path).split("/")
            if not any("/".join(parts[start:]) in listed for start in range(len(parts))):
                # A test may be named without its ending in a list that adds it.
                if not re.search(r"\b%s\b" % re.escape(path.stem), lists):
                    wrong.append(tree.name(path))
        self.assertEqual([], wrong, "files that no build compiles")


    def test_names_only_tests_that_exist(self):
        wrong = []
        for path in code():
            for named in re.findall(r"\btests/[\w/]+_test\.(?:cc|py)\b", tree.text(path)):
                if not (tree.ROOT / named).exists():
                    wrong.append(f"{tree.name(path)}: {named}")
        self.assertEqual([], wrong)


class EveryScript(unittest.TestCase):
    maxDiff = None

    def test_satisfies_shellcheck(self):
        self.assertIsNotNone(shutil.which("shellcheck"), "shellcheck is missing: deploy/install_packages.sh test")
        scripts = []
        for path in tree.files():
            with open(path, "rb") as file:
                if re.match(rb"#!.*\b(ba|da)?sh\b", file.readline(100)):
                    scripts.append(path)
        self.assertGreater(len(scripts), 3)
        done = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True)
        self.assertEqual(0, done.returncode, done.stdout)


class TheseRules(unittest.TestCase):
    maxDiff = None

    def test_see_a_file_that_says_nothing(self):
        self.assertFalse(first_line_is_comment("#include <vector>\n"))
        self.assertFalse(first_line_is_comment("#pragma once\n"))
        self.assertFalse(first_line_is_comment(""))
        self.assertTrue(first_line_is_comment("#!/usr/bin/env bash\n# Starts the daemon.\n"))
        self.assertTrue(first_line_is_comment("// Starts the daemon.\n#pragma once\n"))


if __name__ == "__main__":
    unittest.main()
