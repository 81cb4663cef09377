#!/usr/bin/env python3
"""Cancelling a stream half-way stops the goroutines behind it."""
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

from novelod import Novelod, eventually

FILES = 4000
LINES = 500
# What is promised, in seconds, and how often the machine may be too busy with something else to show it.
PROMISED = 0.1
ATTEMPTS = 5


class Cancel(unittest.TestCase):
    def test_of_a_grep_half_way_through_a_large_tree_stops_its_goroutines_within_100_ms(self):
        with tempfile.TemporaryDirectory() as tree, Novelod() as node:
            lines = "the yarn is long and has no end, it goes round and round\n" * LINES
            for number in range(FILES):
                folder = pathlib.Path(tree, str(number % 50))
                folder.mkdir(exist_ok=True)
                pathlib.Path(folder, str(number)).write_text(lines, encoding="ascii")
            node.novelo("call", "text.grep", "--pattern", "nothing like it", "--path", f"{tree}/0")
            before = node.goroutines()

            took = []
            for _ in range(ATTEMPTS):
                call = node.start_novelo("call", "text.grep", "--pattern", "yarn .* end", "--path", tree, "-o", "jsonl", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                for _ in range(20000):
                    self.assertIn("yarn", call.stdout.readline())
                self.assertGreater(node.goroutines(), before)
                call.send_signal(signal.SIGINT)
                started = time.monotonic()
                eventually(lambda: node.goroutines() <= before, 10, interval=0.002)
                took.append(time.monotonic() - started)
                rest = call.stdout.read().count("\n")
                call.stdout.close()
                call.wait(20)
                self.assertLess(rest + 20000, FILES * LINES / 2, "it was not half-way")
                if took[-1] <= PROMISED:
                    break
            self.assertLessEqual(min(took), PROMISED, took)
            self.assertTrue(node.is_alive())


if __name__ == "__main__":
    unittest.main()
