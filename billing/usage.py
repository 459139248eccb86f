"""Usage as it holds: which value stands for every hour of every series, read when it is needed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from billing.delta import reachable
from billing.frames import CELL, CELLS, TIME
from billing.names import KIND, NAMES

BATCH = 100_000  # as large as a row group of the lake's files: handed on without a copy
US_PER_HOUR = 3_600_000_000


@dataclass(frozen=True, eq=False)
class Usage:
    """Rows of schema CELLS: `held`, each cell once; `news`, which replace them; `past`, which fill what is in neither.

    `names`: schema NAMES, of all series and perhaps of more. `hours`: the numbers of the first and one past the last
    hour there can be. `uri`: where the rows lie, for errors.
    """

    names: pl.DataFrame
    held: pl.LazyFrame
    news: pl.LazyFrame | None = None
    past: pl.LazyFrame | None = None
    hours: tuple[int, int] | None = None
    uri: str = ""

    @classmethod
    def of(cls, rows: pl.DataFrame) -> "Usage":
        """From a frame of schema USAGE in the order of ingest: the last row of a cell holds."""
        names = rows.select(KIND).unique().sort(KIND).with_row_index("series").cast({"series": pl.Int32})
        cells = rows.join(names, on=KIND, maintain_order="left").with_columns(hour_number())
        return cls(names.select(NAMES.names()), _last(cells.lazy()))

    def batches(self) -> Iterator[pl.DataFrame]:
        """The rows that hold, each cell once."""
        parts = [self.held]
        if self.news is not None:
            news = _last(self.news)
            parts = [news, self.held.join(news, on=CELL, how="anti")]
        if self.past is not None:
            past = _last(self.past)
            newer = [part.join(past, on=CELL, how="semi").select(CELL) for part in parts]
            parts.append(past.join(pl.concat(newer), on=CELL, how="anti"))
        with reachable(self.uri):
            for part in parts:
                yield from part.select(CELLS.names()).collect_batches(chunk_size=BATCH, maintain_order=True)

    def only(self, series: pl.Series) -> "Usage":
        """These series' rows, and such others as cost less to read than to leave out; their names alone."""
        names = self.names.filter(pl.col("series").is_in(series.implode()))
        if 2 * names.height >= self.names.height:
            return replace(self, names=names)
        wanted = pl.col("series").is_between(series.min(), series.max())  # what the files can skip by
        return self._where(wanted & pl.col("series").is_in(series.implode()), names=names)

    def between(self, first: int, last: int) -> "Usage":
        """The rows of the hours from number `first` to before number `last`."""
        if self.hours and first <= self.hours[0] and self.hours[1] <= last:
            return self
        return self._where(pl.col("hour").is_between(first, last, closed="left"), hours=(first, last))

    def at(self, cells: pl.DataFrame) -> pl.DataFrame:
        """The rows that hold in these cells (columns CELL)."""
        if cells.is_empty():
            return CELLS.to_frame()
        first, last = cells.select(pl.col("hour").min(), last=pl.col("hour").max()).row(0)
        usage = self.only(cells["series"].unique()).between(first, last + 1)
        return pl.concat([CELLS.to_frame(), *(rows.join(cells, on=CELL, how="semi") for rows in usage.batches())])

    def read(self) -> "Usage":
        """The same, its rows in memory."""
        series = pl.col("series").is_in(self.names["series"].implode())
        return Usage(self.names, self.rows().filter(series).lazy(), hours=self.hours)

    def changed_to(self, rows: pl.DataFrame) -> "Usage":
        """With these rows of schema CELLS in the place of what was said of their cells."""
        news = rows.lazy() if self.news is None else pl.concat([self.news.select(CELLS.names()), rows.lazy()])
        return replace(self, news=news)

    def rows(self) -> pl.DataFrame:
        """All rows that hold, by series and hour."""
        return pl.concat([CELLS.to_frame(), *self.batches()]).sort(CELL)

    def named(self) -> pl.DataFrame:
        """The rows that hold with their names and times, for the edges."""
        rows = self.rows().with_columns(hour_time()).join(self.names, on="series", how="left")
        return rows.select(*KIND, "hour", "quantity").sort(*KIND, "hour")

    def counted(self, by: Sequence[str]) -> pl.DataFrame:
        """How many cells anything was said of, by columns of the names."""
        parts = [rows.group_by("series").agg(rows=pl.len().cast(pl.Int64)) for rows in self.batches()]
        counts = pl.concat([pl.DataFrame(schema={"series": pl.Int32, "rows": pl.Int64}), *parts])
        return counts.join(self.names, on="series").group_by(by).agg(pl.col("rows").sum()).sort(by)

    def _where(self, rows: pl.Expr, **changes: Any) -> "Usage":
        news, past = (None if part is None else part.filter(rows) for part in (self.news, self.past))
        return replace(self, held=self.held.filter(rows), news=news, past=past, **changes)


def _last(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Of rows in the order of ingest the last of each cell."""
    return rows.unique(CELL, keep="last", maintain_order=True)


def hour_time() -> pl.Expr:
    """The column `hour`, a number, as the time it starts."""
    return (pl.col("hour").cast(pl.Int64) * US_PER_HOUR).cast(TIME)


def hour_number() -> pl.Expr:
    """The column `hour`, a time, as the number of its hour."""
    return (pl.col("hour").dt.epoch("us") // US_PER_HOUR).cast(pl.Int32).alias("hour")
