#!/usr/bin/env python3
"""A client that knows nothing of novelo, grpcurl, sees and calls everything by server reflection."""
import json
import unittest

from novelod import Novelod


class Grpcurl(unittest.TestCase):
    def ask(self, node: Novelod, *arguments: str, before: tuple[str, ...] = ()) -> str:
        done = node.grpcurl(*arguments, before=before)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def test_lists_the_tasks_beside_the_services_of_the_daemon(self):
        with Novelod() as node:
            services = self.ask(node, "list").split()
            for service in ("text.Tasks", "bench.Tasks", "novelo.v1.TaskService", "novelo.v1.JobService", "novelo.v1.RuntimeService", "grpc.health.v1.Health"):
                self.assertIn(service, services)
            self.assertIn("text.Tasks.WordCount", self.ask(node, "list", "text.Tasks").split())

    def test_describes_a_task_with_the_doc_of_its_author(self):
        with Novelod() as node:
            doc = node.novelo_json("task", "describe", "text.word_count")["doc"]
            described = self.ask(node, "describe", "text.Tasks.WordCount")
            self.assertIn("rpc WordCount", described)
            self.assertIn(doc.split(".")[0][:40], " ".join(described.replace("//", " ").split()))

    def test_describes_the_fields_of_a_task_with_their_docs(self):
        with Novelod() as node:
            task = node.novelo_json("task", "describe", "text.word_count")
            described = " ".join(self.ask(node, "describe", task["input_type"]).replace("//", " ").split())
            fields = {field["name"]: field for field in task["input_fields"]}
            self.assertLessEqual({"path", "top"}, fields.keys())
            for field in fields.values():
                self.assertRegex(described, rf"\b{field['name']} = {field['number']}\b")
                self.assertTrue(field["doc"], f"{field['name']} has no doc")
                self.assertIn(" ".join(field["doc"].split()), described)

    def test_streams_the_matches_of_a_streaming_task(self):
        with Novelod() as node:
            answer = self.ask(
                node, "text.Tasks/Grep", before=("-d", json.dumps({"pattern": "^ *Apache License$", "path": "/usr/share/common-licenses"}))
            )
            self.assertIn("Apache License", answer)
            self.assertIn("/usr/share/common-licenses/Apache-2.0", answer)

    def test_sees_a_serving_daemon_by_the_health_service(self):
        with Novelod() as node:
            self.assertEqual("SERVING", json.loads(self.ask(node, "grpc.health.v1.Health/Check"))["status"])

    def test_gets_unimplemented_for_a_method_that_is_not_there(self):
        with Novelod() as node:
            done = node.grpcurl("text.Tasks/Nothing")
            self.assertNotEqual(0, done.returncode)
            self.assertIn("does not include a method", done.stderr)
            self.assertTrue(node.is_alive())

    def test_gets_the_details_of_an_error(self):
        with Novelod() as node:
            done = node.grpcurl("novelo.v1.TaskService/GetTask", before=("-d", '{"name": "text.word_cuont"}', "-format-error"))
            self.assertNotEqual(0, done.returncode)
            error = json.loads(done.stderr)
            self.assertEqual(5, error["code"])
            self.assertIn("text.word_count", error["message"])
            self.assertIn("ErrorInfo", json.dumps(error["details"]))


if __name__ == "__main__":
    unittest.main()
