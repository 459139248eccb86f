"""The hours of an alert's series as a page shows them: a picture, a table, and what carries the odd ones."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple

import numpy as np
import polars as pl
from markupsafe import Markup

from alerts.alert import Alert
from alerts.charts import Chart, Level, Mark, svg
from alerts.clock import Clock
from alerts.console.tongue import Tongue
from alerts.console.view import View
from alerts.evidence import HourRow, base_unit, readable
from alerts.stake import SIGMAS
from billing.catalog import Meter
from billing.grid import Grid, as_float
from billing.hours import DAY, HOUR, Month, floor_hour, hours_between
from billing.rollups import percentile
from billing.usage import Usage

LONGEST = 92 * DAY
FARTHEST = 2 * 366 * DAY
TABLE = 200  # rows
SUMMED = ("sum", "hourly_overage")
ZOOMS = ("month", "alert", "week", "quarter")


class Span(NamedTuple):
    """The hours [start, end) that are looked at."""

    start: datetime
    end: datetime


def zoomed(alert: Alert, zoom: str, first: datetime | None, last: datetime | None) -> Span:
    """What a picture shows: from the day `first` to the day `last` if they are of its years, else what `zoom` says."""
    if first and last and first <= last and abs(first - alert.last_hour) < FARTHEST:
        return Span(first, min(last, first + LONGEST - DAY) + DAY)
    month = Month.of(alert.last_hour)
    if zoom == "alert":
        return Span(alert.started_at - DAY, min(alert.last_hour + DAY, alert.started_at + LONGEST))
    if zoom == "week":
        return Span(alert.last_hour - 6 * DAY, alert.last_hour + DAY)
    if zoom == "quarter":
        return Span(month.end - LONGEST, month.end)
    return Span(min(month.start, alert.started_at - 7 * DAY), month.end)


@dataclass(frozen=True)
class AlertHours:
    """grid: of the orgs of the alert's customer on its meter, over the span and the alert's own hours."""

    alert: Alert
    meter: Meter
    rank: str
    span: Span
    grid: Grid
    usage: Usage

    @cached_property
    def rows(self) -> list[HourRow]:
        """Every hour of the span that has begun to be told of."""
        return [HourRow(hour, self.alert.expected_at(hour), self._said(hour)) for hour in self._hours(self.told)]

    @property
    def shown(self) -> list[HourRow]:
        """Those for a table on a page: all where they are few, else the odd ones."""
        odd = set(self.alert.hours)
        rows = self.rows if len(self.rows) <= TABLE else [row for row in self.rows if row.hour in odd]
        return rows[-TABLE:]

    @cached_property
    def told(self) -> datetime:
        """The end of the hours that anything is known of."""
        columns = np.flatnonzero(self.grid.seen.any(axis=0)) if self.grid.keys else np.array([])
        return self.grid.start + (int(columns[-1]) + 1) * HOUR if columns.size else self.span.start

    def picture(self, clock: Clock | None, tongue: Tongue) -> Markup:
        """The span as SVG; its text is escaped by the drawing."""
        drawing = svg(self._chart(clock, tongue))
        return Markup(drawing.replace("<svg ", '<svg class="chart" ', 1))  # noqa: S704

    def by_type(self) -> list[tuple[str, int]]:
        """(usage type, what it has of the odd hours), the largest first; what has no type of its own by its family."""
        rows = self.usage.named().filter(
            pl.col("org_id") == self.alert.org_id,
            pl.col("hour").is_in([hour.astimezone(UTC) for hour in self.alert.hours]),
        )
        sums = rows.group_by("product_family", "usage_type").agg(pl.col("quantity").sum())
        found = [(kind or family, self._of_them(int(quantity or 0))) for family, kind, quantity in sums.iter_rows()]
        return sorted(found, key=lambda one: (-one[1], one[0]))

    def by_org(self) -> list[tuple[str, int]]:
        """(org, what it has of the odd hours) for the customer's orgs with this meter, the largest first."""
        columns = [hours_between(self.grid.start, hour) for hour in self.alert.hours if hour < self.grid.end]
        rows = enumerate(self.grid.keys)
        found = [(org, self._of_them(int(self.grid.values[row, columns].sum()))) for row, (org, _) in rows]
        return sorted(found, key=lambda one: (-one[1], one[0]))

    @property
    def counted(self) -> str:
        """What the quantities of `by_type` and `by_org` are."""
        return "in all anomalous hours" if self.meter.rollup in SUMMED else "in the mean anomalous hour"

    def _of_them(self, quantity: int) -> int:
        return quantity if self.meter.rollup in SUMMED else round(quantity / len(self.alert.hours))

    def _chart(self, clock: Clock | None, tongue: Tongue) -> Chart:
        hours = list(self._hours(self.span.end))
        odd, known = set(self.alert.hours), dict(zip(self._hours(self.told), self._floats(), strict=True))
        expected = [float(self.alert.expected_at(hour)) for hour in hours]
        stray = SIGMAS * self.alert.scale
        return Chart(
            title=f"{self.meter.name}, {tongue.say('org')} {self.alert.org_id}",
            subtitle="",
            unit="B" if self.meter.unit == "GB" else base_unit(self.meter),
            start=self.span.start,
            actual=[known.get(hour, math.nan) for hour in hours],
            expected=expected,
            anomalous=[hour in odd for hour in hours],
            band=([max(0.0, e - stray) for e in expected], [e + stray for e in expected]) if stray else None,
            level=self._level(tongue),
            marks=tuple(m for m in _marks(self.alert, clock, tongue.say) if self.span.start < m.at <= self.span.end),
            words=tongue.drawn,
        )

    def _level(self, tongue: Tongue) -> Level | None:
        """The hour that a percentile meter bills of this org's month so far."""
        month = Month.of(self.alert.last_hour)
        if self.meter.rollup != "p99" or self.alert.key not in self.grid.row_of or self.span.start > month.start:
            return None
        values = self.grid.between(month.start, min(month.end, self.told)).values[self.grid.row_of[self.alert.key]]
        billed = int(percentile(values, self.rank)) if len(values) else 0
        return Level(billed, tongue.say("99th percentile so far: {quantity}", quantity=readable(billed, self.meter)))

    def _hours(self, end: datetime) -> Iterator[datetime]:
        return (self.span.start + n * HOUR for n in range(hours_between(self.span.start, min(end, self.span.end))))

    def _said(self, hour: datetime) -> int | None:
        row, column = self.grid.row_of.get(self.alert.key), hours_between(self.grid.start, hour)
        return int(self.grid.values[row, column]) if row is not None and self.grid.seen[row, column] else None

    def _floats(self) -> Sequence[float]:
        part = self.grid.between(self.span.start, min(self.told, self.span.end))
        row = part.row_of.get(self.alert.key)
        length = hours_between(self.span.start, min(self.told, self.span.end))
        return [math.nan] * length if row is None else list(as_float(part)[row].tolist())


