"""A real Prometheus of a test's own, which scrapes one target every second."""
import json
import pathlib
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request

from novelod import eventually, free_port


class Prometheus:
    def __init__(self, target: str):
        self.target = target
        self.port = free_port()

    def __enter__(self) -> "Prometheus":
        self.directory = tempfile.mkdtemp(prefix="prometheus-test-")
        configuration = pathlib.Path(self.directory, "prometheus.yml")
        configuration.write_text(
            "global: {scrape_interval: 1s}\n"
            f'scrape_configs: [{{job_name: novelod, static_configs: [{{targets: ["{self.target}"]}}]}}]\n',
            encoding="utf-8",
        )
        with open(pathlib.Path(self.directory, "log"), "wb") as log:
            self.process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={configuration}",
                    f"--storage.tsdb.path={self.directory}/data",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
            )
        eventually(self._is_ready, 30)
        return self

    def __exit__(self, *unused) -> None:
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def query(self, expression: str) -> list[dict]:
        """The series the expression gives now; an expression that Prometheus refuses fails the test with its words."""
        url = f"http://127.0.0.1:{self.port}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{expression}: {json.load(error).get('error')}") from error
