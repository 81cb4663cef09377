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

    def start(self, *arguments: str) -> int:
        self.process = subprocess.Popen([TARGET, *arguments], stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end)
        ready, number = self.process.stdout.readline().split()
        self.assertEqual("ready", ready)
        return int(number)

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
        self.start()
        listed = self.gdb("info goroutines")
        self.assertRegex(listed, r'(?m)^ *\d+  chan receive +"reader" in .*, started in ')
        self.assertRegex(listed, r"(?m)^ *\d+  running")
        calls = self.gdb(f"goroutine {self.number_of(listed, 'chan receive')} bt")
        self.assertRegex(calls, r"(?s)#1 .*wait_for_news.*novelo_context_start")
        self.assertNotIn("pause", calls)
        self.assertRegex(self.gdb(f"goroutine {self.number_of(listed, 'sleep')} bt"), r"(?s)#1 .*nap")

    def test_leaves_the_process_as_it_was(self):
        self.start()
        listed = self.gdb("info goroutines", "goroutine all bt", "bt 1", "info threads")
        self.assertRegex(listed, r"(?s)wait_for_news.*nap")
        self.assertIsNone(self.process.poll())

    def test_shows_the_calls_of_stacks_that_have_no_memory(self):
        compact = self.start("compact")
        shown = self.gdb("goroutine all bt")
        self.assertEqual(500, len(re.findall(r"(?m)^ *\d+  chan receive +in ", shown)), shown)
        self.assertEqual(500, len(re.findall(r"(?m)^#\d+ .*wait_for_news", shown)), shown)
        whole = re.findall(r"(?m)^#1 +0x\w+ in .*\n(?:#\d+ .*\n)*?#\d+ .*wait_for_news.*\n(?:#\d+ .*\n)*#\d+ .*novelo_context_start", shown)
        self.assertGreaterEqual(len(whole), compact)

    def test_says_what_is_wrong_with_a_command(self):
        self.start()
        said = self.gdb("goroutine", "goroutine 999999 bt", "goroutine x bt")
        self.assertEqual(2, said.count("usage: goroutine ID|all COMMAND"), said)
        self.assertIn("there is no goroutine 999999", said)


if __name__ == "__main__":
    unittest.main()
