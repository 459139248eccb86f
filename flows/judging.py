"""The detectors' part of a cycle: from the day's hours and what its morning taught, else from the whole past."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path

import numpy as np

from alerts.alert import Alert, whole
from alerts.contract_month import Expect, follow
from alerts.store import Judged
from alerts.teaching import Lesson, lessons
from billing.book import Book
from billing.grid import Grid, SeriesKey, as_float
from billing.hours import Month, floor_hour, hours_between
from billing.rollups import Hours
from detectors.dawn import Dawn, Morning
from detectors.moment import REACH
from detectors.newest import Beside, newest
from detectors.scan import Finding, Skipped
from detectors.series import Panel
from detectors.state import Rows
from flows import keep
from flows.keep import Keep, Origin
from flows.origins import kin
from flows.usage import LATE, Known, known, panel, window
from flows.wiring import App


@dataclass(frozen=True)
class Case:
    """What there is to judge by beside usage: the book and its version, the window's alerts and verdicts, how far the
    last cycle came."""

    app: App
    book: Book
    version: int
    alerts: Sequence[Alert]
    decided: Mapping[str, datetime]
    at: datetime
    mark: Judged | None

    def taught(self, keys: Sequence[SeriesKey]) -> Mapping[SeriesKey, Lesson]:
        """What verdicts teach of these series."""
        return lessons(self.alerts, self.decided, self.at, kin(keys, self.book)) if self.decided else {}

    def since(self, usage: Known) -> datetime:
        """The first hour to judge: on a first run the open month's, then the earliest that is new or changed."""
        if self.mark is None:
            return Month.of(usage.at).start
        earliest = max(self.mark.since, Month.of(usage.at - LATE).start)
        return max(earliest, min(self.mark.upto, usage.changed or self.mark.upto))

    @property
    def origin(self) -> Origin:
        """What would be learned from now."""
        at = floor_hour(self.at)
        return Origin(window(at), at.replace(hour=0), self.version, self.app.rules.catalog)

    @property
    def folder(self) -> Path:
        """Where that is kept."""
        return self.app.workspace / "dawn"


@dataclass(frozen=True)
class Opinion:
    """What the detectors say. since: the first hour judged. panel: the series that findings are of, and perhaps others.
    expect: what any series is expected to do from now on."""

    usage: Known
    taught: Mapping[SeriesKey, Lesson]
    since: datetime
    found: Sequence[Finding]
    skipped: Sequence[Skipped]
    panel: Panel
    expect: Expect


def judged(case: Case, usage: Known | None) -> Opinion:
    """Of the hours that are new or changed. usage: what is known at the clock; None reads the lake."""
    if usage:
        return _by_the_past(case, usage)
    kept = keep.read(case.folder, case.origin)
    opinion = _by_the_day(case, kept) if kept else None
    if opinion:
        return opinion
    opinion = _by_the_past(case, known(case.app.lake, case.app.rules.catalog, case.at, case.mark))
    return _kept(case, opinion) if opinion.panel.keys else opinion


def forecast(app: App, series: Panel) -> Expect:
    """What every series is expected to do from the panel's end on; learned when the first one is asked for."""

    @cache
    def learned() -> Expect:
        return follow(dict(zip(series.keys, app.scanner.profiles(series), strict=True)))

    def expect(key: SeriesKey) -> Hours:
        return learned()(key)

    return expect


def _by_the_past(case: Case, usage: Known) -> Opinion:
    taught = case.taught(usage.grid.keys)
    series = panel(usage, case.book, case.app.rules.catalog, case.alerts, taught)
    since = case.since(usage)
    found, skipped = case.app.scanner.scan(series, since)
    return Opinion(usage, taught, since, found, skipped, series, forecast(case.app, series))


def _kept(case: Case, opinion: Opinion) -> Opinion:
    """The same; what was learned for it is kept for the cycles of the day that follow."""
    dawn, series = Dawn.of(case.app.scanner, opinion.panel), opinion.panel
    keep.save(case.folder, case.origin, opinion.usage.seq, opinion.usage.grid, series, dawn)
    return replace(opinion, expect=follow(dict(zip(series.keys, dawn.profile, strict=True))))


def _by_the_day(case: Case, kept: Keep) -> Opinion | None:
    """None where more has changed than the day's hours."""
    usage = _today(case, kept)
    if usage is None or (since := case.since(usage)) < kept.day:
        return None
    grid, taught = usage.grid, case.taught(usage.grid.keys)
    place = kept.place
    keys = list(place)
    caution = np.zeros(len(keys))
    for key in taught.keys() & place.keys():
        caution[place[key]] = taught[key].caution

    def some(rows: Rows) -> Panel:
        return panel(usage, case.book, case.app.rules.catalog, case.alerts, taught, kept.rows[rows].tolist())

    alerted = {place[alert.key] for alert in case.alerts if alert.key in place}
    rows = np.array(sorted(alerted.union(kept.unlearned[:, 0].tolist())), dtype=np.intp)
    learned = some(rows).learned
    again = rows[(learned[:, : kept.column] != kept.learned(rows)).any(axis=1)]
    first = hours_between(kept.start, since)
    near = rows[~learned[:, first - REACH :].all(axis=1)]
    morning = Morning(kept.dawn, kept.column, as_float(grid.between(kept.day, grid.end))[kept.rows], kept.start)
    news = newest(case.app.scanner, keys, morning, first - kept.column, Beside(again, near, caution, some))
    if news is None:
        return None
    expect = _expecting(case.app, kept.dawn, place, {keys[row] for row in again.tolist()}, lambda: some(again))
    return Opinion(usage, taught, since, news.found, news.skipped, news.panel, expect)


def _today(case: Case, kept: Keep) -> Known | None:
    """The days before as they were kept with what the lake says of this one; None where they are others now."""
    lake, mark, at = case.app.lake, case.mark, floor_hour(case.at)
    seq = lake.seq
    if mark is None or lake.changed(kept.start, kept.day, kept.seq):
        return None
    grid = kept.with_today(Grid.of(lake.current(kept.day, at), case.app.rules.catalog, kept.day, at))
    if grid is None:
        return None
    return Known(at, grid, None, lake.changed(kept.start, at, mark.seq, mark.upto), max(mark.seq, seq))


def _expecting(
    app: App, dawn: Dawn, place: Mapping[SeriesKey, int], others: set[SeriesKey], past: Callable[[], Panel]
) -> Expect:
    """As the dawn has it; `others`, of which it learned from other hours, by their past."""

    @cache
    def learned() -> Expect:
        return forecast(app, past())

    def expect(key: SeriesKey) -> Hours:
        if key in others or key not in place:
            return learned()(key)
        return whole(dawn.profile[place[key]])

    return expect
