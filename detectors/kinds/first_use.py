"""first_use: an org that has been known for a while uses a meter for the first time."""

from dataclasses import dataclass

import numpy as np

from detectors.kind import Stretch, Unlearned
from detectors.moment import Moment, Odd
from detectors.series import Flags, Floats


@dataclass(frozen=True)
class FirstUse(Unlearned):
    """Every hour with usage in the first week, or in the first month. There is no past to learn from."""

    week_only: bool
    name: str = "first_use"
    young: bool = True

    def may(self, stretch: Stretch, lesson: Floats, budget: float) -> Flags:  # noqa: ARG002 - the shape of all kinds
        """[series, 1]: the newcomers."""
        return stretch.newcomers[:, None]

    def judge(self, moment: Moment, lesson: Floats, budget: float) -> Odd:  # noqa: ARG002
        """The newest hour, where it was used; nothing was expected.

        Surprise after Laplace's rule of succession: a meter idle for n hours is used in the next with chance
        1 / (n + 2).
        """
        new = moment.newcomer & moment.first_week if self.week_only else moment.newcomer
        rows = np.flatnonzero(new & (moment.actual[:, -1] > 0))
        hours = np.zeros((len(rows), moment.actual.shape[1]), dtype=bool)
        hours[:, -1] = True
        idle = moment.idle[rows]
        why = tuple(f"its org has been known for {hours // 24} days and never used this before" for hours in idle)
        return Odd(rows, hours, np.zeros(hours.shape), np.log(idle + 2.0), why)


FIRST_WEEK, FIRST_MONTH = FirstUse(week_only=True), FirstUse(week_only=False)
