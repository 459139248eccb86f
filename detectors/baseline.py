"""What each series is expected to do, and how far it usually strays; from the past alone.

Double-seasonal exponential smoothing (Taylor 2003, "Short-term electricity demand forecasting using double seasonal
exponential smoothing") in daily steps, over all series at once: a level, an hour-of-day pattern and an hour-of-week
pattern, each corrected every midnight by its share of the day's errors. Errors are clipped at CLIP times the usual
one before they correct anything (Gelper, Fried and Croux 2010), so that a spike teaches little. A pattern's correction
never counts less than a plain mean would give it, so the second day already stands on the first; the level is slow
until two weekends have shown what a weekend is. Gains were chosen on the even half of the public panel.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from billing.hours import WEEK_HOURS
from detectors.series import Floats

LEVEL, DAILY, WEEKLY, SPREAD = 0.5, 0.15, 0.2, 0.1  # share of a day's error that corrects each part
CLIP = 4.0  # times the usual error
WARM_DAYS = 3  # before that a forecast is no forecast yet
YOUNG_DAYS, YOUNG_LEVEL = 14, 0.3  # the level's share until the week is known
NO_WEEK_YET = 0.5  # weeks' worth of doubt that days of the week differ at all
STEEP_DAYS, STEEP = 21, 0.25  # so long an unknown weekend may be so far off the level and is still heard
LOOK_BACK = 6 * WEEK_HOURS  # what "usually" means
LEAST_SHARE, LEAST_COUNT = 0.01, 1.0  # straying by 1 % of the mean, or by one whole thing, is never news
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


@dataclass(frozen=True)
class Course:
    """A walk through the past.

    said: [series, hours], NaN where nothing was said or not to be learned. ahead: [series, hours], what was
    expected of the hour at 00:00 of its day; NaN in the first days of a series. baseline: as of the end. older: the
    profile as of a week before the end, [series, 168]. floor: [series], the least that an hour is taken to stray.
    """

    said: Floats
    ahead: Floats
    baseline: Baseline
    older: Floats
    floor: Floats


def follow(said: Floats, start: datetime) -> Course:
    """Walk through the columns a day at a time, expecting each day before looking at it."""
    series, hours = said.shape
    days = -(-(start.hour + hours) // 24)
    grid = np.full((series, days * 24), np.nan)
    within = slice(start.hour, start.hour + hours)
    grid[:, within] = said
    by_day = grid.reshape(series, days, 24)

    state = _State(series)
    ahead = np.full_like(by_day, np.nan)
    older = state.profile()
    for day in range(days):
        if day == days - 7:
            older = state.profile()
        weekday = (start.weekday() + day) % 7
        warm = state.age >= WARM_DAYS
        ahead[warm, day] = state.profile(weekday)[warm]
        state.correct(weekday, by_day[:, day])

    walked = ahead.reshape(grid.shape)[:, within]
    profile = state.profile()
    floor = _floor(said)
    scale = np.maximum(NORMAL_MAD * _median(np.abs(said - walked)[:, -LOOK_BACK:]), floor)
    baseline = Baseline(profile, scale, np.isfinite(said).sum(axis=1) / 24)
    return Course(said, walked, baseline, older, floor)


class _State:
    """Level, patterns and usual error of every series after some days."""

    def __init__(self, series: int) -> None:
        self.level = np.zeros(series)
        self.daily = np.zeros((series, 24))
        self.weekly = np.zeros((series, 7, 24))
        self.spread = np.zeros(series)
        self.age = np.zeros(series)  # days on which anything was said
        self.heard = np.zeros((series, 24), dtype=bool)  # hours of day at which anything was said

    def profile(self, weekday: int | None = None) -> Floats:
        """[series, 168], or [series, 24] of one weekday; >= 0, NaN for an hour of day never heard."""
        if weekday is not None:
            expected = self._raw(weekday)
            return np.where(self.heard, np.maximum(expected, 0), np.nan)
        return np.concatenate([self.profile(each) for each in range(7)], axis=1)

    def correct(self, weekday: int, day: Floats) -> None:
        """Learn from one day, [series, 24]."""
        said = np.isfinite(day)
        heard = said.any(axis=1)
        count = np.maximum(said.sum(axis=1), 1)
        steep = np.where(self.age < STEEP_DAYS, STEEP * np.abs(self.level), 0)
        bound = np.where(self.age >= WARM_DAYS, CLIP * np.maximum(self.spread, steep), np.inf)[:, None]
        error = np.clip(np.where(said, day - self._raw(weekday), 0), -bound, bound)

        shift = error.sum(axis=1) / count
        shape = np.where(said, error - shift[:, None], 0)
        usual = np.abs(error).sum(axis=1) / count * 1.25  # standard deviation of a normal / its mean deviation
        mean = 1 / (self.age + 1)
        level = np.maximum(mean, np.where(self.age < YOUNG_DAYS, YOUNG_LEVEL, LEVEL))
        weekly = np.where(self.age >= 1, np.maximum(WEEKLY, 1 / (self.age // 7 + 1 + NO_WEEK_YET)), 0)
        spread = np.where(self.age >= 1, np.maximum(SPREAD, 1 / np.maximum(self.age, 1)), 0)

        self.level += level * shift
        self.daily += np.maximum(DAILY, mean)[:, None] * shape
        self.weekly[:, weekday] += weekly[:, None] * error
        self.spread += np.where(heard, spread * (usual - self.spread), 0)
        self.age += heard
        self.heard |= said

    def _raw(self, weekday: int) -> Floats:
        return self.level[:, None] + self.daily + self.weekly[:, weekday]


def _floor(said: Floats) -> Floats:
    """The least that an hour strays: a share of the mean, and one whole thing where only whole things are counted."""
    heard = np.isfinite(said)
    mean = np.where(heard, said, 0).sum(axis=1) / np.maximum(heard.sum(axis=1), 1)
    counts = np.all(~heard | (said == np.floor(said)), axis=1)
    least: Floats = np.maximum(LEAST_SHARE * mean, np.where(counts, LEAST_COUNT, np.finfo(float).tiny))
    return least


def _median(rows: Floats) -> Floats:
    """[series], of what is not NaN (a sort puts NaN last); 0 for none."""
    count = np.isfinite(rows).sum(axis=1)
    if not rows.shape[1]:
        return np.zeros(len(rows))
    middle = np.sort(rows, axis=1)[np.arange(len(rows)), np.maximum(count - 1, 0) // 2]
    return np.where(count > 0, middle, 0)
