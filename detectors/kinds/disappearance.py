"""disappearance: usage that stops. A broken agent or a lost customer: told to the partner, never claimed."""

from dataclasses import dataclass

import numpy as np

from detectors.kind import Stretch, Unlearned
from detectors.moment import REACH, Moment, Odd, ending, last_columns
from detectors.series import Flags, Floats

LEFT = 0.02  # of what was expected: so little is nothing
LONGER = 2  # times its longest silence of the past


@dataclass(frozen=True)
class Disappearance(Unlearned):
    """Three days of next to nothing: usage comes up to 72 hours late, so the first of them is complete by then.

    Missing is nothing here, as long as the lake hears of somebody else. Against the baseline of a week before, because
    the present one follows the silence down.
    """

    name: str = "disappearance"
    young: bool = False

    def may(self, stretch: Stretch, lesson: Floats, budget: float) -> Flags:  # noqa: ARG002 - the shape of all kinds
        """[series, hours]: it ends three silent days."""
        first, last = stretch.first, stretch.last
        actual, expected = (
            last_columns(columns, last, last - first + REACH, np.float64(0))
            for columns in (stretch.values, stretch.week_ahead)
        )
        came, due = (
            ending(np.cumsum(np.nan_to_num(hours), axis=1), last - first, REACH) for hours in (actual, expected)
        )
        return _silent(came, due, REACH * stretch.floor[:, None])

    def judge(self, moment: Moment, lesson: Floats, budget: float) -> Odd:  # noqa: ARG002
        """The series silent for REACH hours, longer than ever, while usage of others was heard of.

        Surprise after Laplace's rule of succession: what was not seen in n hours comes in the next with chance
        1 / (n + 2).
        """
        actual, expected = np.nan_to_num(moment.actual), moment.week_ahead
        silent = _silent(actual.sum(axis=1), expected.sum(axis=1), REACH * moment.floor)
        hours = actual < expected
        rows = np.flatnonzero(silent & hours[:, -1] & moment.others)
        longest = moment.silences(rows)
        never = longest * LONGER < REACH
        rows, longest = rows[never], longest[never]
        why = tuple(
            f"silent for three days; never for more than {hours} hours in its past of {days:.0f} days"
            for hours, days in zip(longest, moment.days[rows], strict=True)
        )
        return Odd(rows, hours[rows], expected[rows], np.log(moment.days[rows] * 24 + 2), why, weeks_ago=1)


def _silent(actual: Floats, expected: Floats, least: Floats) -> Flags:
    """Next to nothing came of what was expected, and that was more than an hour is never news for. NaN is no."""
    silent = (actual <= LEFT * expected) & (expected > least)
    return np.asarray(silent, np.bool_)


DISAPPEARANCE = Disappearance()
