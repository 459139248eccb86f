"""The lake: every value of every hour ever said, in the order of ingest.

Rows are only ever added; the last one of a cell holds. A month has three layers: `held`, one row a cell by series and
hour, `past`, what those replaced, and `news`, what came since in the order of ingest. Compaction turns news into the
other two in one commit, so that a reader sees the month before or after it, and a killed one leaves nothing behind.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from threading import Lock

import polars as pl
import pyarrow as pa
from deltalake import DeltaTable

from billing.delta import Delta, reachable
from billing.errors import WorldError
from billing.frames import CELL, CELLS, TIME, USAGE
from billing.hours import HOUR, Month, hour_of, number, utc
from billing.layers import DELIVERED, LAYERED, STORED, in_layers, layer_of, month_of_hour
from billing.names import Names
from billing.news import bounds, end_of_hour, news
from billing.usage import Usage, hour_number, hour_time

HISTORY = pl.Schema({**USAGE, "recorded_at": TIME, "seq": pl.Int64(), "known_at": TIME})
ATTEMPTS = 20
FILES = 48  # more files of news than these in a month are compacted
ROWS = 200_000  # so are more rows of news than these, when they are more than half of those that are held
KEEP = timedelta(days=7)  # how long a reader may go on with files that were replaced


@dataclass(frozen=True)
class Put:
    """What a put did: rows that changed something, rows that said nothing new."""

    changed: int
    same: int


@dataclass(frozen=True)
class Lake:
    """`uri`: a directory or an object-store URL; `storage`: options for the latter."""

    uri: str
    storage: Mapping[str, str] | None = None

    def put(self, usage: pl.DataFrame, recorded_at: datetime) -> Put:
        """Add the rows of a frame of schema USAGE that say something new, all of them or none.

        The same cell again replaces (the last row wins), an identical re-read changes nothing.
        """
        return self.put_parts([usage], recorded_at)

    def put_parts(self, parts: Iterable[pl.DataFrame], recorded_at: datetime) -> Put:
        """Add a delivery that comes in parts, in one commit; only its numbers are kept in memory."""
        cells = pl.concat([DELIVERED.to_frame(), *(self._numbered(part) for part in parts if part.height)])
        if cells.is_empty():
            return Put(0, 0)
        with self._writing:
            return self._put(cells.sort(CELL, maintain_order=True), recorded_at)

    def current(self, start: datetime, end: datetime) -> Usage:
        """What holds in the hours [start, end)."""
        return self._usage(start, end, ("held", "news"), None)

    def known(self, start: datetime, end: datetime, at: datetime, version: int | None = None) -> Usage:
        """What held at `at`, by the rows known by then and, with a `version`, in the lake at that version."""
        return self._usage(start, end, ("past", "held", "news"), _told(at, version))

    def moved(
        self, start: datetime, end: datetime, one: tuple[datetime, int | None], other: tuple[datetime, int | None]
    ) -> pl.DataFrame:
        """The cells of [start, end) of which only one of two states, each a time and a version, knows a row."""
        cells = self._rows(start, end).filter(_told(*one) != _told(*other)).select(CELL).unique()
        with reachable(self.uri):
            return cells.collect()

    def history(self, start: datetime, end: datetime) -> pl.DataFrame:
        """Every row of the hours [start, end) in the order of ingest: schema HISTORY."""
        rows = self.told(start, end).join(self._names.all(), on="series", how="left", maintain_order="left")
        return rows.with_columns(hour_time()).select(HISTORY.names())

    def told(self, start: datetime, end: datetime) -> pl.DataFrame:
        """Every row of the hours [start, end) by number, in the order of ingest, with `known_at`."""
        rows = self._rows(start, end).with_columns(known_at=pl.coalesce("observed_at", end_of_hour()))
        with reachable(self.uri):
            return rows.sort("seq").collect()

    def changed(self, start: datetime, end: datetime, seq: int, observed: datetime | None = None) -> datetime | None:
        """The earliest hour of [start, end) of which something was put after `seq` or observed after `observed`."""
        news = [pl.col("seq") > seq]  # one after the other: by two conditions at once no file can be left out
        if observed:
            news.append(pl.col("observed_at").is_not_null() & (pl.col("observed_at") > utc(observed)))
        rows = self._rows(start, end)
        with reachable(self.uri):
            firsts = pl.collect_all([rows.filter(since).select(pl.col("hour").min()) for since in news])
        hours = [first.item() for first in firsts if first.item() is not None]
        return hour_of(min(hours)) if hours else None

    def put_since(self, start: datetime, end: datetime, version: int) -> pl.DataFrame:
        """The cells of [start, end) of which something was put after that version."""
        cells = self._rows(start, end).filter(pl.col("seq") > last_seq(version)).select(CELL).unique()
        with reachable(self.uri):
            return cells.collect()

    def told_of(self, cells: pl.DataFrame) -> pl.DataFrame:
        """Every row of these cells (columns CELL, not empty) by number, in the order of ingest."""
        first, last, low, high = bounds(cells)
        near = pl.col("series").is_between(low, high) & pl.col("series").is_in(cells["series"].unique().implode())
        with reachable(self.uri):
            rows = self._rows(hour_of(first), hour_of(last + 1)).filter(near).collect()
        return rows.join(cells, on=CELL, how="semi").sort("seq")

    @property
    def seq(self) -> int:
        """The highest place in the order of ingest that a row may have by now."""
        return last_seq(self.version)

    def names(self) -> pl.DataFrame:
        """The names of all series: schema NAMES."""
        return self._names.all()

    @property
    def version(self) -> int:
        """The number of the last commit; -1 before the first."""
        return self._table.open().version() if self._table.exists else -1

    def span(self) -> tuple[datetime, datetime] | None:
        """The first and the last hour that anything was said of; None while empty."""
        if not self._table.exists:
            return None
        ends = self._table.scan(self._table.open()).select(first=pl.col("hour").min(), last=pl.col("hour").max())
        with reachable(self.uri):
            first, last = ends.collect().row(0)
        return None if first is None else (hour_of(first), hour_of(last))

    def compact(self, month: str) -> None:
        """Make the month's news part of what is held and past; files that nobody reads any more are removed.

        The rows are safe already: where another writer is faster, a later put compacts.
        """
        if self._table.exists:
            with self._writing:
                self._compact(self._table.open(), month)

    def _compact(self, table: DeltaTable, month: str) -> None:
        of_month = [("month", "=", month)]
        if not self._table.files(table, [*of_month, ("layer", "=", "news")]):
            return
        rows = self._table.scan(table, of_month)
        with reachable(self.uri):
            height, first, last = (
                rows.select(pl.len(), pl.col("series").min(), last=pl.col("series").max()).collect().row(0)
            )
        stream = pa.RecordBatchReader.from_batches(LAYERED, in_layers(rows, month, height, first, last))
        if self._table.replace(table, stream, f"month = '{month}'"):
            with reachable(self.uri):
                hours = int(KEEP.total_seconds()) // 3600
                self._table.open().vacuum(hours, dry_run=False, enforce_retention_duration=False, full=True)

    def _numbered(self, usage: pl.DataFrame) -> pl.DataFrame:
        return self._names.number(usage).with_columns(hour_number()).select(DELIVERED.names())

    def _put(self, cells: pl.DataFrame, recorded_at: datetime) -> Put:
        for _ in range(ATTEMPTS):
            table = self._table.create_or_open()
            rows = news(cells, self._around(table, cells))
            if rows.is_empty():
                return Put(0, cells.height)
            rows = rows.with_columns(
                month_of_hour(),
                recorded_at=pl.lit(utc(recorded_at), TIME),
                seq=last_seq(table.version()) + 1 + pl.int_range(pl.len(), dtype=pl.Int64),
            )
            rows = rows.with_columns(layer=layer_of(rows, self._months(table)))
            if self._table.append(table, rows.select(*STORED.names(), "month", "layer")):
                for month in rows["month"].unique().sort():
                    self._tidy(table, month)
                return Put(rows.height, cells.height - rows.height)
        raise WorldError(f"the lake {self.uri} is being written to by too many others: run it again")

    def _usage(self, start: datetime, end: datetime, layers: tuple[str, ...], told: pl.Expr | None) -> Usage:
        if not self._table.exists:
            return Usage(self.names(), CELLS.to_frame().lazy())
        table = self._table.open()
        found: dict[str, pl.LazyFrame] = {"held": CELLS.to_frame().lazy()}
        for layer in layers:
            where = [*_months_of(start, end), ("layer", "=", layer)]
            if self._table.files(table, where):
                rows = self._table.scan(table, where)
                rows = rows if told is None else rows.filter(told)
                found[layer] = rows if layer == "held" else rows.sort("seq")
        months = number(Month.of(start).start), number(Month.of(max(start, end - HOUR)).end)
        usage = Usage(self.names(), **found, hours=months, uri=self.uri)
        return usage.between(number(start), number(end))

    def _rows(self, start: datetime, end: datetime) -> pl.LazyFrame:
        if not self._table.exists:
            return STORED.to_frame().lazy()
        rows = self._table.scan(self._table.open(), _months_of(start, end))
        return rows.filter(pl.col("hour").is_between(number(start), number(end), closed="left"))

    def _around(self, table: DeltaTable, cells: pl.DataFrame) -> pl.DataFrame:
        """The rows in the order of ingest among which those of the cells lie."""
        first, last, low, high = bounds(cells)
        rows = self._table.scan(table, _months_of(hour_of(first), hour_of(last + 1)))
        near = pl.col("hour").is_between(first, last) & pl.col("series").is_between(low, high)
        with reachable(self.uri):
            return rows.filter(near).select(*CELLS.names(), "observed_at", "seq").collect().sort("seq")

    def _months(self, table: DeltaTable) -> set[str]:
        with reachable(self.uri):
            return {partition["month"] for partition in table.partitions()}

    def _tidy(self, table: DeltaTable, month: str) -> None:
        counts = {
            layer: self._table.scan(table, [("month", "=", month), ("layer", "=", layer)]).select(pl.len())
            for layer in ("news", "held")
        }
        files = len(self._table.files(table, [("month", "=", month), ("layer", "=", "news")]))
        with reachable(self.uri):
            fresh, held = (int(count.item()) for count in pl.collect_all(counts.values()))
        if files > FILES or (fresh > ROWS and 2 * fresh > held):
            self._compact(table, month)

    @cached_property
    def _table(self) -> Delta:
        there = Path(self.uri)
        if "://" not in self.uri and (there.is_file() or (there / "_delta_log").exists()):
            raise WorldError(f"{self.uri} is no lake of this version: move it away and ingest its usage again")
        return Delta(f"{self.uri}/usage", STORED, ("month", "layer"), self.storage)

    @cached_property
    def _writing(self) -> Lock:
        """One thread writes at a time: a put counts on the table it looked at. Processes settle it by the commit."""
        return Lock()

    @cached_property
    def _names(self) -> Names:
        return Names(f"{self.uri}/series", self.storage)


def last_seq(version: int) -> int:
    """The last place in the order of ingest that a row put with that commit may have."""
    return ((version + 1) << 32) - 1


def version_at(seq: int) -> int:
    """The version of the lake whose last row is `seq`."""
    return (seq + 1 >> 32) - 1


def _months_of(start: datetime, end: datetime) -> list[tuple[str, str, str]]:
    """The partitions that the hours [start, end) lie in."""
    return [("month", ">=", str(Month.of(start))), ("month", "<=", str(Month.of(max(start, end - HOUR))))]


def _told(at: datetime, version: int | None) -> pl.Expr:
    """Whether a row was known at `at` and, with a `version`, in the lake at that version."""
    told = pl.coalesce("observed_at", end_of_hour()) <= utc(at)
    return told if version is None else told & (pl.col("seq") <= last_seq(version))
