"""Bills of the workspace: what a month costs so far, and what it will."""

from datetime import datetime
from typing import Any

from billing import book_store, shares, statement
from billing.database import reading
from billing.hours import Month
from billing.statement import Statement
from flows.wiring import App


def bill(app: App, month: Month, as_of: datetime | None, now: datetime) -> Statement:
    """The bill of every partner for `month`, over the hours before `as_of` (default: its end, or the present hour)."""
    until = statement.month_to_date(month, as_of, now)
    state = statement.state_of(month, until, app.settings.billing.final_day, now)
    with reading(app.engine) as connection:
        book = book_store.load(connection)
    return statement.state(book, app.rules, app.lake.current(month.start, until), month, until, state)


def rows(bill_: Statement, by: str) -> list[dict[str, Any]]:
    """The bill's amounts as rows: a `line`, an `org`, a `customer` or a `partner` each."""
    if by == "line":
        return [statement.line_row(line) for line in bill_.lines]
    if by != "org":
        columns = ["partner_id", "customer_id"] if by == "customer" else ["partner_id"]
        return list(shares.by_group(bill_.lines, columns))
    return list(shares.by_org(bill_))
