"""What is known of usage at a clock: the grid that bills and detectors look at."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from alerts.alert import Alert
from alerts.clock import BLIND
from alerts.store import Judged
from alerts.teaching import Lesson, normal
from billing.book import Book
from billing.catalog import Catalog
from billing.grid import Grid, Tape, as_float
from billing.hours import DAY, HOUR, Month, floor_hour, hours_between
from billing.lake import Lake
from detectors.series import Floats, Panel, SeriesKey
from flows.origins import origins

HISTORY = 84 * DAY  # what a baseline and its calibration look back on
NEVER = -1  # a recording has no place in the order of ingest: nothing comes in while it plays
LATE = BLIND  # how late the vendor's usage may come
UNSETTLED = LATE // HOUR  # newest hours that may still grow: what is odd downwards is judged only before them


@dataclass(frozen=True)
class Known:
    """Usage as known at `at`. `changed`: the earliest hour that is new or restated since the last cycle.

    floats: the grid as detectors take it, where that is made at once.
    """

    at: datetime
    grid: Grid
    floats: Floats | None
    changed: datetime | None
    seq: int

    @classmethod
    def all_of(cls, grid: Grid) -> "Known":
        """The grid as it is."""
        return cls(grid.end, grid, as_float(grid), None, NEVER)

    def said(self, rows: Sequence[int]) -> Floats:
        """[rows, hours], as detectors take them."""
        grid = self.grid
        if self.floats is None:
            keys = tuple(grid.keys[row] for row in rows)
            return as_float(Grid(keys, grid.start, grid.values[rows], grid.seen[rows]))
        return self.floats if len(rows) == len(grid.keys) else self.floats[rows]


def window(at: datetime) -> datetime:
    """The first hour that a cycle at `at` looks at; the same for a whole UTC day."""
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return min(day - HISTORY, open_months(at)[0].start)


def open_months(at: datetime) -> list[Month]:
    """The months whose usage may still come, or whose tickets may still go out."""
    return sorted({Month.of(at - LATE), Month.of(at)})


def known(lake: Lake, catalog: Catalog, at: datetime, seen: Judged | None = None) -> Known:
    """What the lake says now of the hours before `at`.

    Changed are the rows that came in after those of `seen`, and those observed after its hours; all rows without it.
    The place in the order is asked before the rows, so that what is put in between counts as news again.
    """
    at, start = floor_hour(at), window(at)
    seq = lake.seq
    grid = Grid.of(lake.current(start, at), catalog, start, at)
    return Known(
        at=at,
        grid=grid,
        floats=as_float(grid),
        changed=lake.changed(start, at, seen.seq if seen else -1, seen.upto if seen else at),
        seq=max(seen.seq if seen else -1, seq),
    )


def known_of(lake: Lake, catalog: Catalog, at: datetime, org_ids: Collection[str]) -> Known:
    """The same of these orgs alone, for what is looked at and not judged: nothing of it counts as changed."""
    at, start = floor_hour(at), window(at)
    seq = lake.seq
    usage = lake.current(start, at)
    names = usage.names.filter(pl.col("org_id").is_in(list(org_ids)))
    grid = Grid.of(usage.only(names["series"]).read(), catalog, start, at)
    return Known(at, grid, as_float(grid), None, seq)


@dataclass
class Recording:
    """A past span played again: at each step only what had been observed by then."""

    tape: Tape
    floats: Floats  # [series, hours of the tape]
    told: datetime  # the end of the hours that are in them

    @classmethod
    def of(cls, lake: Lake, catalog: Catalog, first: datetime, last: datetime) -> "Recording":
        """For steps in [first, last]."""
        start = window(first)
        tape = Tape(lake.told(start, last), lake.names(), catalog, start, last)
        return cls(tape, np.full((len(tape.keys), hours_between(start, last)), np.nan), start)

    def at(self, at: datetime) -> Known:
        """What was known at `at`; steps must not go back."""
        grid, changed = self.tape.at(at)
        since = min(changed or self.told, self.told)
        if since < self.told:
            self.floats = self.floats.copy()  # who was handed the past keeps it as it was told
        first, self.told = hours_between(grid.start, since), grid.end
        part = grid.between(since, grid.end)
        self.floats[:, first : first + part.seen.shape[1]] = as_float(part)
        start, end = window(at), floor_hour(at)
        columns = slice(hours_between(grid.start, start), hours_between(grid.start, end))
        return Known(at, grid.between(start, end), self.floats[:, columns], changed, NEVER)


def panel(
    usage: Known,
    book: Book,
    catalog: Catalog,
    alerts: Sequence[Alert],
    taught: Mapping[SeriesKey, Lesson] | None = None,
    rows: Sequence[int] | None = None,
) -> Panel:
    """The series of the book's orgs for the detectors, with what verdicts teach of them. rows: such of the grid alone,
    ascending."""
    grid, start, end = usage.grid, usage.grid.start, usage.grid.end
    if rows is None:
        rows = [row for row, (org_id, _) in enumerate(grid.keys) if org_id in book.orgs]
    floats = usage.said(rows)
    keys = tuple(grid.keys[row] for row in rows)
    row_of = {key: row for row, key in enumerate(keys)}
    learned = np.ones(floats.shape, np.bool_)
    for alert in alerts:
        row = row_of.get(alert.key)
        if row is not None and not normal(alert, floats[row], start):
            columns = [hours_between(start, hour) for hour in alert.hours if start <= hour < end]
            learned[row, columns] = False
    caution = np.array([taught[key].caution if key in taught else 0.0 for key in keys]) if taught else None
    return Panel(keys, start, floats, learned, origins(keys, book, catalog, range(start.year, end.year + 1)), caution)


def complete_to(grid: Grid, book: Book) -> datetime | None:
    """The end of the last hour in which any of the book's orgs has usage."""
    rows = [row for row, (org_id, _) in enumerate(grid.keys) if org_id in book.orgs]
    columns = np.flatnonzero(grid.seen[rows].any(axis=0)) if rows else np.array([])
    return grid.start + (int(columns[-1]) + 1) * HOUR if columns.size else None
