#!/usr/bin/env python3
"""The newcomer's command: what it shows, and what it leaves running."""
import os
import re
import signal
import socket
import subprocess
import unittest
import urllib.request

import tree
from novelod import clean_environment, eventually

QUICKSTART = tree.ROOT / "deploy/quickstart.sh"


def daemons() -> set[int]:
    """The processes that run a novelod of this tree."""
    found = set()
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{process}/exe").startswith(str(tree.ROOT / "build/release/bin/novelod")):
                found.add(int(process))
        except OSError:
            pass
    return found


class Quickstart(unittest.TestCase):
    maxDiff = None

    def run_it(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([QUICKSTART, *arguments], env=clean_environment(), capture_output=True, text=True, timeout=900)

    def test_shows_the_words_of_the_licences_and_leaves_nothing_running(self):
        before = daemons()
        done = self.run_it()
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?m)\bthe\s+\d{4,}\b")
        self.assertIn("metrics", done.stdout)
        self.assertEqual(before, daemons())

    def test_keeps_the_daemon_when_asked_and_says_how_to_stop_it(self):
        before = daemons()
        done = self.run_it("--keep")
        try:
            self.assertEqual(0, done.returncode, done.stdout + done.stderr)
            self.assertEqual(1, len(daemons() - before))
            with urllib.request.urlopen(re.search(r"http://\S+/metrics", done.stdout).group(), timeout=10) as answer:
                self.assertIn(b"novelo_goroutines", answer.read())
            stop = re.search(r"(?m)^\s*stop\s+(kill (\d+);.*)$", done.stdout)
            self.assertEqual({int(stop.group(2))}, daemons() - before)
            subprocess.run(["sh", "-c", stop.group(1)], check=True, timeout=30)
            eventually(lambda: daemons() == before, 30)
        finally:
            for process in daemons() - before:
                os.kill(process, signal.SIGTERM)

    def test_takes_other_ports_when_its_own_are_taken_and_says_so(self):
        with socket.socket() as first:
            first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                first.bind(("127.0.0.1", 7570))
                first.listen()
            except OSError:
                pass  # somebody holds it already, which serves as well
            done = self.run_it()
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn("port 7570 is taken", done.stdout)
        self.assertRegex(done.stdout, r"(?m)\bthe\s+\d{4,}\b")

    def test_refuses_an_argument_it_does_not_know(self):
        done = self.run_it("--kep")
        self.assertEqual(2, done.returncode)
        self.assertIn("--kep", done.stderr)


if __name__ == "__main__":
    unittest.main()
