"""ramp: a rise so slow that the moving level follows it; seen from the baseline of a week before."""

import numpy as np

from billing.hours import WEEK_HOURS
from detectors.baseline import Course
from detectors.moment import Moment, Odd
from detectors.series import Floats
from detectors.windows import Windows

SETTLED_DAYS = 14  # a baseline that has not seen two of each weekday says little about the week after
WINDOWS = Windows(hours=(72,), threshold=7.0, least_excess=0.2, min_days=SETTLED_DAYS + 14)


def learn(course: Course) -> Floats:
    """How far sums stray from what was expected a week ahead, [series, windows, 3].

    A week ahead an hour is expected to be what the same hour was expected to be a week before.
    """
    settled = np.cumsum(np.isfinite(course.said), axis=1) >= SETTLED_DAYS * 24
    week_ahead = np.full_like(course.ahead, np.nan)
    week_ahead[:, WEEK_HOURS:] = np.where(settled, course.ahead, np.nan)[:, :-WEEK_HOURS]
    return WINDOWS.learn(course.said - week_ahead, course.floor)


def judge(moment: Moment, lesson: Floats, budget: float) -> Odd:
    """budget: false incidents a series-month."""
    return WINDOWS.judge(moment, moment.week_ahead, lesson, budget)
