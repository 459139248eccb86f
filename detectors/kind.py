"""What a way to be odd must be able to do. A kind is one file in `kinds/` and one row in `scan.KINDS`."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from detectors.baseline import Course
from detectors.moment import Moment, Odd
from detectors.series import Flags, Floats
from detectors.threshold import Kin


@dataclass(frozen=True)
class Stretch:
    """Hours of one day, the columns [first, last) of series that no alert has touched lately.

    values: [series, hours]. course: as of the day's 00:00. newcomers, caution: [series], as `Moment` has them.
    """

    values: Floats
    course: Course
    first: int
    last: int
    newcomers: Flags
    caution: Floats


class Kind(Protocol):
    """young: it needs no history, and the hours it finds are the beginning of one: they stay learned."""

    @property
    def name(self) -> str: ...

    @property
    def young(self) -> bool: ...

    def learn(self, course: Course) -> Floats:
        """At 00:00, what the past of each series says, [series, ...]."""
        ...

    def settle(self, own: Floats, kin: Kin) -> Floats:
        """The lesson to judge by: what was learned, with that of the kin where it is little."""
        ...

    def may(self, stretch: Stretch, lesson: Floats, budget: float) -> Flags:
        """[series, hours]: False only where `judge` would find nothing at the hour's close while no alert is near.
        Quick, for all series at once."""
        ...

    def judge(self, moment: Moment, lesson: Floats, budget: float) -> Odd:
        """At the close of an hour. budget: false incidents a series-month."""
        ...


class Unlearned:
    """Of a kind that has nothing to learn from the past."""

    def learn(self, course: Course) -> Floats:
        """Nothing, [series, 0]."""
        return np.zeros((len(course.said), 0))

    def settle(self, own: Floats, kin: Kin) -> Floats:  # noqa: ARG002 - the shape of all kinds
        """Nothing."""
        return own
