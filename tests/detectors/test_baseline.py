"""The baseline against truths that can be known without it."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from billing.hours import HOUR, WEEK_HOURS
from detectors.baseline import Baseline, Course
from detectors.second_opinion import stl_expected

ROWS = arrays(np.float64, st.tuples(st.integers(1, 3), st.integers(0, 400)), elements=st.floats(0, 1e9))


def walked(said: np.ndarray, start: datetime) -> Course:
    """All columns given, from the 00:00 of the first on to that after the last."""
    days = -(-(start.hour + said.shape[1]) // 24)
    whole = np.full((len(said), days * 24), np.nan)
    whole[:, start.hour : start.hour + said.shape[1]] = said
    return Course(whole, start - start.hour * HOUR, days)


def fit(values: np.ndarray, learned: np.ndarray, start: datetime) -> Baseline:
    """The baseline after all columns given."""
    return walked(np.where(learned, values, np.nan), start).baseline()


def learned(values):
    return np.ones(values.shape, bool)


def test_it_converges_on_a_week_that_repeats(usage, panel_of):
    values = usage(84, noise=0)[None]
    expected = fit(values, learned(values), panel_of(values[0]).start).profile[0]
    np.testing.assert_allclose(expected, values[0, -WEEK_HOURS:], rtol=0.05)


def test_it_sees_through_noise(usage, panel_of):
    truth, noisy = usage(84, noise=0), usage(84, noise=0.2)[None]
    baseline = fit(noisy, learned(noisy), panel_of(truth).start)
    error = np.abs(baseline.profile[0] - truth[-WEEK_HOURS:]) / truth[-WEEK_HOURS:]
    assert np.median(error) < 0.1
    assert baseline.scale[0] == pytest.approx(0.2 * truth.mean(), rel=0.25)
    assert baseline.days[0] == 84


def test_the_level_moves(usage, panel_of):
    values = usage(70)[None]
    values[0, 56 * 24 :] *= 1.5
    profile = fit(values, learned(values), panel_of(values[0]).start).profile[0]
    assert profile.sum() == pytest.approx(values[0, -WEEK_HOURS:].sum(), rel=0.05)


@pytest.mark.parametrize("times", [0.2, 1.3, 2.0, 5.0, 20.0])
def test_a_level_that_moved_for_good_is_learned_within_four_days(usage, panel_of, times):
    """Day and night, working day and weekend: each hour of the week is expected where it will be."""
    values = usage(70)[None]
    truth = usage(70, noise=0)[-WEEK_HOURS:] * times
    values[0, 56 * 24 :] *= times
    profile = fit(values[:, : 60 * 24], learned(values[:, : 60 * 24]), panel_of(values[0]).start).profile[0]
    assert profile.sum() == pytest.approx(truth.sum(), rel=0.1)
    assert np.median(np.abs(profile / truth - 1)) < 0.1


def test_one_day_off_is_no_new_level_and_two_to_either_side_are_none(usage, panel_of):
    quiet, once, there_and_back = usage(56), usage(56), usage(56)
    for row in (once, there_and_back):
        row[52 * 24 : 53 * 24] *= 3
    there_and_back[53 * 24 : 54 * 24] *= 0.2
    rows = np.array([quiet, once, there_and_back])
    profile = fit(rows, learned(rows), panel_of(quiet).start).profile
    np.testing.assert_allclose(profile[1:].sum(axis=1), profile[0].sum(), rtol=0.12)


def test_the_way_to_a_new_level_is_no_straying(usage, panel_of):
    """Else two days of it would be the tail of the six weeks that follow, and a run-away would be nothing new."""
    values = usage(70)[None]
    values[0, 56 * 24 :] *= 5
    course = walked(values[:, : 59 * 24], panel_of(values[0]).start)
    strayed = np.abs(values[:, 56 * 24 : 58 * 24] - course.ahead[:, 56 * 24 : 58 * 24])
    assert strayed.mean() < values[0, 56 * 24 :].mean() * 0.3
    a_week_on = course.week_ahead[0, 60 * 24 : 64 * 24]
    assert a_week_on.mean() == pytest.approx(values[0, 60 * 24 : 64 * 24].mean(), rel=0.3)


def test_a_spike_teaches_little(usage, panel_of):
    quiet, spiked = usage(56), usage(56)
    spiked[50 * 24 : 50 * 24 + 5] *= 50
    rows = np.array([quiet, spiked])
    profile = fit(rows, learned(rows), panel_of(quiet).start).profile
    np.testing.assert_allclose(profile[1], profile[0], rtol=0.15)


def test_hours_under_alert_teach_nothing(usage, panel_of):
    rows = np.array([usage(56), usage(56)])
    known = learned(rows)
    known[:, 50 * 24 :] = False
    rows[1, 50 * 24 :] *= 3
    profile = fit(rows, known, panel_of(rows[0]).start).profile
    np.testing.assert_array_equal(profile[0], profile[1])


def test_what_was_expected_came_from_the_days_before(usage, panel_of):
    values = usage(35)[None]
    later = values.copy()
    later[0, 20 * 24 + 7 :] *= 9
    start = panel_of(values[0]).start
    np.testing.assert_array_equal(walked(values, start).ahead[:, : 21 * 24], walked(later, start).ahead[:, : 21 * 24])


def test_a_week_ago_it_expected_what_it_expected_then(usage, panel_of):
    values, start = usage(42)[None], panel_of(usage(42)).start
    course, then = walked(values, start), walked(values[:, :-WEEK_HOURS], start)
    row = np.arange(1)
    np.testing.assert_array_equal(course.profile(row, weeks_ago=1), then.profile(row))
    np.testing.assert_array_equal(course.week_ahead[:, 21 * 24 : -WEEK_HOURS], course.ahead[:, 14 * 24 : -WEEK_HOURS])


@pytest.mark.parametrize("day", [41, 38, 37])
@pytest.mark.parametrize("moved", [30, 36, 37, 39])
def test_going_back_and_on_again_changes_nothing(usage, panel_of, day, moved):
    values, start = np.array([usage(42), usage(42, seed=1)]), panel_of(usage(42)).start
    values[0, moved * 24 :] *= 4
    course, then = walked(values, start), walked(values[:, : day * 24], start)
    assert course.rewind(day)
    np.testing.assert_array_equal(course.state.profile(), then.state.profile())
    np.testing.assert_array_equal(course.ahead[:, : day * 24], then.ahead)
    np.testing.assert_array_equal(course.week_ahead[:, : day * 24], then.week_ahead[:, : day * 24])
    course.walk(42)
    np.testing.assert_array_equal(course.state.profile(), walked(values, start).state.profile())
    np.testing.assert_array_equal(course.ahead, walked(values, start).ahead)


def test_what_is_long_past_is_forgotten(usage, panel_of):
    assert not walked(usage(42)[None], panel_of(usage(42)).start).rewind(30)


def test_a_late_start_is_as_good_as_a_short_history(usage, panel_of):
    values, start = usage(42)[None], panel_of(usage(42)).start
    late = values.copy()
    late[0, : 14 * 24] = np.nan
    whole, part = walked(late, start).baseline(), walked(values[:, 14 * 24 :], start).baseline()
    np.testing.assert_array_equal(whole.profile, part.profile)
    np.testing.assert_array_equal(whole.days, part.days)


def test_an_hour_of_day_never_heard_has_no_opinion(usage, panel_of):
    values = usage(21)[None]
    values[0, 3::24] = np.nan
    profile = fit(values, learned(values), panel_of(values[0]).start).profile[0]
    assert np.flatnonzero(np.isnan(profile)).tolist() == list(range(3, WEEK_HOURS, 24))


def test_whole_counts_stray_by_one_at_least(panel_of):
    rows = np.array([np.zeros(500), np.full(500, 12.0), np.full(500, 0.5), np.full(500, 10.0**6)])
    assert fit(rows, learned(rows), panel_of(*rows).start).scale == pytest.approx([1, 1, 0.005, 10**4])


@settings(max_examples=50, deadline=None)
@given(values=ROWS, hour=st.integers(0, 167), missing=st.integers(0, 5))
def test_anything_said_gives_a_baseline(values, hour, missing):
    values[:, ::7] = np.nan if missing else 0
    baseline = fit(values, learned(values), datetime(2026, 1, 5, tzinfo=UTC) + hour * HOUR)
    assert baseline.profile.shape == (len(values), WEEK_HOURS)
    assert not (baseline.profile < 0).any()
    assert (baseline.scale > 0).all()
    np.testing.assert_allclose(baseline.days * 24, np.isfinite(values).sum(axis=1))


def test_it_agrees_with_stl(usage, panel_of):
    """statsmodels' robust STL, an independent method, expects the same of the coming week."""
    rows = np.array([usage(63, seed=seed) for seed in range(5)])
    past = 56 * 24
    ours = fit(rows[:, :past], learned(rows[:, :past]), panel_of(*rows).start).profile
    for row, mine in zip(rows, ours, strict=True):
        theirs = stl_expected(row, np.ones(len(row), bool), range(past, len(row)))
        assert np.abs(mine - theirs).sum() / theirs.sum() < 0.06
        assert np.abs(mine - row[past:]).sum() < 1.25 * np.abs(theirs - row[past:]).sum()
