#!/usr/bin/env python3
"""Every dashboard is sound, explained, and asks only for what a real novelod, scraped by a real Prometheus, really has."""
import json
import re
import unittest

import tree
from novelod import Novelod, eventually
from prometheus import Prometheus

# What stands in an expression and is no metric.
_WORDS = {"sum", "by", "rate", "histogram_quantile", "le", "max", "min", "avg", "increase", "without", "on", "ignoring", "group_left", "or", "and", "unless"}


def boards() -> dict[str, dict]:
    return {tree.name(path): json.loads(tree.text(path)) for path in tree.files(".json", under="dashboards/grafana")}


def panels(board: dict) -> list[dict]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def expressions(board: dict) -> list[tuple[str, str]]:
    return [(panel["title"], target["expr"]) for panel in panels(board) for target in panel["targets"]]


def filled(expression: str) -> str:
    """The expression with Grafana's variables as Grafana fills them."""
    return expression.replace("$__rate_interval", "1m").replace("$instance", ".*")


def metrics_of(expression: str) -> set[str]:
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(by|without|on|ignoring) *\([^)]*\)", " ", expression)
    return {word for word in re.findall(r"[a-zA-Z_:][\w:]*", bare) if word not in _WORDS}


class Dashboards(unittest.TestCase):
    maxDiff = None

    def test_are_sound(self):
        self.assertTrue(boards())
        for file, board in boards().items():
            seen = set()
            taken = []
            for panel in board["panels"]:
                where = f"{file}: {panel['title']}"
                self.assertNotIn(panel["id"], seen, f"{where}: id used twice")
                seen.add(panel["id"])
                box = panel["gridPos"]
                self.assertLessEqual(box["x"] + box["w"], 24, f"{where}: wider than the grid")
                for other, at in taken:
                    apart = box["x"] >= at["x"] + at["w"] or at["x"] >= box["x"] + box["w"] or box["y"] >= at["y"] + at["h"] or at["y"] >= box["y"] + box["h"]
                    self.assertTrue(apart, f"{where}: lies over {other}")
                taken.append((panel["title"], box))
            for panel in panels(board):
                where = f"{file}: {panel['title']}"
                self.assertGreater(len(panel["description"]), 20, f"{where}: no description")
                self.assertTrue(panel["fieldConfig"]["defaults"]["unit"], f"{where}: no unit")
                self.assertTrue(panel["datasource"]["uid"], f"{where}: no data source")
                self.assertTrue(panel["targets"], f"{where}: no query")

    def test_are_explained_panel_by_panel(self):
        explained = tree.text(tree.ROOT / "dashboards/README.md")
        for file, board in boards().items():
            self.assertIn(file.removeprefix("dashboards/"), explained)
            for panel in panels(board):
                row = re.search(rf"(?m)^\| {re.escape(panel['title'])} \|.*$", explained)
                self.assertIsNotNone(row, f"{panel['title']} has no row in dashboards/README.md")
                for target in panel["targets"]:
                    for metric in metrics_of(target["expr"]):
                        self.assertIn(f"`{re.sub('_bucket$', '', metric)}`", row.group(), f"row of {panel['title']}")

    def test_ask_for_metrics_that_a_scrape_has_and_get_series_from_prometheus(self):
        with Novelod(binary="novelod_faulty") as node:
            node.novelo_json("call", "text.word_count", "--path", "/usr/share/common-licenses")
            node.novelo_json("job", "submit", "bench.sieve", "--wait")
            node.novelo("job", "submit", "fault.throws", "--what", "on purpose", "--wait")
            there = {name for name, _, _ in node.samples()}
            with Prometheus(f"127.0.0.1:{node.http_port}") as prometheus:
                # A rate needs two scrapes.
                eventually(lambda: any(int(s["value"][1]) >= 2 for s in prometheus.query("count_over_time(novelo_build_info[1m])")), 30, interval=0.2)
                for file, board in boards().items():
                    for title, expression in expressions(board):
                        with self.subTest(file=file, panel=title, expression=expression):
                            self.assertEqual(set(), metrics_of(expression) - there, "not in the scrape")
                            self.assertTrue(prometheus.query(filled(expression)), "no series")


class Manual(unittest.TestCase):
    maxDiff = None

    def test_lists_every_metric_of_a_scrape_and_no_other(self):
        listed = set(re.findall(r"`(novelo_\w+)`", tree.text(tree.ROOT / "docs/manual/metrics.md")))
        with Novelod() as node:
            node.novelo_json("job", "submit", "bench.sieve", "--wait")
            node.novelo("call", "text.word_count", "--path", "/nowhere")
            families = set(re.findall(r"(?m)^# TYPE (novelo_\w+) ", node.http("/metrics")[1]))
        # What no call was refused for has no series yet.
        self.assertEqual(listed, families | {"novelo_admission_rejected_total"})


if __name__ == "__main__":
    unittest.main()
