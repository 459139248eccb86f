"""One battery that every kind walks through."""

from dataclasses import replace

import numpy as np
import pytest

from billing.hours import HOUR
from detectors.scan import Finding, Scanner
from detectors.series import Panel


def plain(findings: list[Finding]) -> list[tuple[object, ...]]:
    """Findings as something that compares."""
    return [(f.key, f.kind, f.hours, f.expected, f.actual, f.detected, f.score, f.reasons) for f in findings]


def first_hours(panel: Panel, count: int) -> Panel:
    return replace(panel, values=panel.values[:, :count], learned=panel.learned[:, :count])


def test_the_planted_oddity_is_found_and_nothing_else(planted):
    findings, skipped = Scanner().scan(planted.panel, planted.since)
    assert skipped == []
    assert {(finding.key, finding.kind) for finding in findings} >= {(planted.panel.keys[0], planted.kind)}
    assert {finding.key for finding in findings} == {planted.panel.keys[0]}
    late = 12 * HOUR  # a window takes in an hour that was high, or low, by chance before
    assert min(finding.hours[0] for finding in findings) >= planted.begins - late


def test_hours_expected_and_actual_belong_together(planted):
    findings, _ = Scanner().scan(planted.panel, planted.since)
    values = planted.panel.values[0]
    for finding in findings:
        assert list(finding.hours) == sorted(set(finding.hours))
        columns = [(hour - planted.panel.start) // HOUR for hour in finding.hours]
        assert finding.actual == tuple(np.nan_to_num(values[columns]))
        more, less = (finding.actual, finding.expected)[:: -1 if finding.kind == "disappearance" else 1]
        assert all(high > low >= 0 for high, low in zip(more, less, strict=True))
        assert finding.detected == finding.hours[-1] + HOUR
        assert finding.profile.shape == (168,)
        assert finding.score > 0
        assert all(finding.reasons)


def test_no_hour_is_found_twice_in_one_scan(planted):
    findings, _ = Scanner().scan(planted.panel, planted.since)
    hours = [hour for finding in findings for hour in finding.hours]
    assert len(hours) == len(set(hours))


def test_the_future_changes_nothing(planted):
    seen = planted.first + 100
    early, _ = Scanner().scan(first_hours(planted.panel, seen), planted.since)
    late, _ = Scanner().scan(planted.panel, planted.since)
    assert plain(early) == plain([f for f in late if f.detected <= planted.panel.start + seen * HOUR])


def test_missing_is_not_zero_and_never_odd(planted):
    values = planted.panel.values.copy()
    missing = np.random.default_rng(0).random(values.shape) < 0.05
    values[missing] = np.nan
    values[1, 30 * 24 : 31 * 24] = np.nan
    findings, _ = Scanner().scan(replace(planted.panel, values=values), planted.since)
    assert {finding.key for finding in findings} == {planted.panel.keys[0]}
    assert not np.isnan([amount for finding in findings for amount in finding.actual]).any()


def test_the_panel_is_left_alone(planted):
    planted.panel.values.flags.writeable = False
    planted.panel.learned.flags.writeable = False
    Scanner().scan(planted.panel, planted.since)
    Scanner().profiles(planted.panel)


def test_asked_twice_it_says_the_same(planted):
    scanner = Scanner()
    assert plain(scanner.scan(planted.panel, planted.since)[0]) == plain(scanner.scan(planted.panel, planted.since)[0])


@pytest.mark.parametrize("factor", [1000.0, 2.0**30])
def test_the_unit_does_not_matter(planted, factor):
    small, _ = Scanner().scan(planted.panel, planted.since)
    large, _ = Scanner().scan(replace(planted.panel, values=planted.panel.values * factor), planted.since)
    assert [(f.kind, f.hours) for f in small] == [(f.kind, f.hours) for f in large]
    assert [f.score for f in large] == pytest.approx([f.score for f in small])


def test_other_series_do_not_matter(planted, usage):
    more = np.array([usage(49, seed=seed, level=10.0**seed) for seed in range(2, 6)])
    values = np.concatenate([planted.panel.values, more])
    keys = (*planted.panel.keys, *((f"other{row}", "m") for row in range(len(more))))
    alone, _ = Scanner().scan(planted.panel, planted.since)
    among, _ = Scanner().scan(Panel(keys, planted.panel.start, values, np.ones(values.shape, bool)), planted.since)
    assert plain([f for f in among if f.key == planted.panel.keys[0]]) == plain(alone)


def test_a_larger_budget_finds_no_later(planted):
    strict, _ = Scanner(budget=0.1).scan(planted.panel, planted.since)
    loose, _ = Scanner(budget=2.0).scan(planted.panel, planted.since)
    assert loose[0].detected <= strict[0].detected
