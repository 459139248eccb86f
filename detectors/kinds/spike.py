"""spike: more than the day was expected to bring, for an hour or for a day."""

from detectors.baseline import Course
from detectors.moment import Moment, Odd
from detectors.series import Floats
from detectors.windows import Windows

WINDOWS = Windows(hours=(1, 3, 6, 12, 24), threshold=9.5, least_excess=0.1)


def learn(course: Course) -> Floats:
    """How far sums stray from what was expected at 00:00, [series, windows, 3]."""
    return WINDOWS.learn(course.said - course.ahead, course.floor)


def judge(moment: Moment, lesson: Floats, budget: float) -> Odd:
    """budget: false incidents a series-month."""
    return WINDOWS.judge(moment, moment.day_ahead, lesson, budget)
