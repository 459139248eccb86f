"""A peer's causal walk: fitted again every midnight on the eight weeks before, 24 hours ahead; and its scores.

The fit at the midnight before an excess begins has not seen it, so a copy shares the walk of its series until then and
is fitted again from the next midnight on: no approximation.
"""

import resource
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from billing.hours import WEEK_HOURS
from detectors.injection import SCORED_FROM
from detectors.series import Floats
from tests.benchmarks.detection.material import Copy, Series
from tests.benchmarks.detection.peers import DAY, PEERS, Forecast

FITTED = 8 * WEEK_HOURS
WALKED_FROM = 3 * WEEK_HOURS  # a week of errors before the first score
USUAL = 6 * WEEK_HOURS  # hours of errors that the scale and the tail are taken from
LEAST_SHARE = 0.01  # of the level: what an hour strays at least
NORMAL_MAD = 1.4826
TAIL, PRIOR, PRIOR_SLOPE = 0.1, 24, 0.8  # the tail's share of errors; what an unknown tail counts; how it falls


@dataclass(frozen=True)
class Scores:
    """[hours] each. plain: the error over its robust deviation. tail: how far in the series' own tail, in nats."""

    plain: Floats
    tail: Floats


@dataclass(frozen=True)
class Walked:
    """One peer on one series. injected: of each copy's hours with an excess. cpu: seconds of the walk without one."""

    clean: Scores
    injected: list[Scores]
    cpu: float


def walked(peer: str, one: Series, copies: Sequence[Copy]) -> Walked:
    PEERS[peer](filled(one.values[:WALKED_FROM]))  # what it loads and compiles once is no part of the walk
    began = cpu_seconds()
    ahead = np.full(len(one.values), np.nan)
    _forecast(PEERS[peer], one.values, one.phase, ahead, WALKED_FROM, len(ahead))
    clean = scores(one.values, ahead, one.phase, SCORED_FROM, len(ahead))
    cpu = cpu_seconds() - began
    injected = []
    for copy in copies:
        mine = ahead.copy()
        _forecast(PEERS[peer], copy.values, one.phase, mine, copy.start + 1, copy.stop)
        injected.append(scores(copy.values, mine, one.phase, copy.start, copy.stop))
    return Walked(clean, injected, cpu)


def scores(values: Floats, ahead: Floats, phase: int, first: int, stop: int) -> Scores:
    """Of the hours [first, stop), each by what was known at its day's midnight."""
    error = values - ahead
    plain, tail = np.full(stop, -np.inf), np.full(stop, -np.inf)
    for midnight in _midnights(phase, first - DAY + 1, stop):
        past = error[max(0, midnight - USUAL) : midnight]
        past = past[np.isfinite(past)]
        level = np.nanmedian(np.abs(values[max(0, midnight - USUAL) : midnight]))
        scale = max(NORMAL_MAD * np.median(np.abs(past)), LEAST_SHARE * level, np.finfo(float).tiny)
        today = slice(max(midnight, 0), min(midnight + DAY, stop))
        plain[today] = np.nan_to_num(error[today] / scale, nan=-np.inf)
        start = np.quantile(past / scale, 1 - TAIL)
        over = past[past / scale > start] / scale - start
        slope = (over.sum() + PRIOR * PRIOR_SLOPE) / (len(over) + PRIOR)
        tail[today] = -np.log(TAIL) + (plain[today] - start) / slope
    return Scores(plain[first:], tail[first:])


def cpu_seconds() -> float:
    """Of this process and of those it waited for."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in both)


def filled(values: Floats) -> Floats:
    """Gaps bridged by a straight line: most peers take none."""
    columns = np.arange(len(values))
    known = np.isfinite(values)
    return np.interp(columns, columns[known], values[known])


def _forecast(forecast: Forecast, values: Floats, phase: int, ahead: Floats, first: int, stop: int) -> None:
    """Into `ahead`, day after day from the midnight at or after `first`."""
    for midnight in _midnights(phase, first, stop):
        today = ahead[midnight : midnight + DAY]
        today[:] = forecast(filled(values[max(0, midnight - FITTED) : midnight]))[: len(today)]


def _midnights(phase: int, first: int, stop: int) -> Iterator[int]:
    """The columns in [first, stop) where a day begins."""
    yield from range(first + -(phase + first) % DAY, stop, DAY)
