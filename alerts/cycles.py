"""The last cycles: what they did and how things stood, one row an hour."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from alerts.store import lock_cycle
from alerts.tables import cycles
from billing.hours import iso


@dataclass(frozen=True)
class Ran:
    """The cycles of one hour `at`. Counts are sums over them; the others say how things stood after the last.

    mails, replies: read, and how many of those were about a ticket. failures, concerns: sentences.
    """

    at: datetime
    rows_changed: int
    rows_refused: int
    raised: int
    letters: int
    delivered: int
    mails: int
    replies: int
    open_alerts: int
    skipped_series: int
    judged_upto: datetime | None
    failures: Sequence[str]
    concerns: Sequence[str]

    @property
    def document(self) -> dict[str, Any]:
        """As JSON."""
        upto = self.judged_upto
        return {**vars(self), "at": iso(self.at), "judged_upto": iso(upto) if upto else None}


DONE = ("rows_changed", "rows_refused", "raised", "letters", "delivered", "mails", "replies")


def note(connection: Connection, ran: Ran) -> None:
    """Keep what a cycle did. One that did nothing new changes nothing; one before the last judged nothing."""
    lock_cycle(connection)
    last = next(iter(latest(connection, 1)), None)
    row = vars(ran) | {"failures": list(ran.failures), "concerns": list(ran.concerns)}
    if last is None or last.at < ran.at:
        connection.execute(insert(cycles).values(row))
    elif last.at == ran.at:
        more = {name: getattr(last, name) + row[name] for name in DONE}
        connection.execute(update(cycles).where(cycles.c.at == ran.at).values(row | more))


def latest(connection: Connection, most: int, before: datetime | None = None) -> list[Ran]:
    """The last cycles, the newest first; of those before that clock with `before`."""
    query = select(cycles).order_by(cycles.c.at.desc()).limit(most)
    if before is not None:
        query = query.where(cycles.c.at < before)
    return [Ran(**row) for row in connection.execute(query).mappings()]
