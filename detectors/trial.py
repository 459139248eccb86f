"""A past played again a week at a time: what is raised on it as it was, and whether injected usage is noticed.

An injected case lies in a copy of its series; the copy is scanned from about the case's start on, because before it the
copy and the series are the same.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from billing.hours import DAY, HOUR, WEEK_HOURS, hours_between
from detectors.episodes import DISAPPEARANCE, FIRST_USE
from detectors.injection import CASES, SCORED_FROM, Case, added, starts
from detectors.scan import Finding, Scanner
from detectors.series import Flags, Floats, Panel, SeriesKey

LOOK_BACK = 84 * DAY  # what a cycle of the product looks back on
COPIES = 1000  # scanned at once: bounds the memory


@dataclass(frozen=True)
class Injected:
    """The case in a copy of the series in row `row`, from column `start` on; excess: [case.hours] whole base units, 0
    in a missing hour."""

    row: int
    start: int
    case: Case
    excess: Floats


@dataclass(frozen=True)
class Week:
    """What was raised in a week of the series as they were; the cases that start in it, each with its alarm, if any."""

    findings: list[Finding]
    tried: list[tuple[Injected, Finding | None]]


def scored_from(panel: Panel, since: datetime, rows: Sequence[int]) -> list[datetime]:
    """For each of `rows` the hour from which it is judged: `since`, or after its first four weeks."""
    first = np.isfinite(panel.values[rows]).argmax(axis=1)
    return [max(since, panel.start + (int(column) + SCORED_FROM) * HOUR) for column in first]


def deal(panel: Panel, begins: Mapping[int, datetime], each: int, seed: int) -> list[Injected]:
    """`each` of the 18 cases for each row of `begins`, at random starts from its hour on.

    They are dealt round from a shuffled deck. One that finds no room, or would add nothing where it falls, is left out.
    """
    chance = np.random.default_rng(seed)
    deck = [CASES[place] for place in chance.permutation(len(CASES))]
    dealt = []
    for turn, (row, begin) in enumerate(pair for pair in begins.items() for _ in range(each)):
        case, values = deck[turn % len(deck)], panel.values[row]
        start = starts(values, case, chance, hours_between(panel.start, begin))
        if start is None or not np.isfinite(values[start - WEEK_HOURS : start]).any():
            continue
        excess = np.rint(np.nan_to_num(added(values, start, case)))
        if excess.any():
            dealt.append(Injected(row, start, case, excess))
    return dealt


def play(scanner: Scanner, panel: Panel, since: datetime, injected: Sequence[Injected]) -> Iterator[Week]:
    """The weeks from `since` to the panel's end. Hours found are not learned from in the weeks after."""
    learned = panel.learned.copy()
    for first in range(hours_between(panel.start, since), panel.values.shape[1], WEEK_HOURS):
        known = replace(panel, learned=learned)
        week = _between(known, first, first + WEEK_HOURS)
        findings, _ = scanner.scan(week, panel.start + first * HOUR)
        begun = [one for one in injected if first <= one.start < first + WEEK_HOURS]
        tried = [pair for alike in _alike(begun) for pair in _try(scanner, known, alike)]
        unlearn(learned, panel, findings)
        yield Week(findings, tried)


def unlearn(learned: Flags, panel: Panel, findings: Iterable[Finding]) -> None:
    """Take the hours found out of `learned`, [series, hours] of the panel, as under a live alert."""
    row_of = {key: row for row, key in enumerate(panel.keys)}
    for finding in findings:
        if finding.kind != FIRST_USE:
            learned[row_of[finding.key], [hours_between(panel.start, hour) for hour in finding.hours]] = False


def run_aways(findings: Iterable[Finding]) -> list[Finding]:
    """Those that say there is too much: usage that stops neither finds a case nor is a false alarm."""
    return [finding for finding in findings if finding.kind != DISAPPEARANCE]


def _alike(injected: Sequence[Injected]) -> Iterator[list[Injected]]:
    """Short cases together and long ones, at most COPIES by their start, so that few hours are scanned in vain."""
    short = [one for one in injected if one.case.hours <= 24]
    for group in (short, [one for one in injected if one.case.hours > 24]):
        group.sort(key=lambda one: one.start)
        for part in range(0, len(group), COPIES):
            yield group[part : part + COPIES]


def _try(scanner: Scanner, panel: Panel, injected: Sequence[Injected]) -> list[tuple[Injected, Finding | None]]:
    """Each case, by start, in a copy of its own, with the first alarm in its hours."""
    first = injected[0].start
    part = _between(panel, first, max(one.start + one.case.hours for one in injected))
    rows = [one.row for one in injected]
    values = part.values[rows]
    for copy, one in enumerate(injected):
        begin = one.start - hours_between(panel.start, part.start)
        values[copy, begin : begin + one.case.hours] += one.excess
    copies = Panel(
        keys=tuple((str(copy), panel.keys[row][1]) for copy, row in enumerate(rows)),
        start=part.start,
        values=values,
        learned=part.learned[rows],
        origins=tuple(panel.origins[row] for row in rows) if panel.origins else (),
        caution=None if panel.caution is None else panel.caution[rows],
    )
    findings, _ = scanner.scan(copies, panel.start + first * HOUR)
    alarms: dict[SeriesKey, Finding] = {}
    for finding in sorted(run_aways(findings), key=lambda each: each.detected):
        one = injected[int(finding.key[0])]
        if one.start <= hours_between(panel.start, finding.hours[-1]) < one.start + one.case.hours:
            alarms.setdefault(finding.key, finding)
    return [(one, alarms.get(key)) for one, key in zip(injected, copies.keys, strict=True)]


def _between(panel: Panel, since: int, end: int) -> Panel:
    """The columns before `end`, from LOOK_BACK before column `since` on, at a midnight."""
    midnight = since - (panel.start.hour + since) % 24
    first = max(0, midnight - LOOK_BACK // HOUR)
    columns = slice(first, end)
    start = panel.start + first * HOUR
    return replace(panel, start=start, values=panel.values[:, columns], learned=panel.learned[:, columns])
