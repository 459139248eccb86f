"""Counters that start again each month, as the vendor's active users and committers do: growth, and hours to come."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from billing.hours import HOUR, Month, hours_between
from detectors.forecast import PATHS, normal_scores
from detectors.series import Floats

ALIKE = 0.4  # logarithm by which a month's further growth differs from that of the month before
SLOWER = 0.5  # without a month before: of the growth an hour so far


@dataclass(frozen=True)
class Before:
    """[series]: the column, negative, in which a counter was last heard of, and what it stood at; NaN for never."""

    column: NDArray[np.int64]
    value: Floats

    @classmethod
    def end_of(cls, values: Floats) -> "Before":
        """Of these hours, [series, hours], at least one, for those that follow."""
        back = np.isfinite(values)[:, ::-1].argmax(axis=1) + 1  # of one never heard of: 1, where there is NaN
        return cls(-back, values[np.arange(len(values)), -back])


def growth(values: Floats, start: datetime, before: Before | None = None) -> Floats:
    """[series, hours]: by how much counters, which start again each UTC month, grew in an hour.

    After hours of which nothing was said the growth is shared among them. NaN where a counter fell, as a corrected one
    does, and in the first hour said of it in a month that had begun. before: what was said last before these hours.
    """
    if not values.size:
        return values
    hours = np.arange(values.shape[1])
    heard = np.where(np.isfinite(values), hours, -1)
    last = np.maximum.accumulate(heard, axis=1)
    last = np.concatenate([np.full((len(values), 1), -1), last[:, :-1]], axis=1)
    inside = last >= 0
    earlier = before or Before(np.full(len(values), -1), np.full(len(values), np.nan))
    height = np.where(inside, np.take_along_axis(values, last.clip(0), axis=1), earlier.value[:, None])
    last = np.where(inside, last, earlier.column[:, None])
    begins = _begins(start, len(hours))
    anew = np.isfinite(height) & (last < begins) & ~(values >= height)
    since = np.where(anew, begins - 1, last)
    grown = values - np.where(anew, 0, height)
    return np.where(grown >= 0, grown / np.maximum(hours - since, 1), np.nan)


@lru_cache(maxsize=16)
def _begins(start: datetime, hours: int) -> NDArray[np.int_]:
    """[hours]: the column at which the hour's month begins."""
    days = np.array([(start + hour * HOUR).day for hour in range(hours)], dtype=np.int_)
    return np.arange(hours) - (days - 1) * 24 - (start.hour + np.arange(hours)) % 24


def counter_paths(said: Floats, start: datetime, hours: int) -> Floats:
    """[PATHS, series, hours]: as `detectors.forecast.paths`, growing as in the same hours of the month before.

    Past the month's end a path stays where it ended.
    """
    now = start + said.shape[1] * HOUR
    month = Month.of(now)
    over = hours_between(month.start, now)
    before = _highest(said, start, month.previous)
    count = _highest(said, start, month)[:, over - 1] if over else np.zeros(len(said))
    then = before[:, min(over, month.previous.hours) - 1] if over else np.zeros(len(said))
    ahead = np.minimum(over + np.arange(hours), month.hours - 1)
    further = before[:, np.minimum(ahead, month.previous.hours - 1)] - then[:, None]
    alike = then > 0 if over else before[:, -1] > 0
    larger = count / np.where(then > 0, then, 1) if over else np.ones(len(said))
    alone = SLOWER * count[:, None] * (ahead - over + 1) / max(over, 1)
    growth = np.where(alike[:, None], further * larger[:, None], alone)
    chance = np.exp(ALIKE * normal_scores(np.random.default_rng(0)))
    coming: Floats = count[:, None] + chance[:, None, None] * np.maximum(growth, 0)
    return coming.reshape(PATHS, len(said), hours)


def _highest(said: Floats, start: datetime, month: Month) -> Floats:
    """[series, hours of the month]: how far the counter had come; 0 before it was first told."""
    heard = np.zeros((len(said), month.hours))
    first = hours_between(start, month.start)
    lead = hours_between(month.start, start)
    part = np.nan_to_num(said[:, first : first + month.hours - lead])
    heard[:, lead : lead + part.shape[1]] = part
    highest: Floats = np.maximum.accumulate(heard, axis=1)
    return highest
