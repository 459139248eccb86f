"""Where customers stand, worked out when somebody looks, and kept until the hour, the usage, the book or the journal is
another."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import TypeVar

import polars as pl
from sqlalchemy.engine import Connection

from alerts import journal, store
from alerts.alert import of_book
from alerts.figures import Figures
from alerts.mail import compose
from alerts.projection import project
from alerts.standing import Standing
from billing import book_store, shares, statement
from billing.bill import Line, lines
from billing.book import Book, Customer
from billing.grid import Grid
from billing.hours import HOUR, Month, floor_hour
from billing.usage import Usage
from flows.digests import digest
from flows.usage import LATE, Known, complete_to, panel, window
from flows.wiring import App

MONTHS = 6  # that are shown before the present one
KEPT = 500
Key = tuple[object, ...]
T = TypeVar("T")


class Standings:
    """For a process that stays. What is kept is a value of the hour, the lake's version, the book's, and of where the
    journal ends: whatever somebody decides or answers is seen at once."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._kept: OrderedDict[Key, object] = OrderedDict()  # of one state alone
        self._state: Key = ()
        self._lock = Lock()

    def figures(
        self, connection: Connection, customers: Sequence[Customer], at: datetime, wait: bool = True
    ) -> Figures | None:
        """Of these customers of one partner; None where they would have to be worked out and nobody waits."""
        key = self._key(connection, at, "figures", *(customer.customer_id for customer in customers))
        return (
            self._once(key, lambda: _figures(self._app, connection, customers, at))
            if wait or key in self._kept
            else None
        )

    def digest(self, connection: Connection, partner_id: str, at: datetime) -> bytes | None:
        """The very mail that would be sent to the partner at `at`; None for one without an address."""
        key = self._key(connection, at, "digest", partner_id)
        return self._once(key, lambda: _digest(self._app, connection, partner_id, at))

    def _key(self, connection: Connection, at: datetime, *what: str) -> Key:
        state = floor_hour(at), self._app.lake.version, book_store.newest(connection), journal.end(connection)
        with self._lock:
            if state != self._state:
                self._kept.clear()
                self._state = state
        return *state, *what

    def _once(self, key: Key, work: Callable[[], T]) -> T:
        """What is kept, else what `work` makes. Two that ask at once may both work."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]  # type: ignore[return-value]
        made = work()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made


def _digest(app: App, connection: Connection, partner_id: str, at: datetime) -> bytes | None:
    found = digest(app, connection, partner_id, at)
    return compose(found) if found else None


def _figures(app: App, connection: Connection, customers: Sequence[Customer], at: datetime) -> Figures:
    """From one reading of the customers' own usage."""
    whole = app.book(connection)
    book, month, until = whole.of(customers), Month.of(at - HOUR), floor_hour(at)
    first = min(window(at), _earlier(month, MONTHS)[0].start)
    names = app.lake.names().filter(pl.col("org_id").is_in(list(book.orgs)))
    usage = app.lake.current(first, until).only(names["series"]).read()
    bill = statement.state(book, app.rules, usage, month, until, "estimate")
    grid = Grid.of(usage, app.rules.catalog, window(at), until)
    alerts = of_book(store.alerts_of(connection, book.orgs, window(at)), book, app.rules.catalog.meters)
    series = panel(Known.all_of(grid), book, app.rules.catalog, alerts)
    standing = Standing(
        partner=whole.partner_of(customers[0].customer_id),
        month=month,
        at=at,
        to_date=bill.lines,
        projected=project(book, app.rules, grid, series, month, until, LATE, book.customers),
        alerts=(),
        tickets=(),
        deliveries={},
        complete_to=complete_to(grid, book),
        unassigned=(),
        unknown_products=statement.unknown_products(app.rules.catalog, bill.usage, book),
        uncontracted=bill.uncontracted,
    )
    return Figures(standing, list(shares.by_org(bill)), _history(app, book, usage, month, first))


def _history(app: App, book: Book, usage: Usage, month: Month, first: datetime) -> Mapping[Month, Sequence[Line]]:
    """The bills of the months before, as far as there is usage."""
    grid = Grid.of(usage, app.rules.catalog, first, month.start, book.customer_of)
    found = {one: grid.between(one.start, one.end) for one in _earlier(month, MONTHS)}
    return {one: lines(book, app.rules, part, one, one.end) for one, part in found.items() if part.seen.any()}


def _earlier(month: Month, count: int) -> list[Month]:
    """That many months before, the oldest first."""
    found = [month.previous]
    while len(found) < count:
        found.insert(0, found[0].previous)
    return found
