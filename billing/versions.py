"""Versions of a bill: what was known of usage, which book and which rules held; and the months that were closed."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Column, Integer, String, Table, func, insert, select
from sqlalchemy.engine import Connection

from billing import book_store, rules_store
from billing.bill import Rules
from billing.book import Book
from billing.book_store import book_versions
from billing.database import METADATA, Instant
from billing.hours import Month
from billing.rules_store import rules_versions

EVER = datetime(9999, 12, 1, tzinfo=UTC)

closings = Table(
    "closings",
    METADATA,
    Column("month", String(7), primary_key=True),
    Column("closed_at", Instant, nullable=False),
    Column("lake", Integer, nullable=False),
    Column("book", Integer, nullable=False),
    Column("rules", Integer, nullable=False),
)


@dataclass(frozen=True)
class Version:
    """What a bill stands on: usage known at `at` and in the lake's version `lake` (None: the newest), a book, rules.

    `book` and `rules` are numbers of versions; `lake` is one, too.
    """

    at: datetime
    lake: int | None
    book: int
    rules: int

    @property
    def recorded(self) -> tuple[int, int, int, datetime]:
        """Its place in the order in which months were closed."""
        assert self.lake is not None
        return (self.lake, self.book, self.rules, self.at)

    def terms(self, connection: Connection, today: Rules) -> tuple[Book, Rules]:
        """The book and the rules that held; `today`'s before any were recorded."""
        rules = rules_store.load(connection, self.rules, today) if self.rules else today
        return book_store.load(connection, self.book), rules


def as_known(connection: Connection, at: datetime) -> Version:
    """What was known at `at`. Before the first book or the first rules were recorded these hold."""
    book = _newest(connection, book_versions, book_versions.c.loaded_at, at)
    rules = _newest(connection, rules_versions, rules_versions.c.seen_at, at)
    return Version(at, None, book, rules)


def present(connection: Connection, lake: int, at: datetime = EVER) -> Version:
    """The newest book and rules, and of the lake at that version what was known at `at`."""
    rules = connection.scalar(select(func.max(rules_versions.c.version))) or 0
    return Version(at, lake, book_store.newest(connection), rules)


def close(connection: Connection, month: Month, version: Version) -> None:
    """Freeze the month's bill, which is open, at `version`."""
    row = {"month": str(month), "closed_at": version.at, **{k: getattr(version, k) for k in ("lake", "book", "rules")}}
    connection.execute(insert(closings), [row])


def closed(connection: Connection) -> dict[Month, Version]:
    """The months that are closed, in their order, and what their bills were frozen at."""
    rows = connection.execute(select(closings).order_by(closings.c.month))
    return {Month.parse(row.month): Version(row.closed_at, row.lake, row.book, row.rules) for row in rows}


def _newest(connection: Connection, table: Table, recorded: "Column[datetime]", at: datetime) -> int:
    newest = connection.scalar(select(func.max(table.c.version)).where(recorded <= at))
    return newest or connection.scalar(select(func.min(table.c.version))) or 0
