"""Excess summed over windows, the most surprising taken. What spike and ramp are made of."""

import math
from dataclasses import dataclass

import numpy as np

from detectors.moment import Moment, Odd, Outlook
from detectors.series import Flags, Floats
from detectors.threshold import at_budget, calibrate, nats, sums

LIVE_SHARE = 0.5  # of the threshold is enough while an alert is live: its next hours are expected
STANDS_OUT = 0.5  # of the usual error, and
WITH_OTHERS = 0.25  # of the window's typical excess: what an hour needs to count as odd itself


@dataclass(frozen=True)
class Windows:
    """hours: the lengths. threshold: nats at the standard budget. least_excess: the share of what was expected in the
    window that is worth an alert, however sure. min_days: a series with less history is left alone."""

    hours: tuple[int, ...]
    threshold: float
    least_excess: float
    min_days: int = 0

    def learn(self, excess: Floats, floor: Floats) -> Floats:
        """Tails of the sums over each window, [series, windows, 3], from past excesses, [series, hours]."""
        return np.stack([calibrate(sums(excess, window), floor, window) for window in self.hours], axis=1)

    def judge(self, moment: Moment, outlook: Outlook, tails: Floats, budget: float) -> Odd:
        """The series whose newest hour stands out and ends a window whose sum is too surprising for its own past."""
        said = moment.fresh & np.isfinite(outlook.expected)
        excess = np.where(said, moment.actual - outlook.expected, 0)
        ends = np.array(self.hours) - 1
        total = np.cumsum(excess[:, ::-1], axis=1)[:, ends]
        usual = np.cumsum(np.where(said, outlook.expected, 0)[:, ::-1], axis=1)[:, ends]
        surprise = np.where(total > self.least_excess * usual, nats(tails, total), -np.inf)
        best = surprise.argmax(axis=1)
        score = surprise[np.arange(len(best)), best]

        needed = np.where(moment.live, LIVE_SHARE, 1) * at_budget(self.threshold, budget)
        rows = np.flatnonzero(said[:, -1] & (score >= needed) & (moment.past.days >= self.min_days))
        within = np.arange(excess.shape[1]) >= excess.shape[1] - 1 - ends[best[rows], None]
        hours = within & said[rows] & _stands_out(np.where(within, excess[rows], 0), moment.past.scale[rows])
        rows, hours = rows[hours[:, -1]], hours[hours[:, -1]]
        why = tuple(_rarity(score[row], self.hours[best[row]], moment.past.days[row]) for row in rows)
        return Odd(rows, hours, outlook.expected[rows], score[rows], outlook.profile[rows], why)


def _stands_out(excess: Floats, scale: Floats) -> Flags:
    """Which hours carry the excess; the typical one is the mean weighted by itself, so quiet hours do not count."""
    up = np.maximum(excess, 0)
    typical = (up**2).sum(axis=1) / np.maximum(up.sum(axis=1), np.finfo(float).tiny)
    out: Flags = excess >= np.maximum(STANDS_OUT * scale, WITH_OTHERS * typical)[:, None]
    return out


def _rarity(score: float, window: int, days: float) -> str:
    hours = "one hour" if window == 1 else f"{window} hours"
    once = f"once in {math.exp(score):,.0f} hours" if score < math.log(1e6) else "less than once in a million hours"
    return f"by its own past of {days:.0f} days, so much too much within {hours} happens by chance {once}"
