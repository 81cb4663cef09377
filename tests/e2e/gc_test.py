#!/usr/bin/env python3
"""The collector of a running daemon: asked for a cycle, at work under tasks that allocate, and seen in metrics."""
import json
import unittest

from novelod import Novelod, eventually

FAILED = 1
USAGE = 2
REFUSED = 7
CANCELLED = 8


class Gc(unittest.TestCase):
    maxDiff = None

    def test_runs_a_cycle_and_says_what_is_alive(self):
        with Novelod() as node:
            first = node.novelo_json("gc")
            second = node.novelo_json("gc")
            self.assertEqual(int(first["cycles"]) + 1, int(second["cycles"]))
            self.assertRegex(second["elapsed"], r"^\d+(\.\d+)?s$")
            self.assertGreater(int(second["goal_bytes"]), int(second["live_bytes"]))
            self.assertEqual(int(second["cycles"]), node.metric("novelo_gc_cycles_total"))
            self.assertEqual(int(second["live_bytes"]), node.metric("novelo_heap_live_bytes"))

    def test_is_written_for_people_and_for_programs(self):
        with Novelod() as node:
            page = node.novelo("gc")
            self.assertEqual((0, ""), (page.returncode, page.stderr))
            for key in ("Took", "Alive", "Objects", "Freed", "Goal", "Cycles"):
                self.assertRegex(page.stdout, rf"(?m)^{key}: +\d")
            self.assertIn("live_bytes", node.novelo("gc", "-o", "yaml").stdout)
            self.assertEqual(1, len(node.novelo("gc", "-o", "jsonl").stdout.splitlines()))
            self.assertEqual(USAGE, node.novelo("gc", "now").returncode)

    def test_is_a_method_that_any_client_may_call(self):
        with Novelod() as node:
            done = node.grpcurl("novelo.v1.RuntimeService/CollectGarbage")
            self.assertEqual(0, done.returncode, done.stderr)
            self.assertEqual("1", json.loads(done.stdout)["cycles"])

    def test_gives_back_what_a_task_has_left(self):
        with Novelod() as node:
            done = node.novelo_json("call", "bench.gc_churn", "--objects", "300000", "--live-objects", "100000")
            self.assertEqual(300000, int(done["objects"]))
            node.novelo_json("gc")
            # What a stack that is used again still holds may keep a share of one goroutine.
            self.assertLess(int(node.novelo_json("gc")["objects"]), 60000)

    def test_comes_by_itself_under_a_task_that_allocates(self):
        with Novelod() as node:
            trees = node.novelo_json("call", "bench.binary_trees", "--depth", "16")
            self.assertEqual(sum(2 ** (20 - d) * (2 ** (d + 1) - 1) for d in (4, 8, 12, 16)) + 2**17 - 1, int(trees["nodes"]))
            self.assertGreater(int(trees["cycles"]), 0)
            self.assertGreaterEqual(node.metric("novelo_gc_cycles_total"), int(trees["cycles"]))
            self.assertGreater(node.metric("novelo_heap_freed_objects_total"), 0)
            self.assertGreater(node.metric("novelo_gc_pause_seconds_count"), 0)

    def test_answers_while_a_task_allocates_which_then_ends_when_cancelled(self):
        with Novelod() as node:
            before = node.goroutines()
            job = node.novelo_json("job", "submit", "bench.gc_churn", "--objects", "100000000000")
            eventually(lambda: node.metric("novelo_gc_cycles_total") > 0, 20)
            self.assertGreater(int(node.novelo_json("gc")["objects"]), 0)
            self.assertEqual(0, node.novelo("job", "cancel", job["id"]).returncode)
            self.assertEqual(CANCELLED, node.novelo("job", "wait", job["id"]).returncode)
            eventually(lambda: node.goroutines() <= before, 5)

    def test_ends_a_job_that_holds_more_than_it_may_and_no_other(self):
        with Novelod("--task.max_heap_bytes=32MiB", binary="novelod_faulty") as node:
            healthy = node.novelo_json("job", "submit", "bench.gc_churn", "--objects", "100000000000")
            job = node.novelo_json("job", "submit", "fault.hoards")["id"]
            waited = node.novelo("job", "wait", job)
            self.assertEqual((FAILED, True), (waited.returncode, "task.max_heap_bytes" in waited.stderr), waited.stderr)
            ended = node.novelo_json("job", "get", job)
            self.assertEqual("HEAP_LIMIT", ended["error"]["details"][0]["reason"])
            allocated = int(ended["usage"]["allocated_bytes"])
            self.assertTrue(24 << 20 <= allocated <= 40 << 20, allocated)
            call = node.novelo("call", "fault.hoards")
            self.assertEqual((REFUSED, True), (call.returncode, "task.max_heap_bytes" in call.stderr), call.stderr)
            running = node.novelo_json("job", "get", healthy["id"])
            self.assertTrue(running["state"].endswith("RUNNING"))
            self.assertGreater(int(running["usage"]["heap_bytes"]), 0)
            self.assertEqual(0, node.novelo("job", "cancel", healthy["id"]).returncode)


if __name__ == "__main__":
    unittest.main()
