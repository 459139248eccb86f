"""A month kept up to date in memory: what is put into the lake is added to it, not read again.

For a process that stays; one that comes and goes bills from the lake (billing.statement).
"""

from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from billing.bill import Line, Rules, lines
from billing.book import Book
from billing.frames import CELL, CELLS
from billing.grid import LARGEST, Grid, Layout
from billing.hours import Month, number
from billing.lake import Lake, last_seq
from billing.versions import EVER

NEW, NONE = -1, -2  # in the place of a row: a series that the month has not seen yet; one that is on no line


class Running:
    """One month's bill on a book and rules, from the lake as it was at the last refresh."""

    def __init__(self, book: Book, rules: Rules, lake: Lake, month: Month) -> None:
        self._book, self._rules, self._lake, self._month = book, rules, lake, month
        self._version, self._grid, self._row_of, self._largest = self._read()

    def refresh(self) -> None:
        """Add what was put since the last time; where that is not enough (a value taken back), read the month anew."""
        version, start, end = self._lake.version, self._month.start, self._month.end
        cells = self._lake.put_since(start, end, self._version)
        if cells.is_empty():
            self._version = version
            return
        told = self._lake.told_of(cells).filter(pl.col("seq") <= last_seq(version))
        before, after = (_held(rows) for rows in (told.filter(pl.col("seq") <= last_seq(self._version)), told))
        both = after.join(before, on=CELL, how="left", suffix="_before").fill_null(0)
        series, quantity = both["series"].to_numpy(), both["quantity"].to_numpy()
        most = self._largest + int(both["quantity"].cast(pl.Int128).sum())
        known = after["quantity"].null_count() == 0 and series.max(initial=0) < len(self._row_of) and most <= LARGEST
        row = self._row_of[series] if known else np.array([NEW])
        if (row == NEW).any():
            self._version, self._grid, self._row_of, self._largest = self._read()
            return
        billed, column = row != NONE, both["hour"].to_numpy() - number(start)
        cell = row[billed], column[billed]
        np.add.at(self._grid.values, cell, (quantity - both["quantity_before"].to_numpy())[billed])
        self._grid.seen[cell] = True
        self._version, self._largest = version, most

    def lines(self, until: datetime, customer_id: str | None = None) -> list[Line]:
        """The lines over the hours before `until`, of one customer or of all."""
        book = self._book if customer_id is None else self._book.of([self._book.customers[customer_id]])
        return lines(book, self._rules, self._grid.between(self._month.start, until), self._month, until)

    def _read(self) -> tuple[int, Grid, NDArray[np.int64], int]:
        """The lake's version, its usage, the row of every series in it, and the largest value."""
        month, catalog, version = self._month, self._rules.catalog, self._lake.version
        usage = self._lake.known(month.start, month.end, EVER, version)
        grid = Grid.of(usage, catalog, month.start, month.end, self._book.customer_of)
        layout = Layout.of(usage.names, catalog, self._book.customer_of)
        rows = [grid.row_of.get(key, NEW) for key in layout.keys]
        return version, grid, np.array([*rows, NONE], np.int64)[layout.row_of], int(grid.values.max(initial=0))


def _held(told: pl.DataFrame) -> pl.DataFrame:
    """Of rows in the order of ingest the last of each cell: schema CELLS."""
    return told.unique(CELL, keep="last", maintain_order=True).select(CELLS.names())
