"""Hours that the percentile forgives: how many an alert has left in the month, and what the ones after them cost."""

from bisect import bisect_left
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from decimal import Decimal

import numpy as np

from alerts.alert import Ahead, Alert
from alerts.contract_month import ContractMonth
from billing.bill import Line, Rules, total
from billing.book import Book
from billing.grid import Grid
from billing.hours import HOUR, hours_between
from billing.rollups import Hours, add, percentile_index


def ahead(
    book: Book,
    rules: Rules,
    project: ContractMonth,
    grid: Grid,
    odd: Mapping[tuple[str, str], AbstractSet[datetime]],
    alert: Alert,
) -> tuple[int | None, Ahead | None]:
    """The free hours left of an alert of a percentile meter, and what one hour more than those will cost.

    (None, None) where no hours at its level would cost anything. The cost is None where the month has not that many
    hours to come, and for an alert that has stopped: the last hour that the series told of is not one of its own.
    `odd`: (customer, meter) -> the hours under an alert, whatever became of it.
    """
    meter = rules.catalog.meters[alert.meter]
    term = project.contract.term(alert.meter)
    if meter.applied_rollup(term.option) != "p99" or alert.key not in project.series:
        return None, None
    month = _Continued(book, rules, project, alert, grid.end)
    free = month.free_hours(odd[alert.customer_id, alert.meter])
    seen = np.flatnonzero(grid.seen[grid.row_of[alert.key]])
    told = grid.start + (int(seen[-1]) + 1) * HOUR if seen.size else grid.start
    if free is None or free >= month.coming or alert.last_hour + HOUR < told:
        return free, None
    amount = month.cost(free + 1) - month.cost(0)
    untold = max(0, hours_between(told, grid.end))
    return free, Ahead(free + 1, amount, project.contract.currency, untold) if amount > 0 else None


class _Continued:
    """A contract's month in which the alert goes on: what it costs with so many more hours at its level.

    The level is the typical hour of the alert in its own org. More hours are the next ones to come; where the month
    has no more of them, earlier ones that are not the alert's.
    """

    def __init__(self, book: Book, rules: Rules, project: ContractMonth, alert: Alert, now: datetime) -> None:
        self._book, self._rules, self._project, self._key = book, rules, project, alert.key
        self._start, self._end = start, end = project.span
        self._own = project.series[alert.key]
        odd = [hour for hour in alert.hours if start <= hour < end]
        columns = [hours_between(start, hour) for hour in odd]
        self._level = np.sort(self._own[columns])[len(columns) // 2]
        others = np.delete(np.arange(len(self._own)), columns)
        to_come = others >= hours_between(start, now)
        self._others = np.concatenate([others[to_come], others[~to_come][::-1]])
        self.coming = int(to_come.sum())
        width = len(self._own)
        self._forgiven = width - 1 - percentile_index(width, rules.rank)
        self._without = self._own.copy()
        self._without[columns] = [alert.expected_at(hour) for hour in odd]
        self._bills: dict[int, list[Line]] = {}
        self._least = self._billed(self._without)
        bills = [self._least, self._with(self._forgiven + 1)]
        self._unpriced = {line.meter for lines in bills for line in lines if line.amount is None}

    def free_hours(self, odd: AbstractSet[datetime]) -> int | None:
        """How many more hours are forgiven; None where even the hour after all forgiven ones would cost nothing.

        That the busiest hours of the usual kind move up in the order is no cost of the level: an hour is forgiven
        while the bill is at most the one with the highest usual hour billed. Where a usual hour is as high as the
        level, while it is nearer to the bill without the alert. `odd`: the hours of the contract under an alert.
        """
        least, full = self._worth(self._least), self._worth(self._with(self._forgiven + 1))
        if full <= least:
            return None
        usual = min((least + full) / 2, max(least, self._worth(self._usual_peak(odd))))
        hours = range(self._forgiven + 1)
        free = bisect_left(hours, True, key=lambda more: self._worth(self._with(more + 1)) > usual)
        return free if free < len(hours) else 0  # a contract that has no more hours than the alert's

    def cost(self, more: int) -> Decimal:
        """The month's bill with so many more hours, without what has no price."""
        return total([line for line in self._with(more) if line.meter not in self._unpriced])

    def _worth(self, lines: list[Line]) -> Decimal:
        """What a bill comes to; the billed usage of a meter that has no price."""
        own = self._key[1]
        if own in self._unpriced:
            return sum((line.on_demand_quantity for line in lines if line.meter == own), Decimal(0))
        return total([line for line in lines if line.meter not in self._unpriced])

    def _usual_peak(self, odd: AbstractSet[datetime]) -> list[Line]:
        """The bill without the alert in which the contract's highest hour that is under no alert is the billed one."""
        series = {**self._project.series, self._key: self._without}
        sums = add(np.array([hours for (_, meter), hours in series.items() if meter == self._key[1]]))
        under_alert = [hours_between(self._start, hour) for hour in odd if self._start <= hour < self._end]
        usual = np.delete(sums, under_alert)
        hours, chosen = self._without.copy(), self._others[: self._forgiven + 1]
        if usual.size:
            hours[chosen] += np.maximum(usual.max() - sums[chosen], 0)
        return self._billed(hours)

    def _with(self, more: int) -> list[Line]:
        if more not in self._bills:
            hours = self._own.copy()
            chosen = self._others[:more]
            hours[chosen] = np.maximum(hours[chosen], self._level)
            self._bills[more] = self._billed(hours)
        return self._bills[more]

    def _billed(self, hours: Hours) -> list[Line]:
        self._project.series[self._key] = hours
        lines = self._project.lines(self._book, self._rules)
        self._project.series[self._key] = self._own
        return lines
