"""The life of alerts: findings join them, usage measures them, quiet hours end them, restated usage withdraws them."""

from bisect import bisect_left
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alerts.alert import Alert, Transition, alert_id, whole
from alerts.clock import BLIND
from alerts.projection import MONTHLY_COUNTER
from billing.book import Book
from billing.grid import Grid
from billing.hours import HOUR, Month, hours_between, iso
from detectors.episodes import APART, DISAPPEARANCE, belongs, is_over
from detectors.scan import Finding

WITHIN_USUAL = 0.1  # of what was expected: a restated excess under this is no excess
SETTLED = ("dismissed", "planned")
ON_TOP = 1.5  # times the largest excess of an hour that a reviewer dismissed or planned: that is news again
BACK = 0.5  # of what is expected of an hour: usage from which it is back


@dataclass(frozen=True)
class Hour:
    """What usage says now of an hour of an alert."""

    at: datetime
    expected: int
    actual: int


def advance(
    alerts: Sequence[Alert],
    findings: Iterable[Finding],
    book: Book,
    grid: Grid,
    meters: Mapping[str, str],
    at: datetime,
    decided: Mapping[str, datetime] | None = None,
) -> tuple[list[Alert], list[Transition]]:
    """Findings join the alerts they belong to or raise new ones; then each alert is measured again.

    `meters`: meter -> its roll-up. `decided`: alert_id -> when a reviewer decided it; what is clearly above the usage
    that was dismissed or planned by then is an alert of its own. Pure: the same input gives the same alerts.
    """
    found: dict[str, Alert] = {alert.alert_id: alert for alert in alerts}
    moved: list[Transition] = []
    ordered = sorted(findings, key=lambda f: (f.key, f.hours[0]))
    for finding, open_only in [part for one in ordered for part in _parts(one, alerts, grid, decided or {})]:
        mine = [alert for alert in found.values() if alert.key == finding.key]
        joined = _joined([alert for alert in mine if alert.state not in SETTLED or not open_only], finding)
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
        if meters[alert.meter] == MONTHLY_COUNTER and alert.live:
            alert = replace(alert, hours=_until_it_starts_again(alert, grid))  # noqa: PLW2901
        hours_now = _told(alert, grid)
        measured = _measure(alert, hours_now, meters[alert.meter], at)
        state, why = _next_state(measured, hours_now, grid, at)
        if state != alert.state:
            moved.append(Transition(alert.alert_id, at, alert.state, state, "floodmark", why))
        reasons = (*measured.reasons, why) if state == "withdrawn" != alert.state else measured.reasons
        found[alert.alert_id] = replace(measured, state=state, reasons=reasons)
    return list(found.values()), moved


def only(finding: Finding, hours: Container[datetime]) -> Finding:
    """What the finding says of these hours, of which it must have one."""
    kept = [place for place, hour in enumerate(finding.hours) if hour in hours]
    return replace(
        finding,
        hours=tuple(finding.hours[place] for place in kept),
        expected=tuple(finding.expected[place] for place in kept),
        actual=tuple(finding.actual[place] for place in kept),
    )


def _parts(
    finding: Finding, alerts: Iterable[Alert], grid: Grid, decided: Mapping[str, datetime]
) -> Iterator[tuple[Finding, bool]]:
    """The finding, less its hours that are clearly above the settled alert that it would join; and those alone, which
    no settled alert may take (True)."""
    mine = [alert for alert in alerts if alert.key == finding.key]
    joined = _joined(mine, finding)
    if joined is None or joined.state not in SETTLED or joined.kind in APART:
        yield finding, False
        return
    until = decided.get(joined.alert_id, joined.last_hour + HOUR)
    seen = [hour.actual - hour.expected for hour in _told(joined, grid) if hour.at < until]
    most = ON_TOP * max(seen, default=0)
    taken = {hour for alert in mine for hour in alert.hours}
    above = {
        hour
        for hour, actual in zip(finding.hours, finding.actual, strict=True)
        if seen and hour not in taken and actual - joined.expected_at(hour) > most
    }
    if above < {*finding.hours}:
        yield only(finding, {*finding.hours} - above), False
    if above:
        why = f"more than {ON_TOP:g} times as far above the usual as what was {joined.state} on {iso(until)}"
        yield replace(only(finding, above), reasons=(*finding.reasons, why)), True


