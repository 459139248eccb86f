"""Usage on its way to the lake: cut into deliveries, out of order, said twice; and the bill of what has arrived."""

import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from hypothesis import strategies as st

from billing import catalog, statement
from billing.bill import Rules
from billing.book import Book
from billing.book_files import read_book
from billing.frames import USAGE
from billing.hours import Month
from billing.lake import Lake, Put
from billing.statement import Statement
from tests.billing import oracle
from tests.billing.sheet import Row
from tests.billing.worlds import Case, World, write_book

NOW = datetime(2027, 6, 1, tzinfo=UTC)
Key = tuple[str, str, str, datetime]


@dataclass(frozen=True)
class Books:
    """A world as the product reads it from its files, and the lake that its usage is delivered to."""

    case: Case
    book: Book
    rules: Rules
    lake: Lake

    @property
    def month(self) -> Month:
        return Month.parse(self.case.month)

    def deliver(self, rows: Sequence[Row]) -> Put:
        return self.lake.put(frame(rows), NOW)

    def compact(self) -> None:
        """As the lake does by itself when it has had many deliveries."""
        if self.lake.version >= 0:
            self.lake.compact(self.case.month)

    def statement(self, until: datetime | None = None, known: datetime | None = None) -> Statement:
        """The bill of what has arrived or was `known` by a time, before `until` (default: as the case has it)."""
        until = statement.month_to_date(self.month, until or self.case.until, NOW)
        span = (self.month.start, self.month.end)
        usage = self.lake.current(*span) if known is None else self.lake.known(*span, known)
        return statement.state(self.book, self.rules, usage, self.month, until, "final")

    def document(self, until: datetime | None = None) -> Row:
        return oracle.comparable(self.statement(until).document())


@contextmanager
def opened(case: Case, lake: Lake | None = None) -> Iterator[Books]:
    """The case's book, and the lake of another or one without a row."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        write_book(case.world, directory)
        rules = rules_of(case, directory)
        yield Books(case, read_book(directory, rules.catalog), rules, lake or Lake(str(directory / "lake")))


def rules_of(case: Case, directory: Path) -> Rules:
    """The catalogue written in `directory`, or the built-in one."""
    written = directory / "catalog.csv"
    return Rules(catalog.load(written) if case.world.catalog else catalog.load(), case.p99_rank)


def both(one: Case, two: Case) -> tuple[Row, Row]:
    """The product's bills of two books, of the usage of the first."""
    with opened(one) as books, opened(two, books.lake) as others:
        books.deliver(one.world.usage)
        return books.document(), others.document()


def billed(case: Case) -> Row:
    """The product's bill of the case, its usage delivered at once."""
    with opened(case) as books:
        books.deliver(case.world.usage)
        return books.document()


def expected(case: Case, usage: Sequence[Row] | None = None) -> Row:
    """The oracle's bill of the case, or of other usage of its book."""
    world = case.world if usage is None else World(**{**vars(case.world), "usage": list(usage)})
    return oracle.comparable(oracle.bill(world, case.month, case.until, p99_rank=case.p99_rank))


def frame(rows: Sequence[Row]) -> pl.DataFrame:
    """Rows as a source hands them to the lake."""
    return pl.DataFrame([{"observed_at": None, **row} for row in rows], USAGE)


def key_of(row: Row) -> Key:
    return row["org_id"], row["product_family"], row["usage_type"], row["hour"]


def held(rows: Sequence[Row]) -> list[Row]:
    """The last row of each key."""
    return list({key_of(row): row for row in rows}.values())


def reordered(rows: Sequence[Row], seed: int) -> list[Row]:
    """In another order, but the rows of one key as they were."""
    places = list(rows)
    random.Random(seed).shuffle(places)
    of_key: dict[Key, list[Row]] = defaultdict(list)
    for row in reversed(rows):
        of_key[key_of(row)].append(row)
    return [of_key[key_of(row)].pop() for row in places]


@st.composite
def deliveries(draw: st.DrawFn, rows: Sequence[Row], most: int = 5) -> list[list[Row]]:
    """The rows in their order, cut into 1 to `most` deliveries; empty ones occur."""
    cuts = draw(st.lists(st.integers(0, len(rows)), max_size=most - 1).map(sorted))
    return [list(rows[a:b]) for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
