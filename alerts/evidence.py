"""What proves an alert to somebody else: its hours against what was expected of them, a picture, a table as CSV."""

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from alerts.alert import Alert
from alerts.charts import Chart, Mark, png, svg
from alerts.mail import Attachment, Picture
from alerts.rendering import one_line
from billing.book import Book, Customer, Org, Partner, Term
from billing.catalog import Catalog, Meter
from billing.grid import Grid, as_float
from billing.hours import Month, hour_of_week, hours_between, iso
from billing.spreadsheet import as_text
from detectors.episodes import DISAPPEARANCE

LEAD = timedelta(days=7)  # of usage that is shown before an alert that starts on the first days of a month
_PER = re.compile(r"\d+[KMG]? ")
_PEAK, _MEAN = ("p99", "max"), ("mean", "hourly_overage_mean")
COLUMNS = (
    "ticket_id",
    "alert_id",
    "customer_id",
    "customer",
    "org_id",
    "org",
    "meter",
    "product",
    "usage_types",
    "hour_utc",
    "unit",
    "expected",
    "actual",
    "excess",
)


class HourRow(NamedTuple):
    """One anomalous hour, in base units; `actual` None where the usage of it is not at hand."""

    hour: datetime
    expected: int
    actual: int | None


@dataclass(frozen=True)
class Evidence:
    """An alert's hours of one month, and who and what they belong to."""

    alert: Alert
    month: Month
    partner: Partner
    customer: Customer
    org: Org
    meter: Meter
    rollup: str  # the one that the contract bills this meter by
    rows: tuple[HourRow, ...]
    catalog: Catalog

    @cached_property
    def level(self) -> tuple[int, int, str]:
        """(expected, actual, of what) in base units: the peak hour, the mean hour or the sum of all, by roll-up."""
        pairs = [(row.expected, row.actual) for row in self.rows if row.actual is not None]
        if not pairs:
            return self.alert.expected, self.alert.actual, "in all"
        if self.meter.rollup in _PEAK:
            extreme = min if self.alert.kind == DISAPPEARANCE else max
            expected, actual = extreme(pairs, key=lambda pair: pair[1])
            return expected, actual, "in the peak hour"
        expected, actual = (sum(column) for column in zip(*pairs, strict=True))
        if self.meter.rollup in _MEAN:
            return round(expected / len(pairs)), round(actual / len(pairs)), "in the mean hour"
        return expected, actual, "in all"

    @property
    def sentence(self) -> str:
        """3,210 hosts against 812 hosts expected in the peak hour"""
        expected, actual, of_what = self.level
        return f"{readable(actual, self.meter)} against {readable(expected, self.meter)} expected {of_what}"

    def largest(self, most: int) -> list[HourRow]:
        """The rows that are the oddest, by hour."""
        sign = -1 if self.alert.kind == DISAPPEARANCE else 1
        by_excess = sorted(self.rows, key=lambda row: (sign * (row.expected - (row.actual or 0)), row.hour))
        return sorted(by_excess[:most])


def evidence(alert: Alert, month: Month, book: Book, catalog: Catalog, grid: Grid) -> Evidence:
    """The alert's hours in the month, as usage says now. An id that the book lacks raises KeyError."""
    meter = catalog.meters[alert.meter]
    return Evidence(
        alert=alert,
        month=month,
        partner=book.partners[alert.partner_id],
        customer=book.customers[alert.customer_id],
        org=book.orgs[alert.org_id],
        meter=meter,
        rollup=applied_rollup(alert, month, book, meter),
        rows=tuple(_row(alert, hour, grid) for hour in alert.hours if Month.of(hour) == month),
        catalog=catalog,
    )


def readable(value: int | Decimal, meter: Meter) -> str:
    """A quantity of base units for people: `1,234 GB`, `12.3 M events`, `412 hosts`."""
    exact, unit = Decimal(value), base_unit(meter)
    if meter.unit == "GB":
        return f"{_short(exact / meter.per)} GB"
    return f"{_short(exact / 1_000_000)} M {unit}" if abs(exact) >= 1_000_000 else f"{round(exact):,} {unit}"


