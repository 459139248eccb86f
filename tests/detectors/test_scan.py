"""What is judged, what is not, and that the way of asking does not matter."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from billing.hours import DAY, HOUR, hours_between
from detectors.scan import KINDS, Finding, Scanner
from detectors.series import Panel
from detectors.state import State

Odd = dict[tuple[tuple[str, str], str], set[object]]


def joined(findings: list[Finding]) -> Odd:
    """What is the same however findings are cut: the odd hours of each series and kind."""
    odd: Odd = {}
    for finding in findings:
        odd.setdefault((finding.key, finding.kind), set()).update(finding.hours)
    return odd


def step_by_step(panel: Panel, since: int, scanner: Scanner | None) -> list[Finding]:
    """Hour by hour, each hour found marked as a live alert's; without a scanner, a new one each hour."""
    learned, findings = panel.learned.copy(), []
    not_learned = {kind.name for kind in KINDS if not kind.young}
    for column in range(since, panel.values.shape[1]):
        known = Panel(panel.keys, panel.start, panel.values[:, : column + 1].copy(), learned[:, : column + 1].copy())
        found, _ = (scanner or Scanner()).scan(known, panel.start + column * HOUR)
        for finding in found:
            assert finding.detected == known.end
            if finding.kind in not_learned:
                columns = [hours_between(panel.start, hour) for hour in finding.hours]
                learned[panel.keys.index(finding.key), columns] = False
        findings += found
    return findings


@pytest.fixture
def busy(usage, panel_of):
    """Six weeks; in the last: a spike, a weak shift over midnight, a ramp, a meter first used, gaps."""
    rows = [usage(42, seed=seed, noise=0.1) for seed in range(5)]
    rows[0][36 * 24 + 3 : 36 * 24 + 6] *= 4
    rows[1][36 * 24 + 20 : 38 * 24 + 20] *= 1.3
    rows[2][35 * 24 :] *= np.linspace(1, 1.6, 7 * 24)
    rows[3][: 37 * 24 + 11] = 0
    rows[4][37 * 24 : 37 * 24 + 30] = np.nan
    return panel_of(*rows, keys=tuple(("org", f"m{row}") for row in range(5)))


def test_hour_by_hour_is_all_at_once(busy):
    since = 35 * 24
    at_once, _ = Scanner().scan(busy, busy.start + since * HOUR)
    assert {kind for _, kind in joined(at_once)} >= {"spike", "ramp", "first_use"}
    assert joined(step_by_step(busy, since, Scanner())) == joined(at_once)


def test_an_hour_that_reaches_back_over_midnight_is_found_the_same_way(busy):
    at_once, _ = Scanner().scan(busy, busy.start + 35 * DAY)
    assert any(f.hours[0].date() < f.hours[-1].date() for f in at_once), "the test data lost its point"


def test_memory_changes_nothing(busy):
    since = 39 * 24
    remembered, forgotten = step_by_step(busy, since, Scanner()), step_by_step(busy, since, None)
    assert [(f.key, f.hours, f.expected, f.score) for f in remembered] == [
        (f.key, f.hours, f.expected, f.score) for f in forgotten
    ]
    for one, other in zip(remembered, forgotten, strict=True):
        np.testing.assert_array_equal(one.profile, other.profile)


def test_what_a_scan_found_is_not_in_the_profiles_of_its_panel(busy):
    scanner = Scanner()
    for hours in range(36 * 24 + 5, busy.values.shape[1], 29):
        known = Panel(busy.keys, busy.start, busy.values[:, :hours].copy(), busy.learned[:, :hours].copy())
        for since in (35 * 24, hours - 1):
            scanner.scan(known, busy.start + since * HOUR)
            np.testing.assert_array_equal(scanner.profiles(known), Scanner().profiles(known))


