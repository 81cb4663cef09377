#!/usr/bin/env python3
"""The unit: systemd finds no fault in it, its sandbox is tight, and what it promises novelod keeps."""
import pathlib
import re
import subprocess
import tempfile
import unittest

import tree
from novelod import BIN, clean_environment

UNIT = tree.ROOT / "deploy/systemd/novelod.service"
SYSUSERS = tree.ROOT / "deploy/systemd/novelo.sysusers"
# Of 100; 0 is a service that may do nothing.
EXPOSURE_MAX = 20


def setting(name: str) -> str:
    return re.search(rf"(?m)^{name}=(.*)$", tree.text(UNIT)).group(1)


class Unit(unittest.TestCase):
    maxDiff = None

    def analyze(self, *arguments: str) -> subprocess.CompletedProcess:
        """systemd-analyze on the unit with the built novelod in the place of the installed one."""
        with tempfile.TemporaryDirectory() as directory:
            unit = pathlib.Path(directory, UNIT.name)
            unit.write_text(tree.text(UNIT).replace("/usr/bin/novelod", str(BIN / "novelod")), encoding="utf-8")
            return subprocess.run(["systemd-analyze", *arguments, str(unit)], env=clean_environment(), capture_output=True, text=True, timeout=60)

    def test_has_no_fault_that_systemd_finds(self):
        done = self.analyze("verify", "--man=no")
        self.assertEqual((0, ""), (done.returncode, done.stderr), done.stdout)

    def test_is_tightly_sandboxed(self):
        done = self.analyze("security", "--offline=yes", f"--threshold={EXPOSURE_MAX}", "--no-pager")
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_runs_as_the_user_that_sysusers_makes(self):
        done = subprocess.run(["systemd-sysusers", "--dry-run", "--inline", *[line for line in tree.text(SYSUSERS).splitlines() if line and line[0] != "#"]], capture_output=True, text=True, timeout=30)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn(f'u {setting("User")} ', tree.text(SYSUSERS))

    def test_waits_for_the_whole_drain(self):
        printed = subprocess.run([BIN / "novelod", "--print-config"], env=clean_environment(), capture_output=True, text=True, timeout=30, check=True).stdout
        drain = re.search(r'(?m)^\s*drain_timeout\s*=\s*"?(?:(\d+)m)?(\d+)s', printed)
        self.assertIsNotNone(drain, printed)
        self.assertGreater(int(setting("TimeoutStopSec")), int(drain.group(1) or 0) * 60 + int(drain.group(2)))

    def test_starts_no_configuration_again_that_was_refused(self):
        done = subprocess.run([BIN / "novelod", "--log.level", "loud"], env=clean_environment(), capture_output=True, text=True, timeout=30)
        self.assertIn(str(done.returncode), setting("RestartPreventExitStatus").split(), done.stderr)


if __name__ == "__main__":
    unittest.main()