def base_unit(meter: Meter) -> str:
    """What one base unit is, in the plural: bytes, events, hosts."""
    if meter.unit == "GB":
        return "bytes"
    noun = _PER.sub("", meter.unit)
    if noun.endswith("s"):
        return noun
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


def picture(shown: Evidence, grid: Grid, deadline: datetime | None, cid: str) -> Picture | None:
    """The org's month hour by hour with what is expected of it to its end; None where no usage is at hand."""
    alert, month = shown.alert, shown.month
    start = max(grid.start, min(month.start, alert.started_at - LEAD))
    part = grid.between(start, month.end)
    if alert.key not in grid.row_of or not part.values.shape[1]:
        return None
    hours = [start + timedelta(hours=i) for i in range(hours_between(start, month.end))]
    known = as_float(part)[grid.row_of[alert.key]].tolist()
    odd = set(alert.hours)
    chart = Chart(
        title=f"{shown.meter.name}, org {shown.org.org_id}",
        subtitle=shown.sentence,
        unit="B" if shown.meter.unit == "GB" else base_unit(shown.meter),
        start=start,
        actual=[*known, *[math.nan] * (len(hours) - len(known))],
        expected=[float(alert.profile[hour_of_week(hour)]) for hour in hours],
        anomalous=[hour in odd for hour in hours],
        marks=_marks(month, deadline),
    )
    span = f"{len(shown.rows)} anomalous hours from {iso(shown.rows[0].hour)} to {iso(shown.rows[-1].hour)}"
    return Picture(cid, png(svg(chart)), f"{chart.title}, hour by hour: {shown.sentence}, {span}.")


def table(shown: Sequence[Evidence], ticket_id: str, name: str) -> Attachment:
    """Every hour of every claim in exact base units, as CSV that no spreadsheet takes for formulas."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for one in shown:
        writer.writerows(_csv_rows(one, ticket_id))
    return Attachment(name, "text/csv", file.getvalue().encode("utf-8-sig"))


def cell(text: str) -> str:
    """Text that a spreadsheet shows as it is: on one line, and an apostrophe before what would start a formula."""
    return as_text(one_line(text))


def _csv_rows(shown: Evidence, ticket_id: str) -> Iterator[list[str | int]]:
    alert, meter = shown.alert, shown.meter
    customer, org = shown.customer, shown.org
    owner = (ticket_id, alert.alert_id, customer.customer_id, customer.name, org.org_id, org.name)
    texts = (*owner, meter.meter, meter.name, " ".join(meter.usage_types))
    for hour, expected, actual in shown.rows:
        numbers: tuple[str | int, ...] = ("", "") if actual is None else (actual, actual - expected)
        yield [*map(cell, texts), iso(hour), cell(base_unit(meter)), expected, *numbers]


def _row(alert: Alert, hour: datetime, grid: Grid) -> HourRow:
    row = grid.row_of.get(alert.key)
    column = hours_between(grid.start, hour)
    known = row is not None and grid.start <= hour < grid.end and bool(grid.seen[row, column])
    return HourRow(hour, alert.expected_at(hour), int(grid.values[row, column]) if known else None)


def applied_rollup(alert: Alert, month: Month, book: Book, meter: Meter) -> str:
    """How the contract of the alert's hours of the month bills its meter."""
    return meter.applied_rollup(_option(alert, month, book))


def _option(alert: Alert, month: Month, book: Book) -> str:
    """The contract option under which the alert's last hour of the month is billed."""
    last = max((hour for hour in alert.hours if Month.of(hour) == month), default=alert.last_hour)
    for contract in book.contracts_of.get(alert.customer_id, ()):
        span = contract.span(month)
        if span and span[0] <= last < span[1]:
            return contract.terms.get(alert.meter, Term(alert.meter)).option
    return "monthly"


def _marks(month: Month, deadline: datetime | None) -> tuple[Mark, ...]:
    if deadline == month.end:
        return (Mark(month.end, "deadline, month ends"),)
    end = Mark(month.end, "month ends (UTC)")
    return (Mark(deadline.astimezone(UTC), "deadline"), end) if deadline else (end,)


def _short(value: Decimal) -> str:
    """Three digits or all before the point: 1,234 and 56.7 and 0.0123."""
    digits = max(0, 2 - value.adjusted()) if value else 0
    return f"{value:,.{min(digits, 6)}f}"
