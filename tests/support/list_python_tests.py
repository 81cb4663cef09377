#!/usr/bin/env python3
"""Lists the tests of a unittest file, one "Class.test_method" a line, without running any of it: list_python_tests.py FILE"""
import ast
import sys


def main() -> int:
    with open(sys.argv[1], encoding="utf-8") as source:
        tree = ast.parse(source.read(), sys.argv[1])
    tests = [
        f"{group.name}.{function.name}"
        for group in tree.body
        if isinstance(group, ast.ClassDef)
        for function in group.body
        if isinstance(function, ast.FunctionDef) and function.name.startswith("test_")
    ]
    if not tests or len(set(tests)) != len(tests):
        print(f"{sys.argv[1]}: no test, or two of one name", file=sys.stderr)
        return 1
    print("\n".join(tests))
    return 0


if __name__ == "__main__":
    sys.exit(main())
