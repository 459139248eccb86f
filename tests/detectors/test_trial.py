"""What is injected where, and that a copy scanned from its case on says what a whole scan of it would."""

from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.hours import HOUR
from detectors.episodes import incidents
from detectors.injection import CASES, SCORED_FROM, added
from detectors.scan import Scanner
from detectors.series import Panel
from detectors.trial import deal, play, scored_from

START = datetime(2026, 3, 2, 14, tzinfo=UTC)
HOURS = 8 * 168
SINCE = START + SCORED_FROM * HOUR


def make_panel(series: int = 6, seed: int = 5) -> Panel:
    """A daily rhythm with noise, one storm, and a gap."""
    chance = np.random.default_rng(seed)
    rhythm = 200 + 60 * np.sin(np.arange(HOURS) * 2 * np.pi / 24)
    values = np.rint(rhythm + chance.normal(0, 8, (series, HOURS)))
    values[0, 900:912] *= 4
    values[1, 1000:1030] = np.nan
    keys = tuple((f"org{row}", "m") for row in range(series))
    return Panel(keys, START, values, np.ones(values.shape, bool))


PANEL = make_panel()
ALL = dict.fromkeys(range(len(PANEL.keys)), SINCE)


@given(each=st.integers(1, 18), seed=st.integers(0, 10_000))
@settings(max_examples=30)
def test_cases_are_dealt_round_and_lie_where_the_series_is_judged(each, seed):
    dealt = deal(PANEL, ALL, each, seed)
    counts = Counter(one.case for one in dealt)
    assert max(counts.values()) - min(counts[case] for case in CASES) <= 2  # one round, and one that adds nothing
    assert max(Counter(one.row for one in dealt).values()) == each
    for one in dealt:
        assert SCORED_FROM <= one.start <= HOURS - one.case.hours
        protocol = added(PANEL.values[one.row], one.start, one.case)
        assert np.array_equal(one.excess, np.rint(one.excess))
        assert np.array_equal(one.excess, np.rint(np.where(np.isnan(protocol), 0, protocol)))
    again = deal(PANEL, ALL, each, seed)
    assert [(one.row, one.start, one.case) for one in dealt] == [(one.row, one.start, one.case) for one in again]


def test_all_eighteen_reach_every_series_and_another_seed_moves_them():
    dealt = [one for one in deal(PANEL, ALL, 18, 3) if one.row == 2]
    assert {one.case for one in dealt} == {*CASES}
    other = {(one.row, one.start) for one in deal(PANEL, ALL, 18, 4)}
    assert {(one.row, one.start) for one in dealt} - other


def test_a_series_is_judged_after_four_weeks_of_its_own():
    values = PANEL.values.copy()
    values[2, :300] = np.nan
    young = Panel(PANEL.keys, START, values, PANEL.learned)
    assert scored_from(young, SINCE, [0, 2]) == [SINCE, SINCE + 300 * HOUR]


def test_nothing_is_injected_where_nothing_is_used():
    idle = Panel((("a", "m"),), START, np.zeros((1, HOURS)), np.ones((1, HOURS), bool))
    silent = Panel((("a", "m"),), START, np.full((1, HOURS), np.nan), np.ones((1, HOURS), bool))
    assert deal(idle, {0: SINCE}, 18, 1) == deal(silent, {0: SINCE}, 18, 1) == []


@pytest.fixture(scope="module")
def weeks():
    return list(play(Scanner(), PANEL, SINCE, deal(PANEL, ALL, 9, 1)))


def test_the_weeks_find_what_one_scan_finds(weeks):
    whole, _ = Scanner().scan(PANEL, SINCE)
    found = incidents(finding for week in weeks for finding in week.findings)
    assert found == incidents(whole)
    assert "org0" in {alarm.org_id for alarm in found}


def test_a_copy_says_what_a_scan_of_the_whole_series_says(weeks):
    """Scanned alone, from the first hour that is judged, with the case in it."""
    tried = [pair for week in weeks for pair in week.tried]
    assert len(tried) == 54
    for one, alarm in tried[::4]:
        values = PANEL.values[[one.row]].copy()
        values[0, one.start : one.start + one.case.hours] += one.excess
        alone = Panel((PANEL.keys[one.row],), START, values, PANEL.learned[[one.row]])
        findings, _ = Scanner().scan(alone, SINCE)
        first, last = START + one.start * HOUR, START + (one.start + one.case.hours) * HOUR
        alarms = [finding.detected for finding in findings if first <= finding.hours[-1] < last]
        assert (alarm.detected if alarm else None) == min(alarms, default=None), one


def test_what_is_large_is_found_and_learning_is_left_as_it_was(weeks):
    tried = [(one.case, alarm) for week in weeks for one, alarm in week.tried]
    assert all(alarm for case, alarm in tried if case.times == 5 and case.shape != "ramp")
    assert PANEL.learned.all()
