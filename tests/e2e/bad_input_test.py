#!/usr/bin/env python3
"""Bad input gets a clear error, its own exit code, and costs the daemon nothing."""
import pathlib
import socket
import subprocess
import tempfile
import unittest

from novelod import BIN, Novelod, clean_environment, eventually, free_port

# Exit codes of novelo, as its manual has them.
TASK_FAILED = 1
USAGE = 2
NOT_FOUND = 3
NOT_REACHED = 6
# grpc::StatusCode
RESOURCE_EXHAUSTED = 8


class BadInput(unittest.TestCase):
    maxDiff = None

    def refused(self, code: int, *arguments: str) -> str:
        """What novelo says on stderr when it refuses; stdout stays empty, the daemon lives."""
        with Novelod() as node:
            done = node.novelo(*arguments)
            self.assertEqual((code, ""), (done.returncode, done.stdout), done.stderr)
            self.assertTrue(node.is_alive(), node.log())
            return done.stderr

    def test_of_an_unknown_task_is_told_the_nearest_name(self):
        said = self.refused(NOT_FOUND, "call", "text.word_cuont", "--path", "/tmp")
        self.assertIn("text.word_cuont", said)
        self.assertIn("text.word_count", said)

    def test_of_an_unknown_task_for_a_job_is_told_the_nearest_name(self):
        self.assertIn("text.word_count", self.refused(NOT_FOUND, "job", "submit", "text.word_cuont"))

    def test_of_an_unknown_flag_is_told_the_nearest_flag(self):
        said = self.refused(USAGE, "call", "text.word_count", "--pth", "/tmp")
        self.assertIn("--pth", said)
        self.assertIn("--path", said)

    def test_of_an_unknown_field_in_json_names_the_field(self):
        with Novelod() as node:
            done = node.novelo("call", "text.word_count", "--json", "-", stdin='{"path": "/tmp", "tpo": 3}')
            self.assertEqual((USAGE, ""), (done.returncode, done.stdout), done.stderr)
            self.assertIn("tpo", done.stderr)

    def test_of_a_wrong_type_names_the_field_and_what_it_takes(self):
        said = self.refused(USAGE, "call", "text.word_count", "--path", "/tmp", "--top", "many")
        self.assertIn("top", said)
        self.assertIn("many", said)

    def test_of_a_wrong_type_in_json_names_the_field(self):
        with Novelod() as node:
            done = node.novelo("call", "text.word_count", "--json", "-", stdin='{"path": 7}')
            self.assertEqual((USAGE, ""), (done.returncode, done.stdout), done.stderr)
            self.assertIn("path", done.stderr)

    def test_of_a_job_with_an_unknown_field_names_the_field(self):
        with Novelod() as node:
            done = node.grpcurl("novelo.v1.JobService/SubmitJob", before=("-d", '{"task": "text.word_count", "input_json": "{\\"tpo\\": 3}"}'))
            self.assertNotEqual(0, done.returncode)
            self.assertIn("tpo", done.stderr)
            self.assertIn("InvalidArgument", done.stderr)

    def test_of_a_missing_file_names_the_file(self):
        self.assertIn("/no/such/file", self.refused(NOT_FOUND, "call", "text.word_count", "--path", "/no/such/file"))

    def test_of_something_below_a_file_says_that_it_is_not_a_directory(self):
        with Novelod() as node:
            done = node.novelo("call", "text.word_count", "--path", "/etc/passwd/words")
            self.assertIn(done.returncode, (TASK_FAILED, NOT_FOUND, 5))
            self.assertIn("/etc/passwd/words", done.stderr)
            self.assertIn("not a directory", done.stderr.lower())

    def test_of_a_broken_pattern_names_the_pattern(self):
        with Novelod() as node:
            done = node.novelo("call", "text.grep", "--pattern", "a(b", "--path", "/etc")
            self.assertNotEqual(0, done.returncode)
            self.assertIn("a(b", done.stderr)
            self.assertTrue(node.is_alive())

    def test_of_a_gigabyte_is_refused_by_a_named_limit_and_keeps_no_memory(self):
        with Novelod() as node:
            node.novelo_json("call", "text.word_count", "--path", "/usr/share/common-licenses/BSD")
            before = node.resident_bytes()
            done = subprocess.run(
                [BIN / "big_request", node.address, "/text.Tasks/WordCount", str(1 << 30)], capture_output=True, text=True, timeout=120
            )
            code, _, message = done.stdout.partition(" ")
            self.assertEqual(RESOURCE_EXHAUSTED, int(code), done.stdout + done.stderr)
            self.assertRegex(message, r"\b\d{6,}\b.*\b\d{6,}\b|\bMiB\b")
            eventually(lambda: node.resident_bytes() - before < 64 << 20, 10)
            node.novelo_json("call", "text.word_count", "--path", "/usr/share/common-licenses/BSD")

    def test_of_an_unknown_job_names_the_id(self):
        self.assertIn("0197", self.refused(NOT_FOUND, "job", "get", "01970000-0000-7000-8000-000000000000"))

    def test_of_an_unknown_command_is_told_the_nearest_one(self):
        done = subprocess.run([BIN / "novelo", "jbo"], env=clean_environment(), capture_output=True, text=True, timeout=30)
        self.assertEqual((USAGE, ""), (done.returncode, done.stdout))
        self.assertIn("job", done.stderr)

    def test_without_a_server_says_the_address_and_how_to_start_one(self):
        address = f"127.0.0.1:{free_port()}"
        done = subprocess.run(
            [BIN / "novelo", "--address", address, "task", "list"], env=clean_environment(), capture_output=True, text=True, timeout=60
        )
        self.assertEqual((NOT_REACHED, ""), (done.returncode, done.stdout), done.stderr)
        self.assertIn(address, done.stderr)
        self.assertIn("novelod", done.stderr)


