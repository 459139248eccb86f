"""Findings become alerts with money on them, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import numpy as np

from alerts import store
from alerts.alert import Alert, of_book
from alerts.contract_month import Expect
from alerts.life import advance, only
from alerts.queue import loud
from alerts.stake import weigh
from alerts.store import Judged
from alerts.teaching import Lesson
from billing import book_store
from billing.book import Book
from billing.database import transaction
from billing.grid import SeriesKey
from billing.hours import floor_hour, hours_between
from detectors.episodes import APART
from detectors.scan import Finding, Skipped
from detectors.series import Panel
from flows.judging import Case, judged
from flows.usage import Known, open_months, window
from flows.wiring import App

STL_SERIES = 3  # a cycle's dearest new alerts get a second opinion; each takes a good part of a tenth of a second


@dataclass(frozen=True)
class Detected:
    """What a cycle found: new alerts, all alerts it holds open, series it could not judge."""

    raised: tuple[Alert, ...]
    alerts: tuple[Alert, ...]
    skipped: tuple[Skipped, ...]


def detect(app: App, at: datetime, usage: Known | None = None) -> Detected:
    """Judge the hours that are new or changed since the last cycle. The same clock again changes nothing.

    `usage`: what is known at `at`; None reads the lake. A clock before the last cycle's judges nothing.
    """
    with transaction(app.engine) as connection:
        store.lock_cycle(connection)
        mark = store.judged(connection)
        if mark and floor_hour(at) < mark.upto:
            return Detected((), tuple(store.alerts(connection, open_months(at)[0].start)), ())
        start = usage.grid.start if usage else window(at)
        before, decided = store.alerts(connection, start), store.decided(connection, start)
        book = app.book(connection)
        opinion = judged(Case(app, book, book_store.newest(connection), before, decided, at, mark), usage)
        usage, first = opinion.usage, mark.since if mark else opinion.since
        findings = [part for finding in opinion.found if (part := _from(finding, first, opinion.taught))]
        rollups = {meter.meter: meter.rollup for meter in app.rules.catalog.meters.values()}
        after, moved = advance(of_book(before, book, rollups), findings, book, usage.grid, rollups, at, decided)
        after = _priced(app, book, usage, after, opinion.expect)
        there = {alert.alert_id for alert in before}
        raised = tuple(alert for alert in after if alert.alert_id not in there)
        after = _second_opinions(after, raised, opinion.panel)
        store.save_alerts(connection, before, after)
        store.add_transitions(connection, moved)
        store.save_judged(connection, Judged(first, floor_hour(at), usage.seq))
    return Detected(raised, tuple(after), tuple(opinion.skipped))


def _from(finding: Finding, start: datetime, taught: Mapping[SeriesKey, Lesson]) -> Finding | None:
    """What of the finding lies at or after `start` (the months before the first run's are replay's), with what verdicts
    had to do with it."""
    kept = {hour for hour in finding.hours if hour >= start}
    if not kept:
        return None
    why = taught[finding.key].why if finding.key in taught and finding.kind not in APART else ""
    return replace(only(finding, kept), reasons=(*finding.reasons, *([why] if why else [])))


def _priced(app: App, book: Book, usage: Known, alerts: Sequence[Alert], expect: Expect) -> list[Alert]:
    weighed = weigh(book, app.rules, usage.grid, expect, alerts, open_months(usage.at))
    least = app.settings.detection.least
    return [replace(alert, quiet=not loud(alert, least)) for alert in weighed]


def _second_opinions(alerts: Sequence[Alert], raised: Sequence[Alert], series: Panel) -> list[Alert]:
    """Loud new alerts say what statsmodels' STL expects of their hours."""
    loud = sorted((a for a in raised if not a.quiet and a.stake), key=lambda a: (-_amount(a), a.alert_id))[:STL_SERIES]
    reasons = {alert.alert_id: opinion for alert in loud if (opinion := _opinion(alert, series))}
    return [replace(a, reasons=(*a.reasons, *reasons.get(a.alert_id, ()))) for a in alerts]


def _opinion(alert: Alert, series: Panel) -> tuple[str, ...]:
    from detectors.second_opinion import stl_expected

    row = series.keys.index(alert.key)
    columns = np.array([hours_between(series.start, hour) for hour in alert.hours if hour >= series.start])
    learned = series.learned[row].copy()
    learned[columns] = False
    expected = stl_expected(series.values[row], learned, columns)
    if expected is None:
        return ()
    actual = float(np.nansum(series.values[row][columns]))
    return (f"a second model (STL) expects {float(expected.sum()):,.0f} over these hours, {actual:,.0f} came",)


def _amount(alert: Alert) -> Decimal:
    return max((stake.amount for stake in alert.stakes), default=Decimal(0))
