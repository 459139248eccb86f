"""Bills of the workspace: what a month costs so far, and what it will."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from billing import book_store, shares, statement
from billing.book import Book
from billing.database import reading
from billing.hours import Month
from billing.statement import Statement
from flows.wiring import App


def bill(app: App, month: Month, as_of: datetime | None, now: datetime) -> Statement:
    """The bill of every partner for `month`, over the hours before `as_of` (default: its end, or the present hour)."""
    with reading(app.engine) as connection:
        book = book_store.load(connection)
    return of_book(app, book, month, as_of, now)


def of_book(app: App, book: Book, month: Month, as_of: datetime | None, now: datetime, part: bool = False) -> Statement:
    """The same of a book at hand. part: it is one partner's, and nothing is told of orgs that are not in it."""
    until = statement.month_to_date(month, as_of, now)
    state = statement.state_of(month, until, app.settings.billing.final_day, now)
    usage = app.lake.current(month.start, until)
    found = statement.state(book, app.rules, usage, month, until, state)
    if not part:
        return found
    unknown = statement.unknown_products(app.rules.catalog, found.usage, book)
    return replace(found, unassigned=[], unknown_products=unknown)


def rows(bill_: Statement, by: str) -> list[dict[str, Any]]:
    """The bill's amounts as rows: a `line`, an `org`, a `customer` or a `partner` each."""
    if by == "line":
        return [statement.line_row(line) for line in bill_.lines]
    if by != "org":
        columns = ["partner_id", "customer_id"] if by == "customer" else ["partner_id"]
        return list(shares.by_group(bill_.lines, columns))
    return list(shares.by_org(bill_))