def test_each_past_is_walked_once(busy, monkeypatch):
    walked = []
    correct = State.correct
    monkeypatch.setattr(State, "correct", lambda state, *day: walked.append(len(state.level)) or correct(state, *day))
    scanner = Scanner()
    quiet = np.full_like(busy.values, 7.0) + np.arange(5)[:, None]
    step_by_step(replace(busy, values=quiet), 41 * 24, scanner)
    assert walked == [5] * 41
    walked.clear()
    restated = quiet.copy()
    restated[2, 100] = 8.0
    scanner.scan(replace(busy, values=restated), busy.end - HOUR)
    assert walked == [1] * 41


def test_hours_judged_again_are_judged_from_where_they_were(busy, monkeypatch):
    walked = []
    correct = State.correct
    monkeypatch.setattr(State, "correct", lambda state, *day: walked.append(len(state.level)) or correct(state, *day))
    scanner = Scanner()
    scanner.scan(busy, busy.end - HOUR)
    walked.clear()
    again, _ = scanner.scan(busy, busy.end - 3 * DAY)
    assert walked.count(len(busy.keys)) == 2  # the days in between
    anew, _ = Scanner().scan(busy, busy.end - 3 * DAY)
    assert joined(again) == joined(anew)


def test_a_day_whose_forecast_was_asked_for_before_it_came_is_judged(busy):
    storm = busy.values.copy()
    storm[0, 41 * 24 + 5] *= 9
    day_before = replace(busy, values=storm[:, : 41 * 24], learned=busy.learned[:, : 41 * 24])
    scanner = Scanner()
    scanner.scan(day_before, day_before.end - HOUR)
    scanner.profiles(day_before)
    findings, _ = scanner.scan(replace(busy, values=storm), day_before.end)
    assert (busy.keys[0], "spike") in joined(findings)


@pytest.mark.parametrize("days", [1, 5, 6])
def test_too_young_is_skipped_with_the_reason(usage, panel_of, days):
    young = np.full(30 * 24, np.nan)
    young[-days * 24 :] = usage(days)
    young[-1] *= 50
    panel = panel_of(young)
    findings, skipped = Scanner().scan(panel, panel.end - HOUR)
    assert findings == []
    assert [s.key for s in skipped] == [panel.keys[0]]
    assert "7 are needed" in skipped[0].why


def test_too_little_in_it_is_skipped_with_the_reason(usage, panel_of):
    thin = usage(20)
    thin[np.arange(len(thin)) % 10 > 0] = np.nan
    _, skipped = Scanner().scan(panel_of(thin), panel_of(thin).end - HOUR)
    assert "only 1.9 days' worth of hours in 19 days" in skipped[0].why


def test_from_the_second_week_it_is_judged(usage, panel_of):
    values = usage(9)
    values[8 * 24 + 12] *= 5
    panel = panel_of(values)
    findings, skipped = Scanner().scan(panel, panel.start + 7 * DAY)
    assert skipped == []
    assert [finding.hours for finding in findings] == [(panel.start + 8 * DAY + 12 * HOUR,)]


def test_an_org_without_history_has_no_first_use(usage, panel_of):
    late = usage(30)
    late[: 3 * 24] = np.nan
    panel = panel_of(usage(30), late, keys=(("org", "a"), ("org", "b")))
    findings, skipped = Scanner().scan(panel, panel.start)
    assert findings == []
    assert skipped == []


def test_a_meter_is_new_for_a_month(usage, panel_of):
    new = usage(60)
    new[: 20 * 24] = 0
    panel = panel_of(usage(60), new, keys=(("org", "a"), ("org", "b")))
    findings, _ = Scanner().scan(panel, panel.start + 19 * DAY)
    hours = sorted(hour for f in findings if f.kind == "first_use" for hour in f.hours)
    assert hours == [panel.start + 20 * DAY + hour * HOUR for hour in range(31 * 24)]


def test_the_last_hours_of_the_month_are_found_however_it_is_asked(usage, panel_of):
    new = usage(60)
    new[: 20 * 24 + 7] = 0
    panel = panel_of(usage(60), new, keys=(("org", "a"), ("org", "b")))
    findings, _ = Scanner().scan(panel, panel.start + 19 * DAY)
    assert max(f.hours[-1] for f in findings if f.kind == "first_use") == panel.start + 51 * DAY + 6 * HOUR


