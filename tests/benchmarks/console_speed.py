"""What every page of the console costs with 100 k alerts and 2 M hours in the store, and what 50 clients at once do.

`python -m tests.benchmarks.console_speed [--runs N] [--only TEXT] [--keep DIR] [--write FILE]`: on SQLite, and on a
PostgreSQL of its own where Debian's is installed. One client asks for all pages in turn, of a server in a process of
its own; then fifty read and decide for a minute. Exit 1 when a bar is missed.
"""

import argparse
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from flows.wiring import open_app
from tests.benchmarks.console_pages import ALERT, FLOOR, QUEUE, Page, pages
from tests.benchmarks.crowd import CLIENTS, SECONDS, Rush, kept, rush
from tests.benchmarks.full_house import make
from tests.benchmarks.served import Served, Visitor, served
from tests.benchmarks.speed import Bar, bar_table, machine
from tests.document import put
from tests.flows.test_prefect import free_port
from tests.postgresql import binaries, server

BEGIN, END = "<!-- console: begin -->", "<!-- console: end -->"
DATABASE = "FLOODMARK_STORE__DATABASE"
SETTLE, FEW = 3, 5  # times that a page is asked for before it is timed; times that a slow one is
STATIC = re.compile(r'(?:href|src)="(/static/[^"]+)"')

House = tuple[Path, dict[str, str]]  # its directory and its environment


@dataclass
class Took:
    """wall, cpu: seconds of each time; cpu is the server's. size: bytes of the last answer, as it came."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    size: int = 0

    def percentile(self, percent: int) -> float:
        """Of the wall time, milliseconds."""
        return 1000 * sorted(self.wall)[-(-percent * len(self.wall) // 100) - 1]

    @property
    def cpu_ms(self) -> float:
        return 1000 * statistics.median(self.cpu)


@dataclass(frozen=True)
class Result:
    """load: bytes of the first visit. rush: None where none was asked for. peak: MiB."""

    pages: Mapping[str, Took]
    load: int
    rush: Rush | None
    lost: int
    fault: str
    peak: float


def measured(house: House, only: str, runs: int, seconds: float) -> Result:
    """A full house's pages, and a rush of so many seconds."""
    app = open_app(*house)
    asked = [page for page in pages(app) if only in page.name or page.name in (FLOOR, QUEUE, ALERT)]
    app.engine.dispose()
    before, _ = kept(*house)
    with served(*house) as console:
        load = first_load(console)
        found = time_all(console, asked, runs)
        crowd = rush(console, seconds=seconds) if seconds else None
        peak = console.mebibytes("VmHWM")
    after, fault = kept(*house)
    return Result(found, load, crowd, crowd.decided - (after - before) if crowd else 0, fault, peak)


def time_all(console: Served, asked: Sequence[Page], runs: int) -> dict[str, Took]:
    """All pages in turn, so that a busy minute falls on all of them."""
    found = {page.name: Took() for page in asked}
    with closing(Visitor(console)) as visitor:
        for run in range(-SETTLE, runs):
            for page in asked:
                if not page.slow or 0 <= run < FEW:
                    took = found[page.name] if run >= 0 else Took()
                    _time(console, visitor, page, page.paths[run % len(page.paths)], took)
    return found


def _time(console: Served, visitor: Visitor, page: Page, path: str, took: Took) -> None:
    cpu, wall = console.cpu, time.perf_counter()
    status, body = visitor.get(path, page.headers)
    took.wall.append(time.perf_counter() - wall)
    took.cpu.append(console.cpu - cpu)
    took.size = len(body)
    if status != 200:
        raise AssertionError(f"{path} answers {status}: {body[:500]!r}")


def first_load(console: Served) -> int:
    """Bytes of the queue and all it needs, as they come over the wire, without their headers."""
    with closing(Visitor(console)) as visitor:
        own = set(STATIC.findall(visitor.get("/", {"Accept-Encoding": "identity"})[1].decode()))
        return sum(len(visitor.get(path)[1]) for path in ("/", *sorted(own)))


def bars(name: str, result: Result) -> list[Bar]:
    found = [
        Bar(f"{name}: queue, p95", result.pages[QUEUE].percentile(95), 50, "ms"),
        Bar(f"{name}: alert page, p95", result.pages[ALERT].percentile(95), 100, "ms"),
        Bar(f"{name}: first load", result.load / 1000, 120, "kB"),
    ]
    if result.rush:
        wrong = len(result.rush.errors) + abs(result.lost) + bool(result.fault)
        found.append(Bar(f"{name}: {CLIENTS} clients, errors and lost verdicts", wrong, 0))
    return found


def report(results: Mapping[str, Result]) -> tuple[str, bool]:
    """The section of the document, and whether every bar holds."""
    held = [bar for name, result in results.items() for bar in bars(name, result)]
    parts = [part for name, result in results.items() for part in (_table(name, result.pages), _crowd(result)) if part]
    return "\n\n".join([machine(), *parts, bar_table(held)]), all(bar.held for bar in held)


def _table(name: str, found: Mapping[str, Took]) -> str:
    floor = found[FLOOR].cpu_ms
    rows = [f"| {name} | p50 ms | p95 ms | CPU ms | CPU over floor | kB |", "|---|---|---|---|---|---|"]
    for what, took in found.items():
        cells = (f"{took.percentile(50):.1f}", f"{took.percentile(95):.1f}", f"{took.cpu_ms:.1f}")
        rows.append(f"| {what} | {' | '.join(cells)} | {took.cpu_ms / floor:.0f} x | {took.size / 1000:.1f} |")
    return "\n".join(rows)


def _crowd(result: Result) -> str:
    if (one := result.rush) is None:
        return ""
    return (
        f"{CLIENTS} clients for {SECONDS} s: {len(one.taken)} answers, {one.decided} verdicts and takings back, "
        f"{len(one.errors)} errors, {result.lost} lost; p50 {one.percentile(50):.2f}, p95 {one.percentile(95):.2f} s. "
        f"The server took {result.peak:.0f} MiB at its most, and {one.grown:+.0f} MiB in the second half."
    )


@contextmanager
def houses(keep: Path) -> Iterator[dict[str, House]]:
    """A full house on each kind of database there is."""
    with ExitStack() as stack:
        found = {"SQLite": (keep / "sqlite", dict(os.environ))}
        if binaries():
            url = stack.enter_context(server(free_port()))
            found["PostgreSQL"] = (keep / "postgresql", {**os.environ, DATABASE: url})
        for name, (directory, environ) in found.items():
            if not (directory / "floodmark.db").exists():
                print(f"{name}: the store is made", file=sys.stderr)
                make(directory, environ)
        yield found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of the rush; 0 for none")
    parser.add_argument("--only", default="", help="pages whose name contains it")
    parser.add_argument("--keep", type=Path, help="where the workspaces are made, or lie from an earlier run")
    parser.add_argument("--write", type=Path, help="the document that gets the tables")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, houses(chosen.keep or Path(name)) as found:
        results = {name: measured(house, chosen.only, chosen.runs, chosen.seconds) for name, house in found.items()}
    for result in results.values():
        for error in (result.rush.errors if result.rush else [])[:10]:
            print(error, file=sys.stderr)
    text, good = report(results)
    print(text)
    if chosen.write:
        put(text, chosen.write, BEGIN, END)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
