"""Findings become alerts with money on them, written in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from sqlalchemy.engine import Connection

from alerts import journal, store
from alerts.alert import Alert, Transition, of_book
from alerts.contract_month import Expect
from alerts.grouping import grouped, users_of
from alerts.life import advance, only
from alerts.queue import loud
from alerts.stake import weigh
from alerts.store import Judged
from alerts.teaching import Lesson
from billing import book_store
from billing.book import Book
from billing.database import reading
from billing.grid import SeriesKey
from billing.hours import floor_hour, hours_between
from detectors.episodes import APART
from detectors.scan import Finding, Skipped
from detectors.series import Panel
from flows.agreed import agreed
from flows.judging import Case, judged
from flows.usage import Known, open_months, window
from flows.wiring import App

STL_SERIES = 3  # a cycle's dearest new alerts get a second opinion; each takes a good part of a tenth of a second


@dataclass(frozen=True)
class Detected:
    """What a cycle found: new alerts, all alerts it holds open, series it could not judge; in what usage it looked."""

    raised: tuple[Alert, ...]
    alerts: tuple[Alert, ...]
    skipped: tuple[Skipped, ...]
    usage: Known | None = None


class _Basis(NamedTuple):
    """What a judgement is made from beside usage: the book, its version. decided: alert_id -> when a reviewer did."""

    mark: Judged | None
    book: Book
    version: int
    alerts: list[Alert]
    decided: dict[str, datetime]


class _Judgement(NamedTuple):
    """What is to be kept of it."""

    detected: Detected
    moved: Sequence[Transition]
    mark: Judged


def detect(app: App, at: datetime, usage: Known | None = None) -> Detected:
    """Judge the hours that are new or changed since the last cycle. The same clock again changes nothing.

    `usage`: what is known at `at`; None reads the lake. A clock before the last cycle's judges nothing.
    """
    start = usage.grid.start if usage else window(floor_hour(at))

    def read(connection: Connection) -> _Basis:
        return _Basis(
            store.judged(connection),
            app.book(connection),
            book_store.newest(connection),
            store.alerts(connection, start),
            store.decided(connection, start),
        )

    def compute(basis: _Basis) -> _Judgement | None:
        if basis.mark and floor_hour(at) < basis.mark.upto:
            return None
        return _judge(app, basis, usage, at)

    def write(connection: Connection, basis: _Basis, judgement: _Judgement | None) -> None:
        if judgement:
            store.save_alerts(connection, basis.alerts, judgement.detected.alerts)
            journal.append(connection, judgement.moved)
            store.save_judged(connection, judgement.mark)

    judgement = agreed(app.engine, read, compute, write)
    if judgement:
        return judgement.detected
    with reading(app.engine) as connection:
        return Detected((), tuple(store.alerts(connection, open_months(at)[0].start)), ())


def _judge(app: App, basis: _Basis, known: Known | None, at: datetime) -> _Judgement:
    mark, book, version, before, decided = basis
    opinion = judged(Case(app, book, version, before, decided, at, mark), known)
    usage, first = opinion.usage, mark.since if mark else opinion.since
    findings = [part for finding in opinion.found if (part := _from(finding, first, opinion.taught))]
    rollups = {meter.meter: meter.rollup for meter in app.rules.catalog.meters.values()}
    after, moved = advance(of_book(before, book, rollups), findings, book, usage.grid, rollups, at, decided)
    after = _priced(app, book, usage, after, opinion.expect)
    there = {alert.alert_id for alert in before}
    raised = tuple(alert for alert in after if alert.alert_id not in there)
    after = _second_opinions(after, raised, opinion.panel)
    detected = Detected(raised, tuple(after), tuple(opinion.skipped), usage)
    return _Judgement(detected, moved, Judged(first, floor_hour(at), usage.seq))


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
    partner_of = {org_id: book.partner_of(org.customer_id).partner_id for org_id, org in book.orgs.items()}
    users = users_of(usage.grid.keys, partner_of)
    return grouped([replace(alert, quiet=not loud(alert, least)) for alert in weighed], users, least)


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
