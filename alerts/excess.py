"""What more usage of one series costs: the month's bill with it less the month's bill without, exactly."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

import numpy as np

from alerts.alert import Stake
from alerts.contract_month import ContractMonth, Expect, projected
from billing.bill import Line, Rules, total
from billing.book import Book, Contract
from billing.grid import Grid, SeriesKey
from billing.hours import HOUR, Month, hours_between
from billing.rollups import LIMIT, add

Key = tuple[str, Month, str]  # (contract_id, month, meter)


@dataclass
class Bills:
    """The months as they are in `grid`, with missing and coming hours at the baseline; each is billed once.

    Usage of a meter moves its own line and, by what it brings along, those of its children: only these are billed.
    """

    book: Book
    rules: Rules
    grid: Grid
    expect: Expect
    _months: dict[Key, ContractMonth | None] = field(default_factory=dict)
    _without: dict[Key, list[Line]] = field(default_factory=dict)

    def stakes(self, key: SeriesKey, start: datetime, more: Sequence[int]) -> list[Stake] | None:
        """By month and contract what `more` base units in the hours from `start` on add to the bill; a negative number
        takes away. None where the meter has no price; empty where no contract covers the hours."""
        found = []
        customer_id = self.book.customer_of[key[0]]
        months = sorted({Month.of(start + i * HOUR) for i, extra in enumerate(more) if extra})
        for month in months:
            for contract in self.book.contracts_of.get(customer_id, ()):
                whole = self._month(contract, month, key[1])
                if whole and key in whole.series:
                    after = _with(whole, key, start, more).lines(self.book, self.rules)
                    amount = _difference(after, self._lines(whole, key[1]), key[1])
                    if amount is None:
                        return None
                    found.append(Stake(month, amount, contract.currency))
        return found

    def _month(self, contract: Contract, month: Month, meter: str) -> ContractMonth | None:
        key = (contract.contract_id, month, meter)
        if key not in self._months:
            self._months[key] = projected(self.book, self.rules, self.grid, contract, month, self.expect, [meter])
        return self._months[key]

    def _lines(self, whole: ContractMonth, meter: str) -> list[Line]:
        key = (whole.contract.contract_id, whole.month, meter)
        if key not in self._without:
            self._without[key] = whole.lines(self.book, self.rules)
        return self._without[key]


def _with(whole: ContractMonth, key: SeriesKey, start: datetime, more: Sequence[int]) -> ContractMonth:
    """The month with `more` from `start` on; no hour falls under 0."""
    first, end = whole.span
    extra = [0] * hours_between(first, end)
    for i, units in enumerate(more):
        if first <= start + i * HOUR < end:
            extra[hours_between(first, start + i * HOUR)] = units
    wide = max(map(abs, extra)) > LIMIT
    hours = add(np.array([whole.series[key], np.array(extra, object if wide else np.int64)]))
    return replace(whole, series={**whole.series, key: np.maximum(hours, 0)})


def _difference(after: list[Line], before: list[Line], meter: str) -> Decimal | None:
    """A child without a price on either side has no difference of prices."""
    unpriced = {line.meter for line in (*after, *before) if line.amount is None}
    if meter in unpriced:
        return None
    now, then = ([line for line in lines if line.meter not in unpriced] for lines in (after, before))
    return total(now) - total(then)
