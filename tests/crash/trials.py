"""kill -9 at each point of the outbox: what the receivers have in the end, and what the rows say of it."""

import multiprocessing
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.context import ForkServerContext

from sqlalchemy import Engine

from alerts import outbox
from alerts.mail import Letter, message_id
from alerts.outbox import Sink, drain
from alerts.schema import upgrade
from alerts.sinks.smtp import Smtp
from billing.database import connect, reading, transaction
from billing.hours import HOUR
from tests.crash.desk import HttpDesk, HttpSink
from tests.crash.points import Armed, arm
from tests.flows.mailbox import Mailbox

AT = datetime(2026, 11, 12, 12, tzinfo=UTC)
SENDER = "claims@reseller.example"
SINKS = ("smtp", "key", "search")


@dataclass(frozen=True)
class Trial:
    """One kill and what came of it. `copies`: of each message how many the receiver has; `flagged`: its row says so."""

    database: str
    sink: str
    point: str
    died: bool
    copies: tuple[int, ...]
    settled: bool
    flagged: bool

    @property
    def lost(self) -> bool:
        return not self.settled or not self.copies or 0 in self.copies

    @property
    def twice(self) -> bool:
        return any(copies > 1 for copies in self.copies)


def context() -> ForkServerContext:
    """Children come from a process that has everything loaded and no thread."""
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(["tests.crash.cycles", "alembic.command", "flows.cli"])
    return forks


def sinks(mailbox: Mailbox | str, port: int) -> dict[str, Sink]:
    url = mailbox if isinstance(mailbox, str) else mailbox.url
    return {"smtp": Smtp(url), "key": HttpSink(port, True), "search": HttpSink(port, False)}


def drain_and_die(url: str, mail: str, port: int, point: str) -> None:
    arm(point)
    drain(connect(url), {name: Armed(sink, point) for name, sink in sinks(mail, port).items()}, AT, AT)


def outbox_trials(
    name: str, url: str, points: Sequence[str], times: int, names: Sequence[str] = SINKS
) -> Iterator[Trial]:
    """`times` kills at each point with each sink on one database; `url` is that of an empty store."""
    engine = connect(url)
    upgrade(engine)
    forks = context()
    with Mailbox() as mailbox, HttpDesk() as desk:
        plan = [(sink, point, n) for point in points for sink in names for n in range(times)]
        died = {}
        for number, (sink, point, _) in enumerate(plan):
            key = f"tk_{number}-1"
            _owe(engine, key, sink)
            victim = forks.Process(target=drain_and_die, args=(url, mailbox.url, desk.port, point))
            victim.start()
            victim.join(60)
            died[key] = victim.exitcode == -signal.SIGKILL
            desk.settle()
            for hours in (1, 2):  # what follows a crash, and another cycle that finds the same owed
                drain(engine, sinks(mailbox, desk.port), AT + hours * HOUR, AT)
                _owe(engine, key, sink)
        with reading(engine) as connection:
            rows = {row.key: row for row in outbox.all_deliveries(connection)}
        letters = Counter(str(message["Message-ID"]) for message in mailbox.messages)
        for number, (sink, point, _) in enumerate(plan):
            key = f"tk_{number}-1"
            copies = letters[message_id(key, SENDER)] if sink == "smtp" else desk.tickets[key]
            row = rows[key]
            yield Trial(name, sink, point, died[key], (copies,), row.state == "sent", row.maybe_twice)
        assert len(letters) == sum(sink == "smtp" for sink, *_ in plan), "a message under another Message-ID"
    engine.dispose()


def _owe(engine: Engine, key: str, sink: str) -> None:
    letter = Letter(SENDER, ("desk@vendor.example",), f"Claim {key}", "Dear desk,\n" * 40, message_id(key, SENDER), AT)
    with transaction(engine) as connection:
        outbox.owe(connection, letter, key, "ticket", sink, AT)
