"""What every page of the console costs with 100 k alerts and 2 M hours in the store, over what any answer costs.

`python -m tests.benchmarks.console_speed [--runs N] [--only TEXT] [--keep DIR] [--write FILE]`: on SQLite, and on a
PostgreSQL of its own where Debian's is installed. The server is the command's own, in a process of its own; one client
asks for all pages in turn. Exit 1 when a bar is missed.
"""

import argparse
import http.client
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from alerts import tokens
from billing.database import transaction
from billing.hours import iso
from flows.wiring import open_app
from tests.benchmarks.console_pages import ALERT, FLOOR, QUEUE, Page
from tests.benchmarks.full_house import NOW, make
from tests.benchmarks.speed import Bar
from tests.flows.test_prefect import free_port, wait_for
from tests.postgresql import binaries, server

PROGRAM = "from flows.cli import main; main()"
BEGIN, END = "<!-- console: begin -->", "<!-- console: end -->"
DATABASE = "FLOODMARK_STORE__DATABASE"
FEW = 5  # times that a slow page is asked for
SETTLE = 3  # times that every page is asked for before


@dataclass(frozen=True)
class Served:
    """A console that runs: its process and how it is asked."""

    pid: int
    port: int
    cookie: str
    token: str

    def ask(self, connection: http.client.HTTPConnection, page: Page, path: str) -> tuple[int, bytes]:
        """The status and the body as it came over the wire."""
        known = {"Authorization": f"Bearer {self.token}"} if page.api else {"Cookie": self.cookie}
        connection.request("GET", path, headers={"Accept-Encoding": "gzip", **known, **page.headers})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def client(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    @property
    def cpu(self) -> float:
        """Seconds of all its threads so far, those that have ended left out."""
        tasks = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def mebibytes(self, what: str) -> float:
        """VmRSS, what it takes now, or VmHWM, the most it has taken."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.findall(rf"{what}:\s+(\d+) kB", status)[0]) / 1024


@contextmanager
def served(directory: Path, environ: Mapping[str, str]) -> Iterator[Served]:
    """The console of a full house, with somebody signed in and a token made."""
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
            address = process.stdout.readline().split("/login")[1].strip()
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            wait_for("the console", lambda: _answers(client))
            client.request("GET", f"/login{address}")
            answer = client.getresponse()
            answer.read()
            cookie = str(answer.getheader("Set-Cookie")).split(";")[0]
            yield Served(process.pid, port, cookie, token)
        finally:
            process.terminate()


def _answers(client: http.client.HTTPConnection) -> bool:
    client.close()
    client.request("GET", "/healthz")
    return client.getresponse().read() != b""


@dataclass
class Took:
    """wall, cpu: seconds of each time; cpu is the server's. size: bytes of the last answer."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    size: int = 0

    def percentile(self, percent: int) -> float:
        """Of the wall time, milliseconds."""
        ordered = sorted(self.wall)
        return 1000 * ordered[min(len(ordered) - 1, -(-percent * len(ordered) // 100) - 1)]

    @property
    def cpu_ms(self) -> float:
        return 1000 * statistics.mean(self.cpu)


def time_all(console: Served, asked: Sequence[Page], runs: int) -> dict[str, Took]:
    """All pages in turn, so that a busy minute falls on all of them."""
    found = {page.name: Took() for page in asked}
    client = console.client()
    for run in range(-SETTLE, runs):
        for page in asked:
            if page.slow and not 0 <= run < FEW:
                continue
            path = page.paths[run % len(page.paths)]
            cpu, wall = console.cpu, time.perf_counter()
            status, body = console.ask(client, page, path)
            wall, cpu = time.perf_counter() - wall, console.cpu - cpu
            assert status == 200, f"{path} answers {status}: {body[:500]!r}"
            if run >= 0:
                took = found[page.name]
                took.wall.append(wall)
                took.cpu.append(cpu)
                took.size = len(body)
    return found


def first_load(console: Served) -> int:
    """Bytes of the queue and all it needs, as they come over the wire, headers left out."""
    client = console.client()
    client.request("GET", "/", headers={"Cookie": console.cookie})
    html = client.getresponse().read().decode()
    own = sorted(set(re.findall(r'(?:href|src)="(/static/[^"]+)"', html)))
    return sum(len(console.ask(client, Page(path, [path]), path)[1]) for path in ("/", *own))


def bars(name: str, found: Mapping[str, Took], load: int) -> list[Bar]:
    return [
        Bar(f"{name}: queue, p95", found[QUEUE].percentile(95), 50, "ms"),
        Bar(f"{name}: alert page, p95", found[ALERT].percentile(95), 100, "ms"),
        Bar(f"{name}: first load", load / 1000, 120, "kB"),
    ]


def table(found: Mapping[str, Took]) -> str:
    floor = found[FLOOR]
    rows = ["| page | p50 ms | p95 ms | CPU ms | CPU over floor | kB |", "|---|---|---|---|---|---|"]
    for name, took in found.items():
        cells = (f"{took.percentile(50):.1f}", f"{took.percentile(95):.1f}", f"{took.cpu_ms:.1f}")
        rows.append(f"| {name} | {' | '.join(cells)} | {took.cpu_ms / floor.cpu_ms:.0f} x | {took.size / 1000:.1f} |")
    return "\n".join(rows)


@contextmanager
def houses(keep: Path) -> Iterator[dict[str, tuple[Path, dict[str, str]]]]:
    """A full house on each kind of database there is: its directory and its environment."""
    with ExitStack() as stack:
        found = {"SQLite": (keep / "sqlite", dict(os.environ))}
        if binaries():
            url = stack.enter_context(server(free_port()))
            found["PostgreSQL"] = (keep / "postgresql", {**os.environ, DATABASE: url})
        for name, (directory, environ) in found.items():
            if not (directory / "floodmark.db").exists():
                print(f"{name}: is made", file=sys.stderr)
                make(directory, environ)
        yield found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--only", default="", help="pages whose name contains it")
    parser.add_argument("--keep", type=Path, help="where the workspaces are made, or lie from an earlier run")
    parser.add_argument("--write", type=Path, help="the document that gets the tables")
    parser.add_argument("--json", type=Path, help="where the figures go as JSON")
    args = parser.parse_args()
    return 0


if __name__ == "__main__":
    sys.exit(main())
