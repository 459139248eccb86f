"""The lake: every value of every hour ever said, in the order of ingest. A Delta table, append only.

The last row of a key holds; the earlier ones stay, so what was known at any time can be read again.
A commit is one atomic file in the Delta log: a killed process or a full disk leaves the previous state.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from urllib.parse import unquote

import polars as pl
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError
from polars.exceptions import PolarsError

from billing.errors import WorldError
from billing.frames import KEY, TIME, USAGE
from billing.hours import HOUR, Month, utc

HISTORY = pl.Schema({**USAGE, "recorded_at": TIME, "seq": pl.Int64()})
STORED = pl.Schema({**HISTORY, "month": pl.String()})  # partitioned by month
ATTEMPTS = 20
FILES_PER_MONTH = 48  # more than this are compacted into one


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

        The same key again replaces (the last row wins), an identical re-read changes nothing.
        """
        if usage.is_empty():
            return Put(0, 0)
        for _ in range(ATTEMPTS):
            table = self._create_or_open()
            first_hour, last_hour = usage.select(first=pl.col("hour").min(), last=pl.col("hour").max()).row(0)
            rows = _news(usage, self._rows(first_hour, last_hour + HOUR))
            if rows.is_empty():
                return Put(0, usage.height)
            first = (table.version() + 1) << 32
            rows = rows.with_columns(
                month=pl.col("hour").dt.strftime("%Y-%m"),
                recorded_at=pl.lit(utc(recorded_at), TIME),
                seq=first + pl.int_range(pl.len(), dtype=pl.Int64),
            )
            if self._append(table, rows.select(STORED.names())):
                self._compact(rows["month"].unique().to_list())
                return Put(rows.height, usage.height - rows.height)
        raise WorldError(f"the lake {self.uri} is being written to by too many others: run it again")

    def history(self, start: datetime, end: datetime) -> pl.DataFrame:
        """Every row of the hours [start, end) in the order of ingest, with `known_at`, when it became known."""
        known_at = pl.coalesce("observed_at", pl.col("hour").dt.offset_by("1h"))
        return self._rows(start, end).with_columns(known_at=known_at)

    def current(self, start: datetime, end: datetime) -> pl.DataFrame:
        """The row that holds for every key in [start, end)."""
        return holding(self._rows(start, end))

    @property
    def version(self) -> int:
        """The number of the last commit; -1 before the first."""
        return self._open().version() if self._exists else -1

    def span(self) -> tuple[datetime, datetime] | None:
        """The first and the last hour that anything was said of; None while empty."""
        if not self._exists:
            return None
        bounds = self._scan().select(first=pl.col("hour").min(), last=pl.col("hour").max())
        with self._reachable():
            first, last = bounds.collect().row(0)
        return (first, last) if first is not None else None

    def _rows(self, start: datetime, end: datetime) -> pl.DataFrame:
        """The rows of [start, end), each once: a compaction that overlaps another may leave copies."""
        if not self._exists:
            return HISTORY.to_frame()
        months = [("month", ">=", str(Month.of(start))), ("month", "<=", str(Month.of(end)))]
        hours = pl.col("hour").is_between(utc(start), utc(end), closed="left")
        with self._reachable():
            rows = self._scan(months).filter(hours).collect()
        return rows.sort("seq").unique("seq", keep="first", maintain_order=True)

    def _scan(self, months: list[tuple[str, str, str]] | None = None) -> pl.LazyFrame:
        files = self._open().file_uris(file_pruning_predicate=months)
        if not files:
            return HISTORY.to_frame().lazy()
        paths = files if "://" in files[0] else [unquote(file) for file in files]
        frame = pl.scan_parquet(paths, glob=False, hive_partitioning=False, storage_options=self._options)
        return frame.select(HISTORY.names())

    @property
    def _exists(self) -> bool:
        with self._reachable():
            return DeltaTable.is_deltatable(self.uri, self._options)

    @cached_property
    def _options(self) -> dict[str, str] | None:
        return dict(self.storage) if self.storage else None

    def _open(self) -> DeltaTable:
        with self._reachable():
            return DeltaTable(self.uri, storage_options=self._options)

    def _create_or_open(self) -> DeltaTable:
        schema = STORED.to_frame().to_arrow().schema
        with self._reachable():
            return DeltaTable.create(
                self.uri, schema, mode="ignore", partition_by=["month"], storage_options=self._options
            )

    def _append(self, table: DeltaTable, rows: pl.DataFrame) -> bool:
        """Commit as the very next version; False when somebody else was first."""
        try:
            write_deltalake(table, rows, mode="append", commit_properties=CommitProperties(max_commit_retries=0))
        except CommitFailedError:
            return False
        except (DeltaError, OSError) as error:
            raise WorldError(f"the lake {self.uri} could not be written, and is as it was: {_words(error)}") from error
        return True

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        """What goes wrong in the Delta library or on the way to the files, a panic of its included, is a WorldError."""
        try:
            yield
        except (DeltaError, OSError, PolarsError) as error:
            raise WorldError(f"the lake {self.uri} cannot be read: {_words(error)}") from error
        except BaseException as error:
            if type(error).__name__ != "PanicException":
                raise
            raise WorldError(f"the lake {self.uri} cannot be read: its log is damaged") from error

    def _compact(self, months: list[str]) -> None:
        """Keep the number of files low; what was known earlier is in the rows, not in the files.

        The rows are safe already: a compaction that fails is left to the next put.
        """
        table = self._open()
        for month in months:
            of_month = [("month", "=", month)]
            if len(table.file_uris(file_pruning_predicate=of_month)) > FILES_PER_MONTH:
                with suppress(DeltaError, OSError):
                    table.optimize.compact(of_month)


def _words(error: Exception) -> str:
    """What the library says, without colours, on one line."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", str(error)).split())


def holding(rows: pl.DataFrame) -> pl.DataFrame:
    """Of rows in the order of ingest, the last of each key."""
    return rows.unique(KEY, keep="last", maintain_order=True)


def _news(usage: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The rows of `usage` to append to `known`, in their order.

    A row that repeats the value before it, in the frame or in the lake, says nothing. A key is settled, and its rows
    are left out, when its last row says what holds already and every value before that stands in the lake too.
    """
    rows = usage.with_row_index("nr")
    repeats = pl.col("quantity").eq_missing(pl.col("quantity").shift(1).over(KEY))
    first = pl.int_range(pl.len()).over(KEY) == 0
    rows = rows.filter(first | ~repeats)
    held = holding(known).select(*KEY, held="quantity", is_held=pl.lit(value=True))
    last = rows.unique(KEY, keep="last", maintain_order=True)
    says_what_holds = pl.col("is_held") & pl.col("quantity").eq_missing(pl.col("held"))
    unchanged = last.join(held, on=KEY).filter(says_what_holds)
    earlier = rows.join(last, on="nr", how="anti")
    unknown = earlier.join(known, on=[*KEY, "quantity"], how="anti", nulls_equal=True)
    settled = unchanged.join(unknown, on=KEY, how="anti")
    changed = rows.join(settled, on=KEY, how="anti").sort("nr")
    opening = (pl.int_range(pl.len()).over(KEY) == 0) & says_what_holds.fill_null(value=False)
    return changed.join(held, on=KEY, how="left", maintain_order="left").filter(~opening).select(USAGE.names())
