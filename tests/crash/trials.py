"""kill -9 at each point of the outbox: what the receivers have in the end, and what the rows say of it."""

import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.context import ForkServerContext

from sqlalchemy import Engine, select

from alerts import outbox
from alerts.mail import Attachment, Letter, message_id
from alerts.outbox import drain
from alerts.schema import upgrade
from alerts.tables import deliveries
from billing.database import connect, reading, transaction
from billing.hours import HOUR
from tests.crash.desks import SENDER, SINKS, WITH_FILES, Desks, Ways
from tests.crash.points import BEFORE_FILES, Armed, arm

AT = datetime(2026, 11, 12, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
AFTER = (MINUTE, 3 * HOUR)  # how long after a crash somebody comes


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


def drain_and_die(url: str, ways: Ways, point: str) -> None:
    arm(point)
    drain(connect(url), {name: Armed(sink, point) for name, sink in ways.sinks().items()}, AT, AT)


def outbox_trials(
    name: str, url: str, points: Sequence[str], times: int, names: Sequence[str] = SINKS
) -> Iterator[Trial]:
    """`times` kills at each point with each sink on one database; `url` is that of an empty store.

    Whoever takes over comes a minute later, when JSM's search shows nothing of it yet, or hours later, when Zendesk has
    forgotten its keys; and again when the sink asked for it.
    """
    engine = connect(url)
    upgrade(engine)
    forks = context()
    with Desks() as desks:
        plan = [(s, p, n) for p in points for s in names for n in range(times) if p != BEFORE_FILES or s in WITH_FILES]
        died = {}
        for number, (sink, point, n) in enumerate(plan):
            key = f"tk_{number:012x}-1"
            _owe(engine, key, sink)
            desks.crash()
            victim = forks.Process(target=drain_and_die, args=(url, desks.ways, point))
            victim.start()
            victim.join(60)
            died[key] = victim.exitcode == -signal.SIGKILL
            desks.settle()
            at = AT + AFTER[(points.index(point) + n) % len(AFTER)]
            for _ in range(3):  # what follows a crash, and cycles that find the same owed
                desks.later(at - AT)
                drain(engine, desks.ways.sinks(), at, at)
                _owe(engine, key, sink)
                at = max(at + MINUTE, _due_at(engine, key))
        with reading(engine) as connection:
            rows = {row.key: row for row in outbox.all_deliveries(connection)}
        for number, (sink, point, _) in enumerate(plan):
            key = f"tk_{number:012x}-1"
            row = rows[key]
            yield Trial(name, sink, point, died[key], desks.copies(sink, key), row.state == "sent", row.maybe_twice)
        names_of_mails = {str(message["Message-ID"]) for message in desks.mailbox.messages}
        assert len(names_of_mails) == sum(sink == "smtp" for sink, *_ in plan), "mail under another Message-ID"
    engine.dispose()


def _owe(engine: Engine, key: str, sink: str) -> None:
    letter = Letter(
        SENDER,
        ("desk@vendor.example",),
        f"Claim {key}",
        "Dear desk,\n" * 40,
        message_id(key, SENDER),
        AT,
        attachments=(Attachment(f"{key}.csv", "text/csv", b"hour,quantity\r\n" * 40),),
    )
    with transaction(engine) as connection:
        outbox.owe(connection, letter, key, "ticket", sink, AT)


def _due_at(engine: Engine, key: str) -> datetime:
    with reading(engine) as connection:
        due_at: datetime = connection.scalars(select(deliveries.c.due_at).where(deliveries.c.key == key)).one()
        return due_at
