"""How alarms are counted: found or not, how late, how many false ones. The same for every method.

An alarm is the column of the hour at whose close it is raised. An alarm opens an incident that closes after 24 quiet
hours. An excess is found by an alarm within its hours; the delay is 0 when its first hour's close raised it. An
incident that opens on a series without an excess is false, but within 24 hours of labelled ones.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.injection import SCORED_FROM, Case
from detectors.score import MONTH_HOURS
from tests.benchmarks.detection.material import Copy, Series, dice

QUIET = 24
NEAR = 24
RESAMPLED = 1000
Columns = Sequence[int]


@dataclass(frozen=True)
class Outcome:
    """delay: hours from the close of the first hour to the first alarm; None for not found. estimate: of the excess;
    lower: the least it is taken for; None where none was made."""

    copy: Copy
    delay: int | None
    estimate: float | None = None
    lower: float | None = None

    @property
    def error(self) -> float | None:
        """Of the estimate, relative to the true excess."""
        return None if self.estimate is None else abs(self.estimate - self.copy.excess) / self.copy.excess


def incidents(alarms: Columns) -> list[list[int]]:
    """Ascending alarms, parted where 24 quiet hours lie between."""
    parts: list[list[int]] = []
    for column in alarms:
        if parts and column - parts[-1][-1] <= QUIET:
            parts[-1].append(column)
        else:
            parts.append([column])
    return parts


def false_incidents(one: Series, alarms: Columns, first: int = SCORED_FROM) -> list[list[int]]:
    """Those of the alarms from column `first` on that open away from every labelled hour."""
    near = np.convolve(one.odd, np.ones(2 * NEAR + 1), "same") > 0
    return [part for part in incidents([column for column in alarms if column >= first]) if not near[part[0]]]


def false_rate(series: Sequence[Series], alarms: Iterable[Columns], first: int = SCORED_FROM) -> float:
    """False incidents a series-month scored."""
    count = sum(len(false_incidents(one, each, first)) for one, each in zip(series, alarms, strict=True))
    return count * MONTH_HOURS / sum(len(one.values) - first for one in series)


def outcome(copy: Copy, alarms: Columns) -> Outcome:
    within = [column for column in alarms if copy.start <= column < copy.stop]
    return Outcome(copy, within[0] - copy.start if within else None)


def windows(one: Series, first: int = SCORED_FROM) -> list[tuple[int, int]]:
    """The labelled spans [start, stop) that end after column `first`."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], one.odd.astype(int), [0]])))
    return [(max(int(start), first), int(stop)) for start, stop in edges.reshape(-1, 2) if stop > first]


Choice = Callable[[Case], bool]


def chosen(outcomes: Iterable[Outcome], which: Choice) -> list[Outcome]:
    return [one for one in outcomes if which(one.copy.case)]


def recall(outcomes: Sequence[Outcome]) -> float:
    return float(np.mean([one.delay is not None for one in outcomes])) if outcomes else float("nan")


def delay(outcomes: Iterable[Outcome], percentile: float) -> float:
    """Hours, of what was found."""
    return _percentile([one.delay for one in outcomes if one.delay is not None], percentile)


def error(outcomes: Iterable[Outcome]) -> float:
    """The median error of the estimated excess."""
    return _percentile([one.error for one in outcomes if one.error is not None], 50)


def between(outcomes: Sequence[Outcome]) -> tuple[float, float]:
    """The recall's 95 % interval, by drawing the series again."""
    names = sorted({one.copy.series.name for one in outcomes})
    row = {name: at for at, name in enumerate(names)}
    found, all_ = np.zeros(len(names)), np.zeros(len(names))
    for one in outcomes:
        found[row[one.copy.series.name]] += one.delay is not None
        all_[row[one.copy.series.name]] += 1
    drawn: NDArray[np.int64] = dice("bootstrap").integers(len(names), size=(RESAMPLED, len(names)))
    shares = found[drawn].sum(axis=1) / all_[drawn].sum(axis=1)
    low, high = np.percentile(shares, [2.5, 97.5])
    return float(low), float(high)


def _percentile(values: list[int] | list[float], q: float) -> float:
    return float(np.percentile(values, q)) if values else float("nan")
