#!/usr/bin/env python3
"""Goroutines of a running process as gdb shows them, without debug information."""
import os
import pathlib
import re
import subprocess
import unittest

SCRIPT = pathlib.Path(os.environ["NOVELO_SOURCE_DIR"], "runtime/gdb/novelo-gdb.py")
TARGET = pathlib.Path(os.environ["NOVELO_BIN_DIR"], "gdb_target")


class Gdb(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.process = subprocess.Popen([TARGET], stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end)
        self.assertEqual("ready\n", self.process.stdout.readline())

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def gdb(self, *commands: str) -> str:
        arguments = ["gdb", "-nx", "-batch", "-p", str(self.process.pid), "-x", str(SCRIPT)]
        for command in commands:
            arguments += ["-ex", command]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=120)
        return done.stdout + done.stderr

    def number_of(self, listed: str, what: str) -> str:
        found = re.search(rf"^ *(\d+)  {what}.*$", listed, re.MULTILINE)
        self.assertIsNotNone(found, listed)
        return found.group(1)

    def test_lists_goroutines_and_their_calls(self):
        listed = self.gdb("info goroutines")
        self.assertRegex(listed, r'(?m)^ *\d+  chan receive +"reader" in .*, started in ')
        self.assertRegex(listed, r"(?m)^ *\d+  running")
        calls = self.gdb(f"goroutine {self.number_of(listed, 'chan receive')} bt")
        self.assertRegex(calls, r"(?s)#1 .*wait_for_news.*novelo_context_start")
        self.assertNotIn("pause", calls)
        self.assertRegex(self.gdb(f"goroutine {self.number_of(listed, 'sleep')} bt"), r"(?s)#1 .*nap")

    def test_leaves_the_process_as_it_was(self):
        listed = self.gdb("info goroutines", "goroutine all bt", "bt 1", "info threads")
        self.assertRegex(listed, r"(?s)wait_for_news.*nap")
        self.assertIsNone(self.process.poll())

    def test_says_what_is_wrong_with_a_command(self):
        said = self.gdb("goroutine", "goroutine 999999 bt", "goroutine x bt")
        self.assertEqual(2, said.count("usage: goroutine ID|all COMMAND"), said)
        self.assertIn("there is no goroutine 999999", said)


if __name__ == "__main__":
    unittest.main()
