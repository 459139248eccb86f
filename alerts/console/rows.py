"""Alerts as rows of a list: with the names, the money and the time that is left."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from alerts.clock import Clock
from alerts.console.view import View
from alerts.evidence import readable
from alerts.listing import Listed
from billing.book import Customer, Org, Partner
from billing.catalog import Meter
from billing.hours import Month

SOON = timedelta(days=3)


@dataclass(frozen=True)
class Left:
    """How long its claim has: `until` the first deadline of its months, None where no clock runs any more.

    urgency: "over", "call" once an e-mail may come too late, "soon" or "".
    """

    until: datetime | None
    urgency: str


@dataclass(frozen=True)
class Row:
    """group: those below it, which a verdict on it decides as well. money: of all of them, by currency."""

    alert: Listed
    partner: Partner
    customer: Customer
    org: Org
    meter: Meter
    group: Sequence[Listed]
    money: dict[str, Decimal]
    left: Left

    @property
    def usage(self) -> tuple[str, str]:
        """1,920 hosts, where 410 hosts were expected"""
        return readable(self.alert.actual, self.meter), readable(self.alert.expected, self.meter)


def rows(view: View, alerts: Iterable[Listed], grouped: bool) -> list[Row]:
    """grouped: those below an alert stand with it."""
    alerts = list(alerts)
    under = view.below([one.alert_id for one in alerts]) if grouped else {}
    return [row(view, one, under.get(one.alert_id, ())) for one in alerts]


def row(view: View, alert: Listed, group: Sequence[Listed] = ()) -> Row:
    customer = view.of_org(alert.org_id)
    partner = view.book.partners[customer.partner_id]
    meter = view.house.catalog.meters[alert.meter]
    money: dict[str, Decimal] = {}
    for one in (alert, *group):
        for stake in one.stakes:
            money[stake.currency] = money.get(stake.currency, Decimal(0)) + stake.amount
    left = left_of(view, {stake.month for stake in alert.stakes}, partner, alert.state)
    return Row(alert, partner, customer, view.book.orgs[alert.org_id], meter, group, money, left)


def left_of(view: View, months: Iterable[Month], partner: Partner, state: str) -> Left:
    if state == "vendor_fault":
        return Left(None, "")
    clocks = [clock for month in months if view.at < (clock := view.house.clock(month, partner)).expires_at]
    if not clocks:
        return Left(None, "over")
    first = min(clocks, key=lambda clock: clock.deadline_at)
    return Left(first.deadline_at, _urgency(first, view.at))


def _urgency(clock: Clock, at: datetime) -> str:
    if at > clock.latest_email_at:
        return "call"
    return "soon" if clock.latest_email_at - at < SOON else ""
