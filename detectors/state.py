"""What is known of each series after some days, corrected a day at a time.

Double-seasonal exponential smoothing (Taylor 2003, "Short-term electricity demand forecasting using double seasonal
exponential smoothing") in daily steps, over all series at once: a level, an hour-of-day pattern and an hour-of-week
pattern, each corrected every midnight by its share of the day's errors. Errors are clipped at CLIP times the usual
one before they correct anything (Gelper, Fried and Croux 2010), so that a spike teaches little. A pattern's correction
never counts less than a plain mean would give it, so the second day already stands on the first; the level is slow
until two weekends have shown what a weekend is. Gains were chosen on the even half of the public panel.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from detectors.series import Flags, Floats

LEVEL, DAILY, WEEKLY, SPREAD = 0.5, 0.15, 0.25, 0.1  # share of a day's error that corrects each part
CLIP = 4.0  # times the usual error
MOVED, MOVED_HOURS = (
    0.75,
    12,
)  # this share of a day's hours, of so many at least, beyond the clip on one side: a day off
YOUNG_DAYS, YOUNG_LEVEL = 14, 0.3  # the level's share until the week is known
NO_WEEK_YET = 0.5  # weeks' worth of doubt that days of the week differ at all
YOUNG_TRUST = 0.5  # of what a weekday was seen to differ by is expected again until the week is known
STEEP_DAYS, STEEP = 21, 0.25  # so long an unknown weekend may be so far off the level and is still heard
LEAST_SHARE, LEAST_COUNT = 0.01, 1.0  # straying by 1 % of the mean, or by one whole thing, is never news
LEAST = 1e-12  # nor is this of what was 0 on the whole: a power of it can be divided by
WARM_DAYS = 3  # before that a forecast is no forecast yet

Rows = NDArray[np.intp]


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
    settled: Floats  # the day of the walk on which it was heard of on SETTLED_DAYS, or infinity
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
            settled=np.full(series, np.inf),
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
        trust = np.where(self.age < YOUNG_DAYS, YOUNG_TRUST, 1)[:, None, None]
        expected = self.level[:, None, None] + self.daily[:, None] + trust * self.weekly[:, weekdays]
        profile: Floats = np.where(self.heard[:, None], np.maximum(expected, 0), np.nan)
        return profile.reshape(len(self.level), -1)

    @property
    def floor(self) -> Floats:
        """The least that an hour strays: a share of the mean, and one whole thing where only such are counted."""
        mean = self.total / np.maximum(self.hours, 1)
        least: Floats = np.maximum(LEAST_SHARE * mean, np.where(self.counts, LEAST_COUNT, LEAST))
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
        weekly = np.where(self.age >= 1, np.maximum(WEEKLY, 1 / (self.age // 7 + 1 + NO_WEEK_YET)), 0)
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
