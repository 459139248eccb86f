"""Metering: the hours of every meter of a contract, the customer's orgs summed (billing-rules, "Meters")."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from billing.book import Book, Contract
from billing.grid import Grid
from billing.hours import Month, hours_between
from billing.rollups import Hours

ROWS = 400  # as many meters are held at once: they fit the processor's cache, and memory stays flat
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Block:
    """The meters of some contracts that are billed over the same hours, a row each; missing hours are 0."""

    span: Span
    contracts: Sequence[Contract]
    keys: Sequence[tuple[Contract, str]]  # (contract, meter) of each row
    hours: Hours  # [rows, hours of the span]
    seen: NDArray[np.int64]  # [rows] in how many hours anything was said

    @cached_property
    def row_of(self) -> Mapping[tuple[str, str], int]:
        """(contract_id, meter) -> row."""
        return {(contract.contract_id, meter): row for row, (contract, meter) in enumerate(self.keys)}


def blocks(book: Book, grid: Grid, month: Month, until: datetime) -> Iterator[Block]:
    """Every contract of the month over its hours before `until`.

    `grid`: the customers' usage of the month's hours before `until`.
    """
    alike: dict[Span, list[Contract]] = {}
    for contract in book.contracts.values():
        if span := contract.span(month):
            alike.setdefault((span[0], max(span[0], min(span[1], until))), []).append(contract)
    for span, contracts in alike.items():
        some: list[Contract] = []
        keys: list[tuple[Contract, str]] = []
        for contract in contracts:
            some.append(contract)
            keys += [(contract, meter) for meter in grid.meters_of.get(contract.customer_id, ())]
            if len(keys) >= ROWS:
                yield _block(grid, span, some, keys)
                some, keys = [], []
        yield _block(grid, span, some, keys)


def _block(grid: Grid, span: Span, contracts: list[Contract], keys: list[tuple[Contract, str]]) -> Block:
    """Meters of which nothing was said in the span are left out."""
    columns = slice(hours_between(grid.start, span[0]), hours_between(grid.start, span[1]))
    rows = np.array([grid.row_of[contract.customer_id, meter] for contract, meter in keys], np.int64)
    seen = np.count_nonzero(grid.seen[rows, columns], axis=1)
    said = np.flatnonzero(seen)
    return Block(span, contracts, [keys[row] for row in said], grid.values[rows[said], columns], seen[said])
