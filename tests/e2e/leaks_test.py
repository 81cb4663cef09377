#!/usr/bin/env python3
"""Goroutines that wait for ever in a running daemon: found when asked and by itself, named with their job, cancelled if wanted."""
import json
import unittest

from novelod import Novelod, eventually

USAGE = 2


def faulty(*flags: str) -> Novelod:
    return Novelod(*flags, "--drain_timeout=0s", binary="novelod_faulty")


class Leaks(unittest.TestCase):
    maxDiff = None

    def start_leaking(self, node: Novelod) -> str:
        job = node.novelo_json("job", "submit", "fault.waits")["id"]
        eventually(lambda: node.novelo_json("job", "get", job)["state"].endswith("RUNNING"), 10)
        return job

    def leaks(self, node: Novelod) -> list:
        return node.novelo_json("leaks").get("goroutines", [])

    def test_of_a_healthy_daemon_are_none(self):
        with Novelod() as node:
            sleeping = node.novelo_json("job", "submit", "bench.skynet")["id"]
            self.assertEqual([], self.leaks(node))
            page = node.novelo("leaks")
            self.assertEqual((0, "No goroutine waits for ever.\n", ""), (page.returncode, page.stdout, page.stderr))
            node.novelo_json("job", "wait", sleeping)
            self.assertEqual(0, node.metric("novelo_goroutines_leaked"))

    def test_are_named_with_their_job_and_where_they_wait(self):
        with faulty("--runtime.leak_check_interval=0s") as node:
            job = self.start_leaking(node)
            eventually(lambda: len(self.leaks(node)) == 2, 20)
            for leak in self.leaks(node):
                self.assertEqual(("chan receive", job, "fault.waits"), (leak["reason"], leak["job_id"], leak["task"]))
                self.assertTrue(leak["calls"], leak)
            self.assertEqual(2, node.metric("novelo_goroutines_leaked"))
            self.assertGreater(node.metric("novelo_gc_cycles_total", cause="leaks"), 0)
            page = node.novelo("leaks")
            self.assertRegex(page.stdout, r"GOROUTINE +NAME +WAITS FOR +SINCE +JOB +TASK")
            self.assertRegex(page.stdout, rf"\d+ .*chan receive +\d+\w+ +{job} +fault\.waits")
            node.novelo_json("job", "cancel", job)
            eventually(lambda: self.leaks(node) == [], 20)
            self.assertEqual(0, node.metric("novelo_goroutines_leaked"))
            self.assertEqual(USAGE, node.novelo("leaks", "all").returncode)

    def test_that_a_deadline_ends_are_none(self):
        with faulty("--runtime.leak_check_interval=0s") as node:
            job = node.novelo_json("job", "submit", "fault.waits", "--deadline", "1h")["id"]
            eventually(lambda: node.novelo_json("job", "get", job)["state"].endswith("RUNNING"), 10)
            self.assertEqual([], self.leaks(node))

    def test_are_found_without_being_asked_and_told_once(self):
        with faulty("--runtime.leak_check_interval=1s", "--log.format=json") as node:
            job = self.start_leaking(node)
            eventually(lambda: node.metric("novelo_goroutines_leaked") == 2, 30)
            cycles = node.metric("novelo_gc_cycles_total", cause="leaks")
            eventually(lambda: node.metric("novelo_gc_cycles_total", cause="leaks") > cycles + 1, 30)
            lines = [json.loads(line) for line in node.log().splitlines() if "waits for ever" in line]
            self.assertEqual(2, len(lines), node.log())
            for line in lines:
                self.assertEqual((job, "fault.waits", "chan receive"), (line["job"], line["task"], line["waits_for"]))
            self.assertTrue(node.novelo_json("job", "get", job)["state"].endswith("RUNNING"))

    def test_end_their_job_where_that_is_wanted(self):
        with faulty("--runtime.leak_check_interval=1s", "--job.cancel_leaked=true") as node:
            job = self.start_leaking(node)
            healthy = node.novelo_json("job", "submit", "fault.sleeps", "--milliseconds", "600000")["id"]
            eventually(lambda: node.novelo_json("job", "get", job)["state"].endswith("CANCELLED"), 30)
            self.assertIn("job.cancel_leaked", node.log())
            self.assertTrue(node.novelo_json("job", "get", healthy)["state"].endswith("RUNNING"))


if __name__ == "__main__":
    unittest.main()
