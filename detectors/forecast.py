"""The hours to come, as paths that each series may take; from the past alone. What a month's end is projected from.

Exponential smoothing of the days' means with a damped trend (Gardner and McKenzie 1985, "Forecasting trends in time
series"), over all series at once, by five MODELS. How far each missed the next fortnight from every midnight of the
past says how much it counts (Bates and Granger 1969, "The combination of forecasts"). A path follows one model, drawn
by that share, and meets the series' own past errors again, whole days of them in blocks. All series meet the errors of
the same days: what moved together will. Constants were chosen on the even half of the public panel.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from statistics import NormalDist
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from detectors.series import Flags, Floats

PATHS = 39
WITHIN = 32  # of the paths lie in the interval: measured, that covers four month ends of five
MODELS = ((0.3, 0.0), (0.1, 0.0), (0.0, 0.0), (0.8, 0.3), (0.4, 0.1))  # a day's error corrects level and trend so much
DAMPING = 0.985  # what is left of a trend a day later
FORTNIGHT, LEAST_AHEAD = 14, 3  # days ahead over whose mean a model is judged, and how few will do
WARM_DAYS = 4  # that a judged forecast stands on
FORGET = 0.95  # what a day counts against the day after
SHARPNESS = 5  # a model that misses twice as far counts 2 ** 5 times less
STEEP = 1.5  # a trend is believed when it misses so many times less than none, as long as nothing was judged
STORM, STORMY = 0.98, 3.0  # an hour counts for so many times this quantile of the hours at most
NO_WEEK_YET = 1.0  # weeks' worth of doubt that days of the week differ at all
BLOCK = 3  # days in a row that are met again together
RESTLESS = 0.6  # logarithm by which a month is burstier or calmer than the past
NEWNESS = 0.3  # of the level: the doubt after one day of history; it falls with the square of the days
SEED = 1985

Whole = NDArray[np.int64]
Value = TypeVar("Value", Decimal, float)


@dataclass(frozen=True)
class _Days:
    """means: [series, days], less what hour and weekday add; NaN where nothing was said. said: the share of the hours.
    pattern: [series, 7, 24], what hour and weekday add. rest: [series, days, 24], what an hour was beside all that."""

    means: Floats
    said: Floats
    pattern: Floats
    rest: Floats


@dataclass(frozen=True)
class _Walk:
    """The models after each day, [days, models, series]; errors: of the day's mean, a day ahead, NaN for none.
    age: [days, series], days' worth of hours heard."""

    level: Floats
    trend: Floats
    errors: Floats
    age: Floats