class BadConfiguration(unittest.TestCase):
    maxDiff = None

    def refused(self, *arguments: str, **environment: str) -> str:
        done = subprocess.run([BIN / "novelod", *arguments], env=clean_environment(**environment), capture_output=True, text=True, timeout=30)
        self.assertEqual(2, done.returncode, done.stdout + done.stderr)
        return done.stderr

    def refused_file(self, text: str) -> str:
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory, "novelod.toml")
            file.write_text(text, encoding="utf-8")
            said = self.refused("--config", str(file), "--grpc.listen", "127.0.0.1:0", "--http.listen", "127.0.0.1:0")
            self.assertIn(str(file), said)
            return said

    def test_names_file_line_and_the_nearest_setting_of_an_unknown_one(self):
        said = self.refused_file('# a comment\n[grpc]\nlistne = "127.0.0.1:7570"\n')
        self.assertRegex(said, r"novelod\.toml:3\b")
        self.assertIn("listne", said)
        self.assertIn("grpc.listen", said)

    def test_names_file_line_and_choices_of_an_impossible_value(self):
        said = self.refused_file('[log]\nlevel = "loud"\n')
        self.assertRegex(said, r"novelod\.toml:2\b")
        for choice in ("debug", "info", "error"):
            self.assertIn(choice, said)

    def test_names_file_and_line_of_what_is_no_toml(self):
        self.assertRegex(self.refused_file('[grpc]\nlisten = "127.0.0.1:7570\n'), r"novelod\.toml:2\b")

    def test_names_file_and_line_of_a_wrong_type(self):
        self.assertRegex(self.refused_file("[grpc]\nlisten = 7570\n"), r"novelod\.toml:2\b")

    def test_names_the_variable_of_an_impossible_value(self):
        self.assertIn("NOVELOD_LOG_LEVEL", self.refused("--check-config", NOVELOD_LOG_LEVEL="loud"))

    def test_names_a_file_that_is_not_there(self):
        self.assertIn("/no/such/novelod.toml", self.refused("--config", "/no/such/novelod.toml"))

    def test_refuses_to_listen_beyond_loopback_unless_told_insecure(self):
        said = self.refused("--grpc.listen", f"0.0.0.0:{free_port()}", "--http.listen", "127.0.0.1:0")
        self.assertIn("0.0.0.0", said)
        self.assertIn("--insecure", said)

    def test_names_the_port_that_another_program_holds(self):
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            address = f"127.0.0.1:{holder.getsockname()[1]}"
            for flags in (("--grpc.listen", address, "--http.listen", f"127.0.0.1:{free_port()}"), ("--http.listen", address, "--grpc.listen", f"127.0.0.1:{free_port()}")):
                with tempfile.TemporaryDirectory() as state:
                    done = subprocess.run(
                        [BIN / "novelod", *flags], env=clean_environment(STATE_DIRECTORY=state), capture_output=True, text=True, timeout=30
                    )
                self.assertNotIn(done.returncode, (0, -6, -11), done.stderr)
                self.assertIn(address, done.stdout + done.stderr)
                self.assertRegex(done.stdout + done.stderr, "in use")


if __name__ == "__main__":
    unittest.main()
