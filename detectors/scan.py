"""Every hour of every series, judged at its close by every kind. Causal: what comes later changes nothing."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from billing.hours import HOUR, WEEK_HOURS, hours_between, iso
from detectors.kind import Kind
from detectors.kinds.disappearance import DISAPPEARANCE
from detectors.kinds.first_use import FIRST_MONTH, FIRST_WEEK
from detectors.kinds.ramp import RAMP
from detectors.kinds.shift import SHIFT
from detectors.kinds.spike import SPIKE
from detectors.moment import Lives
from detectors.part import Part
from detectors.past import Past, whole_days
from detectors.series import Floats, Panel, SeriesKey
from detectors.state import Rows
from detectors.threshold import BUDGET, Kin
from detectors.watch import Found, Watch

CHUNK = 1000  # series judged at once: bounds the memory
REMEMBERED_SERIES = 4000  # whose pasts are kept between calls
KINDS: tuple[Kind, ...] = (  # an hour goes to the first that finds it
    FIRST_WEEK,
    SPIKE,
    SHIFT,
    FIRST_MONTH,
    RAMP,
    DISAPPEARANCE,
)


@dataclass(frozen=True)
class Finding:
    """These hours are odd.

    kind: a row of KINDS. hours: ascending, not necessarily contiguous; expected and actual for each. detected: the
    end of the hour at whose close it could be raised. score: surprise in nats. reasons: in words. profile: [168], the
    baseline when it was found, which prices the episode that it begins. scale: how far an hour usually strays.
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
    scale: float = 0.0


@dataclass(frozen=True)
class Skipped:
    """I cannot tell, because."""

    key: SeriesKey
    why: str


class Scanner:
    """Judges panels. Remembers what pasts taught between calls, which changes the time taken and nothing else.

    budget: false incidents a series-month. min_history_days: before that a series is skipped.
    """

    def __init__(self, budget: float = BUDGET, min_history_days: int = 7, kinds: Sequence[Kind] = KINDS) -> None:
        self._budget = budget
        self._min_days = min_history_days
        self._kinds = tuple(kinds)
        self._pasts: OrderedDict[tuple[datetime, tuple[SeriesKey, ...]], Past] = OrderedDict()

    def scan(self, panel: Panel, since: datetime) -> tuple[list[Finding], list[Skipped]]:
        """Judge the hours [since, panel.end); an odd hour is in one finding of a scan.

        An hour found is not learned from any more (Kind.young aside), as if its alert were live at once. To ask again
        about hours whose alert is live, hand them in as learned.
        """
        findings: list[Finding] = []
        skipped: list[Skipped] = []
        lead = panel.start.hour
        first, last = lead + hours_between(panel.start, since), lead + panel.values.shape[1]
        if first >= last:
            return [], []
        lives = Lives.of(panel, self._min_days)
        for rows in _chunks(panel):
            watch = self._watch(panel, rows, lives, first // 24)
            findings += [_finding(panel, rows, one) for one in watch.judge(first, last, self._budget)]
            skipped += _skipped(panel, rows, watch, last - 1)
        return findings, skipped

    def profiles(self, panel: Panel) -> Floats:
        """[series, 168]. For forecasts: what the hours of panel.end's day are judged by, as of its 00:00."""
        profiles = np.empty((len(panel.keys), WEEK_HOURS))
        day = (panel.start.hour + panel.values.shape[1]) // 24
        for rows in _chunks(panel):
            profiles[rows] = self._past(Part.of(panel, rows), day).course.state.profile()
        return profiles

    def _watch(self, panel: Panel, rows: Rows, lives: Lives, day: int) -> Watch:
        """The series of `rows`, with their past as of 00:00 of `day`."""
        part = Part.of(panel, rows)
        return Watch(
            kinds=self._kinds,
            past=self._past(part, day),
            values=part.values,
            learned=part.learned,
            kin=_kin(panel, rows),
            caution=np.zeros(len(rows)) if panel.caution is None else panel.caution[rows],
            lives=lives.take(rows, panel.start.hour),
            min_days=self._min_days,
            calendar=part.calendar,
            ordinary=part.ordinary,
        )

    def _past(self, part: Part, day: int) -> Past:
        """Of the part's series as of 00:00 of `day`."""
        name, teaches = (part.start, part.keys), part.learned & part.ordinary
        past = self._pasts.pop(name, None)
        if past is None or not past.back(part.values, teaches, day):
            past = Past(self._kinds, whole_days(part.values, teaches), part.start, day)
        self._pasts[name] = past
        while len(self._pasts) > 1 and sum(len(keys) for _, keys in self._pasts) > REMEMBERED_SERIES:
            self._pasts.popitem(last=False)
        return past


def _chunks(panel: Panel) -> list[Rows]:
    """The rows in parts that bound the memory, kin beside each other."""
    order = sorted(range(len(panel.keys)), key=lambda row: panel.origins[row].kin if panel.origins else "")
    return [np.array(order[begin : begin + CHUNK]) for begin in range(0, len(order), CHUNK)]


def _kin(panel: Panel, rows: Rows) -> Kin:
    names = [panel.origins[row].kin if panel.origins else "" for row in rows]
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(name or row, len(numbers)) for row, name in enumerate(names)], dtype=np.intp)


def _skipped(panel: Panel, rows: Rows, watch: Watch, column: int) -> list[Skipped]:
    skipped = []
    ages = watch.age(column)
    for index in np.flatnonzero(~watch.ready(column) & ~watch.lives.newcomers(column)):
        age, days = ages[index], watch.past.course.days[index]
        if age < watch.min_days:
            why = f"{age:.1f} days of history; {watch.min_days} are needed"
        else:
            why = f"only {days:.1f} days' worth of hours in {age:.0f} days: the rest is missing or under alert"
        skipped.append(Skipped(panel.keys[rows[index]], why))
    return skipped


def _finding(panel: Panel, rows: Rows, found: Found) -> Finding:
    """The last of its columns is the newest hour."""
    row, columns = rows[found.row], found.columns - panel.start.hour
    expected = found.odd.expected[found.index, columns - columns[-1] - 1]
    actual, profile = np.nan_to_num(found.actual), found.profile
    hours = tuple(panel.start + int(column) * HOUR for column in columns)
    span = "one hour" if len(hours) == 1 else f"{len(hours)} hours"
    what = f"{_number(actual.sum())} in {span} since {iso(hours[0])}, where {_number(expected.sum())} was expected"
    if panel.origins and panel.origins[row].counter:
        what = f"grew by {what}"
        height = panel.values[row, columns]
        expected, actual = height - np.cumsum(actual - expected), height
        profile = np.full(WEEK_HOURS, expected[0])
    return Finding(
        key=panel.keys[row],
        kind=found.kind,
        hours=hours,
        expected=tuple(expected.tolist()),
        actual=tuple(actual.tolist()),
        detected=hours[-1] + HOUR,
        score=float(found.odd.score[found.index]),
        reasons=(what, found.odd.why[found.index]),
        profile=profile,
        scale=found.scale,
    )


def _number(quantity: float) -> str:
    return f"{quantity:,.0f}" if quantity >= 100 else f"{quantity:.3g}"
