"""The public panel, and what is made of it: copies with an excess, thinned series, young ones, ones with gaps.

Every draw is seeded by the series' name and by what is drawn, so that a subset of the series meets the same injections.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from billing.hours import WEEK_HOURS, hour_of_week
from detectors.injection import CASES, SCORED_FROM, Case, added, starts
from detectors.series import Flags, Floats

PANEL = Path(__file__).resolve().parents[4] / "shared/data/series/panel.parquet"
HALVES = ("tuning", "reporting")  # by the parity of the SHA-256 of the name
FORTNIGHT = 2 * WEEK_HOURS
RATES = (0.2, 1.0, 5.0)  # events an hour
SURGE_HOURS, SURGE, LEAST_SURGE = 6, 5.0, 5.0  # of a sparse series: its mean added five times, five events at least


@dataclass(frozen=True)
class Series:
    """phase: the hour of the week at which it begins. values: [hours], NaN for a gap. odd: [hours], labelled."""

    name: str
    group: str
    phase: int
    values: Floats
    odd: Flags


@dataclass(frozen=True)
class Copy:
    """A series whose hours [start, stop) have an excess; values: [hours], with it."""

    series: Series
    case: Case
    start: int
    values: Floats

    @property
    def stop(self) -> int:
        return self.start + self.case.hours

    @property
    def excess(self) -> float:
        """The usage added, summed."""
        return float(np.nansum((self.values - self.series.values)[self.start : self.stop]))


def read(half: str, panel: Path = PANEL) -> list[Series]:
    frame = pl.read_parquet(panel).with_columns(pl.col("series", "group").cast(pl.String)).sort("series", "hour")
    return [
        Series(
            name,
            rows["group"][0],
            hour_of_week(rows["hour"][0]),
            rows["value"].fill_null(np.nan).to_numpy(),
            rows["label"].to_numpy(),
        )
        for (name,), rows in frame.group_by("series", maintain_order=True)
        if half == HALVES[hashlib.sha256(name.encode()).digest()[-1] % 2]
    ]


def dice(*what: object) -> np.random.Generator:
    """Chance that depends on what is drawn and on nothing else."""
    return np.random.default_rng(list(hashlib.sha256(repr(what).encode()).digest()))


def copies(
    series: Sequence[Series], cases: Sequence[Case] = CASES, draws: int = 1, first: int = SCORED_FROM
) -> list[Copy]:
    """Every case in every series, `draws` times, from column `first` on; none where it does not fit or adds nothing."""
    made = []
    for one in series:
        for case in cases:
            for draw in range(draws):
                start = starts(one.values, case, dice(one.name, case, draw), first)
                if start is not None:
                    values = one.values.copy()
                    values[start : start + case.hours] += added(one.values, start, case)
                    copy = Copy(one, case, start, values)
                    made += [copy] if copy.excess > 0 else []
    return made


def young(series: Sequence[Series]) -> list[Series]:
    """The fortnights of each series, each as if the series began with it."""
    return [
        Series(f"{one.name} {at}", one.group, one.phase, one.values[at : at + FORTNIGHT], one.odd[at : at + FORTNIGHT])
        for one in series
        for at in range(0, len(one.values) - FORTNIGHT + 1, FORTNIGHT)
    ]


def sparse(series: Sequence[Series], rate: float) -> list[Series]:
    """Thinned to counts with a mean of `rate` an hour."""
    return [
        replace(one, name=f"{one.name} {rate}", values=_counts(one.values * rate / np.nanmean(one.values), one.name))
        for one in series
    ]


def _counts(expected: Floats, name: str) -> Floats:
    drawn = dice(name, "counts").poisson(np.maximum(np.nan_to_num(expected), 0)).astype(float)
    return np.where(np.isfinite(expected), drawn, np.nan)


def surges(series: Sequence[Series], rate: float, draws: int) -> list[Copy]:
    """A sparse series with events added to six hours."""
    case = Case("spike", SURGE_HOURS, 1 + SURGE)
    made = []
    for one in series:
        for draw in range(draws):
            start = starts(one.values, case, dice(one.name, "surge", draw))
            if start is not None:
                values = one.values.copy()
                values[start : start + case.hours] += max(SURGE * rate, LEAST_SURGE)
                made.append(Copy(one, case, start, values))
    return made


def holed(series: Sequence[Series]) -> list[Series]:
    """Five per cent of the hours missing, and a day in the scored part."""
    made = []
    for one in series:
        chance = dice(one.name, "holes")
        values = np.where(chance.random(len(one.values)) < 0.05, np.nan, one.values)
        gap = int(chance.integers(SCORED_FROM, len(values) - 24))
        values[gap : gap + 24] = np.nan
        made.append(replace(one, values=values))
    return made


def mirrored(series: Sequence[Series]) -> list[Series]:
    """What falls rises: turned over at a height known before anything is scored, so that falls are found as rises."""
    made = []
    for one in series:
        early = one.values[:SCORED_FROM]
        height = max(2 * np.nanmedian(early), np.nanquantile(early, 0.99))
        made.append(replace(one, values=np.maximum(height - one.values, 0)))
    return made
