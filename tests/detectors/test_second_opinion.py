"""STL on a past whose future is known."""

import numpy as np
import pytest

from detectors.second_opinion import stl_expected


def test_it_expects_the_week_that_repeats(usage):
    values = usage(49, noise=0.02)
    learned = np.ones(len(values), bool)
    hours = range(42 * 24, 49 * 24)
    expected = stl_expected(values, learned, hours)
    assert np.abs(expected - values[42 * 24 :]).sum() / values[42 * 24 :].sum() < 0.05


def test_gaps_and_alerts_are_filled_first(usage):
    values, learned = usage(49, noise=0.02), np.ones(49 * 24, bool)
    clean = stl_expected(values, learned, range(42 * 24, 43 * 24))
    values[30 * 24 : 31 * 24] = np.nan
    values[35 * 24 : 36 * 24] *= 40
    learned[35 * 24 : 36 * 24] = False
    np.testing.assert_allclose(stl_expected(values, learned, range(42 * 24, 43 * 24)), clean, rtol=0.1)


def test_hours_need_not_follow_each_other(usage):
    values, learned = usage(49), np.ones(49 * 24, bool)
    whole = stl_expected(values, learned, range(42 * 24, 49 * 24))
    np.testing.assert_array_equal(stl_expected(values, learned, [42 * 24, 45 * 24 + 3]), whole[[0, 75]])


def test_the_future_changes_nothing(usage):
    values, learned = usage(49), np.ones(49 * 24, bool)
    before = stl_expected(values, learned, [42 * 24])
    values[42 * 24 :] = 10**9
    np.testing.assert_array_equal(stl_expected(values, learned, [42 * 24]), before)


@pytest.mark.parametrize("days", [0, 7, 20])
def test_under_three_weeks_it_has_no_opinion(usage, days):
    values = usage(49)
    values[: (42 - days) * 24] = np.nan
    assert stl_expected(values, np.ones(len(values), bool), [42 * 24]) is None


def test_an_hour_of_the_week_never_heard_gives_no_opinion(usage):
    values = usage(49)
    values[5::168] = np.nan
    assert stl_expected(values, np.ones(len(values), bool), [42 * 24]) is None
    assert stl_expected(values, np.ones(len(values), bool), []) is None
