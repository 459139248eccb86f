"""What a delivery says that the lake does not know yet, and how a row stands to those of its cell."""

import polars as pl

from billing.frames import CELL, CELLS
from billing.usage import hour_time


def news(rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Of `rows` (by cell, each cell's in their order) those to append to `known` (in the order of ingest).

    A row that repeats the value before it, in the frame or in the lake, says nothing. A cell is settled, and its rows
    are left out, when its last row says what holds already and every value before that stands in the lake too. That a
    value was observed sooner than the lake knows is news.
    """
    known_at = pl.coalesce("observed_at", end_of_hour())
    sooner = (pl.col("observed_at") < known_at.shift(1)).fill_null(value=False)
    rows = rows.filter(differs(1) | pl.col("quantity").ne_missing(pl.col("quantity").shift(1)) | sooner)
    if known.is_empty():
        return rows
    held = known.unique(CELL, keep="last").select(*CELL, held="quantity", held_at=known_at, is_held=pl.lit(value=True))
    rows = rows.join(held, on=CELL, how="left", maintain_order="left").with_columns(
        opens=differs(1),
        closes=differs(-1),
        same=pl.col("is_held").fill_null(value=False)
        & pl.col("quantity").eq_missing(pl.col("held"))
        & (pl.col("observed_at") >= pl.col("held_at")).fill_null(value=True),
    )
    unchanged = rows.filter("closes", "same").select(CELL)
    earlier = rows.filter(~pl.col("closes")).join(unchanged, on=CELL, how="semi")
    unknown = earlier.join(known, on=CELLS.names(), how="anti", nulls_equal=True)
    settled = unchanged.join(unknown, on=CELL, how="anti")
    changed = rows.filter(~(pl.col("opens") & pl.col("same"))).join(settled, on=CELL, how="anti", maintain_order="left")
    return changed.drop("held", "held_at", "is_held", "opens", "closes", "same")


def differs(from_row: int) -> pl.Expr:
    """Whether a row is of another cell than the one `from_row` rows before; rows are sorted by cell."""
    other = [pl.col(name) != pl.col(name).shift(from_row) for name in CELL]
    return pl.any_horizontal(other).fill_null(value=True)


def end_of_hour() -> pl.Expr:
    return hour_time().dt.offset_by("1h")


def bounds(cells: pl.DataFrame) -> tuple[int, int, int, int]:
    """The first and last hour and the lowest and highest series of cells, which files can skip by."""
    first, last, low, high = cells.select(
        pl.col("hour").min(), last=pl.col("hour").max(), low=pl.col("series").min(), high=pl.col("series").max()
    ).row(0)
    return first, last, low, high
