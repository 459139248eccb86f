"""The names of series: every (org, product family, usage type) that was ever said has an integer key for good.

Strings belong at the edges; in the lake and in the grids a series is a number.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from billing.delta import Delta, reachable
from billing.errors import WorldError

KIND = ["org_id", "product_family", "usage_type"]
NAMES = pl.Schema({"series": pl.Int32(), **dict.fromkeys(KIND, pl.String())})
ATTEMPTS = 20


@dataclass(frozen=True)
class Names:
    """A table beside the usage; rows are only ever added, each with the next number."""

    uri: str
    storage: Mapping[str, str] | None = None

    def all(self) -> pl.DataFrame:
        """Schema NAMES, by series."""
        if not self._table.exists:
            return NAMES.to_frame()
        with reachable(self.uri):
            return self._table.scan(self._table.open()).collect().sort("series")

    def number(self, rows: pl.DataFrame) -> pl.DataFrame:
        """`rows` with `series` in the place of their names; names never seen get the next numbers."""
        kinds = rows.select(KIND).unique().sort(KIND)
        for _ in range(ATTEMPTS):
            table = self._table.create_or_open()
            known = self.all()
            fresh = kinds.join(known, on=KIND, how="anti", maintain_order="left")
            added = fresh.select(pl.int_range(pl.len(), dtype=pl.Int32).alias("series") + known.height, *KIND)
            if fresh.is_empty() or self._table.append(table, added):
                names = pl.concat([known, added])
                return rows.join(names, on=KIND, how="left", maintain_order="left").drop(KIND)
        raise WorldError(f"the lake {self.uri} is being written to by too many others: run it again")

    @property
    def _table(self) -> Delta:
        return Delta(self.uri, NAMES, (), self.storage)
