"""Paths to the month's end: causal, repeatable, each series by itself, true to trend, season, storms and silence."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from detectors.forecast import PATHS, WITHIN, interval, paths
from detectors.series import Floats
from tests.detectors.conftest import START

Usage = Callable[..., Floats]


def middle(found: Floats) -> Floats:
    """[series, hours]: hour by hour."""
    return np.median(found, axis=0)


@given(st.lists(st.decimals(0, 10**6, places=2), min_size=PATHS, max_size=PATHS))
def test_an_interval_is_the_narrowest_that_holds_enough(values: list[Decimal]) -> None:
    centre, low, high = interval(values)
    assert low <= high and centre == sorted(values)[PATHS // 2] and low <= centre <= high
    assert sum(low <= value <= high for value in values) >= WITHIN
    for start in values:
        assert sum(start <= value < start + (high - low) for value in values) <= max(
            WITHIN, sum(low <= value <= high for value in values)
        )


def test_one_value_of_all_paths_is_an_interval_without_width() -> None:
    assert interval([7.0] * PATHS) == (7.0, 7.0, 7.0)


def test_the_same_past_gives_the_same_paths_whoever_is_beside_it(usage: Usage) -> None:
    rows = np.array([usage(40), usage(40, level=3, seed=1), usage(40, level=10**12, seed=2), np.zeros(960)])
    rows[1, :500] = np.nan
    together = paths(rows, START, 300)
    assert together.shape == (PATHS, 4, 300)
    assert np.array_equal(together, paths(rows, START, 300))
    for row in range(4):
        alone = paths(rows[row : row + 1], START, 300)[:, 0]
        assert np.allclose(together[:, row], alone, rtol=1e-9, atol=0)


@pytest.mark.parametrize("begins", [0, 5, 23])
@pytest.mark.parametrize("hours", [24 * 9, 24 * 40 + 11])
def test_hours_to_come_continue_the_clock(usage: Usage, begins: int, hours: int) -> None:
    """Whatever the hour of the first and the last column, the night stays at night."""
    said = usage(60, noise=0.0)[begins : begins + hours]
    start = START + timedelta(hours=begins)
    coming = middle(paths(said[None], start, 24 * 7))[0]
    real = usage(80, noise=0.0)[begins + hours : begins + hours + 24 * 7]
    assert np.corrcoef(coming, real)[0, 1] > (0.99 if hours > 900 else 0.85)
    assert np.abs(coming - real).mean() < (0.04 if hours > 900 else 0.15) * real.mean()


@pytest.mark.parametrize("times", [0.5, 1.5])
def test_growth_goes_on(times: float) -> None:
    """30 days to or from half as much again: the next two weeks are nearer to the line than to where it stopped."""
    said = 1000 * np.linspace(1, times, 30 * 24)[None]
    coming = middle(paths(said, START, 14 * 24)).mean()
    line = 1000 * (1 + (times - 1) * (30 + 7) / 30)
    assert abs(coming - line) < 0.25 * abs(1000 * times - line)


def test_a_new_level_is_the_level(usage: Usage) -> None:
    said = usage(49)
    said[35 * 24 :] *= 3
    coming = middle(paths(said[None], START, 14 * 24)).mean()
    assert coming == pytest.approx(3 * usage(49)[: 28 * 24].mean(), rel=0.15)


def test_a_storm_is_neither_forgotten_nor_the_rule(usage: Usage) -> None:
    """Ten hours at fifty times the usual: the middle stays, and nothing is as high again as it was."""
    said = usage(30)
    said[400:410] *= 50
    found = paths(said[None], START, 14 * 24)
    assert middle(found).mean() == pytest.approx(usage(30).mean(), rel=0.15)
    assert usage(30).max() < found.max() < said.max()


def test_a_peak_of_a_month_is_not_the_peak_of_the_mean_path(usage: Usage) -> None:
    found = paths(usage(30, noise=0.3)[None], START, 30 * 24)[:, 0]
    assert np.median(np.sort(found, axis=1)[:, 711]) > 1.2 * np.sort(middle(found[:, None])[0])[711]


def test_what_moves_together_moves_together(usage: Usage) -> None:
    wild = usage(40, noise=0.5, seed=3)
    found = paths(np.array([wild, 7 * wild, usage(40, noise=0.5, seed=4)]), START, 14 * 24).sum(axis=2)
    assert np.corrcoef(found[:, 0], found[:, 1])[0, 1] > 0.99
    assert np.corrcoef(found[:, 0], found[:, 2])[0, 1] < 0.9


def test_silence_is_no_usage_and_no_usage_stays_none() -> None:
    assert not paths(np.zeros((1, 900)), START, 50).any()
    assert not paths(np.full((1, 900), np.nan), START, 50).any()
    assert paths(np.empty((0, 900)), START, 50).shape == (PATHS, 0, 50)


def test_gaps_are_not_zeros(usage: Usage) -> None:
    said = usage(30)
    said[np.random.default_rng(5).random(len(said)) < 0.3] = np.nan
    assert middle(paths(said[None], START, 7 * 24)).mean() == pytest.approx(usage(30).mean(), rel=0.05)


@pytest.mark.parametrize("days", [1 / 24, 0.5, 1, 2, 8])
def test_a_young_series_is_followed_with_doubt(usage: Usage, days: float) -> None:
    """From its first hour on; the less is known, the wider, and never without width."""
    said = np.full(30 * 24, np.nan)
    said[-int(days * 24) :] = usage(30)[-int(days * 24) :]
    month = paths(said[None], START, 30 * 24)[:, 0].sum(axis=1)
    centre, low, high = interval(month.tolist())
    assert 0.3 < centre / (30 * 24 * 900) < 2
    assert high - low > 0.02 * centre


def test_huge_and_tiny_numbers_scale(usage: Usage) -> None:
    said = usage(30)[None]
    of_one = paths(said, START, 100)
    for scale in (1e-9, 1e15):
        assert np.allclose(paths(said * scale, START, 100), of_one * scale, rtol=1e-6)


def test_later_hours_change_nothing_of_an_earlier_forecast(usage: Usage) -> None:
    said = usage(40)
    before = paths(said[None, : 30 * 24], START, 48)
    said[30 * 24 :] = 0
    assert np.array_equal(before, paths(said[None, : 30 * 24], START, 48))


@given(
    arrays(
        np.float64, st.tuples(st.integers(1, 3), st.integers(1, 400)), elements=st.just(np.nan) | st.floats(0, 1e18)
    ),
    st.integers(0, 167),
    st.integers(1, 100),
)
def test_whatever_was_said_the_paths_are_numbers(said: Floats, begins: int, hours: int) -> None:
    found = paths(said, START + timedelta(hours=begins), hours)
    assert found.shape == (PATHS, len(said), hours)
    assert np.isfinite(found).all() and (found >= 0).all()
