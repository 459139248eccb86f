"""The reviewers' queue: which alerts are loud, and in what order they are looked at."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from alerts.alert import Alert
from alerts.clock import Clock
from billing.hours import HOUR, Month
from detectors.episodes import DISAPPEARANCE

SOON = 2  # free hours left from which a run-away is loud: one to read the mail, one to stop what runs
UNDECIDED = ("open", "over")

Least = Callable[[str], Decimal]  # min_stake by currency


def loud(alert: Alert, least: Least) -> bool:
    """Whether reviewers are told: it costs enough, or soon will. Usage that stopped is the partner's to know."""
    costs = any(stake.amount >= least(stake.currency) for stake in alert.stakes)
    return alert.kind != DISAPPEARANCE and (costs or runs_out(alert, least))


def runs_out(alert: Alert, least: Least) -> bool:
    """Whether at most SOON free hours are left, those that may have passed untold taken off, and what follows costs."""
    next_cost = alert.next_cost
    if next_cost is None or not alert.live:
        return False
    return next_cost.hours - 1 - next_cost.untold <= SOON and next_cost.amount >= least(next_cost.currency)


def queued(alert: Alert) -> bool:
    """Whether a reviewer has to decide it now: a snoozed one is left alone (see alerts/snooze.py)."""
    return not alert.quiet and alert.state in UNDECIDED and alert.snoozed_until is None


def waiting(alert: Alert) -> bool:
    """Whether nobody has been told of it yet: it came on a day that had its share of new alerts."""
    return queued(alert) and alert.announced_at is None


def announced(alerts: Sequence[Alert], a_day: int, at: datetime) -> list[Alert]:
    """Those of `alerts`, in the order of the queue, of which reviewers are told now: at most `a_day` new ones a day.

    One on top counts once: those below it are told with it (see `along`).
    """
    own = heads(alerts)
    told = sum(alert.announced_at is not None and at - 24 * HOUR < alert.announced_at for alert in own)
    return [alert for alert in own if waiting(alert)][: max(0, a_day - told)]


def along(alerts: Sequence[Alert], new: Sequence[Alert]) -> list[Alert]:
    """Those that are told with the one above them, which is among the `new` or was told before."""
    told = {alert.alert_id for alert in alerts if queued(alert) and alert.announced_at}
    told |= {alert.alert_id for alert in new}
    return [alert for alert in alerts if waiting(alert) and alert.above in told]


def heads(alerts: Iterable[Alert]) -> list[Alert]:
    """Those that are decided one by one: no other that is still to be decided is above them."""
    alerts = list(alerts)
    tops = {alert.alert_id for alert in alerts if queued(alert)}
    return [alert for alert in alerts if alert.above not in tops]


@dataclass(frozen=True)
class Queue:
    """The order at `at`: by the money that is lost for each hour of waiting.

    That is the lower bound of what can still be had over the hours until the month's first deadline, and for a run-away
    in free hours what follows over the hours that are left. Currencies are compared by their min_stake.
    """

    clock: Callable[[Alert, Month], Clock | None]
    least: Least
    at: datetime

    def ordered(self, alerts: Iterable[Alert]) -> list[Alert]:
        """Live before dead, loud before quiet, the most urgent first; those below another right after it."""
        alerts = list(alerts)
        ids = {alert.alert_id for alert in alerts}
        groups: dict[str, list[Alert]] = {alert.alert_id: [alert] for alert in alerts if alert.above not in ids}
        for alert in sorted(alerts, key=lambda a: self._place([a])):
            if alert.above in groups:
                groups[alert.above].append(alert)
        return [alert for group in sorted(groups.values(), key=self._place) for alert in group]

    def places(self, alerts: Iterable[Alert]) -> dict[str, int]:
        """alert_id -> its place in the queue, from 1; only what is still to be decided has one."""
        queue = [alert for alert in heads(self.ordered(alerts)) if queued(alert)]
        return {alert.alert_id: place for place, alert in enumerate(queue, start=1)}

    def urgency(self, alert: Alert, low: bool = True) -> float:
        """Worth an hour, in units of min_stake; `low`: by the lower bound of the stakes."""
        found = sum(
            self._worth(stake.low if low else stake.amount, stake.currency) * self._haste(alert, stake.month)
            for stake in alert.stakes
        )
        if alert.next_cost and runs_out(alert, self.least):
            free = alert.next_cost.hours - 1 - alert.next_cost.untold
            found += self._worth(alert.next_cost.amount, alert.next_cost.currency) / max(1, free)
        return found

    def _place(self, group: Sequence[Alert]) -> tuple[bool, bool, float, float, float, str]:
        """Of an alert and those below it, as if they were one."""
        first = group[0]
        plain = sum(self._worth(stake.amount, stake.currency) for alert in group for stake in alert.stakes)
        by_money = (-sum(map(self.urgency, group)), -sum(self.urgency(a, low=False) for a in group), -plain)
        return (not first.live, first.quiet, *by_money, first.alert_id)

    def _worth(self, amount: Decimal, currency: str) -> float:
        return max(0.0, float(amount)) / (float(self.least(currency)) or 1.0)

    def _haste(self, alert: Alert, month: Month) -> float:
        """1 over the hours until the deadline, at least one; 0 when the month has ended everywhere."""
        clock = self.clock(alert, month)
        deadline, end = (clock.deadline_at, clock.expires_at) if clock else (month.end, month.end)
        return 0.0 if self.at >= end else 1.0 / max(1.0, (deadline - self.at) / HOUR)
