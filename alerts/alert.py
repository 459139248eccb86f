"""An alert: the odd hours of one series that belong together, with a life and a price of its own."""

import hashlib
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from billing.book import Book
from billing.grid import Grid, SeriesKey
from billing.hours import HOUR, Month, hour_of_week, hours_between
from billing.rollups import LIMIT
from detectors.episodes import belongs, is_over
from detectors.scan import Finding

FIRST_USE = "first_use"
NOT_LIVE = ("dismissed", "planned", "withdrawn")
VERDICTS = {"confirm": "confirmed", "dismiss": "dismissed", "planned": "planned", "vendor-fault": "vendor_fault"}
WITHIN_USUAL = 0.1  # of what was expected: a restated excess under this is no excess


@dataclass(frozen=True)
class Stake:
    """What an alert costs in one month, in exact money of an estimated bill."""

    month: Month
    amount: Decimal
    currency: str


@dataclass(frozen=True)
class Transition:
    """One change of an alert's state: was, now, who, why, at."""

    alert_id: str
    at: datetime
    was: str
    now: str
    who: str
    why: str


@dataclass(frozen=True)
class Alert:
    """`hours`: the anomalous hours, ascending. `profile`: [168] whole base units by hour of week, frozen at its start.

    `expected`, `actual`: base units, sums over the hours; the peak hour for percentile and maximum meters.
    """

    alert_id: str
    partner_id: str
    customer_id: str
    org_id: str
    meter: str
    kind: str
    state: str
    detected_at: datetime
    hours: tuple[datetime, ...]
    profile: NDArray[np.int64] = field(compare=False)
    reasons: tuple[str, ...] = ()
    quiet: bool = True
    expected: int = 0
    actual: int = 0
    excess: float = 0.0
    largest_excess: float = 0.0
    stakes: tuple[Stake, ...] = ()
    free_hours_left: int | None = None
    announced_at: datetime | None = None

    @property
    def key(self) -> SeriesKey:
        return (self.org_id, self.meter)

    @property
    def started_at(self) -> datetime:
        return self.hours[0]

    @property
    def last_hour(self) -> datetime:
        return self.hours[-1]

    @property
    def live(self) -> bool:
        """Its claim stands: nobody dismissed or planned it, no restatement withdrew it."""
        return self.state not in NOT_LIVE

    @property
    def stake(self) -> Stake | None:
        """That of the month of the last hour."""
        return self.stake_in(Month.of(self.last_hour))

    def stakes_in(self, month: Month) -> list[Stake]:
        """One a currency; more than one where two contracts share the month."""
        return [stake for stake in self.stakes if stake.month == month]

    def stake_in(self, month: Month) -> Stake | None:
        return next((stake for stake in self.stakes if stake.month == month), None)

    def expected_at(self, hour: datetime) -> int:
        """What the frozen baseline expects of the hour."""
        return int(self.profile[hour_of_week(hour)])


def alert_id(key: SeriesKey, first_hour: datetime) -> str:
    """The identity: org, meter and first hour, fixed when it is raised."""
    return "al_" + hashlib.sha256(repr((*key, first_hour.isoformat())).encode()).hexdigest()[:12]


def whole(profile: NDArray[np.float64]) -> NDArray[np.int64]:
    """A baseline in whole base units; 0 where it has no opinion."""
    rounded: NDArray[np.int64] = np.rint(np.clip(np.nan_to_num(profile), 0.0, LIMIT)).astype(np.int64)
    return rounded


def advance(
    alerts: Sequence[Alert],
    findings: Iterable[Finding],
    book: Book,
    grid: Grid,
    meters: Mapping[str, str],
    at: datetime,
) -> tuple[list[Alert], list[Transition]]:
    """Findings join the alerts they belong to or raise new ones; then each alert is measured again.

    `meters`: meter -> its roll-up. Pure: the same input gives the same alerts.
    """
    found: dict[str, Alert] = {alert.alert_id: alert for alert in alerts}
    moved: list[Transition] = []
    for finding in sorted(findings, key=lambda f: (f.key, f.hours[0])):
        mine = [alert for alert in found.values() if alert.key == finding.key]
        joined = _joined(mine, finding)
        if joined is None:
            raised = _raise(finding, book, at)
            found[raised.alert_id] = raised
            moved.append(Transition(raised.alert_id, at, "", "open", "floodmark", finding.reasons[0]))
            continue
        others = {hour for alert in mine if alert is not joined for hour in alert.hours}
        hours = {*joined.hours, *finding.hours} - (others - {*joined.hours})
        if joined.state == "withdrawn":
            moved.append(Transition(joined.alert_id, at, "withdrawn", "open", "floodmark", "usage brought it back"))
            joined = replace(joined, state="open", largest_excess=0.0)
        found[joined.alert_id] = replace(joined, hours=tuple(sorted(hours)))
    for alert in list(found.values()):
        measured, explained = _measure(alert, grid, meters[alert.meter])
        state, why = _next_state(measured, explained, at)
        if state != alert.state:
            moved.append(Transition(alert.alert_id, at, alert.state, state, "floodmark", why))
        reasons = (*measured.reasons, why) if state == "withdrawn" != alert.state else measured.reasons
        found[alert.alert_id] = replace(measured, state=state, reasons=reasons)
    return list(found.values()), moved


