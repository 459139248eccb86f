"""The benchmark counts right: by hand on small scores, and a part of a walk gives what the whole walk gives."""

from dataclasses import replace

import numpy as np
import pytest

from detectors.injection import CASES, SCORED_FROM, Case
from tests.benchmarks.detection import material, ours, protocol, race, verdicts, walk
from tests.benchmarks.detection.__main__ import BEGIN, END, table
from tests.benchmarks.detection.figures import Figure
from tests.benchmarks.detection.material import Copy, Series
from tests.document import put

HOURS = 6 * 168


def daily(name: str, phase: int = 0) -> Series:
    chance = np.random.default_rng(phase)
    values = 100 + 40 * np.sin(np.arange(HOURS) * np.pi / 12) + chance.normal(0, 4, HOURS)
    return Series(name, "made", phase, values, np.zeros(HOURS, bool))


@pytest.fixture(scope="module")
def series() -> list[Series]:
    return [daily("a", 5), daily("b", 100), daily("c", 167)]


def test_an_incident_ends_after_24_quiet_hours():
    assert protocol.incidents([0, 1, 25, 50, 51]) == [[0, 1, 25], [50, 51]]
    assert protocol.incidents([]) == []


def test_an_incident_that_opens_near_a_label_or_before_the_scoring_is_not_false():
    odd = np.zeros(HOURS, bool)
    odd[800:803] = True
    one = replace(daily("a"), odd=odd)
    alarms = [SCORED_FROM - 1, 775, 776, 826, 852, 853, 900]
    assert protocol.false_incidents(one, alarms) == [[775, 776], [852, 853], [900]]
    assert protocol.false_rate([one], [alarms]) == pytest.approx(3 * 720 / (HOURS - SCORED_FROM))
    assert protocol.windows(one) == [(800, 803)]


def test_only_an_alarm_within_the_excess_finds_it():
    one = daily("a")
    copy = Copy(one, Case("spike", 6, 2.0), 700, one.values)
    assert [protocol.outcome(copy, alarms).delay for alarms in ([699, 706], [699, 703, 704], [])] == [None, 3, None]


def test_the_interval_is_as_wide_as_series_differ():
    def outcomes(found_by_a: bool, found_by_b: bool) -> list[protocol.Outcome]:
        case = Case("spike", 1, 2.0)
        return [
            protocol.Outcome(Copy(daily(name), case, 700, daily(name).values), 0 if found else None)
            for name, found in (("a", found_by_a), ("b", found_by_b))
            for _ in range(10)
        ]

    assert protocol.between(outcomes(True, True)) == (1, 1)
    assert protocol.between(outcomes(True, False)) == (0, 1)


def test_a_subset_meets_the_same_injections(series):
    every, alone = material.copies(series), material.copies(series[1:2])
    assert len(every) == 3 * len(CASES)
    for one, other in zip([copy for copy in every if copy.series.name == "b"], alone, strict=True):
        assert (one.case, one.start) == (other.case, other.start)
        assert SCORED_FROM <= one.start <= HOURS - one.case.hours
        changed = np.flatnonzero(one.values != one.series.values)
        assert (changed[0], changed[-1]) == (one.start, one.stop - 1)


