"""Our detector under the protocol: series are walked many at once, an excess only from its first day on."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from billing.hours import HOUR, WEEK_HOURS, hours_between
from detectors.injection import SCORED_FROM
from detectors.scan import KINDS, Finding, Scanner
from detectors.series import Flags, Floats, Panel
from detectors.threshold import BUDGET
from tests.benchmarks.detection.material import Copy, Series
from tests.benchmarks.detection.protocol import Outcome, outcome

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
SHORT, LONG = 24, WEEK_HOURS  # spans of about these lengths are walked together
NO_TICKET = "disappearance"
RUN_AWAYS = [kind for kind in KINDS if kind.name != NO_TICKET]  # rows end where their series does
SIGMAS, NORMAL_MAD = 3, 1.4826  # a normal's standard deviation over its median absolute deviation
KEPT_LEARNED = "first_use"  # hours of the beginning of a history are part of it


@dataclass(frozen=True)
class Alarm:
    """column: of the newest hour; columns: of all the hours found. profile: [168], by hour of the week."""

    column: int
    columns: tuple[int, ...]
    kind: str
    profile: Floats


@dataclass(frozen=True)
class _Row:
    """Hours [first, stop) of a series are to be judged. learned: [hours]."""

    phase: int
    values: Floats
    learned: Flags
    first: int
    stop: int


def clean(series: Sequence[Series], budget: float = BUDGET, first: int = SCORED_FROM) -> list[list[Alarm]]:
    """The alarms of each series from column `first` on, or up to a week before."""
    whole = (_Row(s.phase, s.values, np.ones(len(s.values), bool), first, len(s.values)) for s in series)
    return _walk(list(whole), budget)


def injected(copies: Sequence[Copy], known: dict[str, list[Alarm]], budget: float = BUDGET) -> list[list[Alarm]]:
    """The alarms within the excess of each copy. known: of the series without it, which the copy shares until then."""
    rows = []
    for copy in copies:
        learned = np.ones(len(copy.values), bool)
        for alarm in known[copy.series.name]:
            if alarm.column < copy.start and alarm.kind != KEPT_LEARNED:
                learned[list(alarm.columns)] = False
        rows.append(_Row(copy.series.phase, copy.values, learned, copy.start, copy.stop))
    walked = zip(copies, _walk(rows, budget), strict=True)
    return [[alarm for alarm in alarms if alarm.column >= copy.start] for copy, alarms in walked]


def tickets(alarms: Sequence[Alarm]) -> list[int]:
    return sorted({alarm.column for alarm in alarms if alarm.kind != NO_TICKET})


def judged(copies: Sequence[Copy], known: dict[str, list[Alarm]], budget: float = BUDGET) -> list[Outcome]:
    """What became of each copy, and what its excess is taken for."""
    outcomes = []
    for copy, alarms in zip(copies, injected(copies, known, budget), strict=True):
        raised = [alarm for alarm in alarms if alarm.kind != NO_TICKET]
        one = outcome(copy, tickets(raised))
        if raised:
            excess = over(copy.values, copy.series.phase, raised[0].profile)[copy.start : copy.stop]
            lower = lower_bound(copy.values, copy.series.phase, raised)
            one = replace(one, estimate=float(np.nansum(excess)), lower=lower)
        outcomes.append(one)
    return outcomes


def lower_bound(values: Floats, phase: int, alarms: Sequence[Alarm]) -> float:
    """What the incident of these alarms is worth at least: the excess of the hours found over the first profile, less
    three standard deviations of sums over as many hours, as they were in the four weeks before."""
    hours = sorted({column for alarm in alarms for column in alarm.columns})
    excess = np.nan_to_num(over(values, phase, alarms[0].profile))
    past = excess[max(0, hours[0] - SCORED_FROM) : hours[0]]
    sums = np.convolve(past, np.ones(min(len(hours), WEEK_HOURS)), "valid")
    sigma = NORMAL_MAD * np.median(np.abs(sums - np.median(sums)))
    return float(excess[hours].sum() - SIGMAS * sigma)


def over(values: Floats, phase: int, profile: Floats) -> Floats:
    """[hours]: what is above the profile."""
    excess: Floats = values - np.nan_to_num(profile)[(phase + np.arange(len(values))) % WEEK_HOURS]
    return excess


def _walk(rows: Sequence[_Row], budget: float) -> list[list[Alarm]]:
    """Each row's alarms in its hours to be judged, and up to a week before: what was found there is not learned from.

    Rows are moved by whole weeks, so that the hours to be judged lie together.
    """
    found: list[list[Alarm]] = [[] for _ in rows]
    for together in _groups(rows):
        weeks = [(rows[at].phase + rows[at].first) // WEEK_HOURS for at in together]
        offsets = [rows[at].phase + (max(weeks) - week) * WEEK_HOURS for at, week in zip(together, weeks, strict=True)]
        width = max(offset + rows[at].stop for offset, at in zip(offsets, together, strict=True))
        values = np.full((len(together), width), np.nan)
        learned = np.ones(values.shape, bool)
        for line, (offset, at) in enumerate(zip(offsets, together, strict=True)):
            values[line, offset : offset + rows[at].stop] = rows[at].values[: rows[at].stop]
            learned[line, offset : offset + rows[at].stop] = rows[at].learned[: rows[at].stop]
        keys = tuple((str(at), "meter") for at in together)
        since = min(offset + rows[at].first for offset, at in zip(offsets, together, strict=True))
        findings, _ = Scanner(budget, kinds=RUN_AWAYS).scan(Panel(keys, MONDAY, values, learned), MONDAY + since * HOUR)
        offset_of = dict(zip(together, offsets, strict=True))
        for finding in findings:
            at = int(finding.key[0])
            alarm = _alarm(finding, offset_of[at])
            if alarm.column < rows[at].stop:
                found[at].append(alarm)
    return [sorted(alarms, key=lambda alarm: alarm.column) for alarms in found]


def _groups(rows: Sequence[_Row]) -> Iterator[list[int]]:
    """Rows to be judged for about as long; the shorter ones from the same day of the week on."""
    groups = defaultdict(list)
    for at, row in enumerate(rows):
        length = next((most for most in (SHORT, LONG) if row.stop - row.first <= most), None)
        weekday = (row.phase + row.first) // 24 % 7 if length else 0
        groups[length, weekday].append(at)
    yield from groups.values()


def _alarm(finding: Finding, offset: int) -> Alarm:
    columns = tuple(hours_between(MONDAY, hour) - offset for hour in finding.hours)
    return Alarm(columns[-1], columns, finding.kind, finding.profile)
