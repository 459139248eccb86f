"""What is known of usage at a clock: the grid that bills and detectors look at."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from alerts.alert import FIRST_USE, Alert
from alerts.clock import BLIND
from alerts.store import Judged
from billing.book import Book
from billing.catalog import Catalog
from billing.grid import Grid, Tape, as_float
from billing.hours import DAY, HOUR, Month, floor_hour, hours_between
from billing.lake import Lake
from detectors.series import Panel

HISTORY = 84 * DAY  # what a baseline and its calibration look back on
NEVER = -1  # a recording has no place in the order of ingest: nothing comes in while it plays
LATE = BLIND  # how late the vendor's usage may come


@dataclass(frozen=True)
class Known:
    """Usage as known at `at`. `changed`: the earliest hour that is new or restated since the last cycle."""

    at: datetime
    grid: Grid
    changed: datetime | None
    seq: int


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
    return Known(
        at=at,
        grid=Grid.of(lake.current(start, at), catalog, start, at),
        changed=lake.changed(start, at, seen.seq if seen else -1, seen.upto if seen else at),
        seq=max(seen.seq if seen else -1, seq),
    )


@dataclass
class Recording:
    """A past span played again: at each step only what had been observed by then."""

    tape: Tape

    @classmethod
    def of(cls, lake: Lake, catalog: Catalog, first: datetime, last: datetime) -> "Recording":
        """For steps in [first, last]."""
        start = window(first)
        return cls(Tape(lake.told(start, last), lake.names(), catalog, start, last))

    def at(self, at: datetime) -> Known:
        """What was known at `at`; steps must not go back."""
        grid, changed = self.tape.at(at)
        return Known(at, grid.between(window(at), floor_hour(at)), changed, NEVER)


def panel(grid: Grid, book: Book, alerts: list[Alert]) -> Panel:
    """The series of the book's orgs for the detectors; hours of live alerts are not learned from."""
    rows = [row for row, (org_id, _) in enumerate(grid.keys) if org_id in book.orgs]
    chosen = Grid(tuple(grid.keys[row] for row in rows), grid.start, grid.values[rows], grid.seen[rows])
    learned = np.ones(chosen.seen.shape, np.bool_)
    for alert in alerts:
        row = chosen.row_of.get(alert.key)
        if row is not None and alert.live and alert.kind != FIRST_USE:
            columns = [hours_between(grid.start, hour) for hour in alert.hours if grid.start <= hour < grid.end]
            learned[row, columns] = False
    return Panel(chosen.keys, chosen.start, as_float(chosen), learned)


def complete_to(grid: Grid, book: Book) -> datetime | None:
    """The end of the last hour in which any of the book's orgs has usage."""
    rows = [row for row, (org_id, _) in enumerate(grid.keys) if org_id in book.orgs]
    columns = np.flatnonzero(grid.seen[rows].any(axis=0)) if rows else np.array([])
    return grid.start + (int(columns[-1]) + 1) * HOUR if columns.size else None