def alert_hours(view: View, alert: Alert, span: Span) -> AlertHours:
    """What usage says now of the customer's orgs on the alert's meter."""
    meter = view.house.catalog.meters[alert.meter]
    span = Span(floor_hour(span.start), floor_hour(span.end))
    start, end = min(span.start, alert.started_at), max(span.end, alert.last_hour + HOUR)
    orgs = [org.org_id for org in view.book.orgs_of.get(view.of_org(alert.org_id).customer_id, ())]
    usage = view.house.usage(start, end)
    mine = pl.col("org_id").is_in(orgs) & (pl.col("product_family") == meter.product_family)
    names = usage.names.filter(mine & pl.col("usage_type").is_in(meter.usage_types))
    usage = replace(usage.only(names["series"]), names=names).read()
    return AlertHours(alert, meter, view.house.rank, span, Grid.of(usage, view.house.catalog, start, end), usage)


def _marks(alert: Alert, clock: Clock | None, say: Callable[[str], str]) -> Iterator[Mark]:
    month = Month.of(alert.last_hour)
    if clock is None or clock.deadline_at == month.end:
        yield Mark(month.end, say("month ends, deadline") if clock else say("month ends"))
    else:
        yield Mark(clock.deadline_at.astimezone(UTC), say("deadline"))
        yield Mark(month.end, say("month ends (UTC)"))
    if clock:
        yield Mark(clock.latest_email_at.astimezone(UTC), say("latest e-mail"))
