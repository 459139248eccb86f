"""The layers of a month in the lake: what is held, what that replaced, and the news."""

from collections.abc import Iterator

import polars as pl
import pyarrow as pa

from billing.frames import CELL, CELLS, TIME
from billing.news import differs
from billing.usage import hour_time

DELIVERED = pl.Schema({**CELLS, "observed_at": TIME})
STORED = pl.Schema({**DELIVERED, "recorded_at": TIME, "seq": pl.Int64()})
STEP = 1_000_000  # rows that a compaction holds in memory
LAYERED = pl.Schema({**STORED, "month": pl.String(), "layer": pl.String()}).to_frame().to_arrow().schema


def in_layers(rows: pl.LazyFrame, month: str, height: int, first: int, last: int) -> Iterator[pa.RecordBatch]:
    """The rows in their layers, a range of series after the other so that few are in memory."""
    step = max(1, (last - first + 1) * STEP // height)
    for low in range(first, last + 1, step):
        part = rows.filter(pl.col("series").is_between(low, low + step - 1)).collect().sort(*CELL, "seq")
        layer = pl.when(differs(-1)).then(pl.lit("held")).otherwise(pl.lit("past"))
        layered = part.with_columns(month=pl.lit(month), layer=layer)
        yield from layered.to_arrow().cast(LAYERED).to_batches()


def layer_of(rows: pl.DataFrame, months: set[str]) -> pl.Expr:
    """A month of which nothing was said yet starts with what is held, unless its rows replace one another already."""
    twice = rows.filter(~differs(1))["month"].unique()
    begun = pl.col("month").is_in([*months, *twice])
    return pl.when(begun).then(pl.lit("news")).otherwise(pl.lit("held"))


def month_of_hour() -> pl.Expr:
    return hour_time().dt.strftime("%Y-%m").alias("month")
