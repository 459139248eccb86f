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
from billing.rollups import LIMIT, Hours

ROWS = 2_000  # as many meters are held at once: they fit the processor's cache, and memory stays flat
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
    """Every contract of the month over its hours before `until`; the grid spans the month's hours before that."""
    alike: dict[Span, list[Contract]] = {}
    for contract in book.contracts.values():
        if span := contract.span(month):
            alike.setdefault((span[0], max(span[0], min(span[1], until))), []).append(contract)
    for span, contracts in alike.items():
        some: list[Contract] = []
        keys: list[tuple[Contract, str]] = []
        rows: list[list[int]] = []
        for contract in contracts:
            of_contract = meter_rows(book, grid, contract.customer_id)
            some.append(contract)
            keys += [(contract, meter) for meter in of_contract]
            rows += of_contract.values()
            if len(rows) >= ROWS:
                yield _block(grid, span, some, keys, rows)
                some, keys, rows = [], [], []
        yield _block(grid, span, some, keys, rows)


def meter_rows(book: Book, grid: Grid, customer_id: str) -> dict[str, list[int]]:
    """meter -> the rows of the customer's orgs."""
    found: dict[str, list[int]] = {}
    for org in book.orgs_of.get(customer_id, ()):
        for meter in grid.meters_of.get(org.org_id, ()):
            found.setdefault(meter, []).append(grid.row_of[org.org_id, meter])
    return found


def _block(
    grid: Grid, span: Span, contracts: list[Contract], keys: list[tuple[Contract, str]], rows: list[list[int]]
) -> Block:
    """The orgs' rows added up; meters of which nothing was said in the span are left out."""
    columns = slice(hours_between(grid.start, span[0]), hours_between(grid.start, span[1]))
    first = [of_meter[0] for of_meter in rows]
    hours, seen = grid.values[first, columns], grid.seen[first, columns]
    if grid.largest * max(map(len, rows), default=1) > LIMIT:
        hours = hours.astype(object)
    for row, of_meter in enumerate(rows):
        for further in of_meter[1:]:
            hours[row] += grid.values[further, columns]
            seen[row] |= grid.seen[further, columns]
    count = np.count_nonzero(seen, axis=1)
    said = np.flatnonzero(count)
    if len(said) == len(rows):
        return Block(span, contracts, keys, hours, count)
    return Block(span, contracts, [keys[row] for row in said], hours[said], count[said])
