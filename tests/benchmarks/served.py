"""A console that is served as people have it: the command in a process of its own, asked over HTTP."""

import http.client
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from alerts import tokens
from billing.database import transaction
from billing.hours import iso
from flows.wiring import open_app
from tests.benchmarks.full_house import NOW
from tests.flows.test_prefect import free_port, wait_for

PROGRAM = "from flows.cli import main; main()"
PATIENCE = 120  # seconds
CSRF = re.compile(rb'name="csrf" value="([^"]+)"')


@dataclass(frozen=True)
class Served:
    """The process, where it is, the query that lets a person in, and a token of the API."""

    pid: int
    port: int
    door: str
    token: str

    @property
    def cpu(self) -> float:
        """Seconds of all its threads so far."""
        return time.clock_gettime(~self.pid << 3 | 2)  # the clock that clock_getcpuclockid(3) names

    def mebibytes(self, what: str = "VmRSS") -> float:
        """What it takes now, or with VmHWM the most it has taken."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.findall(rf"{what}:\s+(\d+) kB", status)[0]) / 1024


class Visitor:
    """Somebody who has come in, on a connection of their own that stays open."""

    def __init__(self, console: Served) -> None:
        self._token = console.token
        self._there = http.client.HTTPConnection("127.0.0.1", console.port, timeout=PATIENCE)
        self._cookie = ""
        self.get(f"/login{console.door}")
        self.csrf = CSRF.search(self.get("/?q=nobody")[1])[1].decode()  # type: ignore[index]  every page has it

    def close(self) -> None:
        self._there.close()

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """The status and the body as it came over the wire. Raises OSError, HTTPException."""
        return self._ask("GET", path, None, {"Accept-Encoding": "gzip", **(headers or {})})

    def post(self, path: str, **fields: str) -> tuple[int, bytes]:
        body = urlencode({"csrf": self.csrf, **fields})
        return self._ask("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, bytes]:
        program = path.startswith(("/api/", "/metrics"))
        known = {"Authorization": f"Bearer {self._token}"} if program else {"Cookie": self._cookie}
        self._there.request(method, path, body, {**headers, **known})
        answer = self._there.getresponse()
        self._cookie = (answer.getheader("Set-Cookie") or self._cookie).split(";")[0]
        return answer.status, answer.read()


@contextmanager
def served(directory: Path, environ: Mapping[str, str]) -> Iterator[Served]:
    """The console of a full house, its clock at NOW, the user kim."""
    app = open_app(directory, environ)
    with transaction(app.engine) as connection:
        _, token = tokens.make(connection, "benchmark", ["admin"], "kim", NOW)
    app.engine.dispose()
    port = free_port()
    command = [sys.executable, "-c", PROGRAM, "console", "--workspace", str(directory), "--at", iso(NOW)]
    given = {**environ, "FLOODMARK_CONSOLE__PORT": str(port), "PYTHONUNBUFFERED": "1", "USER": "kim"}
    with subprocess.Popen(command, env=given, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            door = process.stdout.readline().split("/login")[1].strip()
            wait_for("the console", lambda: _answers(port))
            yield Served(process.pid, port, door, token)
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as client:
        client.request("GET", "/healthz")
        return client.getresponse().read() != b""
