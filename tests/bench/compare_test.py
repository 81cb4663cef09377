#!/usr/bin/env python3
"""compare.sh tells how it is used and refuses what makes no sense before it builds anything; summary.py judges rightly."""
import contextlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

_HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE))
import summary  # noqa: E402


def compare(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([_HERE / "compare.sh", *arguments], capture_output=True, text=True, timeout=60)


class Compare(unittest.TestCase):
    def test_help_names_every_option(self):
        done = compare("--help")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        for option in "--rounds", "--threads", "--peers", "--build-dir", "--list", "--help":
            self.assertIn(option, done.stdout)

    def test_wrong_usage_is_refused_by_name(self):
        for arguments in (
            ["--rounds", "none"],
            ["--threads", "one"],
            ["--peers", "photon"],
            ["--rounds"],
            ["--nosuch"],
            ["nosuch"],
            ["yield:0"],
            ["mem"],
        ):
            done = compare(*arguments)
            self.assertEqual((2, ""), (done.returncode, done.stdout), arguments)
            self.assertIn(arguments[-1], done.stderr)

    def test_every_target_is_of_a_workload_in_the_list(self):
        listed = compare("--list").stdout.split()
        for metric, _ in summary.read_targets(_HERE / "targets.tsv"):
            self.assertTrue(
                any(metric.startswith(workload.replace(":", "")) for workload in listed), f"{metric} is never measured"
            )


def run_of(program: str, value: float, **more) -> dict:
    return {"round": 1, "program": program, "workload": "w", "threads": 1, "metric": "w", "value": value, "unit": "ns", **more}


class Summary(unittest.TestCase):
    def row(self, runs: list[dict], conditions: str) -> dict:
        (row,) = summary.summarize(runs, {("w", 1): conditions})
        return row

    def test_compares_medians(self):
        runs = [run_of("novelo", value) for value in (30, 10, 900)] + [run_of("go", value) for value in (100, 100, 1)]
        row = self.row(runs, "go<=0.30")
        self.assertEqual((30, 0.3, True), (row["novelo"]["median"], row["ratio_to_go"], row["is_met"]))

    def test_needs_every_condition(self):
        runs = [run_of("novelo", 10), run_of("go", 100), run_of("boost", 10)]
        self.assertIs(False, self.row(runs, "go<=0.15 boost<1.00")["is_met"])
        self.assertIs(True, self.row(runs, "go<=0.15 boost<=1.00")["is_met"])
        self.assertIs(False, self.row(runs, "value<=9")["is_met"])

    def test_leaves_open_what_was_not_measured(self):
        self.assertIsNone(self.row([run_of("novelo", 10)], "go<=0.30")["is_met"])

    def test_tells_when_the_programs_come_to_different_results(self):
        with tempfile.TemporaryDirectory() as folder:
            runs, rows = pathlib.Path(folder, "runs"), pathlib.Path(folder, "rows")
            lines = [run_of("novelo", 10)]
            lines += [{"workload": "w", "threads": 1, "program": name, "checksum": sum} for name, sum in (("go", 4), ("novelo", 5))]
            runs.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
            said, table = io.StringIO(), io.StringIO()
            with contextlib.redirect_stderr(said), contextlib.redirect_stdout(table):
                code = summary.main([str(runs), str(rows)])
            self.assertEqual(1, code)
            self.assertIn("go 4, novelo 5", said.getvalue())
            self.assertEqual("w", json.loads(rows.read_text(encoding="utf-8"))["metric"])


if __name__ == "__main__":
    unittest.main()
