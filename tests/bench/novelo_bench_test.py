#!/usr/bin/env python3
"""Every workload of novelo_bench runs, with few rounds, and comes to what it should; how long it takes is not looked at."""
import os
import pathlib
import re
import subprocess
import unittest

_PROGRAM = pathlib.Path(os.environ["NOVELO_BIN_DIR"], "../bench/novelo_bench").resolve()
_RESULT = re.compile(r"RESULT (\S+) (\d+\.\d\d) (ns|ms|us|n|MiB|Mobj/s|B/task|ns/task)")


def run(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run([_PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=100)


def sum_below(n: int) -> int:
    return n * (n - 1) // 2


class Workload(unittest.TestCase):
    maxDiff = None

    def expect(self, name: str, count: int, checksum: int, metrics: list[str] | None = None):
        for processors in 1, 2:
            done = run(name, processors, count)
            self.assertEqual((0, ""), (done.returncode, done.stderr))
            lines = done.stdout.splitlines()
            self.assertEqual(f"CHECKSUM {name} {checksum}", lines.pop())
            found = [_RESULT.fullmatch(line) for line in lines]
            self.assertNotIn(None, found, done.stdout)
            self.assertEqual(metrics or [name], [match.group(1) for match in found])

    def test_yield_yields_as_often_as_asked(self):
        self.expect("yield", 50, 100)

    def test_spawn_join_joins_each(self):
        self.expect("spawn_join", 50, 50)

    def test_spawn_fan1024_joins_each(self):
        self.expect("spawn_fan1024", 2, 2048)

    def test_fib25_is_right(self):
        self.expect("fib25", 10, 55)

    def test_pingpong_gets_back_what_it_sent(self):
        self.expect("pingpong", 100, sum_below(100))

    def test_buf128_1x1_loses_nothing(self):
        self.expect("buf128_1x1", 1000, sum_below(1000))

    def test_buf128_8x8_loses_nothing(self):
        self.expect("buf128_8x8", 1600, 8 * sum_below(200))

    def test_unbuf_8x8_loses_nothing(self):
        self.expect("unbuf_8x8", 800, 8 * sum_below(100))

    def test_select2_loses_nothing(self):
        self.expect("select2", 300, sum_below(300))

    def test_mutex16_counts_right(self):
        self.expect("mutex16", 100, 1600)

    def test_skynet1m_sums_its_leaves(self):
        self.expect("skynet1m", 1000, sum_below(1000))

    def test_chain10k_adds_one_at_each_link(self):
        self.expect("chain10k", 20, 50 * 20)

    def test_timers100k_stops_each(self):
        self.expect("timers100k", 100, 100, ["timers100k_arm", "timers100k_stop"])

    def test_sleep50us_x1000_sleeps_each(self):
        self.expect("sleep50us_x1000", 1, 1000, ["sleep50us_x1000_p50", "sleep50us_x1000_p99"])

    def test_sleep1ms_x1000_sleeps_each(self):
        self.expect("sleep1ms_x1000", 1, 1000, ["sleep1ms_x1000_p50", "sleep1ms_x1000_p99"])

    def test_sleep1ms_x1_sleeps_each(self):
        self.expect("sleep1ms_x1", 3, 3, ["sleep1ms_x1_p50", "sleep1ms_x1_p99"])

    def test_mem_wakes_each(self):
        self.expect("mem", 200, 200, ["mem200_bytes", "mem200_spawn", "mem200_wakeall"])

    def test_mem_compact_wakes_each(self):
        metrics = [f"mem_compact300_{what}" for what in ("bytes", "spawn", "wakeall")]
        self.expect("mem_compact", 300, 300, metrics)


    def test_alloc_makes_each(self):
        self.expect("alloc", 5000, 5000, [f"alloc{bytes}{kind}" for kind in "pn" for bytes in (16, 32, 64)])

    def test_bintrees_counts_its_nodes(self):
        trees = sum(2 ** (8 - depth + 4) * (2 ** (depth + 1) - 1) for depth in (4, 8)) + 2**9 - 1
        pauses = [f"bintrees8_gc_{what}" for what in ("cycles", "pause_p50", "pause_p99", "pause_max")]
        self.expect("bintrees", 8, trees, ["bintrees8", "bintrees8_rss_peak", *pauses])

    def beats(self, prefix: str) -> list[str]:
        late = [f"heartbeat_{what}" for what in ("p50", "p99", "max")]
        pauses = [f"gc_{what}" for what in ("cycles", "pause_p50", "pause_p99", "pause_max")]
        return [f"{prefix}_{what}" for what in (*late, "alloc_rate", "rss_peak", *pauses)]

    def test_interrupts_park_as_many_as_asked(self):
        self.expect("interrupt_128m", 200, 200, self.beats("interrupt_128m_200"))
        self.expect("interrupt_1g", 200, 200, self.beats("interrupt_1g_200"))
        self.expect("interrupt_4g", 200, 200, self.beats("interrupt_4g_200"))

    def test_spikes_end(self):
        given_back = ("returned", "rss_peak", "rss_after")
        self.expect("spike_goroutines", 300, 300, [f"spike_goroutines_{what}" for what in given_back])
        self.expect("spike_heap", 16, 16, [f"spike_heap_{what}" for what in given_back])

    def test_deep_goes_as_deep_as_asked_twice(self):
        self.expect("deep", 2, 2 * 2048, ["deep_first", "deep_again"])

    def test_latency_beats_as_often_as_asked(self):
        self.expect("latency", 100, 100, self.beats("latency"))


class CommandLine(unittest.TestCase):
    def test_help_names_every_workload(self):
        done = run("--help")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        tested = re.findall(r'self\.expect\("(\w+)"', pathlib.Path(__file__).read_text(encoding="utf-8"))
        listed = re.findall(r"^(\w+) +(?:\d+|-)  ", done.stdout, re.MULTILINE)
        self.assertEqual(sorted(tested), sorted(listed), "a workload without a test, or the other way round")

    def test_what_makes_no_sense_is_refused_by_name(self):
        for arguments, word in (
            (["nosuch", "1"], "nosuch"),
            (["yield", "0"], "PROCESSORS"),
            (["yield", "two"], "PROCESSORS"),
            (["yield", "1", "-5"], "COUNT"),
            (["mem", "1"], "COUNT"),
            ([], "usage"),
        ):
            done = run(*arguments)
            self.assertEqual(2, done.returncode, arguments)
            self.assertIn(word, done.stderr)


if __name__ == "__main__":
    unittest.main()
