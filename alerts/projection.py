"""What a month will have cost when it ends: its bill along each path that usage may take (billing-rules, "projected").

Every path is billed exactly, as whole hours on the contract's terms; what lies between them is an Estimate.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

import numpy as np

from billing.bill import Line, Rules, block_lines
from billing.book import Book, Contract
from billing.grid import Grid, SeriesKey
from billing.hours import HOUR, WEEK_HOURS, Month, hours_between
from billing.metering import Block
from billing.money import exact
from billing.rollups import LIMIT, Hours, add
from detectors.counter import counter_paths
from detectors.forecast import PATHS, interval, paths
from detectors.series import Flags, Panel

MONTHLY_COUNTER = "max"  # the roll-up of the vendor's counters that start again each month
BATCH = 250  # series followed at once: bounds the memory
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Estimate:
    """The middle of the paths; four times in five it comes to lie between low and high.

    It came through a float: it is shown as an estimate and never added to an exact amount.
    """

    middle: Decimal
    low: Decimal
    high: Decimal

    @classmethod
    def of(cls, values: Sequence[Decimal]) -> "Estimate":
        """Of one value a path; each is one of the values, so money keeps its currency's digits."""
        return cls(*interval(values))


@dataclass(frozen=True)
class ProjectedLine:
    """A line of the full month, a value for each path. amounts: None where a path has no price (`fault` says why)."""

    partner_id: str
    customer_id: str
    contract_id: str
    meter: str
    rollup: str
    currency: str
    quantities: tuple[Decimal, ...]
    amounts: tuple[Decimal, ...] | None
    committed_amount: Decimal | None
    fault: str | None

    @classmethod
    def along(cls, lines: Sequence[Line]) -> "ProjectedLine":
        """One line as it comes out on each path."""
        first = lines[0]
        amounts = [line.amount for line in lines if line.amount is not None]
        return cls(
            partner_id=first.partner_id,
            customer_id=first.customer_id,
            contract_id=first.contract_id,
            meter=first.meter,
            rollup=first.rollup,
            currency=first.currency,
            quantities=tuple(line.quantity for line in lines),
            amounts=tuple(amounts) if len(amounts) == len(lines) else None,
            committed_amount=first.committed_amount,
            fault=next((line.fault for line in lines if line.fault), None),
        )


@exact
def summed(lines: Iterable[ProjectedLine], of: Callable[[ProjectedLine], Key]) -> dict[Key, Estimate]:
    """The priced lines, which share a currency wherever they share a key, added up path by path."""
    sums: dict[Key, list[Decimal]] = {}
    for line in lines:
        if line.amounts is not None:
            before = sums.get(of(line), [Decimal(0)] * PATHS)
            sums[of(line)] = [a + b for a, b in zip(before, line.amounts, strict=True)]
    return {key: Estimate.of(values) for key, values in sums.items()}


