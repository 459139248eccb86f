"""Excess summed over windows, the most surprising taken. What spike, shift and ramp are made of."""

import math
from dataclasses import dataclass

import numpy as np

from detectors.baseline import LOOK_BACK, Course
from detectors.kind import Stretch
from detectors.moment import REACH, Moment, Odd, ending, last_columns
from detectors.series import Flags, Floats
from detectors.threshold import Kin, at_budget, nats, own_tails, tail

LIVE_SHARE = 0.5  # of the threshold is enough while an alert is live: its next hours are expected
STANDS_OUT = 0.5  # of the usual error, and
WITH_OTHERS = 0.25  # of the window's typical excess: what an hour needs to count as odd itself


@dataclass(frozen=True)
class Windows:
    """hours: the lengths. threshold: nats at the standard budget. least_excess: the share of what was expected in the
    window that is worth an alert, however sure; and it must be more than an hour is never news for. story: what it is,
    in words. week_ahead: expected a week before, not at 00:00 of the day. apart: so many of the newest hours say
    nothing of the tail, or a slow rise would hide itself. min_days: a series with less history is left alone.
    """

    name: str
    hours: tuple[int, ...]
    threshold: float
    least_excess: float
    story: str
    week_ahead: bool = False
    apart: int = 0
    min_days: int = 0
    young: bool = False

    def learn(self, course: Course) -> Floats:
        """What the past sums over each window say of their tail, [series, windows, 5]."""
        end = max(0, course.day * 24 - self.apart)
        width = min(end, LOOK_BACK + REACH)
        if self.week_ahead:
            excess = course.said[:, end - width : end] - course.week_ahead[:, end - width : end]
        else:
            excess = course.strayed(end - width, end)
        return own_tails(excess, course.state.floor, self.hours)

    def settle(self, own: Floats, kin: Kin) -> Floats:
        """The tails, [series, windows, 3]."""
        return np.stack([tail(own[:, nth], kin, window) for nth, window in enumerate(self.hours)], axis=1)

    def may(self, stretch: Stretch, lesson: Floats, budget: float) -> Flags:
        """[series, hours of the stretch]: surprising enough."""
        first, last = stretch.first, stretch.last
        width = last - first + max(self.hours)
        actual, expected = (
            last_columns(columns, last, width, np.float64(np.nan))
            for columns in (stretch.values, stretch.week_ahead if self.week_ahead else stretch.ahead)
        )
        said = np.isfinite(actual - expected)
        needed = at_budget(self.threshold, budget) + stretch.caution
        floor = stretch.floor[:, None]
        found = np.zeros((len(actual), last - first), np.bool_)
        total, expected_so_far = (
            np.cumsum(np.where(said, hours, 0), axis=1) for hours in (actual - expected, expected)
        )
        for nth, window in enumerate(self.hours):
            over, usual = (ending(summed, last - first, window) for summed in (total, expected_so_far))
            enough = over > np.maximum(self.least_excess * usual, window * floor)
            found |= enough & (nats(lesson[:, None, nth], over) >= needed[:, None])
        return found & said[:, first - last :]

    def judge(self, moment: Moment, lesson: Floats, budget: float) -> Odd:
        """The series whose newest hour stands out and ends a window whose sum is too surprising for its own past."""
        expected = moment.week_ahead if self.week_ahead else moment.day_ahead
        said = moment.fresh & np.isfinite(expected)
        strayed = np.where(said, moment.actual - expected, 0)
        ends = np.array(self.hours) - 1
        total = np.cumsum(strayed[:, ::-1], axis=1)[:, ends]
        usual = np.cumsum(np.where(said, expected, 0)[:, ::-1], axis=1)[:, ends]
        enough = total > np.maximum(self.least_excess * usual, np.array(self.hours) * moment.floor[:, None])
        surprise = np.where(enough, nats(lesson, total), -np.inf)
        best = surprise.argmax(axis=1)
        score = surprise[np.arange(len(best)), best]

        needed = np.where(moment.live, LIVE_SHARE, 1) * (at_budget(self.threshold, budget) + moment.caution)
        rows = np.flatnonzero(said[:, -1] & (score >= needed) & (moment.days >= self.min_days))
        within = np.arange(strayed.shape[1]) >= strayed.shape[1] - 1 - ends[best[rows], None]
        hours = within & said[rows] & _stands_out(np.where(within, strayed[rows], 0), moment.scale[rows])
        rows, hours = rows[hours[:, -1]], hours[hours[:, -1]]
        why = tuple(self._rarity(score[row], self.hours[best[row]], moment.days[row]) for row in rows)
        return Odd(rows, hours, expected[rows], score[rows], why, weeks_ago=int(self.week_ahead))

    def _rarity(self, score: float, window: int, days: float) -> str:
        hours = "one hour" if window == 1 else f"{window} hours"
        rare = f"once in {math.exp(score):,.0f} hours" if score < math.log(1e6) else "less than once in a million hours"
        return f"{self.story}: by its own last {days:.0f} days, this much within {hours} comes by chance {rare}"


def _stands_out(excess: Floats, scale: Floats) -> Flags:
    """Which hours carry the excess; the typical one is the mean weighted by itself, so quiet hours do not count."""
    up = np.maximum(excess, 0)
    typical = (up**2).sum(axis=1) / np.maximum(up.sum(axis=1), np.finfo(float).tiny)
    out: Flags = excess >= np.maximum(STANDS_OUT * scale, WITH_OTHERS * typical)[:, None]
    return out
