"""A novelod of one's own for a test: on free ports, with a state directory that goes when it ends.

    with Novelod() as node:
        done = node.novelo("call", "text.word_count", "--path", "/tmp", "-o", "json")
        node.metric("novelo_goroutines")

The programs come from $NOVELO_BIN_DIR.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

BIN = pathlib.Path(os.environ.get("NOVELO_BIN_DIR", "build/release/bin")).resolve()
READY_SECONDS = 60
STOP_SECONDS = 60
_SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without what would configure novelod or novelo."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("NOVELO_", "NOVELOD_", "STATE_DIR", "XDG_", "NOTIFY_"))}
    return {**kept, "LC_ALL": "C.UTF-8", "NO_COLOR": "1", **more}


def grpcurl_path() -> str:
    found = shutil.which("grpcurl", path=os.environ["PATH"] + ":" + os.path.expanduser("~/.cache/novelo/bin"))
    if not found:
        raise AssertionError("grpcurl is not there; tests/support/grpcurl.sh builds it")
    return found


def eventually(condition, seconds: float, interval: float = 0.005) -> float:
    """Asks until `condition()` is true; returns after how many seconds it was. Fails after `seconds`."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise AssertionError(f"not within {seconds} s")
        time.sleep(interval)
    return time.monotonic() - started


class Novelod:
    def __init__(
        self,
        *flags: str,
        binary: str = "novelod",
        environment: dict[str, str] | None = None,
        address_space: int | None = None,
        ready: bool = True,
    ):
        self.flags = flags
        self.limits = [] if address_space is None else ["prlimit", f"--as={address_space}"]
        self.binary = BIN / binary
        self.environment = environment or {}
        self.wait_for_ready = ready
        self.grpc_port = free_port()
        self.http_port = free_port()
        self.address = f"127.0.0.1:{self.grpc_port}"
        self.process: subprocess.Popen | None = None

    def __enter__(self) -> "Novelod":
        self.directory = tempfile.mkdtemp(prefix="novelod-test-")
        self.log_path = pathlib.Path(self.directory, "log")
        state = pathlib.Path(self.directory, "state")
        state.mkdir()
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [*self.limits, self.binary, "--grpc.listen", self.address, "--http.listen", f"127.0.0.1:{self.http_port}", *self.flags],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=clean_environment(STATE_DIRECTORY=str(state), HOME=self.directory, **self.environment),
            )
        if self.wait_for_ready:
            try:
                eventually(self._is_ready_or_ended, READY_SECONDS)
                if self.process.poll() is not None:
                    raise AssertionError(f"novelod ended with {self.process.returncode} before it was ready:\n{self.log()}")
            except BaseException:
                self.__exit__(None, None, None)
                raise
        return self

    def __exit__(self, *unused) -> None:
        try:
            if self.process.poll() is None:
                self.process.terminate()
                try:
                    self.process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    self.process.kill()
                    self.process.wait()
                    raise AssertionError(f"novelod did not end within {STOP_SECONDS} s of SIGTERM:\n{self.log()[-4000:]}")
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)

    def _is_ready_or_ended(self) -> bool:
        return self.process.poll() is not None or self.http("/readyz")[0] == 200

    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    # What it serves.

    def http(self, path: str) -> tuple[int, str]:
        """Status and body; status 0 when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def samples(self) -> list[tuple[str, dict[str, str], float]]:
        status, body = self.http("/metrics")
        assert status == 200, f"/metrics answers {status}"
        found = []
        for line in body.splitlines():
            match = _SAMPLE.match(line)
            if match:
                found.append((match.group(1), dict(_LABEL.findall(match.group(2) or "")), float(match.group(3))))
        return found

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples of that name which have these labels; fails when there is none."""
        values = [value for found, has, value in self.samples() if found == name and labels.items() <= has.items()]
        assert values, f"no sample of {name} with {labels}"
        return sum(values)

    def goroutines(self) -> int:
        return int(self.metric("novelo_goroutines"))

    # What the kernel knows of it.

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def threads(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def resident_bytes(self) -> int:
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024

    # Its clients.

    def start_novelo(self, *arguments: str, **popen) -> subprocess.Popen:
        return subprocess.Popen([BIN / "novelo", *arguments], env=clean_environment(NOVELO_ADDRESS=self.address), text=True, **popen)

    def novelo(self, *arguments: str, stdin: str = "", seconds: float = 120) -> subprocess.CompletedProcess:
        return subprocess.run(
            [BIN / "novelo", *arguments],
            env=clean_environment(NOVELO_ADDRESS=self.address),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=seconds,
        )

    def novelo_json(self, *arguments: str, **more):
        done = self.novelo(*arguments, "-o", "json", **more)
        assert done.returncode == 0, f"novelo {' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    def grpcurl(self, *arguments: str, before: tuple[str, ...] = (), seconds: float = 60) -> subprocess.CompletedProcess:
        return subprocess.run(
            [grpcurl_path(), "-plaintext", *before, self.address, *arguments], capture_output=True, text=True, timeout=seconds
        )
