"""Usage on an unbroken hourly grid: every (org, meter) as exact integers, missing hours marked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from billing.catalog import Catalog
from billing.hours import HOUR, hours_between, number
from billing.names import KIND
from billing.rollups import LIMIT, Hours
from billing.usage import Usage

SeriesKey = tuple[str, str]  # (org_id, meter)
MISSING = -1  # stands for a missing hour while a grid is filled: quantities are not negative


@dataclass(frozen=True)
class Grid:
    """Columns are the hours from `start`; `seen` is False where nothing was said (`values` is 0 there)."""

    keys: tuple[SeriesKey, ...]
    start: datetime
    values: Hours  # [series, hours]
    seen: NDArray[np.bool_]  # [series, hours]

    @classmethod
    def of(
        cls, usage: Usage, catalog: Catalog, start: datetime, end: datetime, orgs: Collection[str] | None = None
    ) -> "Grid":
        """The usage of [start, end) on the catalogue's meters; with `orgs` theirs alone. Empty rows are left out."""
        layout = Layout.of(usage.names, catalog, orgs)
        width = hours_between(start, end)
        cells = np.full((len(layout.owner), width), MISSING, np.int64)
        flat, first = cells.reshape(-1), number(start)
        at = layout.cell_of * width - first
        for rows in usage.only(layout.series).batches():
            series, hour = rows["series"].to_numpy(), rows["hour"].to_numpy()
            inside = (layout.cell_of[series] >= 0) & (hour >= first) & (hour < first + width)
            position = at[series]
            position += hour
            quantity = rows["quantity"].fill_null(MISSING).to_numpy()
            if inside.all():
                flat[position] = quantity
            else:
                flat[position[inside]] = quantity[inside]
        seen = cells != MISSING
        np.maximum(cells, 0, out=cells)
        values, seen = layout.summed(cells, seen)
        said = np.any(seen, axis=1)
        if said.all():
            return cls(layout.keys, start, values, seen)
        keys = tuple(key for key, any_ in zip(layout.keys, said, strict=True) if any_)
        return cls(keys, start, values[said], seen[said])

    @property
    def end(self) -> datetime:
        """The hour after the last column."""
        columns: int = self.values.shape[1]
        return self.start + columns * HOUR

    @cached_property
    def largest(self) -> int:
        """The largest value of an hour."""
        return int(self.values.max()) if self.values.size else 0

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


@dataclass(frozen=True)
class Layout:
    """Where series lie: a cell each, the first cell of every key in the key's row, those of further types behind.

    `cell_of`: [series] the cell of a series, negative where it is on no meter; `owner`: [cells] the row of a cell.
    """

    keys: tuple[SeriesKey, ...]
    series: pl.Series
    cell_of: NDArray[np.int64]
    owner: NDArray[np.int64]

    @classmethod
    def of(cls, names: pl.DataFrame, catalog: Catalog, orgs: Collection[str] | None) -> "Layout":
        """For the series of `names` that are on a meter, and of these orgs alone where they are given."""
        meters = pl.DataFrame(
            [(*kind, meter) for kind, meter in catalog.of_type().items()],
            schema=[*KIND[1:], "meter"],
            orient="row",
        )
        found = names.join(meters, on=KIND[1:])
        if orgs is not None:
            found = found.join(
                pl.DataFrame({"org_id": list(orgs)}, schema={"org_id": pl.String}), on="org_id", how="semi"
            )
        found = found.sort("org_id", "meter", *KIND[1:])
        key = pl.struct("org_id", "meter")
        found = found.with_columns(row=key.rle_id().cast(pl.Int64), further=~key.is_first_distinct())
        found = found.sort("further", maintain_order=True)
        keys = tuple(found.filter(~pl.col("further")).select("org_id", "meter").iter_rows())
        cell_of = np.full(int(names["series"].max() or 0) + 1, MISSING, np.int64)  # type: ignore[arg-type]
        cell_of[found["series"].to_numpy()] = np.arange(found.height)
        return cls(keys, found["series"], cell_of, found["row"].to_numpy())

    def summed(self, cells: NDArray[np.int64], said: NDArray[np.bool_]) -> tuple[Hours, NDArray[np.bool_]]:
        """[rows, hours] from [cells, hours]: the values and where anything was said. The arrays may be used up."""
        rows = len(self.keys)
        values: Hours = cells[:rows]
        further = cells[rows:]
        if further.size:
            most = int(values.max()) + int(further.max()) * int(np.bincount(self.owner[rows:]).max())
            values = values if most <= LIMIT else values.astype(object)
        for cell, row in enumerate(self.owner[rows:], start=rows):
            values[row] += cells[cell]
            said[row] |= said[cell]
        return values, said[:rows]


class Tape:
    """Every value of every cell in the order it became known; `at(T)` is what was known at T.

    Times must not go back from call to call. The order of ingest (`seq`) decides which value holds.
    """

    def __init__(
        self, told: pl.DataFrame, names: pl.DataFrame, catalog: Catalog, start: datetime, end: datetime
    ) -> None:
        """`told`: rows of Lake.told; hours outside [start, end) are left out. `names`: schema NAMES."""
        present = names.join(told.select("series").unique(), on="series", how="semi")
        self._layout = Layout.of(present, catalog, None)
        inside = pl.col("hour").is_between(number(start), number(end), closed="left")
        rows = told.filter(inside & pl.col("series").is_in(self._layout.series.implode())).sort("known_at", "seq")
        self._start, self._width = start, hours_between(start, end)
        self._known_at = rows["known_at"].to_numpy()
        self._cell = self._layout.cell_of[rows["series"].to_numpy()]
        self._hour = rows["hour"].to_numpy() - number(start)
        self._quantity = rows["quantity"].fill_null(0).to_numpy()
        self._said = rows["quantity"].is_not_null().to_numpy()
        self._seq = rows["seq"].to_numpy()
        shape = (len(self._layout.owner), self._width)
        self._values, self._seen = np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
        self._applied = np.full(shape, -1, np.int64)
        self._next = 0
        self.keys = self._layout.keys

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
        values, seen = self._values[:, :columns], self._seen[:, :columns]
        if len(self._layout.owner) > len(self.keys):
            values, seen = self._layout.summed(values.copy(), seen.copy())
        return Grid(self.keys, self._start, values, seen), changed


def as_float(grid: Grid) -> NDArray[np.float64]:
    """[series, hours] float64 with NaN where nothing was said: the only door from exact to float."""
    return np.where(grid.seen, grid.values.astype(np.float64), np.nan)
