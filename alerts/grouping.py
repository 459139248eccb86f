"""A jump of one meter in many orgs at about the same hours is one alert on top, with the others below it. Pure.

It only orders what people look at: every alert keeps its state, its stakes and its claim.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from alerts.alert import Alert
from alerts.queue import Least
from detectors.episodes import APART

NEAR = timedelta(hours=6)  # from the first start to the last
MANY, FEW = 5, 3  # orgs: so many of a partner are a group, and so few if they are half of those with the meter

Users = Mapping[str, Mapping[str, int]]  # meter -> partner -> how many of its orgs use it


def grouped(alerts: Sequence[Alert], users: Users, least: Least) -> list[Alert]:
    """The alerts, each with the one above it, if any.

    One on top is loud where one of them is, or where all of them together cost enough.
    """
    above: dict[str, str] = {}
    loud: set[str] = set()
    for group in _groups([alert for alert in alerts if alert.live], users):
        top = min(group, key=lambda a: (a.detected_at, a.started_at, a.alert_id))
        above |= {alert.alert_id: top.alert_id for alert in group if alert is not top}
        costs = any(amount >= least(currency) for currency, amount in together(group).items())
        if costs or not all(alert.quiet for alert in group):
            loud.add(top.alert_id)
    return [
        replace(alert, above=above.get(alert.alert_id), quiet=alert.quiet and alert.alert_id not in loud)
        for alert in alerts
    ]


def together(alerts: Iterable[Alert]) -> dict[str, Decimal]:
    """What they cost in the month of their last hours, a sum of each currency."""
    sums: dict[str, Decimal] = {}
    for alert in alerts:
        if alert.stake:
            sums[alert.stake.currency] = sums.get(alert.stake.currency, Decimal(0)) + alert.stake.amount
    return dict(sorted(sums.items()))


def _groups(alerts: Sequence[Alert], users: Users) -> Iterator[list[Alert]]:
    """Over all partners where half of all orgs jump; else partner by partner."""
    alike: dict[tuple[str, str], list[Alert]] = {}
    for alert in sorted(alerts, key=lambda a: (a.started_at, a.alert_id)):
        alike.setdefault((alert.meter, alert.kind if alert.kind in APART else ""), []).append(alert)
    for (meter, _), mine in alike.items():
        of_partner = users.get(meter, {})
        vendor_wide = list(_near(mine, MANY, max(MANY, sum(of_partner.values()) / 2)))
        vendor_wide = [group for group in vendor_wide if len({alert.partner_id for alert in group}) > 1]
        yield from vendor_wide
        taken = {alert.alert_id for group in vendor_wide for alert in group}
        for partner_id in sorted({alert.partner_id for alert in mine}):
            left = [a for a in mine if a.partner_id == partner_id and a.alert_id not in taken]
            yield from _near(left, FEW, min(MANY, of_partner.get(partner_id, 0) / 2))


def _near(alerts: Sequence[Alert], least: int, orgs: float) -> Iterator[list[Alert]]:
    """Those, in the order of their start, that start within NEAR of a first one and are of enough orgs."""
    starts = [alert.started_at for alert in alerts]
    first = 0
    while first < len(alerts):
        end = bisect_right(starts, starts[first] + NEAR)
        near = list(alerts[first:end])
        enough = len({alert.org_id for alert in near}) >= max(least, orgs)
        if enough:
            yield near
        first = end if enough else first + 1


def below(alerts: Iterable[Alert]) -> dict[str, list[Alert]]:
    """alert_id of each one on top -> those below it."""
    found: dict[str, list[Alert]] = {}
    for alert in alerts:
        if alert.above:
            found.setdefault(alert.above, []).append(alert)
    return found


def users_of(keys: Iterable[tuple[str, str]], partner_of: Mapping[str, str]) -> Users:
    """From (org, meter) of all series; `partner_of`: org -> partner."""
    counts = Counter((meter, partner_of[org_id]) for org_id, meter in keys if org_id in partner_of)
    found: dict[str, dict[str, int]] = {}
    for (meter, partner_id), orgs in counts.items():
        found.setdefault(meter, {})[partner_id] = orgs
    return found
