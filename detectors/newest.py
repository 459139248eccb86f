"""The newest hours of a day, judged as by the whole walk: all are screened, and only suspects' pasts are looked at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from detectors.dawn import Dawn, Morning
from detectors.part import Part
from detectors.scan import Finding, Scanner, Skipped, finding_of, skipped_of
from detectors.series import Floats, Panel, SeriesKey
from detectors.state import Rows
from detectors.watch import age, ready


@dataclass(frozen=True)
class Beside:
    """What is known of series beside their usage today.

    again: whose days before are not learned from as the dawn did. near: who has an alert within REACH hours. caution:
    [series]. panel: their whole past and today, of some rows.
    """

    again: Rows
    near: Rows
    caution: Floats
    panel: Callable[[Rows], Panel]


@dataclass(frozen=True)
class News:
    """panel: the series whose whole past was looked at."""

    found: list[Finding]
    skipped: list[Skipped]
    panel: Panel


def newest(scanner: Scanner, keys: Sequence[SeriesKey], morning: Morning, first: int, beside: Beside) -> News | None:
    """What `Scanner.scan` says of the hours of the day from `first` on.

    None: what was found changes what the kin of its series are judged by in the hours after it.
    """
    if first >= morning.today.shape[1]:
        return News([], [], beside.panel(np.empty(0, np.intp)))
    dawn, day = morning.dawn, morning.column // 24
    lessons, days = _again(scanner, dawn, day, beside)
    settled = [kind.settle(lesson, dawn.kin) for kind, lesson in zip(scanner.kinds, lessons, strict=True)]
    lives = morning.lives(scanner.min_days)
    odd = morning.suspects(scanner, settled, lives, first, beside.caution)
    rows = np.union1d(odd, np.union1d(beside.again, beside.near)).astype(np.intp)
    panel, all_rows = beside.panel(rows), np.arange(len(rows))

    def settle(own: Sequence[Floats]) -> list[Floats]:
        """Among all, whose lessons are beside."""
        return [
            before[rows]
            if np.array_equal(mine, lesson[rows])
            else kind.settle(_put(lesson, rows, mine), dawn.kin)[rows]
            for kind, mine, lesson, before in zip(scanner.kinds, own, lessons, settled, strict=True)
        ]

    watch = scanner.watch(panel, all_rows, day, lives.take(rows, 0), morning.fed(), settle)
    end = panel.values.shape[1]
    found = list(watch.judge(morning.column + first, end, scanner.budget))
    if end - morning.column - first > 1 and any(one.columns[0] < morning.column for one in found):
        return None
    ages, newest_column = age(lives, end - 1), end - 1
    untold = np.flatnonzero(~ready(ages, days, scanner.min_days) & ~lives.newcomers(newest_column))
    skipped = skipped_of([keys[int(row)] for row in untold], ages[untold], days[untold], scanner.min_days)
    return News([finding_of(panel, all_rows, one) for one in found], skipped, panel)


def _again(scanner: Scanner, dawn: Dawn, day: int, beside: Beside) -> tuple[list[Floats], Floats]:
    """The lessons, and the days of history, with those learned again."""
    if not beside.again.size:
        return list(dawn.lessons), dawn.days
    past = scanner.past(Part.of(beside.panel(beside.again), np.arange(len(beside.again))), day)
    lessons = [_put(lesson, beside.again, own) for lesson, own in zip(dawn.lessons, past.lessons, strict=True)]
    return lessons, _put(dawn.days, beside.again, past.course.days)


def _put(whole: Floats, rows: Rows, part: Floats) -> Floats:
    changed = np.array(whole)
    changed[rows] = part
    return changed
