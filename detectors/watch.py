"""Some series, hour after hour: who is suspect today, and what each kind says of them at the close of an hour."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from billing.hours import WEEK_HOURS
from detectors.calendar import Calendar, Candidate
from detectors.kind import Kind, Stretch
from detectors.moment import LIVE_HOURS, REACH, Lives, Moment, Odd, last_columns
from detectors.past import Past, whole_days
from detectors.series import Flags, Floats
from detectors.state import Rows

Settle = Callable[[Sequence[Floats]], list[Floats]]
LATELY = 24  # hours in which usage of anybody shows that the lake is fed
NEXT_TO_NOTHING = 0.02  # of the mean
ENOUGH_SAID = 0.5  # of the least history must be hours that were said and could be learned


def age(lives: Lives, column: int) -> Floats:
    """[series]: days from the first hour heard to 00:00 of the column's day."""
    return np.maximum(column // 24 * 24 - lives.heard, 0) / 24


def ready(ages: Floats, days: Floats, min_days: int) -> Flags:
    """[series]: there is enough past to judge by. days: of history that were learned from."""
    enough: Flags = (ages >= min_days) & (days >= ENOUGH_SAID * min_days)
    return enough


@dataclass(frozen=True)
class Found:
    """What a kind found: `odd` at `index`, of the series in `row`; columns: the odd hours that are new;
    actual: what was judged of them."""

    row: int
    kind: str
    odd: Odd
    index: int
    columns: NDArray[np.intp]
    actual: Floats
    profile: Floats
    scale: float


@dataclass
class Watch:
    """values, learned: [series, hours] from a 00:00 UTC on; `learned` is changed. settle: the lessons to judge by, from
    those of the past. caution, lives: of each series. fed: [hours], usage of anybody was heard of. past: as of 00:00
    of the first hour's day. min_days: of history before that a series is judged. ordinary: [series, hours], what is
    learned if no alert has it."""

    kinds: Sequence[Kind]
    past: Past
    values: Floats
    learned: Flags
    settle: Settle
    caution: Floats
    lives: Lives
    fed: Flags
    min_days: int
    calendar: Calendar
    ordinary: Flags

    def judge(self, first: int, last: int, budget: float) -> Iterator[Found]:
        """The columns [first, last), in their order. An hour found is not learned from any more (Kind.young aside)."""
        found = np.zeros_like(self.learned)
        for day in range(first // 24, -(-last // 24)):
            if day > self.past.course.day:
                self.past.add(self._teaches(slice(None), slice(self.past.course.day * 24, day * 24)))
            lessons = self.settle(self.past.lessons)
            hours = range(max(first, day * 24), min(last, day * 24 + 24))
            suspects = self._suspects(hours, lessons, budget)
            for column, suspect in zip(hours, suspects.T, strict=True):
                if not suspect.any():
                    continue
                new = list(self._at_close(column, np.flatnonzero(suspect), lessons, budget, found))
                suspects[[one.row for one in new]] = True
                early = np.unique([one.row for one in new if one.columns[0] < day * 24]).astype(np.intp)
                if early.size:
                    self.past.again(early, self._teaches(early, slice(None)))
                    lessons = self.settle(self.past.lessons)
                    suspects |= self._suspects(hours, lessons, budget)
                yield from new

    def age(self, column: int) -> Floats:
        """[series]: days from the first hour heard to 00:00 of the column's day."""
        return age(self.lives, column)

    def ready(self, column: int) -> Flags:
        """[series]: there is enough past to judge by."""
        return ready(self.age(column), self.past.course.days, self.min_days)

    def _teaches(self, rows: Rows | slice, columns: slice) -> Floats:
        """[rows, hours of whole days]: what was said and may be learned."""
        taught = self.learned[rows, columns] & self.ordinary[rows, columns]
        return whole_days(self.values[rows, columns], taught)

    def _suspects(self, hours: range, lessons: Sequence[Floats], budget: float) -> Flags:
        """[series, hours]: what a kind may find odd in these hours of one day, or is under alert."""
        first, last = hours[0], hours[-1] + 1
        newcomers = self.lives.newcomers(first) | self.lives.newcomers(last - 1)
        course = self.past.course
        stretch = Stretch(
            values=self.values,
            ahead=course.ahead,
            week_ahead=course.week_ahead,
            floor=course.state.floor,
            first=first,
            last=last,
            newcomers=newcomers,
            caution=self.caution,
        )
        suspect = stretch.suspects(self.kinds, lessons, budget)
        suspect |= ~np.all(self.learned[:, max(0, first - REACH) : last], axis=1, keepdims=True)
        judged: Flags = suspect & (self.ready(first) | newcomers)[:, None]
        return judged

    def _at_close(
        self, column: int, rows: Rows, lessons: Sequence[Floats], budget: float, found: Flags
    ) -> Iterator[Found]:
        """What the kinds find at the close of the hour in `column`; marks it in `learned` and `found`."""
        moment = self._moment(column, rows)
        ready = self.ready(column)[rows]
        for kind, lesson in zip(self.kinds, lessons, strict=True):
            odd = kind.judge(moment, lesson[rows], budget)
            if odd.rows.size and not kind.young:
                odd = self._judged_again(kind, odd, moment, column, rows, lesson[rows], budget)
            for index, among in enumerate(odd.rows):
                row = rows[among]
                columns = column + 1 - REACH + np.flatnonzero(odd.hours[index])
                if found[row, column] or not (kind.young or ready[among]):
                    continue
                columns = columns[~found[row, columns]]
                found[row, columns] = True
                self.learned[row, columns] &= kind.young
                profile = self.past.course.profile(rows[among : among + 1], odd.weeks_ago)[0]
                profile = np.zeros(WEEK_HOURS) if kind.young else profile
                actual = self.values[row, columns]
                yield Found(int(row), kind.name, odd, index, columns, actual, profile, float(moment.scale[among]))

    def _judged_again(
        self, kind: Kind, odd: Odd, moment: Moment, column: int, rows: Rows, lesson: Floats, budget: float
    ) -> Odd:
        """What is odd after all, once the calendar has said what it lets one expect."""
        among = moment.take(odd.rows)
        found = zip(rows[odd.rows], odd.hours, odd.expected, among.actual, strict=True)
        usual = np.array(
            [
                self.calendar.usual(row, column, Candidate(*one), self.values[row], self.past.course)
                for row, *one in found
            ]
        )
        more = np.nan_to_num(usual - odd.expected)
        if not more.any():
            return odd
        excused = replace(among, day_ahead=among.day_ahead + more, week_ahead=among.week_ahead + more)
        again = kind.judge(excused, lesson[odd.rows], budget)
        return replace(again, rows=odd.rows[again.rows])

    def _silences(self, end: int, rows: Rows) -> NDArray[np.int64]:
        """[rows]: the longest run of columns before `end` with next to nothing, since it was first heard of."""
        past = np.nan_to_num(self.values[rows, : max(0, end)])
        silent = (past <= NEXT_TO_NOTHING * past.mean(axis=1, keepdims=True)) & self.learned[rows, : max(0, end)]
        columns = np.arange(silent.shape[1])
        silent &= columns >= self.lives.heard[rows, None]
        since = np.maximum.accumulate(np.where(silent, 0, columns + 1), axis=1) if silent.size else silent.astype(int)
        longest: NDArray[np.int64] = np.max(np.where(silent, columns + 1 - since, 0), axis=1, initial=0)
        return longest

    def _moment(self, column: int, rows: Rows) -> Moment:
        def last(columns: Floats) -> Floats:
            return last_columns(columns[rows], column + 1, REACH, np.float64(np.nan))

        course = self.past.course
        actual = last(self.values)
        known = last_columns(self.learned[rows], column + 1, REACH, np.True_)
        said = np.isfinite(actual)
        lives = self.lives
        return Moment(
            actual=actual,
            day_ahead=last(course.ahead),
            week_ahead=last(course.week_ahead),
            fresh=np.concatenate([(said & known)[:, :-1], said[:, -1:]], axis=1),
            live=np.any(~known[:, -1 - LIVE_HOURS : -1], axis=1),
            newcomer=lives.newcomers(column)[rows],
            first_week=lives.newcomers(column, WEEK_HOURS)[rows],
            idle=lives.idle[rows],
            days=course.days[rows],
            scale=course.scale(rows),
            floor=course.state.floor[rows],
            caution=self.caution[rows],
            others=np.full(len(rows), self.fed[max(0, column - LATELY) : column + 1].any()),
            silences=lambda some: self._silences(column + 1 - REACH, rows[some]),
        )
