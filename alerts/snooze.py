"""An alert put off until later: reviewers hear of it again before its claim could be late. Pure.

A snooze keeps an alert out of the queue and of the reviewers' mail. It never keeps a ticket from opening.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, tzinfo

from alerts.alert import Alert, Transition
from alerts.clock import Clock, shown
from billing.hours import Month, iso


def latest(alert: Alert, clock: Callable[[Month], Clock], at: datetime) -> datetime | None:
    """The latest instant until which it may be snoozed at `at`: the first latest e-mail of its open months.

    None where no clock runs: a fault of the vendor, or months that have ended everywhere.
    """
    if alert.state == "vendor_fault":
        return None
    months = {Month.of(hour) for hour in alert.hours} | {stake.month for stake in alert.stakes}
    clocks = map(clock, months)
    return min((one.latest_email_at for one in clocks if at < one.expires_at), default=None)


def why_not(alert: Alert, until: datetime, last: datetime | None, at: datetime, zones: Iterable[tzinfo]) -> str:
    """Why it cannot be snoozed until then, in a sentence; empty where it can. `last`: of `latest`."""
    if not alert.live:
        return f"it is {alert.state}: nobody waits for it"
    if until <= at:
        return f"{iso(until)} is not after {iso(at)}"
    if last is not None and until > last:
        told = "that has passed" if last <= at else "snooze it until then at most"
        return f"its claim has to be in an e-mail by {shown(last, zones)}: {told}"
    return ""


def snooze(alert: Alert, until: datetime, who: str, note: str, at: datetime) -> tuple[Alert, Transition]:
    """The alert, out of the queue until then, and news again after."""
    why = f"snoozed until {iso(until)}{f': {note}' if note else ''}"
    moved = Transition(alert.alert_id, at, alert.state, alert.state, who, why)
    return replace(alert, snoozed_until=until, announced_at=None), moved


def wake(alert: Alert, who: str, note: str, at: datetime) -> tuple[Alert, Transition]:
    """The alert, back in the queue; whoever wakes it need not be told."""
    why = f"woken{f': {note}' if note else ''}"
    moved = Transition(alert.alert_id, at, alert.state, alert.state, who, why)
    return replace(alert, snoozed_until=None, announced_at=at), moved


def awake(alerts: Iterable[Alert], at: datetime) -> list[Alert]:
    """The alerts as reviewers see them at `at`: a snooze that has ended is none."""
    return [
        replace(alert, snoozed_until=None) if alert.snoozed_until and alert.snoozed_until <= at else alert
        for alert in alerts
    ]
