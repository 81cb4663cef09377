#!/usr/bin/env python3
"""text.word_count on real text: what the command line, grpcurl and a job answer is what the shell counts under the same word rule."""
import json
import subprocess
import unittest

from novelod import Novelod, clean_environment

TEXT = "/usr/share/common-licenses"


def shell_counts(path: str) -> list[tuple[str, int]]:
    """Words and counts by the documented rule: maximal runs of ASCII letters, lower-cased; most frequent first, then by word."""
    pipeline = (
        f"find {path} -type f -print0 | xargs -0 cat | tr 'A-Z' 'a-z' | tr -cs 'a-z' '\\n' | grep -v '^$'"
        " | sort | uniq -c | sort -k1,1nr -k2,2"
    )
    done = subprocess.run(["bash", "-o", "pipefail", "-c", pipeline], env={**clean_environment(), "LC_ALL": "C"}, capture_output=True, text=True, check=True)
    return [(word, int(count)) for count, word in (line.split() for line in done.stdout.splitlines())]


def answered(reply: dict) -> list[tuple[str, int]]:
    return [(entry["word"], int(entry["count"])) for entry in reply["words"]]


class WordCount(unittest.TestCase):
    maxDiff = None

    def test_equals_the_shell_pipeline_for_every_word(self):
        expected = shell_counts(TEXT)
        self.assertGreater(len(expected), 1000)
        with Novelod() as node:
            self.assertEqual(expected, answered(node.novelo_json("call", "text.word_count", "--path", TEXT, "--top", "1000000")))

    def test_by_top_five_is_the_first_five_lines_of_the_shell_pipeline(self):
        with Novelod() as node:
            self.assertEqual(shell_counts(TEXT)[:5], answered(node.novelo_json("call", "text.word_count", "--path", TEXT, "--top", "5")))

    def test_of_one_file_counts_that_file(self):
        file = f"{TEXT}/Apache-2.0"
        with Novelod() as node:
            self.assertEqual(shell_counts(file)[:10], answered(node.novelo_json("call", "text.word_count", "--path", file)))

    def test_by_grpcurl_is_the_answer_of_the_command_line(self):
        with Novelod() as node:
            done = node.grpcurl("text.Tasks/WordCount", before=("-d", json.dumps({"path": TEXT, "top": 7})))
            self.assertEqual(0, done.returncode, done.stderr)
            self.assertEqual(shell_counts(TEXT)[:7], answered(json.loads(done.stdout)))

    def test_as_a_job_is_the_answer_of_the_call(self):
        with Novelod() as node:
            job = node.novelo_json("job", "submit", "text.word_count", "--path", TEXT, "--top", "3", "--wait")
            self.assertIn(job["state"], ("SUCCEEDED", "JOB_STATE_SUCCEEDED"))
            self.assertEqual(shell_counts(TEXT)[:3], answered(json.loads(job["results"][0]["json"])))

    def test_as_a_table_shows_words_and_counts(self):
        with Novelod() as node:
            done = node.novelo("call", "text.word_count", "--path", TEXT, "--top", "5")
            self.assertEqual(0, done.returncode, done.stderr)
            for word, count in shell_counts(TEXT)[:5]:
                self.assertRegex(done.stdout, rf"(?m)\b{word}\s+{count}\b")


if __name__ == "__main__":
    unittest.main()
