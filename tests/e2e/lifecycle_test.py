#!/usr/bin/env python3
"""How novelod starts, tells its manager, drains and ends."""
import pathlib
import signal
import socket
import subprocess
import tempfile
import unittest

from novelod import BIN, Novelod, clean_environment, eventually

FIRST_READY_THEN_STOPPING = ["READY=1", "STOPPING=1"]


class Drain(unittest.TestCase):
    maxDiff = None

    def test_finishes_the_call_in_flight_and_takes_no_other(self):
        with Novelod(binary="novelod_faulty") as node:
            before = node.metric("novelo_rpc_started_total", method="/fault.Tasks/Sleeps")
            call = node.start_novelo("call", "fault.sleeps", "--milliseconds", "2000", "-o", "json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            eventually(lambda: node.metric("novelo_rpc_started_total", method="/fault.Tasks/Sleeps") > before, 10)
            node.terminate()
            eventually(lambda: node.http("/readyz")[0] != 200, 2)
            refused = node.novelo("call", "text.word_count", "--path", "/usr/share/common-licenses/BSD")
            self.assertNotEqual(0, refused.returncode)
            out, err = call.communicate(timeout=30)
            self.assertEqual(0, call.returncode, err)
            self.assertIn("2000", out)
            self.assertEqual(0, node.process.wait(30), node.log())

    def test_finishes_the_running_job(self):
        with Novelod(binary="novelod_faulty") as node:
            job = node.start_novelo("job", "submit", "fault.sleeps", "--milliseconds", "2000", "--wait", "-o", "json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            eventually(lambda: "RUNNING" in node.novelo("job", "list", "-o", "json").stdout, 10)
            node.terminate()
            out, err = job.communicate(timeout=30)
            self.assertEqual(0, job.returncode, err)
            self.assertIn("SUCCEEDED", out)
            self.assertEqual(0, node.process.wait(30), node.log())

    def test_cancels_what_is_not_finished_within_its_timeout(self):
        with Novelod("--drain_timeout", "1s", binary="novelod_faulty") as node:
            before = node.goroutines()
            call = node.start_novelo("call", "fault.waits", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            eventually(lambda: node.goroutines() >= before + 2, 10)
            node.terminate()
            self.assertEqual(0, node.process.wait(20), node.log())
            call.communicate(timeout=20)
            self.assertNotEqual(0, call.returncode)

    def test_of_an_idle_daemon_ends_at_once(self):
        with Novelod() as node:
            node.terminate()
            self.assertEqual(0, node.process.wait(10), node.log())

    def test_by_interrupt_is_the_same_as_by_terminate(self):
        with Novelod() as node:
            node.process.send_signal(signal.SIGINT)
            self.assertEqual(0, node.process.wait(10), node.log())


class Manager(unittest.TestCase):
    def test_is_told_ready_then_alive_then_stopping(self):
        with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            path = str(pathlib.Path(directory, "notify"))
            notify.bind(path)
            notify.settimeout(20)
            with Novelod(environment={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"}) as node:
                told = []
                while not any("WATCHDOG=1" in line for line in told):
                    told += notify.recv(4096).decode().split("\n")
                node.terminate()
                node.process.wait(20)
                notify.setblocking(False)
                try:
                    while True:
                        told += notify.recv(4096).decode().split("\n")
                except BlockingIOError:
                    pass
            self.assertEqual(FIRST_READY_THEN_STOPPING, [line for line in told if line in FIRST_READY_THEN_STOPPING])
            self.assertLess(told.index("READY=1"), told.index("WATCHDOG=1"))

    def test_is_not_told_alive_when_it_asked_for_no_watchdog(self):
        with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            path = str(pathlib.Path(directory, "notify"))
            notify.bind(path)
            with Novelod(environment={"NOTIFY_SOCKET": path}) as node:
                node.terminate()
                node.process.wait(20)
            notify.setblocking(False)
            told = []
            try:
                while True:
                    told += notify.recv(4096).decode().split("\n")
            except BlockingIOError:
                pass
            self.assertIn("READY=1", told)
            self.assertNotIn("WATCHDOG=1", told)


class Settings(unittest.TestCase):
    maxDiff = None

    def print_config(self, *arguments: str, **environment: str) -> str:
        done = subprocess.run([BIN / "novelod", "--print-config", *arguments], env=clean_environment(**environment), capture_output=True, text=True, timeout=30)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def line(self, printed: str, *words: str) -> str:
        found = [line for line in printed.splitlines() if all(word in line for word in words)]
        self.assertEqual(1, len(found), printed)
        return found[0]

    def test_of_a_flag_beat_the_environment_which_beats_the_file(self):
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory, "novelod.toml")
            file.write_text('[log]\nlevel = "error"\n', encoding="utf-8")
            of_file = self.print_config("--config", str(file))
            of_environment = self.print_config("--config", str(file), NOVELOD_LOG_LEVEL="warn")
            of_flag = self.print_config("--config", str(file), "--log.level", "debug", NOVELOD_LOG_LEVEL="warn")
        self.assertIn(f"{file}:2", self.line(of_file, "error"))
        self.assertIn("NOVELOD_LOG_LEVEL", self.line(of_environment, "warn"))
        self.assertIn("--log.level", self.line(of_flag, '"debug"'))

    def test_have_loopback_defaults(self):
        printed = self.print_config()
        self.line(printed, "127.0.0.1:7570")
        self.line(printed, "127.0.0.1:7571")

    def test_are_checked_without_a_start(self):
        done = subprocess.run([BIN / "novelod", "--check-config"], env=clean_environment(), capture_output=True, text=True, timeout=30)
        self.assertEqual(0, done.returncode, done.stderr)


class Help(unittest.TestCase):
    def test_of_both_programs_goes_to_stdout_and_has_an_example(self):
        for program in ("novelod", "novelo"):
            done = subprocess.run([BIN / program, "--help"], env=clean_environment(), capture_output=True, text=True, timeout=30)
            self.assertEqual((0, ""), (done.returncode, done.stderr), program)
            self.assertRegex(done.stdout.lower(), "example", program)

    def test_of_both_programs_tells_the_version_of_the_project(self):
        for arguments in (("novelod", "--version"), ("novelo", "version")):
            done = subprocess.run([BIN / arguments[0], *arguments[1:]], env=clean_environment(), capture_output=True, text=True, timeout=30)
            self.assertIn("0.1.0", done.stdout, arguments)


class Doctor(unittest.TestCase):
    maxDiff = None

    def test_says_what_the_system_has(self):
        with Novelod() as node:
            page = node.novelo("status", "--doctor")
            self.assertEqual((0, ""), (page.returncode, page.stderr))
            self.assertRegex(page.stdout, r"FEATURE +IN USE +STATE")
            self.assertRegex(page.stdout, r"stack guards +\w+ +(ok|fallback)")

    def test_names_what_is_missing_and_why(self):
        with Novelod("--runtime.max_goroutines=1000000", address_space=16 << 30) as node:
            node.novelo_json("gc")
            missing = node.novelo("status", "--doctor", "-o", "name").stdout.splitlines()
            self.assertIn("collected heap", missing)
            self.assertIn("address space for stacks", missing)
            features = {one["name"]: one for one in node.novelo_json("status")["features"]}
            self.assertIn("RLIMIT_AS", features["collected heap"]["note"])
            self.assertIn("1000000 were asked for: RLIMIT_AS", features["address space for stacks"]["note"])
            counted = node.novelo("call", "text.word_count", "--path", "/usr/share/common-licenses/BSD")
            self.assertEqual(0, counted.returncode, counted.stderr)


class AddressSpace(unittest.TestCase):
    def test_of_four_gib_is_enough_to_work_and_to_end(self):
        with Novelod(address_space=4 << 30) as node:
            trees = node.novelo("call", "bench.binary_trees", "--depth", "12")
            self.assertEqual(0, trees.returncode, trees.stderr)
            node.terminate()
            self.assertEqual(0, node.process.wait(30), node.log())
            self.assertIn("stopped", node.log())

    def test_that_is_less_is_refused_by_name(self):
        with Novelod(address_space=600 << 20, ready=False) as node:
            self.assertEqual(1, node.process.wait(30))
            self.assertRegex(node.log(), r"^novelod: at least 4 GiB of address space are needed.*RLIMIT_AS.* allows 600 MiB")


if __name__ == "__main__":
    unittest.main()
