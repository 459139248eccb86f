"""Usage on an unbroken hourly grid: each meter of an org or a customer in exact integers, missing hours marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from billing.catalog import Catalog
from billing.hours import HOUR, hours_between, number
from billing.names import KIND
from billing.rollups import Hours, add
from billing.usage import Usage

LARGEST = 2**63 - 1
SeriesKey = tuple[str, str]  # (org_id, meter); in grids of customers (customer_id, meter)


@dataclass(frozen=True)
class Grid:
    """Columns are the hours from `start`; `seen` is False where nothing was said (`values` is 0 there)."""

    keys: tuple[SeriesKey, ...]
    start: datetime
    values: Hours  # [series, hours]
    seen: NDArray[np.bool_]  # [series, hours]

    @classmethod
    def of(
        cls,
        usage: Usage,
        catalog: Catalog,
        start: datetime,
        end: datetime,
        owner_of: Mapping[str, str] | None = None,
    ) -> "Grid":
        """The usage of [start, end) on the catalogue's meters; rows that say nothing are left out.

        `owner_of`: org -> whose row it is added to, a customer's say; other orgs are left out. None: each org's own.
        """
        layout = Layout.of(usage.names, catalog, owner_of)
        first, width = number(start), hours_between(start, end)
        values: Hours = np.zeros((len(layout.keys) + 1, width), np.int64)  # the last row takes what is on no meter
        seen = np.zeros(values.shape, np.bool_)
        at = np.append(layout.row_of, len(layout.keys)) * width - first  # the last also for series without a name here
        for rows in usage.only(layout.series).between(first, first + width).batches():
            said = rows.drop_nulls("quantity") if rows["quantity"].null_count() else rows
            position = at.take(said["series"].to_numpy(), mode="clip")
            position += said["hour"].to_numpy()
            quantity = said["quantity"].to_numpy()
            if values.dtype != object and int(quantity.max(initial=0)) * layout.most > LARGEST:
                values = values.astype(object)
            np.add.at(values.reshape(-1), position, quantity.astype(values.dtype, copy=False))
            seen.reshape(-1)[position] = True
        told = np.flatnonzero(seen[:-1].any(axis=1))
        if len(told) == len(layout.keys):
            return cls(layout.keys, start, values[:-1], seen[:-1])
        return cls(tuple(layout.keys[row] for row in told), start, values[told], seen[told])

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
        """org_id (in grids of customers, customer_id) -> its meters."""
        found: dict[str, list[str]] = {}
        for org_id, meter in self.keys:
            found.setdefault(org_id, []).append(meter)
        return found

    def of_owners(self, owner_of: Mapping[str, str]) -> "Grid":
        """The rows of orgs added up for whom they belong to, as Grid.of does while it reads; others are left out."""
        found: dict[SeriesKey, list[int]] = {}
        for row, (org_id, meter) in enumerate(self.keys):
            if org_id in owner_of:
                found.setdefault((owner_of[org_id], meter), []).append(row)
        keys = tuple(sorted(found))
        if not keys:
            return Grid((), self.start, self.values[:0], self.seen[:0])
        values = np.array([add(self.values[found[key]]) for key in keys])
        seen = np.array([self.seen[found[key]].any(axis=0) for key in keys])
        return Grid(keys, self.start, values, seen)

    def between(self, start: datetime, end: datetime) -> "Grid":
        """The columns of [start, end), as far as they are here."""
        first, last = hours_between(self.start, start), hours_between(self.start, end)
        return Grid(self.keys, max(self.start, start), self.values[:, first:last], self.seen[:, first:last])


@dataclass(frozen=True)
class Layout:
    """In which row every series lies: those of one owner and meter are added up.

    `row_of`: [series] its row, one past the last where it is on no meter. `most`: series of one row at most.
    """

    keys: tuple[SeriesKey, ...]
    series: pl.Series
    row_of: NDArray[np.int64]
    most: int

    @classmethod
    def of(cls, names: pl.DataFrame, catalog: Catalog, owner_of: Mapping[str, str] | None = None) -> "Layout":
        """For the series of `names` that are on a meter; see Grid.of."""
        meters = pl.DataFrame(
            [(*kind, meter) for kind, meter in catalog.of_type().items()],
            schema=[*KIND[1:], "meter"],
            orient="row",
        )
        found = names.join(meters, on=KIND[1:])
        if owner_of is None:
            found = found.with_columns(owner="org_id")
        else:
            owners = {"org_id": list(owner_of), "owner": list(owner_of.values())}
            found = found.join(pl.DataFrame(owners, schema=dict.fromkeys(owners, pl.String)), on="org_id")
        keys = found.group_by("owner", "meter").agg("series").sort("owner", "meter")
        series = names["series"].to_numpy()
        row_of = np.full(int(series.max(initial=-1)) + 1, keys.height, np.int64)
        rows = keys.select("series").with_row_index("row").explode("series")
        row_of[rows["series"].to_numpy()] = rows["row"].to_numpy()
        most = int(keys["series"].list.len().max() or 1)  # type: ignore[arg-type]
        return cls(tuple(keys.select("owner", "meter").rows()), found["series"], row_of, most)


class Tape:
    """Every value of every cell in the order it became known; `at(T)` is what was known at T.

    Times must not go back from call to call. The order of ingest (`seq`) decides which value holds.
    """

    def __init__(
        self, told: pl.DataFrame, names: pl.DataFrame, catalog: Catalog, start: datetime, end: datetime
    ) -> None:
        """`told`: rows of Lake.told; hours outside [start, end) are left out. `names`: schema NAMES."""
        layout = Layout.of(names.join(told.select("series").unique(), on="series", how="semi"), catalog)
        inside = pl.col("hour").is_between(number(start), number(end), closed="left")
        rows = told.filter(inside & pl.col("series").is_in(layout.series.implode())).sort("known_at", "seq")
        cell = rows.select(pl.struct("series", "hour").rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()
        self._start, self._width = start, hours_between(start, end)
        self._known_at = rows["known_at"].to_numpy()
        self._cell, self._row = cell, layout.row_of[rows["series"].to_numpy()]
        self._hour = rows["hour"].to_numpy() - number(start)
        self._quantity = rows["quantity"].fill_null(0).to_numpy()
        self._said = rows["quantity"].is_not_null().to_numpy()
        self._seq = rows["seq"].to_numpy()
        cells = int(cell.max(initial=-1)) + 1
        self._held, self._holds = np.zeros(cells, np.int64), np.zeros(cells, np.bool_)
        self._applied = np.full(cells, -1, np.int64)
        wide = int(self._quantity.max(initial=0)) * layout.most > LARGEST
        self._values: Hours = np.zeros((len(layout.keys), self._width), object if wide else np.int64)
        self._saying = np.zeros(self._values.shape, np.int32)  # how many types say something
        self._seen = np.zeros(self._values.shape, np.bool_)
        self._next = 0
        self.keys = layout.keys

    def at(self, at: datetime) -> tuple[Grid, datetime | None]:
        """The grid of the hours before `at` as known at `at`, and the earliest hour that changed since the last call.

        The arrays are valid until the next call.
        """
        moment = np.datetime64(at.replace(tzinfo=None), "us")
        upto = int(np.searchsorted(self._known_at, moment, side="right"))
        fresh = np.arange(self._next, max(upto, self._next))
        self._next = max(upto, self._next)
        fresh = self._winning(fresh[np.argsort(self._seq[fresh], kind="stable")])
        cell, row, hour = self._cell[fresh], self._row[fresh], self._hour[fresh]
        np.add.at(self._values, (row, hour), self._quantity[fresh].astype(self._values.dtype) - self._held[cell])
        np.add.at(self._saying, (row, hour), self._said[fresh].astype(np.int32) - self._holds[cell])
        self._seen[row, hour] = self._saying[row, hour] > 0
        self._held[cell], self._holds[cell] = self._quantity[fresh], self._said[fresh]
        self._applied[cell] = self._seq[fresh]
        changed = self._start + int(hour.min()) * HOUR if hour.size else None
        columns = min(hours_between(self._start, at), self._width)
        return Grid(self.keys, self._start, self._values[:, :columns], self._seen[:, :columns]), changed

    def _winning(self, fresh: NDArray[np.int64]) -> NDArray[np.int64]:
        """Of rows in the order of ingest the last of each cell, unless a later one holds already."""
        fresh = fresh[self._seq[fresh] > self._applied[self._cell[fresh]]][::-1]
        _, first = np.unique(self._cell[fresh], return_index=True)
        return fresh[first]


def as_float(grid: Grid) -> NDArray[np.float64]:
    """[series, hours] float64 with NaN where nothing was said: the only door from exact to float."""
    return np.where(grid.seen, grid.values.astype(np.float64), np.nan)
