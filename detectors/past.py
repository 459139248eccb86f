"""What the past of some series taught, as of one 00:00 UTC; brought up to date instead of learned anew."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from detectors.baseline import Course
from detectors.kind import Kind
from detectors.series import Flags, Floats
from detectors.state import Rows


class Past:
    """course: the walk. lessons: one of each kind, as it learned it. The answer depends on what was said alone."""

    def __init__(self, kinds: Sequence[Kind], said: Floats, start: datetime, day: int) -> None:
        """said: [series, hours of whole days], of which those before `day` are learned."""
        self._kinds = kinds
        self.course = Course(said, start, day)
        self.lessons = self._learn(self.course)
        self._compared: tuple[Floats, Flags] | None = None  # with these, and nothing else was said since

    def back(self, values: Floats, learned: Flags, day: int) -> bool:
        """Go back or on to 00:00 of `day`, with what is said of the days before now, [series, hours]; False where
        that day is forgotten. The arrays are not to change afterwards."""
        came = self.course.day
        if day == came and self._compared and self._compared[0] is values and self._compared[1] is learned:
            return True
        if not self.course.rewind(min(day, came)):
            return False
        known = self.course.day * 24
        self.course.reach(-(-values.shape[1] // 24) * 24)
        changed = np.flatnonzero(_differ(self.course.said[:, :known], values[:, :known], learned[:, :known]))
        if changed.size:
            self.again(changed, whole_days(values[changed], learned[changed]))
        if day < came:
            self.lessons = self._learn(self.course)
        elif day > came:
            self.add(whole_days(values[:, known : day * 24], learned[:, known : day * 24]))
        self._compared = values, learned
        return True

    def add(self, said: Floats) -> None:
        """Learn from the days that follow, [series, hours of whole days]."""
        known, more = self.course.day * 24, said.shape[1]
        self.course.said[:, known : known + more] = said
        self.course.walk((known + more) // 24)
        self.lessons = self._learn(self.course)
        self._compared = None

    def again(self, rows: Rows, said: Floats) -> None:
        """These rows said something else, [rows, hours of whole days], in the days before."""
        other = Course(said.copy(), self.course.start, self.course.day)
        other.reach(self.course.said.shape[1])
        self.course.put(rows, other)
        for lesson, part in zip(self.lessons, self._learn(other), strict=True):
            lesson[rows] = part
        self._compared = None

    def _learn(self, course: Course) -> list[Floats]:
        return [kind.learn(course) for kind in self._kinds]


def whole_days(values: Floats, learned: Flags) -> Floats:
    """What was said and may be learned, [series, hours of whole days]."""
    said = np.where(learned, values, np.nan)
    rest = -said.shape[1] % 24
    return np.pad(said, ((0, 0), (0, rest)), constant_values=np.nan) if rest else said


def _differ(said: Floats, values: Floats, learned: Flags) -> Flags:
    """[series]: some hour is not said as it was. Bits are compared: that is quick, and finds a NaN like another."""
    differ: Flags = ((said.view(np.int64) != values.view(np.int64)) & learned).any(axis=1)
    unlearned = np.flatnonzero(~learned.all(axis=1))
    differ[unlearned] |= (np.isfinite(said[unlearned]) & ~learned[unlearned]).any(axis=1)
    return differ
