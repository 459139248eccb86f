"""What each series is expected to do, and how far it usually strays; from the past alone.

Double-seasonal exponential smoothing (Taylor 2003, "Short-term electricity demand forecasting using double seasonal
exponential smoothing") in daily steps, over all series at once: a level, an hour-of-day pattern and an hour-of-week
pattern, each corrected every midnight by its share of the day's errors. Errors are clipped at CLIP times the usual
one before they correct anything (Gelper, Fried and Croux 2010), so that a spike teaches little. A pattern's correction
never counts less than a plain mean would give it, so the second day already stands on the first; the level is slow
until two weekends have shown what a weekend is. Gains were chosen on the even half of the public panel.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from billing.hours import WEEK_HOURS
from detectors.series import Flags, Floats

LEVEL, DAILY, WEEKLY, SPREAD = 0.5, 0.15, 0.2, 0.1  # share of a day's error that corrects each part
CLIP = 4.0  # times the usual error
MOVED, MOVED_HOURS = (
    0.75,
    12,
)  # this share of a day's hours, of so many at least, beyond the clip on one side: a day off
WARM_DAYS = 3  # before that a forecast is no forecast yet
YOUNG_DAYS, YOUNG_LEVEL = 14, 0.3  # the level's share until the week is known
NO_WEEK_YET, A_WEEK = 2.0, 0.5  # weeks' worth of doubt that days of the week differ, in the YOUNG_DAYS and after
STEEP_DAYS, STEEP = 21, 0.25  # so long an unknown weekend may be so far off the level and is still heard
REMEMBERED_DAYS = 5  # usage of so many trailing days is read again
SETTLED_DAYS = 14  # a baseline that has not seen two of each weekday says little about the week after
LOOK_BACK = 6 * WEEK_HOURS  # what "usually" means
LEAST_SHARE, LEAST_COUNT = 0.01, 1.0  # straying by 1 % of the mean, or by one whole thing, is never news
NORMAL_MAD = 1.4826  # standard deviation of a normal / its median absolute deviation

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Baseline:
    """What each series is expected to do.

    profile: [series, 168], the expected value by hour of week (Monday 00:00 UTC = 0), level included, >= 0; NaN
    where there is no opinion. scale: [series], how far an hour usually strays, in the unit of the values. days:
    [series], days of history it rests on (hours learned / 24).
    """

    profile: Floats
    scale: Floats
    days: Floats


@dataclass
class State:
    """Level, patterns and usual error of every series after some days; what was said of them so far."""

    level: Floats
    daily: Floats  # [series, 24]
    weekly: Floats  # [series, 7, 24]
    spread: Floats
    age: Floats  # days on which anything was said
    heard: Flags  # [series, 24]: hours of day at which anything was said
    hours: Floats  # in which anything was said
    total: Floats  # of what was said, storms clipped
    counts: Flags  # nothing but whole things was said
    off: Floats  # by how much the last day as a whole was off, beyond the clip; 0 if it was not

    @classmethod
    def new(cls, series: int) -> "State":
        """Of series of which nothing is known."""
        none = np.zeros(series)
        return cls(
            level=none.copy(),
            daily=np.zeros((series, 24)),
            weekly=np.zeros((series, 7, 24)),
            spread=none.copy(),
            age=none.copy(),
            heard=np.zeros((series, 24), np.bool_),
            hours=none.copy(),
            total=none.copy(),
            counts=np.ones(series, np.bool_),
            off=none.copy(),
        )

    def copy(self) -> "State":
        """The same, to be kept."""
        return self.take(np.arange(len(self.level)))

    def take(self, rows: Rows) -> "State":
        """Of these rows alone."""
        return State(*(getattr(self, field.name)[rows] for field in fields(self)))

    def put(self, rows: Rows, other: "State") -> None:
        """Take over `rows` from a state of these alone."""
        for field in fields(self):
            getattr(self, field.name)[rows] = getattr(other, field.name)

    def profile(self, weekdays: Sequence[int] = range(7)) -> Floats:
        """[series, 24 a weekday], >= 0, NaN for an hour of day never heard."""
        expected = self.level[:, None, None] + self.daily[:, None] + self.weekly[:, weekdays]
        profile: Floats = np.where(self.heard[:, None], np.maximum(expected, 0), np.nan)
        return profile.reshape(len(self.level), -1)

    @property
    def floor(self) -> Floats:
        """The least that an hour strays: a share of the mean, and one whole thing where only such are counted."""
        mean = self.total / np.maximum(self.hours, 1)
        least: Floats = np.maximum(LEAST_SHARE * mean, np.where(self.counts, LEAST_COUNT, np.finfo(float).tiny))
        return least

    def correct(self, weekday: int, day: Floats) -> Rows:
        """Learn from one day, [series, 24]. The series whose level is another since the day before."""
        said = np.isfinite(day)
        heard = said.any(axis=1)
        count = np.maximum(said.sum(axis=1), 1)
        steep = np.where(self.age < STEEP_DAYS, STEEP * np.abs(self.level), 0)
        bound = np.where(self.age >= WARM_DAYS, CLIP * np.maximum(self.spread, steep), np.inf)[:, None]
        expected = self.level[:, None] + self.daily + self.weekly[:, weekday]
        strayed = np.where(said, day - expected, 0)
        moved = self._move(weekday, day, strayed, bound)
        if moved.size:
            expected = self.level[:, None] + self.daily + self.weekly[:, weekday]
            strayed = np.where(said, day - expected, 0)
        error = np.clip(strayed, -bound, bound)

        shift = error.sum(axis=1) / count
        shape = np.where(said, error - shift[:, None], 0)
        usual = np.abs(error).sum(axis=1) / count * 1.25  # standard deviation of a normal / its mean deviation
        mean = 1 / (self.age + 1)
        level = np.maximum(mean, np.where(self.age < YOUNG_DAYS, YOUNG_LEVEL, LEVEL))
        doubt = np.where(self.age < YOUNG_DAYS, NO_WEEK_YET, A_WEEK)
        weekly = np.where(self.age >= 1, np.maximum(WEEKLY, 1 / (self.age // 7 + 1 + doubt)), 0)
        spread = np.where(self.age >= 1, np.maximum(SPREAD, 1 / np.maximum(self.age, 1)), 0)

        self.level += level * shift * np.minimum(1, 2 * count / 24)  # a few hours say little of a day
        self.daily += np.maximum(DAILY, mean)[:, None] * shape
        self.weekly[:, weekday] += weekly[:, None] * error
        self.spread += np.where(heard, spread * (usual - self.spread), 0)
        self.age += heard
        self.heard |= said
        self.hours += said.sum(axis=1)
        self.total += np.where(said, expected + error, 0).sum(axis=1)
        self.counts &= (~said | (day == np.floor(day))).all(axis=1)
        return moved

    def _move(self, weekday: int, day: Floats, strayed: Floats, bound: Floats) -> Rows:
        """A second whole day off to the same side is a new level, by the lesser of the two. The patterns grow with it
        where that fits the day better. The series whose level has moved."""
        enough = np.maximum(MOVED * np.isfinite(day).sum(axis=1), MOVED_HOURS)
        above, below = ((side * strayed > bound).sum(axis=1) >= enough for side in (1, -1))
        far = np.flatnonzero(above | below)
        before, self.off = self.off, np.zeros_like(self.off)
        if far.size:
            self.off[far] = np.nanmedian(np.where(np.isfinite(day[far]), strayed[far], np.nan), axis=1)
        moved = np.flatnonzero(before * self.off > 0)
        if not moved.size:
            return moved
        step = np.sign(before[moved]) * np.minimum(np.abs(before[moved]), np.abs(self.off[moved]))
        level = self.level[moved]
        pattern = self.daily[moved] + self.weekly[moved, weekday]
        times = np.maximum(level + step, 0) / np.where(level > 0, level, np.inf)
        left = [
            np.nanmean(np.abs(day[moved] - (level + step)[:, None] - pattern * by), axis=1)
            for by in (1, times[:, None])
        ]
        times = np.where((level > 0) & (left[1] < left[0]), times, 1)
        self.spread[moved] = np.maximum(self.spread[moved], 1.25 * np.minimum(*left))
        self.level[moved] += step
        self.daily[moved] *= times[:, None]
        self.weekly[moved] *= times[:, None, None]
        self.off[moved] = 0
        return moved


class Course:
    """A walk through the past of some series: each day is expected before it is looked at.

    said: [series, hours of whole days], NaN where nothing was said or not to be learned. ahead: [series, hours], what
    was expected of the hour at 00:00 of its day; NaN in the first days of a series, and from the day after `day` on.
    week_ahead: what was expected of the same hour a week before; NaN until the series is SETTLED_DAYS old. state: after
    the days before `day`.
    """

    def __init__(self, said: Floats, start: datetime, day: int = 0) -> None:
        """start: the 00:00 UTC of column 0. day: how many days to walk at once."""
        self.said = said
        self.start = start
        self.ahead = np.full_like(said, np.nan)
        self.week_ahead = np.full((len(said), said.shape[1] + WEEK_HOURS), np.nan)
        self.state = State.new(len(said))
        self.day = 0
        self._states: dict[int, State] = {}
        self._moved = np.zeros(len(said), np.intp)  # the day after which the level last was another
        self._expect()
        self.walk(day)

    def walk(self, day: int) -> None:
        """Learn from all days before `day`, the number of days since the start."""
        for done in range(self.day, day):
            if done >= day - REMEMBERED_DAYS:
                self._states[done] = self.state.copy()
            moved = self.state.correct(self._weekday(done), self.said[:, done * 24 : done * 24 + 24])
            self.day = done + 1
            self._expect()
            if moved.size:
                self._expect_again(moved)
        self._states = {done: state for done, state in self._states.items() if done >= day - REMEMBERED_DAYS}

    def rewind(self, day: int) -> bool:
        """Go back to a day walked lately; False where it is forgotten."""
        if day == self.day:
            return True
        if day not in self._states:
            return False
        self.state, self.day = self._states[day], day
        self._states = {done: state for done, state in self._states.items() if done < day}
        since = np.flatnonzero(self._moved > day)
        if since.size:  # what was expected of earlier days has changed since
            as_of_then = Course(self.said[since], self.start, day)
            as_of_then.reach(self.said.shape[1])
            self.put(since, as_of_then)
        return True

    def reach(self, hours: int) -> None:
        """Make room for so many hours in all."""
        if hours <= self.said.shape[1]:
            return
        more = ((0, 0), (0, hours - self.said.shape[1]))
        self.said, self.ahead, self.week_ahead = (
            np.pad(columns, more, constant_values=np.nan) for columns in (self.said, self.ahead, self.week_ahead)
        )

    def put(self, rows: Rows, other: "Course") -> None:
        """Take over `rows` from a course of these alone that has come as far."""
        self.said[rows], self.ahead[rows], self.week_ahead[rows] = other.said, other.ahead, other.week_ahead
        self._moved[rows] = other._moved
        self.state.put(rows, other.state)
        for day, state in self._states.items():
            state.put(rows, other._states[day])

    def profile(self, rows: Rows, weeks_ago: int = 0) -> Floats:
        """[rows, 168]: what the hours of a week are expected to bring, as of 00:00 of `day` or of weeks before."""
        if not weeks_ago:
            return self.state.take(rows).profile()
        return Course(self.said[rows], self.start, max(self.day - 7 * weeks_ago, 0)).state.profile()

    @property
    def days(self) -> Floats:
        """[series]: of history that were learned from."""
        return self.state.hours / 24

    def scale(self, rows: Rows) -> Floats:
        """[rows]: how far an hour usually strays."""
        end = self.day * 24
        recent = slice(max(0, end - LOOK_BACK), end)
        strayed = np.abs(self.said[rows, recent] - self.ahead[rows, recent])
        return np.maximum(NORMAL_MAD * _median(strayed), self.state.floor[rows])

    def baseline(self) -> Baseline:
        """As of 00:00 of `day`."""
        return Baseline(self.state.profile(), self.scale(np.arange(len(self.said))), self.days)

    def _expect(self) -> None:
        today, in_a_week = (slice(day * 24, day * 24 + 24) for day in (self.day, self.day + 7))
        if self.ahead[:, today].size:
            profile = self.state.profile([self._weekday(self.day)])
            self.ahead[:, today] = np.where(self.state.age[:, None] >= WARM_DAYS, profile, np.nan)
            settled = self.state.hours[:, None] >= SETTLED_DAYS * 24
            self.week_ahead[:, in_a_week] = np.where(settled, self.ahead[:, today], np.nan)

    def _expect_again(self, moved: Rows) -> None:
        """The level of these was another for two days: what is expected of these, and in a week, is by what is known
        now. The way to a new level is no straying, and a slow rise is not a new level seen from the old one."""
        self._moved[moved] = self.day
        state = self.state.take(moved)
        for columns, first, days in ((self.ahead, self.day - 2, 2), (self.week_ahead, self.day - 2, 9)):
            hours = slice(first * 24, min((first + days) * 24, columns.shape[1]))
            profile = state.profile([self._weekday(day) for day in range(first, first + days)])
            was = columns[moved, hours]
            columns[moved, hours] = np.where(np.isnan(was), np.nan, profile[:, : was.shape[1]])

    def _weekday(self, day: int) -> int:
        return (self.start.weekday() + day) % 7


def _median(rows: Floats) -> Floats:
    """[series], of what is not NaN (a sort puts NaN last); 0 for none."""
    count = np.isfinite(rows).sum(axis=1)
    if not rows.shape[1]:
        return np.zeros(len(rows))
    middle = np.sort(rows, axis=1)[np.arange(len(rows)), np.maximum(count - 1, 0) // 2]
    return np.where(count > 0, middle, 0)
