"""What an alert costs: the steps from the expected bill to the actual one (billing-rules, "What a spike costs")."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from alerts.alert import Ahead, Alert, Stake
from alerts.bill_step import BillStep, bill_steps
from alerts.contract_month import ContractMonth, Expect, projected
from alerts.forgiven import ahead
from billing.bill import Line, Rules, total
from billing.book import Book
from billing.grid import Grid
from billing.hours import Month, hours_between
from detectors.episodes import DISAPPEARANCE

SIGMAS = 3  # of the sum of what the hours usually stray, taken off the excess for the lower bound


def weigh(
    book: Book, rules: Rules, grid: Grid, expect: Expect, alerts: Sequence[Alert], months: Iterable[Month]
) -> list[Alert]:
    """The alerts with their stakes in `months`, their free hours and what comes after them.

    Stakes of other months stay as they were. Usage that stopped costs nothing and is what is expected on both sides.
    """
    wanted = set(months)
    kept = {a.alert_id: [s for s in a.stakes if s.month not in wanted] for a in alerts}
    free: dict[str, tuple[int | None, Ahead | None]] = {}
    live, odd = [alert for alert in alerts if alert.live], _odd_hours(alerts)
    for month in sorted(wanted):
        touched = [a for a in live if _is_in(a, month)]
        costing = sorted((a for a in touched if a.kind != DISAPPEARANCE), key=lambda a: (a.started_at, a.alert_id))
        for customer_id in sorted({a.customer_id for a in costing}):
            mine = [a for a in costing if a.customer_id == customer_id]
            meters = {alert.meter for alert in mine}
            for contract in book.contracts_of.get(customer_id, ()):
                project = projected(book, rules, grid, contract, month, _frozen(mine, expect), meters)
                if project:
                    for alert, step, low, lines in _steps(book, rules, project, mine):
                        kept[alert.alert_id].append(Stake(month, step, contract.currency, low, lines))
                    within = [a for a in mine if project.span[0] <= a.last_hour < project.span[1]]
                    free |= {a.alert_id: ahead(book, rules, project, grid, odd, a) for a in within}
        for alert in touched:
            if not kept[alert.alert_id] or kept[alert.alert_id][-1].month != month:
                nothing = Stake(month, Decimal(0), book.partner_of(alert.customer_id).currency)
                kept[alert.alert_id].append(nothing)
    return [_weighed(a, kept[a.alert_id], *free.get(a.alert_id, (a.free_hours_left, None))) for a in alerts]


def _odd_hours(alerts: Sequence[Alert]) -> dict[tuple[str, str], set[datetime]]:
    """(customer, meter) -> the hours under an alert, whatever became of it."""
    found: dict[tuple[str, str], set[datetime]] = {}
    for alert in alerts:
        found.setdefault((alert.customer_id, alert.meter), set()).update(alert.hours)
    return found


def _weighed(alert: Alert, stakes: Sequence[Stake], free_hours: int | None, next_cost: Ahead | None) -> Alert:
    if not alert.live:
        return replace(alert, next_cost=None)
    return replace(alert, stakes=_merged(stakes), free_hours_left=free_hours, next_cost=next_cost)


def _is_in(alert: Alert, month: Month) -> bool:
    """Whether any of its hours is the month's."""
    first = bisect_left(alert.hours, month.start)
    return first < len(alert.hours) and alert.hours[first] < month.end


def _frozen(alerts: Sequence[Alert], expect: Expect) -> Expect:
    """The baseline, frozen for series under a live alert."""
    frozen = {alert.key: alert for alert in alerts}
    return lambda key: frozen[key].profile if key in frozen else expect(key)


def _steps(
    book: Book, rules: Rules, project: ContractMonth, alerts: Sequence[Alert]
) -> Iterator[tuple[Alert, Decimal, Decimal, tuple[BillStep, ...]]]:
    """Start from the expected bill, restore the alerts in their order; each step is an alert's stake.

    With it the lower bound, the step to the bill in which the alert's own excess is less by what is usual; and the
    lines that the step moves.
    """
    start, end = project.span
    inside = {
        alert.alert_id: {
            hours_between(start, hour): alert.expected_at(hour) for hour in alert.hours if start <= hour < end
        }
        for alert in alerts
        if alert.key in project.series
    }
    concerned = [alert for alert in alerts if inside.get(alert.alert_id)]
    if not concerned:
        return
    now = project.lines(book, rules)
    unpriced = {line.meter for line in now if line.amount is None}
    actual = {key: hours.copy() for key, hours in project.series.items()}
    for alert in concerned:
        hours = inside[alert.alert_id]
        project.series[alert.key][list(hours)] = list(hours.values())
    expected = project.lines(book, rules)
    unpriced |= {line.meter for line in expected if line.amount is None}

    def cost(lines: list[Line]) -> Decimal:
        """A meter that has no price on either side has no difference of prices."""
        return total([line for line in lines if line.meter not in unpriced])

    lines, before = expected, cost(expected)
    for alert in concerned:
        hours, own = inside[alert.alert_id], project.series[alert.key]
        share = _sure_share(alert)
        low = None
        if 0 < share < 1:
            for column, usual in hours.items():
                own[column] = usual + math.floor(share * (int(actual[alert.key][column]) - usual))
            low = cost(project.lines(book, rules)) - before
        own[list(hours)] = actual[alert.key][list(hours)]
        restored = now if alert is concerned[-1] else project.lines(book, rules)
        after = cost(restored)
        step = after - before
        moved = bill_steps(project.contract, rules.catalog, lines, restored, unpriced)
        yield alert, step, max(Decimal(0), min(step, step * (share > 0) if low is None else low)), moved
        lines, before = restored, after


def _sure_share(alert: Alert) -> float:
    """How much of the excess is left when SIGMAS of the sum of what its hours usually stray are taken off."""
    if alert.excess <= 0:
        return 1.0 if alert.scale == 0 else 0.0
    return max(0.0, 1 - SIGMAS * alert.scale * math.sqrt(len(alert.hours)) / alert.excess)


def _merged(stakes: Sequence[Stake]) -> tuple[Stake, ...]:
    """One stake a month and currency: two contracts of a month add up."""
    sums: dict[tuple[Month, str], Stake] = {}
    for stake in stakes:
        key = (stake.month, stake.currency)
        before = sums.get(key, Stake(stake.month, Decimal(0), stake.currency))
        amount, low, steps = before.amount + stake.amount, before.low + stake.low, (*before.steps, *stake.steps)
        sums[key] = replace(stake, amount=amount, low=low, steps=steps)
    return tuple(sums[key] for key in sorted(sums))