def _joined(alerts: Sequence[Alert], finding: Finding) -> Alert | None:
    """The alert that the finding belongs to: the one that has most of its hours, else one within 24 quiet hours.

    A withdrawn one takes only its own hours back. What a newcomer uses, and a spike of it, are two alerts.
    """

    def shared(alert: Alert) -> int:
        return len({*alert.hours} & {*finding.hours})

    near = [
        alert
        for alert in alerts
        if (alert.kind == FIRST_USE) == (finding.kind == FIRST_USE)
        and (shared(alert) or (alert.state != "withdrawn" and belongs(alert.started_at, alert.last_hour, finding)))
    ]
    return max(near, key=shared, default=None)


def of_book(alerts: Iterable[Alert], book: Book, meters: Container[str]) -> list[Alert]:
    """The alerts whose org and meter are still known, under the customer and the partner that the book names today."""
    found = []
    for alert in alerts:
        org = book.orgs.get(alert.org_id)
        if org and alert.meter in meters:
            partner_id = book.partner_of(org.customer_id).partner_id
            found.append(replace(alert, customer_id=org.customer_id, partner_id=partner_id))
    return found


def decide(alert: Alert, verdict: str, who: str, note: str, at: datetime) -> tuple[Alert, Transition]:
    """A reviewer's verdict, a key of VERDICTS."""
    now = VERDICTS[verdict]
    return replace(alert, state=now), Transition(alert.alert_id, at, alert.state, now, who, note)


def _raise(finding: Finding, book: Book, at: datetime) -> Alert:
    org_id, meter = finding.key
    customer_id = book.orgs[org_id].customer_id
    return Alert(
        alert_id=alert_id(finding.key, finding.hours[0]),
        partner_id=book.partner_of(customer_id).partner_id,
        customer_id=customer_id,
        org_id=org_id,
        meter=meter,
        kind=finding.kind,
        state="open",
        detected_at=at,
        hours=finding.hours,
        profile=whole(finding.profile),
        reasons=finding.reasons,
    )


def _measure(alert: Alert, grid: Grid, rollup: str) -> tuple[Alert, bool]:
    """Expected and actual over those of its hours of which usage says something now, and whether a restatement
    downwards has left no excess."""
    row = grid.row_of.get(alert.key)
    if row is None or alert.started_at < grid.start:
        return alert, False
    end = grid.end
    columns = [hours_between(grid.start, hour) for hour in alert.hours if hour < end]
    pairs = [
        (alert.expected_at(grid.start + column * HOUR), int(grid.values[row, column]))
        for column in columns
        if grid.seen[row, column]
    ]
    if not pairs:
        return alert, False
    excess = float(sum(actual - expected for expected, actual in pairs))
    if rollup in ("p99", "max"):
        expected, actual = max(pairs, key=lambda pair: pair[1])
    else:
        expected, actual = (sum(column) for column in zip(*pairs, strict=True))
    largest = max(excess, alert.largest_excess)
    usual = sum(expected for expected, _ in pairs)
    explained = excess < largest / 2 and excess <= WITHIN_USUAL * usual
    return replace(alert, expected=expected, actual=actual, excess=excess, largest_excess=largest), explained


def _next_state(alert: Alert, explained: bool, at: datetime) -> tuple[str, str]:
    if alert.live and explained:
        return "withdrawn", "restated usage explains it away: what is left of it is within the usual"
    if alert.state == "open" and is_over(alert.last_hour, at):
        return "over", "24 quiet hours"
    if alert.state == "over" and not is_over(alert.last_hour, at):
        return "open", "it came back within 24 hours"
    return alert.state, ""
