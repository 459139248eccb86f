"""spike: more than the day was expected to bring, for an hour or for a day."""

from detectors import windows
from detectors.baseline import Course
from detectors.moment import Moment, Odd
from detectors.series import Floats
from detectors.threshold import at_budget

WINDOWS = (1, 3, 6, 12, 24)  # hours
THRESHOLD = 9.5  # nats


def learn(course: Course) -> Floats:
    """How far sums stray from what was expected at 00:00, [series, windows, 3]."""
    return windows.learn(course.said - course.ahead, course.floor, WINDOWS)


def judge(moment: Moment, lesson: Floats, budget: float) -> Odd:
    """budget: false incidents a series-month."""
    threshold = at_budget(THRESHOLD, budget)
    return windows.judge(moment, moment.day_ahead, lesson, WINDOWS, threshold)
