"""What each series is expected to do, and how far it usually strays: a walk through its past, a day at a time."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from billing.hours import WEEK_HOURS
from detectors.series import Floats
from detectors.state import WARM_DAYS, Rows, State

REMEMBERED_DAYS = 5  # usage of so many trailing days is read again
SETTLED_DAYS = 14  # a baseline that has not seen two of each weekday says little about the week after
LOOK_BACK = 6 * WEEK_HOURS  # what "usually" means
NORMAL_MAD = 1.4826  # standard deviation of a normal / its median absolute deviation


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
        self._earlier: dict[tuple[int, int], Floats] = {}  # profiles by row and weeks ago, as of `day`
        self._expect()
        self.walk(day)

    def walk(self, day: int) -> None:
        """Learn from all days before `day`, the number of days since the start."""
        for done in range(self.day, day):
            if done >= day - REMEMBERED_DAYS:
                self._states[done] = self.state.copy()
            moved = self.state.correct(self._weekday(done), self.said[:, done * 24 : done * 24 + 24])
            self.day = done + 1
            self._earlier.clear()
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
        self._earlier.clear()
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
        self._expect()

    def put(self, rows: Rows, other: "Course") -> None:
        """Take over `rows` from a course of these alone that has come as far."""
        self.said[rows], self.ahead[rows], self.week_ahead[rows] = other.said, other.ahead, other.week_ahead
        self._moved[rows] = other._moved
        self._earlier.clear()
        self.state.put(rows, other.state)
        for day, state in self._states.items():
            state.put(rows, other._states[day])

    def profile(self, rows: Rows, weeks_ago: int = 0) -> Floats:
        """[rows, 168]: what the hours of a week are expected to bring, as of 00:00 of `day` or of weeks before."""
        if not weeks_ago:
            return self.state.take(rows).profile()
        for row in rows:
            if (row, weeks_ago) not in self._earlier:
                then = Course(self.said[[row]], self.start, max(self.day - 7 * weeks_ago, 0))
                self._earlier[row, weeks_ago] = then.state.profile()[0]
        return np.array([self._earlier[row, weeks_ago] for row in rows])

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

    def strayed(self, first: int, last: int) -> Floats:
        """[series, last - first]: what the columns were said to be beyond what was expected of them at 00:00 of their
        day. A series that is old enough to do without the days in which it did not know its weekends yet does so."""
        excess = self.said[:, first:last] - self.ahead[:, first:last]
        grown = (self.state.settled * 24 > first) & (self.day - self.state.settled >= SETTLED_DAYS)
        for row in np.flatnonzero(grown):
            excess[row, : int(self.state.settled[row]) * 24 - first] = np.nan
        return excess

    def baseline(self) -> Baseline:
        """As of 00:00 of `day`."""
        return Baseline(self.state.profile(), self.scale(np.arange(len(self.said))), self.days)

    def _expect(self) -> None:
        today, in_a_week = (slice(day * 24, day * 24 + 24) for day in (self.day, self.day + 7))
        if self.ahead[:, today].size:
            profile = self.state.profile([self._weekday(self.day)])
            self.ahead[:, today] = np.where(self.state.age[:, None] >= WARM_DAYS, profile, np.nan)
            settled = self.state.age >= SETTLED_DAYS
            self.state.settled[settled] = np.minimum(self.state.settled[settled], self.day)
            enough = self.state.hours[:, None] >= SETTLED_DAYS * 24
            self.week_ahead[:, in_a_week] = np.where(enough, self.ahead[:, today], np.nan)

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
