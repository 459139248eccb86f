"""Usage that is made to run away, to see whether it would have been noticed: the protocol of the detection figures.

Eighteen cases: a spike of 1 or 6 hours, a shift of 24 or 168 hours, a linear ramp over 24 or 168 hours, each to 1.3, 2
and 5 times what was used.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

from billing.hours import WEEK_HOURS
from detectors.series import Floats

SCORED_FROM = 28 * 24  # hours of a series' life before anything is injected or counted
LEAST = 0.25  # of the weekly median level: what an idle hour is taken to use


@dataclass(frozen=True)
class Case:
    """shape: "spike", "shift" or "ramp". hours: how long. times: what is used is multiplied by it, at a ramp's end."""

    shape: str
    hours: int
    times: float


SHAPES = (("spike", 1), ("spike", 6), ("shift", 24), ("shift", WEEK_HOURS), ("ramp", 24), ("ramp", WEEK_HOURS))
TIMES = (1.3, 2.0, 5.0)
CASES = tuple(Case(shape, hours, times) for (shape, hours), times in product(SHAPES, TIMES))


def added(values: Floats, start: int, case: Case) -> Floats:
    """The excess usage, [case.hours], of the case beginning in column `start` of a series [hours].

    (times - 1) x max(actual, a quarter of the median of the week before); a missing hour stays missing.
    """
    spell = values[start : start + case.hours]
    level = np.nanmedian(values[max(0, start - WEEK_HOURS) : start])
    growth = np.arange(1, case.hours + 1) / case.hours if case.shape == "ramp" else np.ones(case.hours)
    excess: Floats = (case.times - 1) * np.maximum(spell, LEAST * level) * growth[: len(spell)]
    return excess


def run_away(values: Floats, start: int, case: Case) -> Floats:
    """The series with the case in it, [hours]."""
    changed = values.copy()
    changed[start : start + case.hours] += added(values, start, case)
    return changed


def starts(values: Floats, case: Case, chance: np.random.Generator, first: int = SCORED_FROM) -> int | None:
    """A random column from `first` on where the case begins and still fits in; None where it does not fit."""
    room = len(values) - case.hours - first
    return first + int(chance.integers(room + 1)) if room >= 0 else None
