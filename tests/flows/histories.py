"""How a month becomes known: rows delivered in any order, books and ranks that change; drawn at random."""

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import strategies as st

from alerts.schema import METADATA
from billing import book_store
from billing.bill import Rules
from billing.book_files import read_book
from billing.database import connect, transaction
from billing.frames import USAGE
from flows import settings, workspace
from flows.versions import remember
from flows.wiring import App, assemble
from tests.billing import oracle
from tests.billing.sheet import Row
from tests.billing.worlds import PALETTES, World, draw_contracts, draw_usage, month_span, worlds, write_book

HOUR = timedelta(hours=1)
EVER = datetime(9999, 1, 1, tzinfo=UTC)
FIRST = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Step:
    """What happens at the clock `at`: rows come in, or a book or a rank is made the one that holds."""

    at: datetime
    rows: list[Row] = field(default_factory=list)
    book: World | None = None
    rank: str | None = None


@dataclass(frozen=True)
class History:
    """The first step has the first book and the first rank. Usage rows have an `observed_at`, perhaps None."""

    months: tuple[str, ...]
    steps: list[Step]

    def world(self, at: datetime = EVER) -> World:
        """The book that held at `at`, and the rows known by then in the order of ingest."""
        books = [step.book for step in self.steps if step.book and step.at <= at]
        rows = [row for step in self.steps for row in step.rows if (row["observed_at"] or row["hour"] + HOUR) <= at]
        first = self.steps[0].book
        assert first is not None
        return replace(books[-1] if books else first, usage=rows)

    def rank(self, at: datetime = EVER) -> str:
        ranks = [step.rank for step in self.steps if step.rank and step.at <= at]
        return ranks[-1] if ranks else str(self.steps[0].rank)

    def bill(self, month: str, at: datetime = EVER) -> Row:
        """The oracle's bill as known at `at`, over the hours before it."""
        _, end = month_span(month)
        state = "final" if at >= end + timedelta(days=15) else "estimate"
        return oracle.bill(self.world(at), month, min(at, end), state=state, p99_rank=self.rank(at))


@contextmanager
def opened() -> Iterator[App]:
    """An empty workspace; its store is in memory."""
    with tempfile.TemporaryDirectory() as folder:
        workspace.create(Path(folder) / "workspace")
        engine = connect("sqlite://")
        METADATA.create_all(engine)
        yield assemble(Path(folder) / "workspace", settings.read(Path(folder) / "workspace", {}), engine)
        engine.dispose()


def take(app: App, step: Step) -> App:
    """The workspace after the step."""
    if step.rank:
        app = replace(app, rules=Rules(app.rules.catalog, step.rank))
        remember(app, step.at)
    if step.book:
        with tempfile.TemporaryDirectory() as folder, transaction(app.engine) as connection:
            write_book(step.book, Path(folder))
            book_store.save(connection, read_book(Path(folder), app.rules.catalog), step.at)
    app.lake.put(pl.DataFrame(step.rows, USAGE, orient="row"), step.at)
    return app


def taken(app: App, history: History) -> App:
    for step in history.steps:
        app = take(app, step)
    return app


@st.composite
def histories(draw: st.DrawFn, months: tuple[str, ...] = ("2026-04",)) -> History:
    """A world of one or more months that follow each other; its rows in up to five deliveries of any order.

    Of a cell every row says something else than the others, so that none of them is a re-read.
    """
    world = draw(worlds(months[0], []))
    meters = draw(PALETTES)
    for month in months[1:]:
        draw_usage(draw, world, month, meters)
    chance = random.Random(draw(st.integers(0, 2**32)))
    rows = [row | {"observed_at": observed(chance, row["hour"])} for row in said(world.usage, chance)]
    chance.shuffle(rows)
    last = month_span(months[-1])[1] + timedelta(days=40)
    moments = draw(st.lists(st.integers(0, (last - month_span(months[0])[0]) // HOUR), min_size=1, max_size=5))
    steps = [Step(FIRST, book=replace(world, usage=[]), rank=draw(st.sampled_from(("ninth", "eighth"))))]
    for n, hours in enumerate(sorted(moments)):
        at = month_span(months[0])[0] + hours * HOUR
        changes: dict[str, Any] = draw(st.sampled_from(({}, {}, {"rank": "eighth"}, {"rank": "ninth"}, {"book": True})))
        if "book" in changes:
            changes = {"book": draw_book(draw, world, months[0], meters)}
        steps.append(Step(at, rows[n :: len(moments)], **changes))
    return History(months, steps)


def draw_book(draw: st.DrawFn, world: World, month: str, meters: list[str]) -> World:
    """The same people under other contracts; a customer and an org may have moved."""
    book = replace(world, contracts=[], terms=[], tiers=[], usage=[])
    for customer in world.customers:
        draw_contracts(draw, book, customer["customer_id"], "USD", month, meters)
    partners = st.sampled_from([row["partner_id"] for row in world.partners])
    customers = st.sampled_from([row["customer_id"] for row in world.customers])
    book.customers = [*world.customers[:-1], world.customers[-1] | {"partner_id": draw(partners)}]
    book.orgs = [*world.orgs[:-1], world.orgs[-1] | {"customer_id": draw(customers)}]
    return book


def said(rows: list[Row], chance: random.Random) -> Iterator[Row]:
    """The rows without repetitions, and some of them restated, once to null."""
    seen: set[tuple[Any, ...]] = set()
    fresh = count(1_000)
    restated = [row | {"quantity": next(fresh)} for row in chance.sample(rows, min(len(rows), 20))]
    silenced = [row | {"quantity": None} for row in chance.sample(rows, min(len(rows), 5))]
    for row in [*rows, *restated, *silenced]:
        if (key := tuple(row.values())) not in seen:
            seen.add(key)
            yield row


def observed(chance: random.Random, hour: datetime) -> datetime | None:
    """At the end of the hour, soon after it, or up to 50 days late."""
    delay = chance.choice((None, None, chance.randint(0, 72 * 60), chance.randint(0, 50 * 24 * 60)))
    return None if delay is None else hour + HOUR + timedelta(minutes=delay)


def moments(months: tuple[str, ...]) -> st.SearchStrategy[datetime]:
    """Before the first month, inside the months, at their edges, at the closings, and long after."""
    (start, _), (_, end) = month_span(months[0]), month_span(months[-1])
    edges = [start - HOUR, start, end, end + timedelta(days=15), end + timedelta(days=60)]
    inside = st.integers(0, (end - start) // timedelta(minutes=20)).map(lambda n: start + n * timedelta(minutes=20))
    return st.sampled_from(edges) | inside
