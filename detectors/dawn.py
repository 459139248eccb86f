"""What a midnight taught of every series: enough to say who may be odd in the day ahead, without their past."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from billing.hours import HOUR
from detectors.counter import Before, growth
from detectors.kind import Stretch
from detectors.moment import IDLE, NEVER, REACH, Lives, first_column, first_lately, last_columns, numbered
from detectors.part import Part, tame
from detectors.scan import Scanner, chunks, kin_of
from detectors.series import Flags, Floats, Panel
from detectors.state import Rows
from detectors.threshold import Kin
from detectors.watch import age, ready

AT_ONCE = 1000  # series screened at once: what that takes stays in the processor's cache
Columns = NDArray[np.int64]


@dataclass(frozen=True)
class Dawn:
    """The series of a panel as of 00:00 UTC of its newest day, an array each: [series] or [series, ...] in its order.

    kin: those judged together have the same number; org: likewise. heard, used, last: the column of the panel first
    heard of, first used after a pause, last used. counter: it only grows; told_at, told: the column, counted from the
    day's first, in which it was last heard of, and what it stood at. said: [series, REACH] before the day, as they are
    judged; fed: [REACH], usage of anybody was heard of. ahead, week_ahead: [series, REACH + 24], as `Course` has them,
    the day's hours last. days, floor: as `Moment` has them. profile: [series, 168]. lessons: of each kind its own.
    """

    kin: Kin
    org: Kin
    heard: Columns
    used: Columns
    last: Columns
    counter: Flags
    told_at: Columns
    told: Floats
    said: Floats
    fed: Flags
    ahead: Floats
    week_ahead: Floats
    days: Floats
    floor: Floats
    profile: Floats
    lessons: tuple[Floats, ...]

    @classmethod
    def of(cls, scanner: Scanner, panel: Panel) -> "Dawn":
        """Of a panel of some series that starts at a 00:00 UTC and holds a day at least; ValueError for another."""
        hours = panel.values.shape[1] // 24 * 24
        if panel.start.hour or not hours or not panel.keys:
            raise ValueError(
                f"{len(panel.keys)} series of {panel.values.shape[1]} hours from {panel.start} on know no midnight"
            )
        parts = chunks(panel)
        learned = [_learned(scanner, panel, rows, hours) for rows in parts]
        order = np.argsort(np.concatenate([np.empty(0, np.intp), *parts]))
        said, ahead, week_ahead, days, floor, profile, *lessons = (
            np.concatenate(arrays)[order] for arrays in zip(*learned, strict=True)
        )
        together = [nth * len(order) + kin_of(panel, rows) for nth, rows in enumerate(parts)]
        past = panel.values[:, :hours]
        before, used = Before.end_of(tame(past)), past > 0
        return cls(
            kin=numbered(np.concatenate(together)[order].tolist()),
            org=numbered(org for org, _ in panel.keys),
            heard=first_column(np.isfinite(past)),
            used=first_lately(used),
            last=np.where(used.any(axis=1), hours - 1 - used[:, ::-1].argmax(axis=1), NEVER),
            counter=np.array([bool(panel.origins) and panel.origins[row].counter for row in range(len(order))]),
            told_at=before.column,
            told=before.value,
            said=said,
            fed=last_columns(np.any(np.isfinite(past), axis=0, keepdims=True), hours, REACH, np.False_)[0],
            ahead=ahead,
            week_ahead=week_ahead,
            days=days,
            floor=floor,
            profile=profile,
            lessons=tuple(lessons),
        )


@dataclass(frozen=True)
class Morning:
    """The day after a dawn, as far as it has come. column: the day's first, of the panel. today: [series, hours]."""

    dawn: Dawn
    column: int
    today: Floats
    start: datetime

    def lives(self, min_history_days: int) -> Lives:
        """With what the day itself brought."""
        dawn = self.dawn
        heard, first = (self._column(first_column(flags)) for flags in (np.isfinite(self.today), self.today > 0))
        paused = (dawn.last == NEVER) | (first - dawn.last >= IDLE)
        used = np.where((first < NEVER) & paused, first, dawn.used)
        return Lives.among(dawn.org, np.minimum(dawn.heard, heard), used, min_history_days)

    def fed(self) -> Flags:
        """[hours of the panel]: usage of anybody was heard of; only lately is told."""
        fed = np.zeros(self.column + self.today.shape[1], np.bool_)
        lately = min(REACH, self.column)
        fed[self.column - lately : self.column] = self.dawn.fed[REACH - lately :]
        fed[self.column :] = np.isfinite(self.today).any(axis=0)
        return fed

    def suspects(self, scanner: Scanner, settled: Sequence[Floats], lives: Lives, first: int, caution: Floats) -> Rows:
        """Whom a kind may find odd from hour `first` of the day on, alerts aside. settled: the lessons to judge by."""
        hours = self.today.shape[1]
        dawn, end = self.dawn, REACH + hours
        newcomers = lives.newcomers(self.column + first) | lives.newcomers(self.column + hours - 1)
        told = ready(age(lives, self.column), dawn.days, scanner.min_days) | newcomers
        said = self._said()
        found = []
        for begin in range(0, len(told), AT_ONCE):
            some = slice(begin, begin + AT_ONCE)
            stretch = Stretch(
                values=np.concatenate([dawn.said[some], said[some]], axis=1),
                ahead=dawn.ahead[some, :end],
                week_ahead=dawn.week_ahead[some, :end],
                floor=dawn.floor[some],
                first=REACH + first,
                last=end,
                newcomers=newcomers[some],
                caution=caution[some],
            )
            found.append(
                stretch.suspects(scanner.kinds, [lesson[some] for lesson in settled], scanner.budget).any(axis=1)
            )
        return np.flatnonzero(np.concatenate([np.empty(0, np.bool_), *found]) & told)

    def _said(self) -> Floats:
        """[series, hours of the day]: as judged."""
        dawn, said = self.dawn, tame(self.today)
        counter = dawn.counter
        if counter.any():
            before = Before(dawn.told_at[counter], dawn.told[counter])
            said[counter] = growth(said[counter], self.start + self.column * HOUR, before)
        return said

    def _column(self, today: Columns) -> Columns:
        return np.where(today == NEVER, NEVER, today + self.column)


def _learned(scanner: Scanner, panel: Panel, rows: Rows, hours: int) -> list[Floats]:
    """[rows, ...] each: said, ahead, week_ahead, days, floor, profile, and a lesson of each kind."""
    part = Part.of(panel, rows)
    past = scanner.past(part, hours // 24)
    course = past.course
    course.reach(hours + 24)
    return [
        last_columns(part.values, hours, REACH, np.float64(np.nan)),
        *(last_columns(told, hours + 24, REACH + 24, np.float64(np.nan)) for told in (course.ahead, course.week_ahead)),
        course.days,
        course.state.floor,
        course.state.profile(),
        *(lesson.copy() for lesson in past.lessons),
    ]
