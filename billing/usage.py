"""Usage as it holds: which value stands for every hour of every series, read when it is needed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from billing.delta import reachable
from billing.frames import CELL, CELLS, TIME
from billing.names import KIND, NAMES

BATCH = 500_000
US_PER_HOUR = 3_600_000_000


@dataclass(frozen=True)
class Usage:
    """Rows of schema CELLS in `parts`: of two rows of a cell the later one holds.

    `names`: schema NAMES, of all series and perhaps of more. `uri`: where the parts lie, for errors.
    """

    names: pl.DataFrame
    parts: tuple[pl.LazyFrame, ...]
    uri: str = ""

    @classmethod
    def of(cls, rows: pl.DataFrame) -> "Usage":
        """From a frame of schema USAGE in the order of ingest."""
        names = rows.select(KIND).unique().sort(KIND).with_row_index("series").cast({"series": pl.Int32})
        cells = rows.join(names, on=KIND, maintain_order="left").with_columns(hour_number())
        return cls(names.select(NAMES.names()), (cells.select(CELLS.names()).lazy(),))

    def batches(self) -> Iterator[pl.DataFrame]:
        """All rows, in an order in which the last of a cell holds."""
        with reachable(self.uri):
            for part in self.parts:
                yield from part.collect_batches(chunk_size=BATCH, maintain_order=True)

    def only(self, series: pl.Series) -> "Usage":
        """The rows of these series; their names."""
        names = self.names.filter(pl.col("series").is_in(series.implode()))
        wanted = pl.col("series").is_between(series.min(), series.max())  # what the files can skip by
        if series.len() and series.max() - series.min() >= series.len():  # type: ignore[operator]
            wanted &= pl.col("series").is_in(series.implode())
        return replace(self, names=names, parts=tuple(part.filter(wanted) for part in self.parts))

    def between(self, first: int, last: int) -> "Usage":
        """The rows of the hours from number `first` to before number `last`."""
        hours = pl.col("hour").is_between(first, last, closed="left")
        return replace(self, parts=tuple(part.filter(hours) for part in self.parts))

    def held(self) -> pl.DataFrame:
        """One row of schema CELLS for every cell, by series and hour."""
        rows = pl.concat([CELLS.to_frame(), *self.batches()])
        return rows.unique(CELL, keep="last", maintain_order=True).sort(CELL)

    def named(self) -> pl.DataFrame:
        """The rows that hold with their names and times, for the edges."""
        time = (pl.col("hour").cast(pl.Int64) * US_PER_HOUR).cast(TIME)
        rows = self.held().with_columns(time.alias("hour")).join(self.names, on="series", how="left")
        return rows.select(*KIND, "hour", "quantity").sort(*KIND, "hour")

    def counted(self, by: Sequence[str]) -> pl.DataFrame:
        """How many cells anything was said of, by columns of the names."""
        cells = pl.concat([part.select(CELL) for part in self.parts])
        with reachable(self.uri):
            rows = cells.unique().group_by("series").agg(rows=pl.len().cast(pl.Int64)).collect()
        named = rows.join(self.names, on="series")
        return named.group_by(by).agg(pl.col("rows").sum()).sort(by)


def hour_number() -> pl.Expr:
    """The column `hour`, a time, as the number of its hour."""
    return (pl.col("hour").dt.epoch("us") // US_PER_HOUR).cast(pl.Int32).alias("hour")
