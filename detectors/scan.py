"""Every hour of every series, judged at its close by every kind. Causal: what comes later changes nothing."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from billing.hours import HOUR, WEEK_HOURS, hours_between, iso
from detectors.kind import Kind, settled
from detectors.kinds.disappearance import DISAPPEARANCE
from detectors.kinds.first_use import FIRST_MONTH, FIRST_WEEK
from detectors.kinds.ramp import RAMP
from detectors.kinds.shift import SHIFT
from detectors.kinds.spike import SPIKE
from detectors.moment import Lives, numbered
from detectors.part import Part
from detectors.past import Past, whole_days
from detectors.series import Flags, Floats, Panel, SeriesKey
from detectors.state import Rows
from detectors.threshold import BUDGET, Kin
from detectors.watch import Found, Settle, Watch

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
        self.budget = budget
        self.min_days = min_history_days
        self.kinds = tuple(kinds)
        self._pasts: OrderedDict[tuple[datetime, tuple[SeriesKey, ...]], Past] = OrderedDict()
        self._newest: tuple[Panel, Rows, Part] | None = None

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
        lives, fed = Lives.of(panel, self.min_days), np.any(np.isfinite(panel.values), axis=0)
        for rows in chunks(panel):
            watch = self.watch(
                panel, rows, first // 24, lives.take(rows, lead), fed, _settling(self.kinds, panel, rows)
            )
            findings += [finding_of(panel, rows, one) for one in watch.judge(first, last, self.budget)]
            days = watch.past.course.days
            untold = np.flatnonzero(~watch.ready(last - 1) & ~watch.lives.newcomers(last - 1))
            ages = watch.age(last - 1)[untold]
            skipped += skipped_of([panel.keys[row] for row in rows[untold]], ages, days[untold], self.min_days)
        return findings, skipped

    def profiles(self, panel: Panel) -> Floats:
        """[series, 168]. For forecasts: what the hours of panel.end's day are judged by, as of its 00:00."""
        profiles = np.empty((len(panel.keys), WEEK_HOURS))
        day = (panel.start.hour + panel.values.shape[1]) // 24
        for rows in chunks(panel):
            profiles[rows] = self.past(self._part(panel, rows), day).course.state.profile()
        return profiles

    def watch(self, panel: Panel, rows: Rows, day: int, lives: Lives, fed: Flags, settle: Settle) -> Watch:
        """The series of `rows`, with their past as of 00:00 of `day`. lives: theirs. fed: [hours of the panel]."""
        part = self._part(panel, rows)
        return Watch(
            kinds=self.kinds,
            past=self.past(part, day),
            values=part.values,
            learned=part.learned.copy(),
            settle=settle,
            caution=np.zeros(len(rows)) if panel.caution is None else panel.caution[rows],
            lives=lives,
            fed=np.pad(fed, (panel.start.hour, 0)),
            min_days=self.min_days,
            calendar=part.calendar,
            ordinary=part.ordinary,
        )

    def _part(self, panel: Panel, rows: Rows) -> Part:
        """The newest one is kept: who has scanned a panel asks for its profiles next."""
        if self._newest and self._newest[0] is panel and np.array_equal(self._newest[1], rows):
            return self._newest[2]
        part = Part.of(panel, rows)
        self._newest = panel, rows, part
        return part

    def past(self, part: Part, day: int) -> Past:
        """Of the part's series as of 00:00 of `day`."""
        name = (part.start, part.keys)
        past = self._pasts.pop(name, None)
        if past is None or not past.back(part.values, part.teaches, day):
            past = Past(self.kinds, whole_days(part.values, part.teaches), part.start, day)
        self._pasts[name] = past
        while len(self._pasts) > 1 and sum(len(keys) for _, keys in self._pasts) > REMEMBERED_SERIES:
            self._pasts.popitem(last=False)
        return past


def chunks(panel: Panel) -> list[Rows]:
    """The rows in parts that bound the memory, kin beside each other."""
    order = sorted(range(len(panel.keys)), key=lambda row: panel.origins[row].kin if panel.origins else "")
    return [np.array(order[begin : begin + CHUNK]) for begin in range(0, len(order), CHUNK)]


def kin_of(panel: Panel, rows: Rows) -> Kin:
    """[rows]"""
    return numbered((panel.origins[row].kin if panel.origins else "") or row for row in rows.tolist())


def _settling(kinds: Sequence[Kind], panel: Panel, rows: Rows) -> Settle:
    kin = kin_of(panel, rows)
    return lambda lessons: settled(kinds, lessons, kin)


def skipped_of(keys: Sequence[SeriesKey], ages: Floats, days: Floats, min_days: int) -> list[Skipped]:
    """Why these have no opinion. ages, days: [series], since it was first heard of, and of history learned from."""
    skipped = []
    for key, age, learned in zip(keys, ages, days, strict=True):
        if age < min_days:
            why = f"{age:.1f} days of history; {min_days} are needed"
        else:
            why = f"only {learned:.1f} days' worth of hours in {age:.0f} days: the rest is missing or under alert"
        skipped.append(Skipped(key, why))
    return skipped


def finding_of(panel: Panel, rows: Rows, found: Found) -> Finding:
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
