"""ramp: a rise so slow that the moving level follows it; seen from the baseline of a week before."""

import numpy as np

from billing.hours import WEEK_HOURS
from detectors import windows
from detectors.baseline import Course
from detectors.moment import Moment, Odd
from detectors.series import Floats
from detectors.threshold import at_budget

WINDOWS = (72,)  # hours
THRESHOLD = 8.5  # nats
SETTLED_DAYS = 14  # a baseline that has not seen two of each weekday says little about the week after
MIN_DAYS = 28  # then it has had a week of errors to be judged by


def learn(course: Course) -> Floats:
    """How far sums stray from what was expected a week ahead, [series, windows, 3].

    A week ahead an hour is expected to be what the same hour was expected to be a week before.
    """
    settled = np.cumsum(np.isfinite(course.said), axis=1) >= SETTLED_DAYS * 24
    week_ahead = np.full_like(course.ahead, np.nan)
    week_ahead[:, WEEK_HOURS:] = np.where(settled, course.ahead, np.nan)[:, :-WEEK_HOURS]
    return windows.learn(course.said - week_ahead, course.floor, WINDOWS)


def judge(moment: Moment, lesson: Floats, budget: float) -> Odd:
    """budget: false incidents a series-month."""
    threshold = np.where(moment.past.days >= MIN_DAYS, at_budget(THRESHOLD, budget), np.inf)
    return windows.judge(moment, moment.week_ahead, lesson, WINDOWS, threshold)
