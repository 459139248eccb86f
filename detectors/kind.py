"""What a way to be odd must be able to do. A kind is one file in `kinds/` and one row in `scan.KINDS`."""

from collections.abc import Sequence
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

    values, ahead, week_ahead: [series, hours], what came, and what was expected as `Course` has it at the day's 00:00.
    floor, newcomers, caution: [series], as `Moment` has them.
    """

    values: Floats
    ahead: Floats
    week_ahead: Floats
    floor: Floats
    first: int
    last: int
    newcomers: Flags
    caution: Floats

    def suspects(self, kinds: "Sequence[Kind]", lessons: Sequence[Floats], budget: float) -> Flags:
        """[series, hours]: a kind may find it odd; the lessons are of all kinds, settled."""
        suspect = np.zeros((len(self.values), self.last - self.first), np.bool_)
        for kind, lesson in zip(kinds, lessons, strict=True):
            suspect |= kind.may(self, lesson, budget)
        return suspect


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


def settled(kinds: Sequence[Kind], lessons: Sequence[Floats], kin: Kin) -> list[Floats]:
    """The lessons to judge by, of all kinds."""
    return [kind.settle(own, kin) for kind, own in zip(kinds, lessons, strict=True)]


class Unlearned:
    """Of a kind that has nothing to learn from the past."""

    def learn(self, course: Course) -> Floats:
        """Nothing, [series, 0]."""
        return np.zeros((len(course.said), 0))

    def settle(self, own: Floats, kin: Kin) -> Floats:  # noqa: ARG002 - the shape of all kinds
        """Nothing."""
        return own
