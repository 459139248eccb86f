"""first_use: an org that has been known for a while uses a meter for the first time."""

import numpy as np

from billing.hours import WEEK_HOURS
from detectors.baseline import Course
from detectors.moment import Moment, Odd
from detectors.series import Flags, Floats


def learn(course: Course) -> Floats:
    """Nothing: there is no past to learn from, [series, 0]."""
    return np.zeros((len(course.said), 0))


def judge_week(moment: Moment, lesson: Floats, budget: float) -> Odd:  # noqa: ARG001 - the shape of all kinds
    """Every hour with usage in the first week."""
    return _announce(moment, moment.newcomer & moment.first_week)


def judge_month(moment: Moment, lesson: Floats, budget: float) -> Odd:  # noqa: ARG001 - the shape of all kinds
    """Every other hour with usage while the series is a newcomer."""
    return _announce(moment, moment.newcomer)


def _announce(moment: Moment, new: Flags) -> Odd:
    """The newest hour, where it was used; nothing was expected.

    Surprise after Laplace's rule of succession: a meter idle for n hours is used in the next with chance 1 / (n + 2).
    """
    rows = np.flatnonzero(new & (moment.actual[:, -1] > 0))
    hours = np.zeros((len(rows), moment.actual.shape[1]), dtype=bool)
    hours[:, -1] = True
    idle = moment.idle[rows]
    why = tuple(f"its org has been known for {hours // 24} days and never used this before" for hours in idle)
    nothing = np.zeros((len(rows), WEEK_HOURS))
    return Odd(rows, hours, np.zeros(hours.shape), np.log(idle + 2.0), nothing, why)