def _joined(alerts: Sequence[Alert], finding: Finding) -> Alert | None:
    """The alert that the finding belongs to: the one that has most of its hours, else one within 24 quiet hours.

    A withdrawn one takes only its own hours back. Kinds that stand APART join only their like.
    """

    def shared(alert: Alert) -> int:
        return len({*alert.hours} & {*finding.hours})

    near = [
        alert
        for alert in alerts
        if (alert.kind == finding.kind or not {alert.kind, finding.kind} & {*APART})
        and (shared(alert) or (alert.state != "withdrawn" and belongs(alert.started_at, alert.last_hour, finding)))
    ]
    return max(near, key=shared, default=None)


def _raise(finding: Finding, book: Book, at: datetime) -> Alert:
    org_id, meter = finding.key
    customer_id = book.orgs[org_id].customer_id
    return Alert(
        alert_id=alert_id(finding.key, finding.hours[0], finding.kind),
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
        scale=finding.scale,
    )


def _until_it_starts_again(alert: Alert, grid: Grid) -> tuple[datetime, ...]:
    """A counter that jumped stays too high until its month ends: these hours are the alert's, and its stake's."""
    row, begins, ends = grid.row_of.get(alert.key), alert.last_hour, Month.of(alert.last_hour).end
    if row is None:
        return alert.hours
    columns = range(hours_between(grid.start, begins), hours_between(grid.start, min(ends, grid.end)))
    later = (grid.start + column * HOUR for column in columns if grid.seen[row, column])
    return tuple(sorted({*alert.hours, *later}))


def _told(alert: Alert, grid: Grid) -> list[Hour]:
    """Those of its hours of which usage says something now; none where the grid does not reach back to its start.

    Of usage that stopped, an hour of which nothing is said is 0, as in a bill.
    """
    row = grid.row_of.get(alert.key)
    if row is None or alert.started_at < grid.start:
        return []
    hours = alert.hours[: bisect_left(alert.hours, grid.end)]
    columns = [hours_between(grid.start, hour) for hour in hours]
    seen, values = grid.seen[row, columns].tolist(), grid.values[row, columns].tolist()
    return [
        Hour(hour, alert.expected_at(hour), value if told else 0)
        for hour, told, value in zip(hours, seen, values, strict=True)
        if told or alert.kind == DISAPPEARANCE
    ]


def _measure(alert: Alert, hours: Sequence[Hour], rollup: str, at: datetime) -> Alert:
    """Expected, actual and excess over its hours; as they were where usage says nothing of them any more."""
    alert = replace(alert, provisional=sum(at < hour + HOUR + BLIND for hour in alert.hours))
    if not hours:
        return alert
    sign = _sign(alert)
    excess = float(sum(sign * (hour.actual - hour.expected) for hour in hours))
    if rollup in ("p99", "max"):
        peak = max(hours, key=lambda hour: sign * hour.actual)
        expected, actual = peak.expected, peak.actual
    else:
        expected, actual = sum(hour.expected for hour in hours), sum(hour.actual for hour in hours)
    largest = max(excess, alert.largest_excess)
    return replace(alert, expected=expected, actual=actual, excess=excess, largest_excess=largest)


def _next_state(alert: Alert, hours: Sequence[Hour], grid: Grid, at: datetime) -> tuple[str, str]:
    usual = sum(hour.expected for hour in hours)
    if alert.live and hours and alert.excess < alert.largest_excess / 2 and alert.excess <= WITHIN_USUAL * usual:
        sign = _sign(alert)
        was, now = usual + sign * alert.largest_excess, usual + sign * alert.excess
        return "withdrawn", f"restated on {iso(at)} from {was:,.0f} to {now:,.0f}, where {usual:,} was expected"
    if alert.kind == DISAPPEARANCE:
        ended, words = _back(alert, grid), ("usage came back", "it stopped again")
    else:
        ended, words = is_over(alert.last_hour, at), ("24 quiet hours", "it came back within 24 hours")
    if alert.state == "open" and ended:
        return "over", words[0]
    if alert.state == "over" and not ended:
        return "open", words[1]
    return alert.state, ""


def _back(alert: Alert, grid: Grid) -> bool:
    """Whether an hour after the last one of usage that stopped has most of what is expected of it.

    However new it is: an hour that may still change can only grow. Beyond the grid nothing is known to have come back.
    """
    row = grid.row_of.get(alert.key)
    if row is None:
        return False
    columns = range(max(0, hours_between(grid.start, alert.last_hour) + 1), grid.values.shape[1])
    return any(
        grid.seen[row, column]
        and grid.values[row, column] > BACK * alert.expected_at(grid.start + column * HOUR)
        and grid.values[row, column] > 0
        for column in columns
    )


def _sign(alert: Alert) -> int:
    return -1 if alert.kind == DISAPPEARANCE else 1
