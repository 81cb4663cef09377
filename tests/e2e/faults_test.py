#!/usr/bin/env python3
"""A task's fault is the task's: whatever one does, it ends as documented, its goroutines are unwound and the daemon lives."""
import contextlib
import json
import signal
import subprocess
import time
import unittest

from novelod import Novelod, eventually

# Exit codes of novelo, as its manual has them.
TASK_FAILED = 1
CANCELLED = 8
DEADLINE = 124
INTERRUPTED = 130


@contextlib.contextmanager
def faulty():
    with Novelod(binary="novelod_faulty") as node:
        yield node


class Fault(unittest.TestCase):
    maxDiff = None

    def assert_nothing_is_left(self, node: Novelod, before: int) -> None:
        self.assertTrue(node.is_alive(), node.log())
        eventually(lambda: node.goroutines() <= before, 5)
        node.novelo_json("call", "text.word_count", "--path", "/usr/share/common-licenses/BSD")

    def unwound(self, node: Novelod) -> int:
        return int(node.novelo_json("call", "fault.unwound")["count"])

    def test_thrown_by_a_call_is_its_error_and_names_what_was_thrown(self):
        with faulty() as node:
            before = node.goroutines()
            done = node.novelo("call", "fault.throws", "--what", "the yarn broke")
            self.assertEqual(TASK_FAILED, done.returncode, done.stderr)
            self.assertIn("the yarn broke", done.stderr)
            self.assertEqual(1, self.unwound(node))
            self.assert_nothing_is_left(node, before)

    def test_thrown_by_a_job_is_kept_as_the_error_of_the_job(self):
        with faulty() as node:
            before = node.goroutines()
            done = node.novelo("job", "submit", "fault.throws", "--what", "the yarn broke", "--wait", "-o", "json")
            self.assertEqual(TASK_FAILED, done.returncode, done.stderr)
            job = json.loads(done.stdout)
            self.assertTrue(job["state"].endswith("FAILED"), job)
            self.assertIn("the yarn broke", job["error"]["message"])
            self.assertEqual(job["error"], node.novelo_json("job", "get", job["id"])["error"])
            self.assert_nothing_is_left(node, before)

    def test_returned_as_an_error_keeps_its_code_and_words(self):
        with faulty() as node:
            before = node.goroutines()
            done = node.grpcurl("fault.Tasks/Fails", before=("-d", '{"code": 9, "message": "the needle is lost"}', "-format-error"))
            error = json.loads(done.stderr)
            self.assertEqual((9, True), (error["code"], "the needle is lost" in error["message"]), error)
            self.assert_nothing_is_left(node, before)

    def test_of_sleeping_past_the_deadline_ends_at_the_deadline(self):
        with faulty() as node:
            before = node.goroutines()
            started = time.monotonic()
            done = node.novelo("call", "fault.sleeps", "--milliseconds", "60000", "--timeout", "300ms")
            self.assertEqual(DEADLINE, done.returncode, done.stderr)
            self.assertLess(time.monotonic() - started, 10)
            eventually(lambda: node.goroutines() <= before, 5)
            self.assertEqual(1, self.unwound(node))
            self.assert_nothing_is_left(node, before)

    def test_of_looping_without_the_runtime_does_not_stop_the_others(self):
        with faulty() as node:
            before = node.goroutines()
            processors = int(node.metric("novelo_sched_procs"))
            loops = [
                node.start_novelo("call", "fault.loops", "--milliseconds", "6000", stdout=subprocess.DEVNULL) for _ in range(processors + 1)
            ]
            try:
                # All of them run, each with a thread of its own, before the others are asked.
                eventually(lambda: node.metric("novelo_rpc_started_total", method="/fault.Tasks/Loops") >= processors + 1, 5)
                started = time.monotonic()
                node.novelo_json("call", "text.word_count", "--path", "/usr/share/common-licenses")
                took = time.monotonic() - started
                self.assertTrue(all(loop.poll() is None for loop in loops), "the loops ended before the others had run")
                self.assertLess(took, 4)
            finally:
                codes = [loop.wait(60) for loop in loops]
            self.assertEqual([0] * len(loops), codes)
            self.assert_nothing_is_left(node, before)

    def test_of_waiting_for_ever_ends_by_interrupting_the_call(self):
        with faulty() as node:
            before = node.goroutines()
            call = node.start_novelo("call", "fault.waits", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            eventually(lambda: node.goroutines() >= before + 2, 10)
            call.send_signal(signal.SIGINT)
            call.communicate(timeout=10)
            self.assertIn(call.returncode, (CANCELLED, INTERRUPTED))
            eventually(lambda: node.goroutines() <= before, 5)
            self.assertEqual(2, self.unwound(node))
            self.assert_nothing_is_left(node, before)

    def test_of_waiting_for_ever_ends_by_cancelling_the_job(self):
        with faulty() as node:
            before = node.goroutines()
            job = node.novelo_json("job", "submit", "fault.waits")
            eventually(lambda: node.goroutines() >= before + 2, 10)
            self.assertEqual(0, node.novelo("job", "cancel", job["id"]).returncode)
            done = node.novelo("job", "wait", job["id"], "-o", "json")
            self.assertEqual(CANCELLED, done.returncode, done.stderr)
            self.assertTrue(json.loads(done.stdout)["state"].endswith("CANCELLED"))
            eventually(lambda: node.goroutines() <= before, 5)
            self.assertEqual(2, self.unwound(node))
            self.assert_nothing_is_left(node, before)

    def test_of_recursing_without_end_is_its_error_and_nobody_elses(self):
        with Novelod("--runtime.max_stack_bytes", "16MiB", binary="novelod_faulty") as node:
            before = node.goroutines()
            other = node.start_novelo("call", "fault.sleeps", "--milliseconds", "1500", stdout=subprocess.PIPE)
            done = node.novelo("call", "bench.deep_recursion", "--depth", "100000000")
            self.assertEqual(TASK_FAILED, done.returncode, done.stderr)
            self.assertIn("bench.deep_recursion went too deep: stack overflow: goroutine", done.stderr)
            self.assertIn("the limit is runtime.max_stack_bytes", done.stderr)
            job = json.loads(node.novelo("job", "submit", "bench.deep_recursion", "--depth", "100000000", "--wait", "-o", "json").stdout)
            self.assertTrue(job["state"].endswith("FAILED"), job)
            self.assertIn("went too deep", job["error"]["message"])
            self.assertEqual(2, node.metric("novelo_stack_overflows_total"))
            self.assertEqual(1000, int(node.novelo_json("call", "bench.deep_recursion", "--depth", "1000")["depth"]))
            other.communicate(timeout=10)
            self.assertEqual(0, other.returncode)
            self.assert_nothing_is_left(node, before)


if __name__ == "__main__":
    unittest.main()
