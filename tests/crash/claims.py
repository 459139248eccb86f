"""Several workers on one outbox: no message is claimed by two of them."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from time import monotonic

from sqlalchemy import func, insert, select

from alerts.outbox import drain
from alerts.schema import upgrade
from alerts.sinks.parcel import Parcel, Receipt
from alerts.tables import deliveries
from billing.database import connect, reading, transaction
from tests.crash.trials import context

AT = datetime(2026, 11, 12, 12, tzinfo=UTC)


class Counting:
    """A receiver that counts."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def send(self, parcel: Parcel) -> Receipt:
        self.keys.append(parcel.key)
        return Receipt("sent", "250 ok")


def work(url: str, done: Connection) -> None:
    sink = Counting()
    engine = connect(url)
    drain(engine, {"smtp": sink}, AT, AT)
    engine.dispose()
    done.send(sink.keys)


@dataclass(frozen=True)
class Race:
    """What several workers made of an outbox."""

    messages: int
    claimed_twice: int
    attempts: int
    shares: tuple[int, ...]
    seconds: float

    @property
    def clean(self) -> bool:
        return not self.claimed_twice and self.attempts == self.messages == sum(self.shares)


def race(url: str, workers: int, messages: int) -> Race:
    """That many messages, drained by that many processes at once; `url` is that of an empty store."""
    engine = connect(url)
    upgrade(engine)
    row = {"purpose": "ticket", "sink": "smtp", "to": ["a@b.example"], "subject": "s", "message": b"m", "state": "due"}
    row |= {"created_at": AT, "due_at": AT, "attempts": 0}
    with transaction(engine) as connection:
        connection.execute(insert(deliveries), [{**row, "key": f"k{number}"} for number in range(messages)])
    forks = context()
    begin = monotonic()
    pipes = [forks.Pipe() for _ in range(workers)]
    running = [forks.Process(target=work, args=(url, theirs)) for _, theirs in pipes]
    for process in running:
        process.start()
    keys = [ours.recv() for ours, _ in pipes]
    for process in running:
        process.join()
    seconds = monotonic() - begin
    times = Counter(key for part in keys for key in part)
    with reading(engine) as connection:
        attempts = connection.scalar(select(func.sum(deliveries.c.attempts)))
    engine.dispose()
    twice = sum(count > 1 for count in times.values())
    return Race(messages, twice, int(attempts or 0), tuple(map(len, keys)), seconds)
