"""What came out of a source: usage, and the rows that are none."""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from billing.errors import Fault
from billing.frames import USAGE


@dataclass(frozen=True)
class Quarantined:
    """A bad row: what is wrong with it, and its text, cut to 500 characters."""

    fault: Fault
    row: str


@dataclass(frozen=True)
class Read:
    """`usage` (schema USAGE) keeps the order and the duplicates of the source; `bad` is in that order too."""

    usage: pl.DataFrame
    bad: tuple[Quarantined, ...]


def joined(reads: Iterable[Read]) -> Read:
    """Several reads as one, in the order given."""
    parts = list(reads)
    usage = pl.concat([USAGE.to_frame(), *(part.usage for part in parts)])
    return Read(usage, tuple(bad for part in parts for bad in part.bad))
