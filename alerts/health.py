"""Whether the watch is kept, in sentences that name nobody: for a probe that anybody may send."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.engine import Connection

from alerts import store
from alerts.audit import TICK
from alerts.tables import deliveries
from billing.hours import iso

columns = deliveries.c


def ailments(connection: Connection, at: datetime) -> Iterator[str]:
    """What is wrong at `at`; nothing where all is well. What it takes to mend it, `floodmark audit` says."""
    mark = store.judged(connection)
    if mark and at - mark.upto >= 2 * TICK:
        yield f"a cycle is overdue: the last one was that of {iso(mark.upto)}"
    if stuck := _count(connection, columns.state == "sending", columns.leased_until < at):
        yield f"a sender is stuck: one died with messages in its hands, {stuck} in all"
    if late := _count(connection, columns.state == "due", columns.due_at <= at - TICK):
        yield f"the outbox is not emptied: messages were due an hour ago or more, {late} in all"


def _count(connection: Connection, *where: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).select_from(deliveries).where(*where)) or 0
