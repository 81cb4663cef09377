#!/usr/bin/env python3
"""The example configuration, the package list and the container file say what is true of the built programs."""
import re
import socket
import subprocess
import tempfile
import unittest

import tree
from novelod import BIN, clean_environment

EXAMPLE = tree.ROOT / "deploy/config/novelod.toml"
CONTAINER = tree.ROOT / "deploy/container/Containerfile"


def run(*arguments, **more) -> subprocess.CompletedProcess:
    return subprocess.run(arguments, env=clean_environment(), capture_output=True, text=True, timeout=120, **more)


def printed_settings() -> dict[str, str]:
    """Every setting of novelod with its default, as --print-config has them: "grpc.listen" -> '["127.0.0.1:7570"]'."""
    settings, table = {}, ""
    for line in run(BIN / "novelod", "--print-config", check=True).stdout.splitlines():
        header = re.fullmatch(r"\[([\w.]+)\]", line.strip())
        entry = re.match(r"(\w+) = (.*?)\s+#", line.strip())
        if header:
            table = header.group(1) + "."
        elif entry:
            settings[table + entry.group(1)] = entry.group(2)
    return settings


def example_settings() -> dict[str, str]:
    """Every setting that the example shows, commented out or not."""
    settings, table = {}, ""
    for line in tree.text(EXAMPLE).splitlines():
        header = re.fullmatch(r"\[([\w.]+)\]", line.strip())
        entry = re.match(r"#? ?(\w+) = (.*)$", line)
        if header:
            table = header.group(1) + "."
        elif entry:
            settings[table + entry.group(1)] = entry.group(2).strip()
    return settings


class ExampleConfiguration(unittest.TestCase):
    maxDiff = None

    def test_is_accepted(self):
        done = run(BIN / "novelod", "--config", EXAMPLE, "--check-config")
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_shows_every_setting_with_its_default(self):
        printed = printed_settings()
        self.assertGreater(len(printed), 5)
        # Left empty it is the host's name, and that is printed.
        self.assertEqual(f'"{socket.gethostname()}"', printed.pop("node.name"))
        printed["node.name"] = '""'
        self.assertEqual(printed, example_settings())

    def test_is_accepted_with_every_comment_sign_taken_away(self):
        text = re.sub(r"(?m)^# ?(\w+ = )", r"\1", tree.text(EXAMPLE))
        with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            done = run(BIN / "novelod", "--config", file.name, "--check-config")
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)


class Packages(unittest.TestCase):
    maxDiff = None

    def test_of_the_run_group_bring_every_library_of_the_programs(self):
        listed = run(tree.ROOT / "deploy/install_packages.sh", "--list", "run", check=True).stdout.split()
        reached = run("apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks", "--no-replaces", "--no-enhances", "--installed", *listed)
        reached_names = {line.strip() for line in reached.stdout.splitlines() if line and not line.startswith((" ", "<"))}
        missing = []
        for program in ("novelod", "novelo"):
            for library in re.findall(r"=> (/\S+)", run("ldd", BIN / program, check=True).stdout):
                # dpkg knows the file by its place before or after the merge of /lib into /usr/lib.
                owners = {line.split(":")[0] for path in (library, library.removeprefix("/usr"), "/usr" + library) for line in run("dpkg", "-S", path).stdout.splitlines()}
                if not owners & reached_names:
                    missing.append(f"{program} needs {library} of {owners or 'no package'}")
        self.assertEqual([], missing)


class Container(unittest.TestCase):
    def test_file_uses_only_files_and_flags_that_are_there(self):
        text = tree.text(CONTAINER)
        for source in re.findall(r"(?m)^COPY (?!--from)(.*) \S+$", text):
            for path in source.split():
                self.assertTrue((tree.ROOT / path).exists(), path)
        done = run(BIN / "novelod", "--grpc.listen", "0.0.0.0:7570", "--insecure", "--check-config")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("status", run(BIN / "novelo", "status", "--help").stdout)

    def test_ends_in_a_stage_without_compiler_and_without_root(self):
        last = tree.text(CONTAINER).split("\nFROM ")[-1]
        self.assertNotRegex(last, "install_packages.sh (build|test)")
        self.assertRegex(last, r"(?m)^USER (?!root)\w+$")
        self.assertRegex(last, r"(?m)^HEALTHCHECK .*\bstatus\b")


if __name__ == "__main__":
    unittest.main()