def test_a_walk_from_the_excess_on_finds_what_the_whole_walk_finds(series):
    bumpy = [replace(one, values=one.values + np.where(np.arange(HOURS) // 6 == 120, 200, 0)) for one in series]
    known = dict(zip("abc", ours.clean(bumpy), strict=True))
    assert all(720 <= mine[0].column < 726 for mine in known.values())
    copies = [copy for copy in material.copies(bumpy) if copy.start > 745]
    whole = ours.clean([replace(copy.series, values=copy.values) for copy in copies])
    parts = ours.injected(copies, known)
    assert sum(map(len, parts)) > len(copies)
    for copy, part, alarms in zip(copies, parts, whole, strict=True):
        assert [alarm.column for alarm in part] == [a.column for a in alarms if copy.start <= a.column < copy.stop]


def test_what_comes_later_changes_no_alarm(series):
    copies = material.copies(series[:1])
    for copy, full in zip(copies, ours.clean([replace(c.series, values=c.values) for c in copies]), strict=True):
        cut = replace(copy.series, values=copy.values[: copy.stop], odd=copy.series.odd[: copy.stop])
        (alarms,) = ours.clean([cut])
        assert [a.column for a in alarms] == [a.column for a in full if a.column < copy.stop]


def test_thin_and_holed_series_are_what_they_say(series):
    (thin, *_), (holed, *_) = material.sparse(series, 1.0), material.holed(series)
    assert 0.85 < thin.values.mean() < 1.15
    assert set(thin.values) <= set(range(20))
    (surge, *_) = material.surges([thin], 1.0, 1)
    assert surge.excess == 30
    gaps = np.isnan(holed.values)
    assert 0.05 < gaps.mean() < 0.12
    assert np.convolve(gaps, np.ones(24), "valid").max() == 24
    assert np.isnan(holed.values).sum() == len(holed.values) - (holed.values == series[0].values).sum()


def test_a_fall_is_a_rise_in_the_mirror(series):
    fallen = [replace(one, values=np.where(np.arange(HOURS) >= HOURS - 6, 0.0, one.values)) for one in series]
    assert not any(ours.tickets(alarms) for alarms in ours.clean(fallen))
    assert all(ours.tickets(alarms)[0] == HOURS - 6 for alarms in ours.clean(material.mirrored(fallen)))


def test_the_table_says_what_is_missed():
    text = table([Figure("a", 0.5, 0.6), Figure("b", 0.1, 0.2, at_most=True), Figure("c", 3)])
    assert text.splitlines()[2:] == ["| a | >= 0.6 | 0.5 | **missed** |", "| b | <= 0.2 | 0.1 | ✓ |", "| c |  | 3 |  |"]


def test_a_peers_copy_is_scored_as_the_copy_alone_would_be(series):
    copies = material.copies(series[:1])
    done = walk.walked("hour-of-week median", series[0], copies)
    assert len(done.clean.plain) == len(done.clean.tail) == HOURS - SCORED_FROM
    for copy, part in zip(copies, done.injected, strict=True):
        alone = walk.walked("hour-of-week median", replace(series[0], values=copy.values[: copy.stop]), [])
        np.testing.assert_allclose(part.plain, alone.clean.plain[-copy.case.hours :])
        np.testing.assert_allclose(part.tail, alone.clean.tail[-copy.case.hours :])


def test_the_threshold_lets_as_many_false_incidents_through_as_the_budget_has():
    bump = np.arange(HOURS) == 800
    bumped = [daily(str(size), size) for size in range(12)]
    bumped = [replace(one, values=one.values + (200 + 20 * one.phase) * bump) for one in bumped]
    scores = [walk.walked("hour-of-week median", one, []).clean.plain for one in bumped]
    least = race.threshold(bumped, scores)
    alarms = [race.above(mine, least) for mine in scores]
    assert sum(map(bool, alarms)) == 1
    assert [800] in alarms
    assert 0 < protocol.false_rate(bumped, alarms) <= race.BUDGET


def test_half_of_the_money_is_in_what_was_found(series):
    copies = material.copies(series[:1], [Case("spike", 1, 2.0), Case("spike", 1, 2.0)])
    outcomes = [protocol.Outcome(copies[0], 0), protocol.Outcome(copies[1], None)]
    assert race.dollars(outcomes) == pytest.approx(0.5)
    text = race.table([race.Row("a method", outcomes, 0.1, 0.4, 20.0, 300.0)])
    assert text.splitlines()[-1].startswith("| a method | 0.50 (0.50-0.50) | nan | 0.50 |")


def test_who_is_sooner_is_told_by_what_both_found(series):
    copies = material.copies(series[:1], [Case("spike", 6, 2.0)] * 3)
    ours = [protocol.Outcome(copy, delay) for copy, delay in zip(copies, (0, 1, None), strict=True)]
    theirs = [protocol.Outcome(copy, delay) for copy, delay in zip(copies, (3, None, 0), strict=True)]
    assert race.sooner(ours, theirs) == 3


def test_the_verdict_is_by_the_same_number_of_false_incidents():
    rows = [race.Row(name, [], false, even, 1, 1) for name, false, even in (("us", 0.9, 0.4), ("them", 0.1, 0.6))]
    assert "ours finds 0.40 of the cases and the best of the others 0.60 (them)" in race.verdict(rows)


def test_the_report_is_written_between_the_markers(tmp_path):
    page = tmp_path / "detection.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    put("new", page, BEGIN, END)
    assert page.read_text(encoding="utf-8") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"


@pytest.fixture(scope="module")
def taught() -> verdicts.Taught:
    """Eight quiet series with a case a week, and four whose own bursts nobody labelled."""
    cases = verdicts.beset([daily(f"quiet{seed}", seed) for seed in range(8)])
    bursts = []
    for seed in range(4):
        one, chance = daily(f"bursts{seed}", seed), np.random.default_rng(seed)
        values = one.values.copy()
        for start in range(SCORED_FROM - 168, HOURS - 48, 48):
            at = start + int(chance.integers(40))
            values[at : at + 3] *= 1.6 + chance.random()
        bursts.append(replace(one, group="bursty", values=values))
    return verdicts.measured([*cases, *bursts], verdicts=15)


def test_verdicts_teach_precision_and_lose_no_more_than_a_point_of_recall(taught):
    assert (taught.verdicts, taught.held) == (15, True)
    assert taught.without.precision < 0.9
    assert taught.taught.precision > taught.without.precision
    assert taught.taught.false_per_series_month < taught.without.false_per_series_month


def test_a_walk_without_verdicts_decides_nothing(series):
    usage = verdicts.world(verdicts.beset(series))
    done = verdicts.walk(usage, 0)
    assert done.alerts and not done.decided
    assert {alert.state for alert in done.alerts} <= {"open", "over"}
    assert len(usage.labels) == 6
