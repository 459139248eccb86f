"""What the benchmark calls of the product: a closed month, its priced lines, a restated hour, an appended hour."""

from collections.abc import Callable
from datetime import datetime, timedelta

import polars as pl

from billing import statement
from billing.bill import Line, Rules, measured
from billing.book import Book
from billing.frames import TIME, USAGE
from billing.hours import HOUR, Month
from billing.lake import Lake
from billing.metering import blocks
from billing.running import Running
from tests.benchmarks.question import Quantities

SETTLED = timedelta(days=30)  # after a month's end, when its changes are recorded


def lines(lake: Lake, book: Book, rules: Rules, month: Month) -> list[Line]:
    """The closed month's priced lines, from the lake."""
    usage = lake.current(month.start, month.end)
    return list(statement.state(book, rules, usage, month, month.end, "final").lines)


def quantities(lake: Lake, book: Book, rules: Rules, month: Month) -> Quantities:
    """The closed month's quantities of the lines with usage, from the lake."""
    usage = lake.current(month.start, month.end)
    return {
        (contract_id, meter): quantity
        for part, grid in statement.grids(book, rules, usage, month, month.end)
        for block in blocks(part, grid, month, month.end)
        for contract_id, meters in measured(rules, block).items()
        for meter, (quantity, _) in meters.items()
    }


def restated(lake: Lake, book: Book, rules: Rules, month: Month, hour: datetime) -> Callable[[], list[Line]]:
    """The work: all of one org's values of `hour` change, and its customer is billed again, by a process that stays."""
    usage = lake.current(hour, hour + HOUR).named()
    org = next(book.orgs[org_id] for org_id in usage["org_id"] if org_id in book.orgs)
    changed = _said(usage.filter(org_id=org.org_id).with_columns(pl.col("quantity") + 1))
    running = Running(book, rules, lake, month)

    def work() -> list[Line]:
        lake.put(changed, month.end + SETTLED)
        running.refresh()
        return running.lines(month.end, org.customer_id)

    return work


def appended(lake: Lake, book: Book, rules: Rules, month: Month, hour: datetime) -> Callable[[], list[Line]]:
    """The work: every series says `hour`, as it said the hour before, and the month to date is billed."""
    before = lake.current(hour - HOUR, hour).named()
    fresh = _said(before.with_columns(hour=pl.lit(hour, before.schema["hour"])))
    running = Running(book, rules, lake, month)

    def work() -> list[Line]:
        lake.put(fresh, hour + HOUR)
        running.refresh()
        return running.lines(hour + HOUR)

    return work


def _said(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(observed_at=pl.lit(None, TIME)).select(USAGE.names())
