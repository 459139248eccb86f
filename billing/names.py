"""The names of series: every (org, product family, usage type) that was ever said has an integer key for good.

Strings belong at the edges; in the lake and in the grids a series is a number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from billing.delta import Delta, reachable
from billing.errors import WorldError

KIND = ["org_id", "product_family", "usage_type"]
NAMES = pl.Schema({"series": pl.Int32(), **dict.fromkeys(KIND, pl.String())})
ATTEMPTS = 20


@dataclass
class Names:
    """A table beside the usage; rows are only ever added, each with the next number."""

    uri: str
    storage: Mapping[str, str] | None = None
    _known: pl.DataFrame = field(default_factory=NAMES.to_frame, init=False, repr=False)
    _version: int = field(default=-1, init=False, repr=False)

    def all(self) -> pl.DataFrame:
        """Schema NAMES, by series."""
        if self._table.exists:
            table = self._table.open()
            if table.version() != self._version:
                with reachable(self.uri):
                    self._known = self._table.scan(table).collect().sort("series")
                self._version = table.version()
        return self._known

    def number(self, rows: pl.DataFrame) -> pl.DataFrame:
        """`rows` with `series` in the place of their names; names never seen get the next numbers."""
        kinds = rows.select(KIND).unique().sort(KIND)
        known = self._known
        for _ in range(ATTEMPTS):
            if kinds.join(known, on=KIND, how="anti").is_empty():
                return rows.join(known, on=KIND, how="left", maintain_order="left").drop(KIND)
            table = self._table.create_or_open()
            known = self.all()
            fresh = kinds.join(known, on=KIND, how="anti", maintain_order="left")
            added = fresh.select(pl.int_range(pl.len(), dtype=pl.Int32).alias("series") + known.height, *KIND)
            if fresh.height and self._table.append(table, added):
                known = self.all()
        raise WorldError(f"the lake {self.uri} is being written to by too many others: run it again")

    @cached_property
    def _table(self) -> Delta:
        return Delta(self.uri, NAMES, (), self.storage)
