"""How surprising is an excess? Each series is measured on its own tail.

The sum of the excess over a window is compared with the sums of the same series over its last six weeks: beyond
their 90 % point the chance of a larger one falls exponentially (Pickands 1975, Balkema and de Haan 1974, with the
shape at 0), at a rate that is theirs as far as there is history and the public panel's where there is not.
Surprise is in nats: -log of that chance.
"""

import math

import numpy as np

from detectors.baseline import LOOK_BACK
from detectors.series import Floats

TAIL = 0.1  # the share of the past that counts as tail
NORMAL_TAILS = 2.5631  # the distance between the 10 % and 90 % points of a normal, in standard deviations
POPULATION_START, POPULATION_SLOPE = 1.3, 0.8  # where a tail starts and how it falls, in the spread of the sums
PRIOR_HOURS, PRIOR_EXCESSES = 72.0, 24.0  # how much of its own past outweighs the population,
PRIOR_WINDOW = 12.0  # and so much again for each so many hours of window: sums that overlap say less
BUDGET = 0.2  # false incidents a series-month (720 h) that the kinds' thresholds stand for
NATS_PER_E_FOLD = 2.0  # measured on the tuning half: nats that divide the false incidents by e


def sums(excess: Floats, window: int) -> Floats:
    """[series, hours]: the sum of the `window` hours that end with each, missing ones left out; NaN where the hour
    itself is missing."""
    said = np.isfinite(excess)
    total = np.cumsum(np.where(said, excess, 0), axis=1)
    total[:, window:] = total[:, window:] - total[:, :-window]
    return np.where(said, total, np.nan)


def calibrate(past: Floats, floor: Floats, window: int) -> Floats:
    """Tails from past sums over `window` hours, [series, hours]: [series, 3] of spread, start and slope, the last two
    in spreads. floor: [series], the least that one hour is taken to stray."""
    weight = 1 + window / PRIOR_WINDOW
    past = np.sort(past[:, -LOOK_BACK:], axis=1)
    count = np.isfinite(past).sum(axis=1)
    low, high = _quantile(past, count, TAIL), _quantile(past, count, 1 - TAIL)
    spread = np.maximum((high - low) / NORMAL_TAILS, floor * math.sqrt(window))
    over = np.where(past > high[:, None], past - high[:, None], 0)
    own = count / (count + PRIOR_HOURS * weight)
    start = own * high / spread + (1 - own) * POPULATION_START
    prior = PRIOR_EXCESSES * weight
    slope = (over.sum(axis=1) / spread + prior * POPULATION_SLOPE) / ((over > 0).sum(axis=1) + prior)
    return np.stack([spread, start, slope], axis=1)


def nats(tails: Floats, total: Floats) -> Floats:
    """The surprise of each sum; tails: [..., 3] for total: [...]. Below the tail's start it only says "little"."""
    spread, start, slope = np.moveaxis(tails, -1, 0)
    surprise: Floats = -math.log(TAIL) + (total / spread - start) / slope
    return surprise


def at_budget(threshold: float, budget: float) -> float:
    """A threshold measured at BUDGET, moved to another number of false incidents a series-month."""
    return threshold + NATS_PER_E_FOLD * math.log(BUDGET / budget)


def _quantile(ordered: Floats, count: np.ndarray[tuple[int, ...], np.dtype[np.int_]], share: float) -> Floats:
    """[series]: that share of the way through the first `count` of each ascending row; 0 for none."""
    if not ordered.shape[1]:
        return np.zeros(len(ordered))
    place = np.minimum((count * share).astype(int), np.maximum(count - 1, 0))
    return np.where(count > 0, ordered[np.arange(len(ordered)), place], 0)
