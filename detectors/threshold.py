"""How surprising is an excess? Each series is measured on its own tail.

The sum of the excess over a window is compared with the sums of the same series over its last six weeks: beyond
their 95 % point the chance of a larger one falls exponentially (Pickands 1975, Balkema and de Haan 1974, with the
shape at 0), at a rate that is theirs as far as there is history and that of their kin, or of the public panel, where
there is not. Surprise is in nats: -log of that chance.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.baseline import LOOK_BACK
from detectors.series import Flags, Floats

TAIL, BODY = 0.05, 0.1  # the share of the past that counts as tail, and that lies outside its body on either side
NORMAL_BODY = 2.5631  # the distance between the 10 % and 90 % points of a normal, in standard deviations
POPULATION_START, POPULATION_SLOPE = 1.5, 0.95  # where a tail starts and how it falls, in the spread of the sums
PRIOR_HOURS, PRIOR_EXCESSES = 72.0, 48.0  # how much of its own past outweighs the population,
PRIOR_WINDOW = 12.0  # and so much again for each so many hours of window: sums that overlap say less
POPULATION_SERIES = 2.0  # so many grown series of its kin outweigh the population
BUDGET = 0.2  # false incidents a series-month (720 h) that the kinds' thresholds stand for
NATS_PER_E_FOLD = 2.0  # measured on the tuning half: nats that divide the false incidents by e
STRIDES = ((24, 11), (6, 5), (0, 1))  # sums over so many hours are alike: every so manieth is enough

Kin = NDArray[np.intp]  # [series]: a number for each kin; a series without kin has one of its own


def own_tails(excess: Floats, floor: Floats, windows: Sequence[int]) -> Floats:
    """What the sums over windows of the past hours, [series, hours], say of their tails: [series, windows, 5] of
    spread; start, in spreads, and its weight against the prior's; the squares of the excesses beyond it, in spreads,
    and their number.

    A sum leaves missing hours out, and there is none where its last hour is missing. floor: [series], the least that
    one hour is taken to stray.
    """
    said = np.isfinite(excess)
    total = np.zeros((len(excess), excess.shape[1] + max(windows)))
    np.cumsum(np.where(said, excess, 0), axis=1, out=total[:, max(windows) :])
    return np.stack([_own_tail(total, said, floor, window) for window in windows], axis=1)


def _own_tail(total: Floats, said: Flags, floor: Floats, window: int) -> Floats:
    """total: [series, hours and some before], added up since the first."""
    stride = next(stride for hours, stride in STRIDES if window >= hours)
    hours, width = said.shape[1], min(LOOK_BACK, said.shape[1])
    first, before = hours - width + (width - 1) % stride, total.shape[1] - hours
    heard = said[:, first::stride]
    past = total[:, before + first :: stride] - total[:, before + first - window : total.shape[1] - window : stride]
    np.copyto(past, -np.inf, where=~heard)
    past.sort(axis=1)
    count = np.count_nonzero(heard, axis=1)
    body = _quantile(past, count, 1 - BODY) - _quantile(past, count, BODY)
    spread = np.maximum(body / NORMAL_BODY, floor * math.sqrt(window))
    high = _quantile(past, count, 1 - TAIL)
    over = np.maximum(past[:, -1 - int(past.shape[1] * TAIL) :] - high[:, None], 0)
    own = stride * count / (stride * count + PRIOR_HOURS * _doubt(window))
    square, number = stride * ((over / spread[:, None]) ** 2).sum(axis=1), stride * (over > 0).sum(axis=1)
    return np.stack([spread, high / spread, own, square, number], axis=1)


def tail(own: Floats, kin: Kin, window: int) -> Floats:
    """[series, 3] of spread, start and slope, the last two in spreads, from what the past of each says, [series, 5],
    and where that is little from what its kin's do."""
    spread, start, grown, square, number = own.T
    prior = PRIOR_EXCESSES * _doubt(window)
    kin_start = _among(kin, grown, start, POPULATION_START)
    kin_slope = _among(kin, grown, _slope(square, number, prior, POPULATION_SLOPE), POPULATION_SLOPE)
    start = grown * start + (1 - grown) * kin_start
    slope = _slope(square, number, prior, kin_slope)
    return np.stack([spread, start, slope], axis=1)


def _slope(square: Floats, number: Floats, prior: float, expected: Floats | float) -> Floats:
    """Of an exponential tail, by its second moment, 2 x slope^2: bursts that are rare and large count for more."""
    slope: Floats = np.sqrt((square / 2 + prior * expected**2) / (number + prior))
    return slope


def _among(kin: Kin, weight: Floats, own: Floats, population: float) -> Floats:
    """[series]: the weighted mean over the kin of each, the population among them."""
    total = np.bincount(kin, weight * own) + POPULATION_SERIES * population
    mean: Floats = (total / (np.bincount(kin, weight) + POPULATION_SERIES))[kin]
    return mean


def _doubt(window: int) -> float:
    return 1 + window / PRIOR_WINDOW


def nats(tails: Floats, total: Floats) -> Floats:
    """The surprise of each sum; tails: [..., 3] for total: [...]. Below the tail's start it only says "little"."""
    spread, start, slope = np.moveaxis(tails, -1, 0)
    surprise: Floats = -math.log(TAIL) + (total / spread - start) / slope
    return surprise


def at_budget(threshold: float, budget: float) -> float:
    """A threshold measured at BUDGET, moved to another number of false incidents a series-month."""
    return threshold + NATS_PER_E_FOLD * math.log(BUDGET / budget)


def _quantile(ordered: Floats, count: NDArray[np.int_], share: float) -> Floats:
    """[series]: that share of the way through the last `count` of each ascending row; 0 for none."""
    width = ordered.shape[1]
    if not width:
        return np.zeros(len(ordered))
    place = np.minimum((count * share).astype(int), np.maximum(count - 1, 0)) + width - np.maximum(count, 1)
    return np.where(count > 0, ordered[np.arange(len(ordered)), place], 0)