def project(
    book: Book,
    rules: Rules,
    grid: Grid,
    panel: Panel,
    month: Month,
    at: datetime,
    late: timedelta,
    customers: Iterable[str],
) -> list[ProjectedLine]:
    """Every line of the customers' full month, in the order of a bill, from the hours before `at`, a whole one of it.

    grid, panel: the same past, to bill and to learn from. late: how long after it an hour may still be told; what is
    missing for longer counts as 0, as in a bill.
    """
    past = _Past(grid, panel, month, at, late // HOUR)
    counters = {meter.meter for meter in rules.catalog.meters.values() if meter.rollup == MONTHLY_COUNTER}
    found: list[ProjectedLine] = []
    for batch in _batches(book, grid, customers):
        months = past.months([key for keys in batch.values() for key in keys], counters)
        for customer_id, keys in batch.items():
            for contract in book.contracts_of.get(customer_id, ()):
                found += _lines(book, rules, contract, month, {key: months[key] for key in keys})
    return sorted(found, key=lambda line: (line.partner_id, line.customer_id, line.contract_id, line.meter))


@dataclass(frozen=True)
class _Course:
    """A series through the month. hours: [PATHS, hours of the month], whole base units; told: [hours of the month]."""

    hours: Hours
    told: Flags


class _Past:
    """What is known at `at`, ready to be continued. A series is learned from, and awaited, from its first hour on."""

    def __init__(self, grid: Grid, panel: Panel, month: Month, at: datetime, late: int) -> None:
        self._month, self._at, self._late, self._start = month, at, late, panel.start
        self._known, self._row_of = grid.between(month.start, at), grid.row_of
        told = np.isfinite(panel.values)
        begun = np.logical_or.accumulate(told, axis=1)
        silent = begun & ~told
        silent[:, max(0, told.shape[1] - late) :] = False
        self._said = np.where(silent, 0, np.where(panel.learned, panel.values, np.nan))
        self._begun = {
            key: hours_between(month.start, at) - int(n) for key, n in zip(panel.keys, begun.sum(axis=1), strict=True)
        }
        self._learn_from = {key: row for row, key in enumerate(panel.keys)}

    def months(self, keys: Sequence[SeriesKey], counters: Set[str]) -> dict[SeriesKey, _Course]:
        """The series' month along the paths. counters: the meters that start again each month."""
        said = self._said[[self._learn_from[key] for key in keys]]
        counts = np.array([meter in counters for _, meter in keys], dtype=np.bool_)
        hours = max(WEEK_HOURS, hours_between(self._at, self._month.end))
        coming = np.empty((PATHS, len(keys), hours))
        coming[:, ~counts] = paths(said[~counts], self._start, hours)
        coming[:, counts] = counter_paths(said[counts], self._start, hours)
        whole = np.minimum(np.rint(coming), LIMIT).astype(np.int64)
        return {key: self._continued(key, whole[:, column]) for column, key in enumerate(keys)}

    def _continued(self, key: SeriesKey, coming: Hours) -> _Course:
        """What was told, then a path; an hour that may still be told is like the same one a week on."""
        row, over = self._row_of[key], hours_between(self._month.start, self._at)
        hours = np.zeros((PATHS, over), self._known.values.dtype)
        seen = np.zeros(over, np.bool_)
        lead = hours_between(self._month.start, self._known.start)
        hours[:, lead:], seen[lead:] = self._known.values[row], self._known.seen[row]
        awaited = np.flatnonzero(~seen)
        awaited = awaited[awaited >= max(over - self._late, self._begun[key])]
        hours[:, awaited] = coming[:, WEEK_HOURS - over + awaited]
        ahead = self._month.hours - over
        return _Course(np.concatenate([hours, coming[:, :ahead]], axis=1), np.pad(seen, (0, ahead)))


def _lines(
    book: Book, rules: Rules, contract: Contract, month: Month, series: Mapping[SeriesKey, _Course]
) -> Iterator[ProjectedLine]:
    """The contract's lines along the paths; without hours to guess all paths are the same."""
    span = contract.span(month)
    if span is None:
        return
    columns = slice(hours_between(month.start, span[0]), hours_between(month.start, span[1]))
    used: dict[str, list[Hours]] = {}
    for (_, meter), course in series.items():
        hours = course.hours[:, columns]
        if hours.any() or course.told[columns].any():
            used.setdefault(meter, []).append(hours)
    there = {meter: add(np.array(rows)) for meter, rows in used.items()}
    keys = [(contract, meter) for meter in there]
    width = hours_between(*span)
    along = np.array(list(there.values())) if there else np.zeros((0, PATHS, width), np.int64)
    seen = np.full(len(keys), width)
    bills = [
        block_lines(book, rules, month, Block(span, [contract], keys, along[:, path], seen)) for path in range(PATHS)
    ]
    yield from (ProjectedLine.along(lines) for lines in zip(*bills, strict=True))


def _batches(book: Book, grid: Grid, customers: Iterable[str]) -> Iterator[dict[str, list[SeriesKey]]]:
    """Customers with their series, about BATCH series together."""
    batch: dict[str, list[SeriesKey]] = {}
    for customer_id in customers:
        orgs = [org.org_id for org in book.orgs_of.get(customer_id, ())]
        batch[customer_id] = [(org_id, meter) for org_id in orgs for meter in grid.meters_of.get(org_id, ())]
        if sum(map(len, batch.values())) >= BATCH:
            yield batch
            batch = {}
    yield batch