def paths(said: Floats, start: datetime, hours: int) -> Floats:
    """[PATHS, series, hours]: the hours after the last column of `said` as they may come, >= 0.

    said: [series, hours], NaN where nothing was said or not to be learned; start: the UTC hour of column 0. The same
    arguments give the same paths, and a series gets the same ones whoever is beside it.
    """
    series, width = said.shape
    begun = (start.hour + width) % 24  # hours of today that are over
    count = -(-(start.hour + width) // 24)
    grid = np.full((series, count * 24), np.nan)
    grid[:, start.hour : start.hour + width] = _calmed(said)
    weekdays = (start.weekday() + np.arange(count)) % 7
    days = _split(grid.reshape(series, count, 24), weekdays)
    ahead = -(-(begun + hours) // 24)
    today = start.weekday() + (start.hour + width) // 24
    drawn = _draw(days, _follow(days), (today + np.arange(ahead)) % 7)
    return drawn.reshape(PATHS, series, ahead * 24)[:, :, begun : begun + hours]


def interval(values: Sequence[Value]) -> tuple[Value, Value, Value]:
    """The middle of one value a path, and the narrowest low and high that hold WITHIN of them.

    Where most paths agree, as on a percentile that is settled, the narrowest says so; equal tails would not.
    """
    ordered, outside = sorted(values), PATHS - WITHIN
    ends = ((ordered[first], ordered[first + WITHIN - 1], abs(2 * first - outside)) for first in range(outside + 1))
    low, high, _ = min(ends, key=lambda end: (end[1] - end[0], end[2]))
    return ordered[PATHS // 2], low, high


def _calmed(said: Floats) -> Floats:
    """Without the heights of storms: a single one would be most of a young series' mean."""
    rank = (STORM * np.maximum(np.isfinite(said).sum(axis=1) - 1, 0)).astype(np.int64)
    high = np.sort(said, axis=1)[np.arange(len(said)), rank]
    calmed: Floats = np.minimum(said, np.where(high > 0, STORMY * high, np.inf)[:, None])
    return calmed


def _split(grid: Floats, weekdays: Whole) -> _Days:
    """What of [series, days, 24] is the hour's and the weekday's, by their means, and what is the day's own."""
    heard = np.isfinite(grid)
    day = np.where(heard.any(axis=2), _mean(grid, 2), np.nan)
    shape = grid - day[:, :, None]
    daily = _mean(shape, 1)
    edge = np.full((len(grid), 3), np.nan)
    week = np.lib.stride_tricks.sliding_window_view(np.concatenate([edge, day, edge], axis=1), 7, axis=1)
    of_weekday = [weekdays == weekday for weekday in range(7)]
    adds = np.stack([_mean((day - week.mean(axis=2))[:, these], 1, NO_WEEK_YET) for these in of_weekday], axis=1)
    shapes = np.stack([_mean(shape[:, these] - daily[:, None], 1, NO_WEEK_YET) for these in of_weekday], axis=1)
    pattern = (adds - adds.mean(axis=1, keepdims=True))[:, :, None] + daily[:, None] + shapes
    rest = grid - pattern[:, weekdays]
    means = np.where(heard.any(axis=2), _mean(rest, 2), np.nan)
    return _Days(means, heard.mean(axis=2), pattern, np.nan_to_num(rest - means[:, :, None]))


def _follow(days: _Days) -> _Walk:
    """Smooth the days' means by each model; a day of which half was said corrects half as much."""
    gain, lift = np.array(MODELS).T[:, :, None]
    series, count = days.means.shape
    shape = (count, len(MODELS), series)
    walk = _Walk(np.zeros(shape), np.zeros(shape), np.full(shape, np.nan), np.zeros((count, series)))
    level, trend, age = np.zeros(shape[1:]), np.zeros(shape[1:]), np.zeros(series)
    for day in range(count):
        part = days.said[:, day]
        expected = level + DAMPING * trend
        error = np.where(part > 0, days.means[:, day] - expected, 0)
        mean = part / np.maximum(age + part, 1 / 24)  # its weight in a plain mean
        walk.errors[day] = np.where((age > 0) & (part > 0.5), error, np.nan)
        correction = np.maximum(gain * part, mean) * error
        level = expected + correction
        trend = DAMPING * trend + np.where((lift > 0) & (age >= 2), np.maximum(lift, mean), 0) * correction
        age = age + part
        walk.level[day], walk.trend[day], walk.age[day] = level, trend, age
    return walk


def _shares(days: _Days, walk: _Walk, ahead: int) -> Floats:
    """[models, series]: how much each counts, adding up to 1."""
    count = len(walk.level)
    missed = np.zeros(walk.level.shape[1:])
    weights = np.zeros(walk.level.shape[2])
    far = max(LEAST_AHEAD, min(FORTNIGHT, ahead))
    for day in range(count - LEAST_AHEAD):
        reach = min(far, count - 1 - day)
        coming = days.means[:, day + 1 : day + 1 + reach]
        enough = (walk.age[day] >= WARM_DAYS) & (np.isfinite(coming).sum(axis=1) >= LEAST_AHEAD)
        weight = np.where(enough, FORGET ** (count - 1 - reach - day) * reach / far, 0)
        forecast = walk.level[day] + walk.trend[day] * _gathered(reach).mean()
        missed += weight * np.abs(forecast - _mean(coming, 1))
        weights += weight
    steep = np.array([STEEP if lift else 1 for _, lift in MODELS])[:, None]
    unjudged = steep * _mean(np.abs(walk.errors), 0).min(axis=0)
    miss = (missed + unjudged) / (weights + 1)
    miss = np.maximum(miss, 1e-9 * miss.max(axis=0) + np.finfo(float).tiny)
    share = (miss.min(axis=0) / miss) ** SHARPNESS
    weighed: Floats = share / share.sum(axis=0)
    return weighed


def _draw(days: _Days, walk: _Walk, weekdays: Whole) -> Floats:
    """[PATHS, series, days ahead, 24], for the weekdays to come."""
    chance = np.random.default_rng(SEED)
    ahead, series = len(weekdays), days.means.shape[0]
    share = _shares(days, walk, ahead)
    forecast = walk.level[-1][:, :, None] + walk.trend[-1][:, :, None] * _gathered(ahead)
    model = (_even(chance)[:, None, None] > np.cumsum(share, axis=0)[:-1]).sum(axis=1)
    met = _met_again(np.isfinite(walk.errors[:, 0]), ahead, chance)
    means = _strayed(walk, model, met)
    means += (share[:, :, None] * forecast).sum(axis=0).T[:, None] - means.mean(axis=1, keepdims=True)
    normal = normal_scores(chance)[:, None]
    means += normal * NEWNESS * np.abs(walk.level[-1, 0]) / np.maximum(walk.age[-1], 1) ** 2
    burst = np.exp(RESTLESS * normal)[:, :, None]
    drawn = np.empty((PATHS, series, ahead, 24))
    for day in range(ahead):
        rest = days.rest[np.arange(series), met[day]]
        drawn[:, :, day] = means[day, :, :, None] + days.pattern[:, weekdays[day]] + burst * rest
    return np.maximum(drawn, 0, out=drawn)


def _met_again(known: Flags, ahead: int, chance: np.random.Generator) -> Whole:
    """[days ahead, PATHS, series]: the past day whose errors come again; blocks of days, spread evenly over the past.

    known: [days, series], where there is an error.
    """
    order = np.argsort(~known, axis=0, kind="stable")
    count = np.maximum(known.sum(axis=0), 1)
    first = np.stack([_even(chance) for _ in range(0, ahead, BLOCK)])
    nth = (first[:, :, None] * count).astype(np.int64)
    days = [(nth[day // BLOCK] + day % BLOCK) % count for day in range(ahead)]
    return np.stack([order[each, np.arange(len(count))] for each in days])


def _strayed(walk: _Walk, model: Whole, met: Whole) -> Floats:
    """[days ahead, PATHS, series]: the days' means if each path's model meets these errors."""
    series = np.arange(met.shape[2])
    gain, lift = np.array(MODELS).T[:, model]
    level, trend = walk.level[-1][model, series], walk.trend[-1][model, series]
    gain = np.maximum(gain, 1 / np.maximum(walk.age[-1], 1))
    means = np.empty(met.shape)
    for day, past in enumerate(met):
        error = np.nan_to_num(walk.errors[past, model, series])
        expected = level + DAMPING * trend
        level = expected + gain * error
        trend = DAMPING * trend + lift * gain * error
        means[day] = expected + error
    return means


def _gathered(ahead: int) -> Floats:
    """[ahead]: what a trend of 1 has added after each day."""
    added: Floats = np.cumsum(DAMPING ** np.arange(1, ahead + 1))
    return added


def _even(chance: np.random.Generator) -> Floats:
    """[PATHS] shares in (0, 1), one from each PATHS-th, in any order."""
    return (chance.permutation(PATHS) + 0.5) / PATHS


def normal_scores(chance: np.random.Generator) -> Floats:
    """[PATHS]: spread as a standard normal, in any order."""
    return np.array([NormalDist().inv_cdf(each) for each in _even(chance)])


def _mean(values: Floats, axis: int, doubt: float = 0.0) -> Floats:
    """Of what is not NaN; 0 for none, and `doubt` more values of 0."""
    heard = np.isfinite(values)
    mean: Floats = np.where(heard, values, 0).sum(axis=axis) / np.maximum(heard.sum(axis=axis) + doubt, 1e-9)
    return mean
