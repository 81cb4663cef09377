#!/usr/bin/env python3
"""Jobs: their life as the command line shows it, and that ten thousand at once leave nothing behind."""
import json
import signal
import subprocess
import unittest

from novelod import BIN, Novelod, eventually

JOBS = 10000
USAGE, NOT_FOUND, PRECONDITION, CANCELLED, DEADLINE, INTERRUPTED = 2, 3, 5, 8, 124, 130


class Job(unittest.TestCase):
    maxDiff = None

    def test_submitted_without_waiting_is_told_by_its_id_and_can_be_waited_for(self):
        with Novelod() as node:
            job = node.novelo_json("job", "submit", "text.word_count", "--path", "/usr/share/common-licenses")
            done = node.novelo_json("job", "wait", job["id"])
            self.assertEqual((job["id"], True), (done["id"], done["state"].endswith("SUCCEEDED")))
            self.assertIn(job["id"], node.novelo("job", "list").stdout)

    def test_submitted_twice_under_one_request_id_runs_once(self):
        with Novelod() as node:
            arguments = ("job", "submit", "text.word_count", "--path", "/usr/share/common-licenses", "--request-id", "once")
            self.assertEqual(node.novelo_json(*arguments)["id"], node.novelo_json(*arguments)["id"])
            self.assertEqual(1, node.metric("novelo_jobs_submitted_total", task="text.word_count"))

    def test_watched_shows_its_end(self):
        with Novelod(binary="novelod_faulty") as node:
            job = node.novelo_json("job", "submit", "fault.sleeps", "--milliseconds", "500")
            watched = node.novelo("job", "watch", job["id"], "-o", "jsonl")
            self.assertEqual(0, watched.returncode, watched.stderr)
            self.assertIn("SUCCEEDED", watched.stdout.splitlines()[-1])

    def test_past_its_deadline_has_failed_by_it(self):
        with Novelod(binary="novelod_faulty") as node:
            done = node.novelo("job", "submit", "fault.waits", "--deadline", "200ms", "--wait", "-o", "json")
            self.assertEqual(DEADLINE, done.returncode, done.stdout + done.stderr)
            self.assertTrue(json.loads(done.stdout)["state"].endswith("FAILED"))

    def test_waited_for_is_left_running_by_an_interrupt(self):
        with Novelod(binary="novelod_faulty") as node:
            job = node.novelo_json("job", "submit", "fault.sleeps", "--milliseconds", "3000")
            wait = node.start_novelo("job", "wait", job["id"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            eventually(lambda: node.metric("novelo_rpc_started_total", method="/novelo.v1.JobService/WaitJob") >= 1, 10)
            wait.send_signal(signal.SIGINT)
            _, said = wait.communicate(timeout=10)
            self.assertEqual(INTERRUPTED, wait.returncode)
            self.assertIn(f"novelo job wait {job['id']}", said)
            self.assertTrue(node.novelo_json("job", "wait", job["id"])["state"].endswith("SUCCEEDED"))

    def test_cancelled_stays_cancelled(self):
        with Novelod(binary="novelod_faulty") as node:
            job = node.novelo_json("job", "submit", "fault.waits")
            node.novelo("job", "cancel", job["id"])
            self.assertEqual(CANCELLED, node.novelo("job", "wait", job["id"]).returncode)
            node.novelo("job", "cancel", job["id"])
            self.assertTrue(node.novelo_json("job", "get", job["id"])["state"].endswith("CANCELLED"))


class TenThousandJobs(unittest.TestCase):
    def load(self, node: Novelod, task: str, request: dict, count: int) -> None:
        done = subprocess.run([BIN / "job_load", node.address, task, json.dumps(request), str(count)], capture_output=True, text=True, timeout=240)
        self.assertEqual((0, f"{count} JOB_STATE_SUCCEEDED\n"), (done.returncode, done.stdout), done.stderr + node.log()[-2000:])

    def test_at_once_leave_no_goroutine_no_descriptor_and_no_byte(self):
        with Novelod("--runtime.thread_idle_timeout", "1s", binary="novelod_faulty") as node:
            # The first round fills pools, arenas and caches, which stay; after it, every round must end where it began.
            self.load(node, "fault.gathered_sieve", {"parties": JOBS}, JOBS)
            goroutines, descriptors, threads, resident = node.goroutines(), node.descriptors(), node.threads(), node.resident_bytes()
            for _ in range(3):
                self.load(node, "fault.gathered_sieve", {"parties": JOBS}, JOBS)
            eventually(lambda: node.goroutines() <= goroutines, 10)
            eventually(lambda: node.descriptors() <= descriptors, 10)
            # Those of the runtime that wait for work have ended by then; gRPC keeps a few more or less of its own.
            eventually(lambda: node.threads() <= threads + 2, 20)
            # Free memory goes back each few seconds.
            eventually(lambda: node.resident_bytes() - resident <= 16 << 20, 20)
            self.assertEqual(0, sum(value for name, labels, value in node.samples() if name == "novelo_jobs"))


if __name__ == "__main__":
    unittest.main()
