"""Fifty reviewers at once who read, decide and take back what they decided, each as fast as the console answers."""

import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPException
from itertools import count
from pathlib import Path
from random import Random

from sqlalchemy import func, select

from alerts import journal, tables
from billing.database import reading
from flows.wiring import open_app
from tests.benchmarks.full_house import CUSTOMERS, SEED
from tests.benchmarks.served import Served, Visitor

CLIENTS, SECONDS = 50, 60
ALERT = re.compile(rb'name="alert" value="(al_[0-9a-f]+)"')
READING = (
    "/",
    "/",
    "/line",
    "/line",
    "/?state=confirmed",
    "/?q=customer+12",
    "/tickets",
    "/tickets/recovery",
    "/customers",
    "/customers/c7?month=1",
    "/runs",
    "/api/v1/alerts?limit=50",
    "/healthz",
    "/metrics",
)
OFTEN = 6  # of so many turns one is a verdict


@dataclass(frozen=True)
class Rush:
    """errors: sentences. taken: seconds of every answer. decided: verdicts and undone ones that were answered well.
    grown: MiB that the server takes at the end beyond what it took half way."""

    errors: list[str]
    taken: list[float]
    decided: int
    grown: float

    def percentile(self, percent: int) -> float:
        return sorted(self.taken)[len(self.taken) * percent // 100]


def rush(console: Served, clients: int = CLIENTS, seconds: float = SECONDS) -> Rush:
    """All of them for so long."""
    end = time.monotonic() + seconds
    with ThreadPoolExecutor(clients) as pool:
        found = [pool.submit(_reviewer, console, number, clients, end) for number in range(clients)]
        time.sleep(seconds / 2)
        half = console.mebibytes()
        answers = [one.result() for one in found]
    return Rush(
        [error for errors, *_ in answers for error in errors],
        [second for _, taken, _ in answers for second in taken],
        sum(decided for *_, decided in answers),
        console.mebibytes() - half,
    )


def _reviewer(console: Served, number: int, clients: int, end: float) -> tuple[list[str], list[float], int]:
    """(errors, seconds of every answer, how many verdicts). Everybody decides for customers of their own."""
    with closing(Visitor(console)) as visitor:
        return _reviewed(visitor, number, clients, end)


def _reviewed(visitor: Visitor, number: int, clients: int, end: float) -> tuple[list[str], list[float], int]:
    chance, errors, taken, decided = Random(SEED + number), list[str](), list[float](), 0
    own = [f"c{n}" for n in range(number % CUSTOMERS, CUSTOMERS, clients)]

    def timed(ask: Callable[..., tuple[int, bytes]], path: str, good: int = 200, **fields: str) -> bytes:
        begun = time.monotonic()
        try:
            status, body = ask(path, **fields)
        except (OSError, HTTPException) as error:
            status, body = 0, repr(error).encode()
        taken.append(time.monotonic() - begun)
        if status != good:
            errors.append(f"{path} answers {status}: {body[:200]!r}")
        return body

    for turn in count(number):
        if time.monotonic() >= end:
            return errors, taken, decided
        if turn % OFTEN:
            timed(visitor.get, chance.choice(READING))
            continue
        listed = ALERT.findall(timed(visitor.get, f"/?customer={chance.choice(own)}"))
        if listed:
            alert_id = chance.choice(listed).decode()
            timed(visitor.get, f"/alerts/{alert_id}?zoom=month")
            timed(visitor.post, "/verdict", 303, alert=alert_id, verdict="confirm", note="as it should be", q=alert_id)
            timed(visitor.post, "/undo", 303, alert=alert_id)
            decided += 2
    raise AssertionError("the time has an end")


def kept(directory: Path, environ: Mapping[str, str]) -> tuple[int, str]:
    """How many changes kim stands for, and what is wrong with the journal."""
    app = open_app(directory, environ)
    with reading(app.engine) as connection:
        columns = tables.journal.c
        changes = connection.scalar(select(func.count()).where(columns.who == "kim")) or 0
        fault = journal.fault(journal.rows(connection), journal.end(connection))
    app.engine.dispose()
    return changes, fault
