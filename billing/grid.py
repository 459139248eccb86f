"""Usage on an unbroken hourly grid: every (org, meter) as exact integers, missing hours marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from billing.catalog import Catalog
from billing.hours import HOUR, hours_between
from billing.rollups import Hours, add, widened

SeriesKey = tuple[str, str]  # (org_id, meter)


@dataclass(frozen=True)
class Grid:
    """Columns are the hours from `start`; `seen` is False where nothing was said (`values` is 0 there)."""

    keys: tuple[SeriesKey, ...]
    start: datetime
    values: Hours  # [series, hours]
    seen: NDArray[np.bool_]  # [series, hours]

    @property
    def end(self) -> datetime:
        """The hour after the last column."""
        columns: int = self.values.shape[1]
        return self.start + columns * HOUR

    @cached_property
    def row_of(self) -> Mapping[SeriesKey, int]:
        return {key: row for row, key in enumerate(self.keys)}

    @cached_property
    def meters_of(self) -> Mapping[str, Sequence[str]]:
        """org_id -> its meters."""
        found: dict[str, list[str]] = {}
        for org_id, meter in self.keys:
            found.setdefault(org_id, []).append(meter)
        return found

    def between(self, start: datetime, end: datetime) -> "Grid":
        """The columns of [start, end), as far as they are here."""
        first, last = hours_between(self.start, start), hours_between(self.start, end)
        return Grid(self.keys, max(self.start, start), self.values[:, first:last], self.seen[:, first:last])


class Tape:
    """Every value of every cell in the order it became known; `at(T)` is what was known at T.

    Times must not go back from call to call. The order of ingest (`seq`) decides which value holds.
    """

    def __init__(self, history: pl.DataFrame, catalog: Catalog, start: datetime, end: datetime) -> None:
        """`history`: rows of Lake.history, with `known_at`; hours outside [start, end) are left out."""
        meters = pl.DataFrame(
            [(*kind, meter) for kind, meter in catalog.of_type().items()],
            schema=["product_family", "usage_type", "meter"],
            orient="row",
        )
        rows = history.filter(pl.col("hour").is_between(start, end, closed="left")).join(
            meters, on=["product_family", "usage_type"]
        )
        cells = rows.select("org_id", "meter", "product_family", "usage_type").unique().sort(pl.all())
        rows = rows.join(cells.with_row_index("cell"), on=cells.columns).sort("known_at", "seq")
        self._start, self._width = start, hours_between(start, end)
        self._known_at = rows["known_at"].to_numpy()
        self._cell = rows["cell"].to_numpy().astype(np.int64)
        self._hour = ((rows["hour"] - start).dt.total_hours()).to_numpy()
        self._said = rows["quantity"].is_not_null().to_numpy()
        self._quantity = rows["quantity"].fill_null(0).to_numpy()
        self._seq = rows["seq"].to_numpy()
        shape = (cells.height, self._width)
        self._values, self._seen = np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
        self._applied = np.full(shape, -1, np.int64)
        self._next = 0
        self.last_seq = int(self._seq.max(initial=-1))
        self.keys = tuple(dict.fromkeys(cells.select("org_id", "meter").iter_rows()))
        row_of = {key: row for row, key in enumerate(self.keys)}
        self._row = np.array([row_of[key] for key in cells.select("org_id", "meter").iter_rows()], np.int64)

    @classmethod
    def settled(cls, usage: pl.DataFrame, catalog: Catalog, start: datetime, end: datetime, at: datetime) -> Grid:
        """The grid of the hours of [start, end) before `at`, from rows in the order of ingest that are all known."""
        grid, _ = cls(usage.with_columns(known_at=pl.lit(start)), catalog, start, end).at(max(start, at))
        return grid

    def at(self, at: datetime) -> tuple[Grid, datetime | None]:
        """The grid of the hours before `at` as known at `at`, and the earliest hour that changed since the last call.

        The arrays are valid until the next call.
        """
        moment = np.datetime64(at.replace(tzinfo=None), "us")
        upto = int(np.searchsorted(self._known_at, moment, side="right"))
        fresh = np.arange(self._next, max(upto, self._next))
        self._next = max(upto, self._next)
        fresh = fresh[np.argsort(self._seq[fresh], kind="stable")]
        cell, hour = self._cell[fresh], self._hour[fresh]
        wins = self._seq[fresh] > self._applied[cell, hour]
        fresh, cell, hour = fresh[wins], cell[wins], hour[wins]
        self._values[cell, hour] = self._quantity[fresh]
        self._seen[cell, hour] = self._said[fresh]
        self._applied[cell, hour] = self._seq[fresh]
        changed = self._start + int(hour.min()) * HOUR if hour.size else None
        columns = min(hours_between(self._start, at), self._width)
        return self._grid(columns), changed

    def _grid(self, columns: int) -> Grid:
        values, seen = self._values[:, :columns], self._seen[:, :columns]
        if len(self.keys) == len(self._row):
            return Grid(self.keys, self._start, values, seen)
        groups = [np.flatnonzero(self._row == row) for row in range(len(self.keys))]
        summed = [add(values[group]) for group in groups]
        wide = any(row.dtype == object for row in summed)
        stacked = np.array([row.astype(object) for row in summed], dtype=object) if wide else np.array(summed)
        return Grid(self.keys, self._start, stacked, np.array([seen[group].any(axis=0) for group in groups]))


def as_float(grid: Grid) -> NDArray[np.float64]:
    """[series, hours] float64 with NaN where nothing was said: the only door from exact to float."""
    return np.where(grid.seen, grid.values.astype(np.float64), np.nan)


def summed(grid: Grid, rows: Sequence[int], start: datetime, end: datetime) -> tuple[Hours, int]:
    """The rows' sum over [start, end) hour by hour (0 outside the grid), and in how many hours any was seen."""
    part = grid.between(start, end)
    values = add(part.values[list(rows)])
    padded = np.zeros(hours_between(start, end), values.dtype)
    lead = hours_between(start, part.start)
    padded[lead : lead + len(values)] = values
    return widened(padded, 1), int(part.seen[list(rows)].any(axis=0).sum())
