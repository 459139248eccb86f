"""The journal: every change of an alert or a ticket, each row sealed with the one before it.

A row's hash is the SHA-256 of the JSON array [number, subject, at, was, now, who, why, the hash of the row before],
ASCII, without spaces, `at` in UTC with six digits of a second. Before the first row stand 64 zeros.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from typing import Any, NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from alerts.alert import Transition
from alerts.store import lock_cycle
from alerts.tables import journal, journal_end

START = "0" * 64


class Row(NamedTuple):
    """A transition in its place, and its seal."""

    number: int
    moved: Transition
    hash: str

    @property
    def document(self) -> dict[str, str | int]:
        """The row with its fields named, instants as they are sealed."""
        return {"number": self.number, **_texts(self.moved), "hash": self.hash}


class End(NamedTuple):
    """The last row's number and hash. Kept elsewhere, it also shows that a whole journal was written anew."""

    number: int
    hash: str


NOTHING = End(0, START)


def sealed(number: int, moved: Transition, before: str) -> Row:
    """The row that follows the one with the hash `before`."""
    content = json.dumps([number, *_texts(moved).values(), before], separators=(",", ":"))
    return Row(number, moved, hashlib.sha256(content.encode("ascii")).hexdigest())


def append(connection: Connection, moved: Sequence[Transition]) -> None:
    """Add these changes, in the caller's transaction, which nobody else's can overtake."""
    if not moved:
        return
    lock_cycle(connection)
    number, seal = was = end(connection) or NOTHING
    rows = []
    for one in moved:
        number, _, seal = sealed(number + 1, one, seal)
        rows.append({"number": number, **vars(one), "hash": seal})
    connection.execute(insert(journal), rows)
    statement = insert(journal_end).values(name="journal") if was == NOTHING else update(journal_end)
    connection.execute(statement.values(number=number, hash=seal))


def end(connection: Connection) -> End | None:
    """Where the journal ends, as its last writer noted; None before the first."""
    row = connection.execute(select(journal_end.c.number, journal_end.c.hash)).first()
    return End(*row) if row else None


def rows(connection: Connection) -> Iterator[Row]:
    """All of them, in order."""
    query = select(journal).order_by(journal.c.number)
    return map(_row, connection.execute(query).mappings())


def of(connection: Connection, subject: str) -> list[Transition]:
    """The life of an alert or a ticket, oldest first."""
    query = select(journal).where(journal.c.subject == subject).order_by(journal.c.number)
    return [_row(row).moved for row in connection.execute(query).mappings()]


def fault(found: Iterable[Row], noted: End | None) -> str:
    """What is wrong with the first row that is not as it was written; empty where all are."""
    last = NOTHING
    for row in found:
        if row.number != last.number + 1:
            return f"row {last.number + 1} is missing"
        if row != sealed(row.number, row.moved, last.hash):
            return f"row {row.number} is not as it was written, or the one before it is another"
        last = End(row.number, row.hash)
    if last == (noted or NOTHING):
        return ""
    if noted and last.number < noted.number:
        return f"row {last.number + 1} is missing: the journal ended with row {noted.number}"
    return f"row {last.number} is not the one that the journal ended with"


def _texts(moved: Transition) -> dict[str, str]:
    """Its fields as text, in the order in which they are sealed."""
    at = moved.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"subject": moved.subject, "at": at, "was": moved.was, "now": moved.now, "who": moved.who, "why": moved.why}


def _row(row: Any) -> Row:
    moved = Transition(*(row[name] for name in ("subject", "at", "was", "now", "who", "why")))
    return Row(row["number"], moved, row["hash"])