@pytest.mark.parametrize("level", [0.0, 1.0, 12.0, 10.0**12])
def test_a_constant_is_quiet(panel_of, level):
    panel = panel_of(np.full(40 * 24, level))
    assert Scanner().scan(panel, panel.start) == ([], [])


def test_one_more_host_is_no_incident_but_twice_as_many_are(panel_of):
    values = np.full(40 * 24, 12.0)
    values[35 * 24 :] = 13
    assert Scanner().scan(panel_of(values), panel_of(values).start) == ([], [])
    values[35 * 24 :] = 24
    findings, _ = Scanner().scan(panel_of(values), panel_of(values).start)
    assert findings[0].detected == panel_of(values).start + 35 * DAY + HOUR


@pytest.mark.parametrize("rate", [0.02, 0.2, 1.0, 5.0])
def test_sparse_counts_are_quiet(panel_of, rate):
    counts = np.random.default_rng(1).poisson(rate, (40, 42 * 24)).astype(float)
    panel = panel_of(*counts)
    findings, _ = Scanner().scan(panel, panel.start + 28 * DAY)
    assert len({finding.key for finding in findings}) <= 8  # 18.7 series-months at 0.2, doubled


def test_noise_is_quiet(usage, panel_of):
    panel = panel_of(*(usage(56, seed=seed, noise=0.3) for seed in range(40)))
    findings, _ = Scanner().scan(panel, panel.start + 28 * DAY)
    assert len({finding.key for finding in findings}) <= 8  # 37 series-months at 0.2


def test_five_times_is_found_at_the_close_of_the_first_hour(usage, panel_of):
    rows = np.array([usage(35, seed=seed) for seed in range(20)])
    begins = 30 * 24 + np.arange(20)
    for row, first in enumerate(begins):
        rows[row, first : first + 6] *= 5
    panel = panel_of(*rows)
    findings, _ = Scanner().scan(panel, panel.start + 30 * DAY)
    first = {finding.key: finding.detected for finding in reversed(findings)}
    assert first == {
        key: panel.start + timedelta(hours=int(at) + 1) for key, at in zip(panel.keys, begins, strict=True)
    }


def test_a_long_shift_goes_on_being_found_and_is_priced_as_it_began(usage, panel_of):
    values, shifted = usage(49), usage(49)
    shifted[40 * 24 :] *= 2
    panel = panel_of(shifted)
    findings, _ = Scanner().scan(panel, panel.start + 40 * DAY)
    columns = sorted({hours_between(panel.start, hour) for finding in findings for hour in finding.hours})
    assert len(columns) > 0.9 * 9 * 24
    excess = sum(shifted[column] - findings[0].profile[column % 168] for column in columns)
    assert excess == pytest.approx(values[40 * 24 :].sum(), rel=0.05)


def test_low_usage_is_not_an_alarm(usage, panel_of):
    values = usage(42)
    values[36 * 24 : 36 * 24 + 30] = 0
    assert Scanner().scan(panel_of(values), panel_of(values).start + 28 * DAY) == ([], [])


def test_nothing_to_judge(usage, panel_of):
    panel = panel_of(usage(10))
    assert Scanner().scan(panel, panel.end) == ([], [])
    assert Scanner().scan(Panel((), panel.start, np.empty((0, 240)), np.empty((0, 240), bool)), panel.start) == ([], [])


def test_a_panel_may_begin_within_a_day(usage, panel_of):
    whole = panel_of(usage(42))
    whole.values[0, 38 * 24 + 2] *= 5
    part = Panel(whole.keys, whole.start + 5 * HOUR, whole.values[:, 5:], whole.learned[:, 5:])
    for panel in (whole, part):
        findings, skipped = Scanner().scan(panel, panel.start)
        assert skipped == []
        assert [finding.hours for finding in findings] == [(whole.start + 38 * DAY + 2 * HOUR,)]


def test_shapes_that_do_not_fit_are_refused(usage, panel_of):
    panel = panel_of(usage(10))
    with pytest.raises(ValueError, match="panel of 2 keys"):
        Panel((*panel.keys, ("a", "b")), panel.start, panel.values, panel.learned)
