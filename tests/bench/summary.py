#!/usr/bin/env python3
"""Turns the runs that compare.sh recorded into a table, and into one JSON line a figure: summary.py RUNS SUMMARY [TARGETS]

RUNS has a JSON line for each figure of each run: round, program (novelo, go, boost), workload, threads, metric, value,
unit; or, instead of the last three, checksum. SUMMARY is written; the table goes to standard output.
"""
import collections
import json
import operator
import pathlib
import re
import statistics
import sys

_PROGRAMS = ("novelo", "go", "boost")
_CONDITION = re.compile(r"(go|boost|value)(<=|<)([\d.]+)")
_HOLDS = {"<=": operator.le, "<": operator.lt}


def read_targets(path: pathlib.Path) -> dict[tuple[str, int], str]:
    """The conditions of each (metric, threads)."""
    targets = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            metric, threads, conditions = line.split("\t")
            targets[metric, int(threads)] = conditions
    return targets


def verdict(conditions: str, figures: dict[str, float]) -> bool | None:
    """Whether all conditions hold; None when a figure that one needs was not measured."""
    if "novelo" not in figures:
        return None
    holds = True
    for name, sign, bound in _CONDITION.findall(conditions):
        if name == "value":
            reached = figures["novelo"]
        elif name in figures:
            reached = figures["novelo"] / figures[name]
        else:
            return None
        holds = holds and _HOLDS[sign](reached, float(bound))
    return holds


def checksums_that_differ(runs: list[dict]) -> list[str]:
    found = collections.defaultdict(set)
    for run in runs:
        if "checksum" in run:
            found[run["workload"], run["threads"]].add((run["checksum"], run["program"]))
    return [
        f"{workload} on {threads}: " + ", ".join(f"{program} {checksum}" for checksum, program in sorted(pairs))
        for (workload, threads), pairs in found.items()
        if len({checksum for checksum, _ in pairs}) > 1
    ]


def summarize(runs: list[dict], targets: dict[tuple[str, int], str]) -> list[dict]:
    """One row a figure, in the order in which they were measured first."""
    values = collections.defaultdict(lambda: collections.defaultdict(list))
    units = {}
    for run in runs:
        if "metric" in run:
            values[run["metric"], run["threads"]][run["program"]].append(run["value"])
            units[run["metric"]] = run["unit"]
    rows = []
    for (metric, threads), by_program in values.items():
        medians = {program: statistics.median(by_program[program]) for program in _PROGRAMS if program in by_program}
        row = {"metric": metric, "threads": threads, "unit": units[metric]}
        for program, median in medians.items():
            seen = by_program[program]
            row[program] = {"median": median, "min": min(seen), "max": max(seen), "runs": len(seen)}
        if "novelo" in medians and medians.get("go"):
            row["ratio_to_go"] = medians["novelo"] / medians["go"]
        conditions = targets.get((metric, threads))
        if conditions is not None:
            row["target"] = conditions
            row["is_met"] = verdict(conditions, medians)
        rows.append(row)
    return rows


def short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def cell(row: dict, program: str) -> str:
    """The median, and after it how far apart the runs were, as a part of it."""
    if program not in row:
        return "-"
    figure = row[program]
    spread = (figure["max"] - figure["min"]) / figure["median"] if figure["median"] else 0.0
    return f"{short(figure['median'])} ±{50 * spread:.0f}%"


def table(rows: list[dict]) -> str:
    lines = [["figure", "threads", "unit", "novelo", "go", "boost", "to go", "target", "met"]]
    for row in rows:
        met = {True: "yes", False: "NO", None: "?"}[row.get("is_met")] if "target" in row else ""
        ratio = f"{row['ratio_to_go']:.3f}" if "ratio_to_go" in row else "-"
        lines.append([row["metric"], str(row["threads"]), row["unit"]] + [cell(row, program) for program in _PROGRAMS]
                     + [ratio, row.get("target", ""), met])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip() for line in lines)


def main(arguments: list[str]) -> int:
    if len(arguments) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    runs = [json.loads(line) for line in pathlib.Path(arguments[0]).read_text(encoding="utf-8").splitlines()]
    targets = read_targets(pathlib.Path(arguments[2]) if len(arguments) == 3 else pathlib.Path(__file__).parent / "targets.tsv")
    rows = summarize(runs, targets)
    with open(arguments[1], "w", encoding="utf-8") as summary:
        summary.writelines(json.dumps(row) + "\n" for row in rows)
    print(table(rows))
    with_target = [row for row in rows if "target" in row]
    if with_target:
        print(f"\n{sum(row['is_met'] is True for row in with_target)} of {len(with_target)} targets met")
    differing = checksums_that_differ(runs)
    for one in differing:
        print(f"summary.py: the programs do not come to the same: {one}", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
