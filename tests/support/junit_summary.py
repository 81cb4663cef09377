#!/usr/bin/env python3
"""Sums a JUnit file as ctest writes it: prints "PASSED FAILED SKIPPED", and on stderr each failed test with the end of its output.

    junit_summary.py FILE [--lines N]
"""
import argparse
import sys
import xml.etree.ElementTree


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--lines", type=int, default=40, help="how much of a failed test's output to show")
    arguments = parser.parse_args()

    passed = failed = skipped = 0
    for case in xml.etree.ElementTree.parse(arguments.file).getroot().iter("testcase"):
        status = case.get("status")
        if status == "run":
            passed += 1
        elif status in ("notrun", "disabled"):
            skipped += 1
        else:
            failed += 1
            output = (case.findtext("system-out") or "").splitlines()[-arguments.lines :]
            print(f"--- FAILED {case.get('name')} ({case.get('time')} s)", *output, sep="\n    ", file=sys.stderr)
    print(passed, failed, skipped)
    return 0


if __name__ == "__main__":
    sys.exit(main())
