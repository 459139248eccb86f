"""What the calendar excuses: clock changes, holidays, what comes every month. Asked only of hours found odd."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from billing.hours import DAY, HOUR, WEEK_HOURS, Month, hour_of_week
from detectors.baseline import Course
from detectors.moment import REACH
from detectors.series import Flags, Floats, Origin

CLOCK_DAYS = 28  # so long after a change of the clock the baseline is of two minds
MONTHS = 2  # that the same hour is looked for in; a panel holds no more of them whole
VARIES = 1 / 0.7  # what comes every month may be larger than it was by so much
ALIKE_HOURS = 24  # a counter grows as it did so near to the same hour of another month
COUNTER_START = 7 * DAY  # of a month in which a counter may grow as it does at no other time
BATCH_DAYS, MOSTLY, FEW, A_BATCH = 28, 0.2, 7, 10.0  # in so many days, used in this share of the hours, but so often
EARLIER_LATER = 2  # hours by which a batch comes earlier or later
NOWHERE = 10**6  # hours back: before every panel

Columns = NDArray[np.int_]


@dataclass(frozen=True)
class Candidate:
    """What a kind found odd in one series, [REACH] each. strayed: over the odd hours, from what was expected."""

    hours: Flags
    expected: Floats
    actual: Floats

    @cached_property
    def strayed(self) -> float:
        strayed = self.actual[self.hours] - self.expected[self.hours]
        return float(strayed[np.isfinite(strayed)].sum())

    @property
    def upwards(self) -> bool:
        return self.strayed > 0


@dataclass(frozen=True)
class Calendar:
    """start: the 00:00 UTC of column 0. origins: of each series."""

    start: datetime
    origins: Sequence[Origin]

    def ordinary(self, hours: int) -> Flags:
        """[series, hours]: False on a holiday, which is not learned as the weekday that it falls on."""
        if not any(origin.holidays for origin in self.origins):
            return np.ones((len(self.origins), hours), np.bool_)
        lived = [(origin.zone, origin.holidays) for origin in self.origins]
        number = {one: nth for nth, one in enumerate(dict.fromkeys(lived))}
        flags = np.stack([~_on_holiday(self.start, hours, *one) for one in number])
        ordinary: Flags = flags[[number[one] for one in lived]]
        return ordinary

    def usual(self, row: int, column: int, odd: Candidate, values: Floats, course: Course) -> Floats:
        """What the calendar lets one expect of the REACH hours up to `column`, [REACH], in the direction in which the
        odd ones stray from the baseline. values: [hours], of the series."""
        origin = self.origins[row]
        reached = np.arange(column + 1 - REACH, column + 1)
        if origin.counter:
            return self._as_in_other_months(reached, odd, values)
        further = np.fmax if odd.upwards else np.fmin
        usual = odd.expected
        if odd.upwards:
            usual = np.fmax(usual, _batch(values[: max(0, column // 24 * 24)], reached % 24))
        for other in self._other_hours(row, reached, course, odd.upwards):
            usual = further(usual, other)
        usual = usual + self._every_month(origin.zone, reached, odd, values - course.ahead[row, : len(values)])
        return np.where(np.isfinite(odd.expected), np.maximum(usual, 0), np.nan)

    def _other_hours(self, row: int, reached: Columns, course: Course, upwards: bool) -> Iterator[Floats]:
        """[REACH] each: what was expected of the hours that these may be like instead; NaN for none."""
        origin = self.origins[row]
        if origin.zone == "UTC" and not origin.holidays:
            return
        profile = course.profile(np.array([row]))[0]
        newest = self.start + int(reached[-1]) * HOUR
        for moved in _moves(newest, origin.zone):
            yield _at(course.ahead[row], reached + moved, profile, self.start)
        if origin.holidays:
            of_day = np.fmax if upwards else np.fmin
            on = _on_holiday(self.start, len(course.ahead[row]), origin.zone, origin.holidays)
            yield np.where((reached >= 0) & on[reached], of_day.reduce(profile.reshape(7, 24))[reached % 24], np.nan)

    def _every_month(self, zone: str, reached: Columns, odd: Candidate, strayed: Floats) -> Floats:
        """[REACH]: what the odd hours may stray by, because at the same time of the months before they did alike."""
        usual = np.zeros(len(reached))
        back = np.array([_months_back(self.start + int(column) * HOUR, zone) for column in reached[odd.hours]])
        then = reached[odd.hours][:, None, None] - back
        before = np.where(then >= 0, strayed[then.clip(0)], np.nan) * (1 if odd.upwards else -1)
        by_month = np.fmax.reduce(before, axis=1)
        heard = np.isfinite(by_month).all(axis=0)
        if heard.any() and by_month[:, heard].sum(axis=0).min() * VARIES >= abs(odd.strayed):
            least = np.maximum(by_month[:, heard].min(axis=1), 0)
            usual[odd.hours] = VARIES * least * (1 if odd.upwards else -1)
        return usual

    def _as_in_other_months(self, reached: Columns, odd: Candidate, values: Floats) -> Floats:
        """A counter starts again with a rush: it is expected to grow as about then in the months before, and by
        anything in the first days of the month where those are not known. One that stands still has not stopped."""
        if not odd.upwards:
            return odd.actual
        usual = odd.expected.copy()
        for nth in np.flatnonzero(odd.hours):
            hour = self.start + int(reached[nth]) * HOUR
            alike = reached[nth] - np.array(_months_back(hour, "UTC")[0])
            near = [values[max(0, then - ALIKE_HOURS) : max(0, then + ALIKE_HOURS + 1)] for then in alike]
            known = np.concatenate(near)
            known = known[np.isfinite(known)]
            if known.size:
                usual[nth] = np.fmax(usual[nth], VARIES * known.max())
            elif hour - Month.of(hour).start < COUNTER_START:
                usual[nth] = np.fmax(usual[nth], odd.actual[nth])
        return usual


def _batch(past: Floats, hours: Columns) -> Floats:
    """[REACH]: what a batch brings that comes at about these hours of day, in a series that is mostly 0; NaN for none.

    past: [hours of whole days].
    """
    past = past[-BATCH_DAYS * 24 :]
    some = past[past > 0]
    if some.size > MOSTLY * np.isfinite(past).sum() or some.size < FEW or some.mean() < A_BATCH:
        return np.full(len(hours), np.nan)
    of_day = np.nan_to_num(past).reshape(-1, 24).max(axis=0)
    near = np.max([np.roll(of_day, later) for later in range(-EARLIER_LATER, EARLIER_LATER + 1)], axis=0)
    largest: Floats = near[hours]
    return largest


def _at(ahead: Floats, columns: Columns, profile: Floats, start: datetime) -> Floats:
    """What was expected of the columns; by the profile where their day has not come yet."""
    inside = (columns >= 0) & (columns < len(ahead))
    told = np.where(inside, ahead[columns.clip(0, len(ahead) - 1)], np.nan)
    of_week = profile[(hour_of_week(start) + columns) % WEEK_HOURS]
    return np.where(np.isfinite(told), told, of_week)


@lru_cache(maxsize=4096)
def _moves(hour: datetime, zone: str) -> tuple[int, ...]:
    """By how many hours the clock stands elsewhere than it stood in the weeks before."""
    offsets = [(hour - days * DAY).astimezone(ZoneInfo(zone)).utcoffset() or timedelta() for days in range(CLOCK_DAYS)]
    moves = {(offsets[0] - offset) / HOUR for offset in offsets} - {0}
    return tuple(sorted({round(move + (0.25 if move > 0 else -0.25)) for move in moves}))


@lru_cache(maxsize=4096)
def _months_back(hour: datetime, zone: str) -> tuple[tuple[int, ...], ...]:
    """How many hours ago the same day and hour of the months before was: the day counted from the month's start and
    from its end, the hour by the clock of the zone and by UTC; [4, MONTHS]."""
    return tuple(
        tuple(_back(hour, clock, months, from_end) for months in range(1, MONTHS + 1))
        for clock in (UTC, ZoneInfo(zone))
        for from_end in (False, True)
    )


def _back(hour: datetime, clock: tzinfo, months: int, from_end: bool) -> int:
    wall = hour.astimezone(clock).replace(tzinfo=None)
    first, then = _month(wall, 0), _month(wall, -months)
    same = _month(wall, 1 - months) - (_month(wall, 1) - wall) if from_end else then + (wall - first)
    if not then <= same < _month(wall, 1 - months):
        return NOWHERE
    return round((hour - same.replace(tzinfo=clock).astimezone(UTC)) / HOUR)


def _month(day: datetime, later: int) -> datetime:
    """The first midnight of the month so many months later."""
    number = day.year * 12 + day.month - 1 + later
    return datetime(number // 12, number % 12 + 1, 1)  # noqa: DTZ001 - by the clock on the wall


@lru_cache(maxsize=256)
def _on_holiday(start: datetime, hours: int, zone: str, holidays: frozenset[date]) -> Flags:
    """[hours]"""
    flags = np.zeros(hours, np.bool_)
    for day in holidays:
        midnights = (
            datetime(each.year, each.month, each.day, tzinfo=ZoneInfo(zone)) for each in (day, day + timedelta(days=1))
        )
        first, last = (max(0, (midnight - start) // HOUR) for midnight in midnights)
        flags[first:last] = True
    return flags
