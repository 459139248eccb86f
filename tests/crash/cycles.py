"""kill -9 in whole cycles, and right after a verdict was answered: run again, it is as if nothing had been."""

import random
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic
from unittest import mock

from sqlalchemy import text

from alerts import journal, outbox, store
from billing import book_store
from billing.book_files import read_book
from billing.database import connect, reading, transaction
from billing.hours import HOUR
from flows.cycle import run
from flows.wiring import open_app
from tests.crash.points import CYCLE, arm, die
from tests.crash.trials import Trial, context
from tests.flows.mailbox import Mailbox
from tests.flows.small import END, small_workspace

MOMENT = "at any moment of a cycle"
RAISES, OPENS = END, END + 25 * HOUR  # the cycle that raises the alert, and the one that opens its ticket
SPAWN = get_context("spawn")  # polars does nothing in a process that was forked


@dataclass(frozen=True)
class Template:
    """A workspace with a book and usage; `url`: of its store on a PostgreSQL server, empty for SQLite."""

    path: Path
    url: str

    @classmethod
    def make(cls, path: Path, url: str) -> "Template":
        small_workspace(path).engine.dispose()
        made = cls(path, url)
        if url:
            made._new("template_of_trials")
            app = open_app(path, made._env("template_of_trials"))
            with transaction(app.engine) as connection:
                book_store.save(connection, read_book(path / "files", app.rules.catalog), END)
            app.engine.dispose()
        return made

    def copy(self, path: Path) -> dict[str, str]:
        """A copy of it at `path`; the settings that its store takes."""
        shutil.copytree(self.path, path)
        if not self.url:
            return {}
        name = f"copy_{path.name}".replace("-", "_").lower()
        self._new(f"{name} TEMPLATE template_of_trials")
        return self._env(name)

    def _env(self, name: str) -> dict[str, str]:
        return {"FLOODMARK_STORE__DATABASE": self.url.rpartition("/")[0] + f"/{name}"}

    def _new(self, database: str) -> None:
        """In place of one of that name: a server serves several tests."""
        engine = connect(self.url)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {database.split(maxsplit=1)[0]}"))
            connection.execute(text(f"CREATE DATABASE {database}"))
        engine.dispose()


def cycle_and_die(path: Path, env: dict[str, str], at: datetime, point: str, begun: Connection) -> None:
    app = open_app(path, env)
    arm(point)
    begun.send(None)
    run(app, at, at)
    app.engine.dispose()


def cycle_trials(name: str, template: Template, directory: Path, times: int, moments: int) -> Iterator[Trial]:
    """Cycles killed at each point of CYCLE `times`, and at any moment `moments` times."""
    with Mailbox() as mailbox:
        whole = _trial("", template, directory / f"{name}-whole", mailbox)
        plan = [point for point in CYCLE for _ in range(times)] + [MOMENT] * moments
        for number, point in enumerate(plan):
            yield _trial(point, template, directory / f"{name}-{number}", mailbox, whole.seconds).trial(name, whole)


@dataclass(frozen=True)
class Outcome:
    """What came of the two cycles of a trial."""

    point: str
    died: bool
    came: Counter[str]  # by Message-ID
    flagged: frozenset[str]  # Message-IDs
    settled: bool
    seconds: float  # what the last cycle took

    def trial(self, name: str, whole: "Outcome") -> Trial:
        """`whole`: of the workspace in which nothing was killed."""
        assert self.came.keys() <= whole.came.keys(), "a letter that an undisturbed workspace does not write"
        copies = tuple(self.came[one] for one in whole.came)
        twice = {one for one, count in self.came.items() if count > 1}
        return Trial(name, "smtp", self.point, self.died, copies, self.settled, bool(twice) and twice <= self.flagged)


def _trial(point: str, template: Template, path: Path, mailbox: Mailbox, longest: float = 0) -> Outcome:
    env = {**template.copy(path), **mailbox.settings}
    mailbox.messages.clear()
    died = False
    fatal = OPENS if "tickets" in point else RAISES if "alerts" in point else random.choice((RAISES, OPENS))
    for at in (RAISES, OPENS):
        if point and at == fatal:
            begun, theirs = SPAWN.Pipe()
            victim = SPAWN.Process(target=cycle_and_die, args=(path, env, at, point, theirs))
            victim.start()
            begun.recv()
            if point == MOMENT:
                victim.join(random.uniform(0, longest))
                victim.kill()
            victim.join(120)
            died = victim.exitcode == -signal.SIGKILL
        app = open_app(path, env)
        begin = monotonic()
        run(app, at, at)
        seconds = monotonic() - begin
        with reading(app.engine) as connection:
            rows = outbox.all_deliveries(connection)
        app.engine.dispose()
    shutil.rmtree(path)
    came = Counter(str(message["Message-ID"]) for message in mailbox.messages)
    flagged = frozenset((row.proof or "").split()[0] for row in rows if row.maybe_twice)
    return Outcome(point, died, came, flagged, all(row.state == "sent" for row in rows), seconds)


def answer_and_die(path: Path, env: dict[str, str], alert_id: str, verdict: str, answered: Connection) -> None:
    """The command, killed as soon as its answer is out."""
    from flows.cli import main

    def answer(said: str, **_: object) -> None:
        answered.send(said)
        die()

    arguments = ["floodmark", "alert", alert_id, verdict, "--workspace", str(path)]
    with (
        mock.patch.dict("os.environ", env),
        mock.patch.object(sys, "argv", arguments),
        mock.patch("typer.echo", answer),
    ):
        main()


def verdicts_lost(template: Template, path: Path, times: int) -> tuple[int, int]:
    """(answered, lost) of `times` verdicts, each answered with success and followed by kill -9."""
    env = template.copy(path)
    app = open_app(path, env)
    run(app, RAISES, RAISES)
    with reading(app.engine) as connection:
        alert_id = store.alerts(connection)[0].alert_id
    answered = lost = 0
    forks = context()
    for number in range(times):
        verdict, state = (("confirm", "confirmed"), ("dismiss", "dismissed"))[number % 2]
        ours, theirs = forks.Pipe()
        victim = forks.Process(target=answer_and_die, args=(path, env, alert_id, verdict, theirs))
        victim.start()
        theirs.close()
        said = ours.recv()
        victim.join(60)
        ours.close()
        answered += said == f"{alert_id} is {state}" and victim.exitcode == -signal.SIGKILL
        with reading(app.engine) as connection:
            alert = store.alert(connection, alert_id)
            moved = journal.of(connection, alert_id)
        lost += alert is None or alert.state != state or sum(one.who != "floodmark" for one in moved) != number + 1
    app.engine.dispose()
    return answered, lost
