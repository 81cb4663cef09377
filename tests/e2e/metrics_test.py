#!/usr/bin/env python3
"""What a scrape holds: promtool has nothing to say about it, the families that are promised are there, and they move."""
import re
import subprocess
import unittest

from novelod import Novelod

PROMISED = (
    "novelo_goroutines",
    "novelo_goroutines_created_total",
    "novelo_sched_latency_seconds_bucket",
    "novelo_sched_run_queue_length",
    "novelo_sched_procs",
    "novelo_sched_threads",
    "novelo_sched_steals_total",
    "novelo_sched_handoffs_total",
    "novelo_sched_parks_total",
    "novelo_gc_assist_seconds_total",
    "novelo_gc_cpu_seconds_total",
    "novelo_gc_cycles_total",
    "novelo_gc_pause_seconds_bucket",
    "novelo_heap_live_bytes",
    "novelo_heap_goal_bytes",
    "novelo_heap_allocated_bytes_total",
    "novelo_heap_allocated_objects_total",
    "novelo_heap_freed_objects_total",
    "novelo_rpc_started_total",
    "novelo_rpc_handled_total",
    "novelo_rpc_handling_seconds_bucket",
    "novelo_jobs",
    "novelo_jobs_submitted_total",
    "novelo_jobs_finished_total",
    "novelo_job_queue_seconds_bucket",
    "novelo_job_run_seconds_bucket",
    "novelo_build_info",
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
    "process_open_fds",
    "process_start_time_seconds",
)


def use_everything(node: Novelod) -> None:
    node.novelo_json("call", "text.word_count", "--path", "/usr/share/common-licenses")
    node.novelo_json("job", "submit", "bench.sieve", "--wait")


class Metrics(unittest.TestCase):
    def test_leave_promtool_nothing_to_say(self):
        with Novelod() as node:
            use_everything(node)
            done = subprocess.run(["promtool", "check", "metrics"], input=node.http("/metrics")[1], capture_output=True, text=True)
            self.assertEqual((0, "", ""), (done.returncode, done.stdout, done.stderr))

    def test_hold_every_promised_family(self):
        with Novelod() as node:
            use_everything(node)
            there = {name for name, _, _ in node.samples()}
            self.assertEqual([], [name for name in PROMISED if name not in there])

    def test_count_the_goroutines_of_a_call(self):
        with Novelod() as node:
            before = node.metric("novelo_goroutines_created_total")
            node.novelo_json("call", "text.word_count", "--path", "/usr/share/common-licenses")
            self.assertGreaterEqual(node.metric("novelo_goroutines_created_total") - before, 3)

    def test_count_a_call_under_its_method_and_code(self):
        with Novelod() as node:
            node.novelo_json("call", "text.word_count", "--path", "/usr/share/common-licenses")
            handled = [labels for name, labels, value in node.samples() if name == "novelo_rpc_handled_total" and value > 0]
            self.assertTrue(any(re.search("text.Tasks/WordCount$", labels["method"]) and labels["code"] == "OK" for labels in handled), handled)

    def test_do_not_grow_by_the_names_a_stranger_sends(self):
        with Novelod() as node:
            node.novelo("call", "text.word_count", "--path", "/nowhere")
            before = len(node.samples())
            for name in ("a.Tasks/B", "c.Tasks/D", "e.Tasks/F"):
                node.novelo("call", name)
            self.assertLessEqual(len(node.samples()) - before, 20)
            self.assertNotIn("c.Tasks", node.http("/metrics")[1])

    def test_are_served_beside_health_and_readiness(self):
        with Novelod() as node:
            self.assertEqual((200, 200), (node.http("/healthz")[0], node.http("/readyz")[0]))
            self.assertEqual(404, node.http("/nothing-here")[0])


if __name__ == "__main__":
    unittest.main()
