"""What the past of some series taught, as of one 00:00 UTC; brought up to date instead of learned anew."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from detectors.baseline import Course, Rows
from detectors.kind import Kind
from detectors.series import Flags, Floats


class Past:
    """course: the walk. lessons: one of each kind, as it learned it. The answer depends on what was said alone."""

    def __init__(self, kinds: Sequence[Kind], said: Floats, start: datetime, day: int) -> None:
        """said: [series, hours of whole days], of which those before `day` are learned."""
        self._kinds = kinds
        self.course = Course(said, start, day)
        self.lessons = self._learn(self.course)

    def back(self, said: Floats, day: int) -> bool:
        """Go back or on to 00:00 of `day`, with what is said of the days before now, [series, hours of whole days];
        False where that day is forgotten."""
        came = self.course.day
        if not self.course.rewind(min(day, came)):
            return False
        known = self.course.day * 24
        self.course.reach(said.shape[1])
        changed = np.flatnonzero(_differ(said[:, :known], self.course.said[:, :known]))
        if changed.size:
            self.again(changed, said[changed])
        if day < came:
            self.lessons = self._learn(self.course)
        elif day > came:
            self.add(said[:, known : day * 24])
        return True

    def add(self, said: Floats) -> None:
        """Learn from the days that follow, [series, hours of whole days]."""
        known, more = self.course.day * 24, said.shape[1]
        self.course.said[:, known : known + more] = said
        self.course.walk((known + more) // 24)
        self.lessons = self._learn(self.course)

    def again(self, rows: Rows, said: Floats) -> None:
        """These rows said something else, [rows, hours of whole days], in the days before."""
        other = Course(said.copy(), self.course.start, self.course.day)
        other.reach(self.course.said.shape[1])
        self.course.put(rows, other)
        for lesson, part in zip(self.lessons, self._learn(other), strict=True):
            lesson[rows] = part

    def _learn(self, course: Course) -> list[Floats]:
        return [kind.learn(course) for kind in self._kinds]


def _differ(one: Floats, other: Floats) -> Flags:
    """[series]: some hour is not the same."""
    differ: Flags = ((one != other) & ~(np.isnan(one) & np.isnan(other))).any(axis=1)
    return differ
