"""What an alert costs: the steps from the expected bill to the actual one (billing-rules, "What a spike costs")."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np

from alerts.alert import Alert, Stake
from alerts.contract_month import ContractMonth, Expect, projected
from billing.bill import Line, Rules, total
from billing.book import Book
from billing.grid import Grid
from billing.hours import HOUR, Month, hours_between
from billing.rollups import percentile, percentile_index


def weigh(
    book: Book, rules: Rules, grid: Grid, expect: Expect, alerts: Sequence[Alert], months: Iterable[Month]
) -> list[Alert]:
    """The alerts with their stakes in `months` and their free hours; stakes of other months stay as they were."""
    wanted = set(months)
    kept = {a.alert_id: [s for s in a.stakes if s.month not in wanted] for a in alerts}
    free: dict[str, int | None] = {}
    live = [alert for alert in alerts if alert.live]
    for month in sorted(wanted):
        touched = [a for a in live if _is_in(a, month)]
        for customer_id in sorted({a.customer_id for a in touched}):
            mine = sorted(
                (a for a in touched if a.customer_id == customer_id), key=lambda a: (a.started_at, a.alert_id)
            )
            meters = {alert.meter for alert in mine}
            for contract in book.contracts_of.get(customer_id, ()):
                project = projected(book, rules, grid, contract, month, _frozen(mine, expect), meters)
                if project:
                    for alert, step in _steps(book, rules, project, mine):
                        kept[alert.alert_id].append(Stake(month, step, contract.currency))
                    within = [a for a in mine if project.span[0] <= a.last_hour < project.span[1]]
                    free |= {a.alert_id: _free_hours(rules, project, a) for a in within}
        for alert in touched:
            if not kept[alert.alert_id] or kept[alert.alert_id][-1].month != month:
                nothing = Stake(month, Decimal(0), book.partner_of(alert.customer_id).currency)
                kept[alert.alert_id].append(nothing)
    return [
        replace(a, stakes=_merged(kept[a.alert_id]), free_hours_left=free.get(a.alert_id, a.free_hours_left))
        if a.live
        else a
        for a in alerts
    ]


def _is_in(alert: Alert, month: Month) -> bool:
    """Whether any of its hours is the month's."""
    first = bisect_left(alert.hours, month.start)
    return first < len(alert.hours) and alert.hours[first] < month.end


def _frozen(alerts: Sequence[Alert], expect: Expect) -> Expect:
    """The baseline, frozen for series under a live alert."""
    frozen = {alert.key: alert for alert in alerts}
    return lambda key: frozen[key].profile if key in frozen else expect(key)


def _steps(book: Book, rules: Rules, project: ContractMonth, alerts: Sequence[Alert]) -> list[tuple[Alert, Decimal]]:
    """Start from the expected bill, restore the alerts in their order; each step is an alert's stake."""
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
        return []
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

    before = cost(expected)
    steps = []
    for alert in concerned:
        columns = list(inside[alert.alert_id])
        project.series[alert.key][columns] = actual[alert.key][columns]
        after = cost(now if alert is concerned[-1] else project.lines(book, rules))
        steps.append((alert, after - before))
        before = after
    return steps


def _free_hours(rules: Rules, project: ContractMonth, alert: Alert) -> int | None:
    """How many more hours at this level the percentile forgives this month; None where none can cost anything.

    The level is the contract's typical hour of the alert; hours already nearer to it than to what would be
    billed without the alert have used up forgiven hours.
    """
    meter = rules.catalog.meters[alert.meter]
    term = project.contract.term(alert.meter)
    start, end = project.span
    columns = [hours_between(start, hour) for hour in alert.hours if start <= hour < end]
    if meter.applied_rollup(term.option) != "p99" or not columns or alert.key not in project.series:
        return None
    hours = project.metered().get(alert.meter, np.zeros(hours_between(start, end), np.int64))
    without = hours.copy()
    own = project.series[alert.key]
    for column in columns:
        without[column] -= int(own[column]) - alert.expected_at(start + column * HOUR)
    level = int(np.sort(hours[columns])[len(columns) // 2])
    billed = int(percentile(np.maximum(without, 0), rules.rank))
    if level <= term.commit_units * meter.per or level <= billed:
        return None
    forgiven = len(hours) - 1 - percentile_index(len(hours), rules.rank)
    used = int((2 * hours.astype(object) > level + billed).sum())
    return max(0, forgiven - used)


def _merged(stakes: Sequence[Stake]) -> tuple[Stake, ...]:
    """One stake a month and currency: two contracts of a month add up."""
    sums: dict[tuple[Month, str], Decimal] = {}
    for stake in stakes:
        sums[stake.month, stake.currency] = sums.get((stake.month, stake.currency), Decimal(0)) + stake.amount
    return tuple(Stake(month, amount, currency) for (month, currency), amount in sorted(sums.items()))
