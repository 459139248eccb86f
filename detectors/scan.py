"""Every hour of every series, judged at its close by every kind. Causal: what comes later changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from billing.hours import HOUR, WEEK_HOURS, hours_between, iso
from detectors.baseline import Baseline, Course
from detectors.kinds import first_use, ramp, spike
from detectors.moment import Lives, Moment, Odd, at_close
from detectors.past import REACH, Memory, Past
from detectors.series import Flags, Floats, Panel, SeriesKey
from detectors.threshold import BUDGET

ENOUGH_SAID = 0.5  # of the least history must be hours that were said and could be learned


@dataclass(frozen=True)
class Kind:
    """A way to be odd. learn: at 00:00, from the past; judge: at the close of an hour.

    young: it needs no history, and the hours it finds are the beginning of one: they stay learned.
    """

    name: str
    learn: Callable[[Course], Floats]
    judge: Callable[[Moment, Floats, float], Odd]
    young: bool = False


KINDS = (  # an hour goes to the first row that finds it
    Kind("first_use", first_use.learn, first_use.judge_week, young=True),
    Kind("spike", spike.learn, spike.judge),
    Kind("first_use", first_use.learn, first_use.judge_month, young=True),
    Kind("ramp", ramp.learn, ramp.judge),
)


@dataclass(frozen=True)
class Finding:
    """These hours are odd.

    kind: a row of KINDS. hours: ascending, not necessarily contiguous; expected and actual for each. detected: the
    end of the hour at whose close it could be raised. score: surprise in nats. reasons: in words. profile: [168], the
    baseline when it was found, which prices the episode that it begins.
    """

    key: SeriesKey
    kind: str
    hours: tuple[datetime, ...]
    expected: tuple[float, ...]
    actual: tuple[float, ...]
    detected: datetime
    score: float
    reasons: tuple[str, ...]
    profile: Floats


@dataclass(frozen=True)
class Skipped:
    """I cannot tell, because."""

    key: SeriesKey
    why: str


class Scanner:
    """Judges panels. Remembers what pasts taught between calls, which changes the time taken and nothing else.

    budget: false incidents a series-month. min_history_days: before that a series is skipped.
    """

    def __init__(self, budget: float = BUDGET, min_history_days: int = 7) -> None:
        self._budget = budget
        self._min_days = min_history_days
        self._memory = Memory([kind.learn for kind in KINDS])

    def scan(self, panel: Panel, since: datetime) -> tuple[list[Finding], list[Skipped]]:
        """Judge the hours [since, panel.end); an odd hour is in one finding of a scan.

        An hour found is not learned from any more (Kind.young aside), as if its alert were live at once. To ask again
        about hours whose alert is live, hand them in as learned.
        """
        if not panel.keys:
            return [], []
        findings: list[Finding] = []
        learned = panel.learned.copy()
        found = np.zeros_like(learned)
        lives = Lives.of(panel, self._min_days)
        past: Past | None = None
        now: Moment | None = None
        for column in range(hours_between(panel.start, since), panel.values.shape[1]):
            hour = (panel.start.hour + column) % 24
            midnight = max(0, column - hour)
            if past is None or hour == 0:
                past = self._memory.past(panel.values[:, :midnight], learned[:, :midnight], panel.start)
            now = at_close(panel, learned, column, past, lives)
            new = self._judge(panel, now, column, learned, found)
            if any(finding.hours[0] < panel.start + midnight * HOUR for finding in new):
                past = None  # what the day's baseline rests on has changed
            findings += new
        return findings, self._skipped(panel, now) if now else []

    def baseline(self, panel: Panel) -> Baseline:
        """For forecasts: the one by which the hours of panel.end's day are judged, as of its 00:00."""
        if not panel.keys:
            return Baseline(np.empty((0, WEEK_HOURS)), np.empty(0), np.empty(0))
        width = panel.values.shape[1]
        midnight = max(0, width - (panel.start.hour + width) % 24)
        past = self._memory.past(panel.values[:, :midnight], panel.learned[:, :midnight], panel.start)
        return Baseline(past.profile, past.scale, past.days)

    def _judge(self, panel: Panel, now: Moment, column: int, learned: Flags, found: Flags) -> list[Finding]:
        """What the kinds find at the close of the hour in `column`; marks it in `learned` and `found`."""
        findings = []
        ready = self._ready(now)
        for kind, lesson in zip(KINDS, now.past.lessons, strict=True):
            odd = kind.judge(now, lesson, self._budget)
            for index, row in enumerate(odd.rows):
                columns = column + 1 - REACH + np.flatnonzero(odd.hours[index])
                if found[row, column] or not (kind.young or ready[row]):
                    continue
                columns = columns[~found[row, columns]]
                found[row, columns] = True
                learned[row, columns] &= kind.young
                findings.append(_finding(panel, kind.name, odd, index, columns))
        return findings

    def _ready(self, now: Moment) -> Flags:
        return (now.age >= self._min_days) & (now.past.days >= ENOUGH_SAID * self._min_days)

    def _skipped(self, panel: Panel, now: Moment) -> list[Skipped]:
        skipped = []
        for row in np.flatnonzero(~self._ready(now) & ~now.newcomer):
            age, days = now.age[row], now.past.days[row]
            if age < self._min_days:
                why = f"{age:.1f} days of history; {self._min_days} are needed"
            else:
                why = f"only {days:.1f} days' worth of hours in {age:.0f} days: the rest is missing or under alert"
            skipped.append(Skipped(panel.keys[row], why))
        return skipped


def _finding(panel: Panel, kind: str, odd: Odd, index: int, columns: NDArray[np.intp]) -> Finding:
    """Of the series at `index` of `odd`; the last of `columns` is the newest hour."""
    row = odd.rows[index]
    reach = columns - columns[-1] - 1
    hours = tuple(panel.start + int(column) * HOUR for column in columns)
    expected, actual = odd.expected[index, reach], panel.values[row, columns]
    span = "one hour" if len(hours) == 1 else f"{len(hours)} hours"
    what = f"{_number(actual.sum())} in {span} since {iso(hours[0])}, where {_number(expected.sum())} was expected"
    return Finding(
        key=panel.keys[row],
        kind=kind,
        hours=hours,
        expected=tuple(expected.tolist()),
        actual=tuple(actual.tolist()),
        detected=hours[-1] + HOUR,
        score=float(odd.score[index]),
        reasons=(what, odd.why[index]),
        profile=odd.profile[index],
    )


def _number(quantity: float) -> str:
    return f"{quantity:,.0f}" if quantity >= 100 else f"{quantity:.3g}"
