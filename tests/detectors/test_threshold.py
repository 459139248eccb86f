"""Surprise against distributions that are known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.threshold import BUDGET, POPULATION_SLOPE, POPULATION_START, at_budget, nats, own_tails, tail


def calibrate(past: np.ndarray, floor: np.ndarray, window: int = 1, kin: np.ndarray | None = None) -> np.ndarray:
    """Each series for itself unless kin is given."""
    return tail(own_tails(past, floor, [window])[:, 0], np.arange(len(past)) if kin is None else kin, window)


@given(
    hours=st.lists(st.one_of(st.none(), st.integers(-100, 100)), min_size=1, max_size=40),
    window=st.sampled_from([1, 3, 4]),
)
def test_a_tail_stands_on_the_sums_that_end_with_each_hour_said(hours, window):
    excess = np.array([[math.nan if hour is None else float(hour) for hour in hours]])
    sums = sorted(
        sum(each or 0 for each in hours[max(0, end + 1 - window) : end + 1])
        for end, hour in enumerate(hours)
        if hour is not None
    )
    spread, start, _, squares, number = own_tails(excess, np.full(1, 1e-3), [window])[0, 0]
    high = sums[int(len(sums) * 0.95)] if sums else 0.0
    assert start * spread == pytest.approx(high)
    over = [each - high for each in sums if each > high]
    assert squares * spread**2 == pytest.approx(sum(each**2 for each in over))
    assert number == len(over)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e12])
def test_nats_are_minus_the_log_of_the_chance(scale):
    """Of an exponential excess the chance of more than x is exp(-x)."""
    past = scale * np.random.default_rng(0).exponential(size=(20, 1008))
    tails = calibrate(past, np.full(20, 1e-9))
    for chance in (1e-2, 1e-3, 1e-4):
        surprise = nats(tails, np.full(20, -scale * math.log(chance)))
        assert np.mean(surprise) == pytest.approx(-math.log(chance), rel=0.1)


def test_a_bursty_series_is_surprised_less():
    rng = np.random.default_rng(0)
    calm, bursty = rng.standard_normal((1, 1008)), rng.standard_t(1.5, (1, 1008))
    at = np.full(1, 12.0)
    assert nats(calibrate(calm, np.full(1, 0.01)), at) > 2 * nats(calibrate(bursty, np.full(1, 0.01)), at)


def test_without_a_past_the_population_speaks():
    tails = calibrate(np.full((1, 1008), np.nan), np.full(1, 2.0), 4)
    assert tails.tolist() == [
        [pytest.approx(2 * math.sqrt(4)), pytest.approx(POPULATION_START), pytest.approx(POPULATION_SLOPE)]
    ]


def test_missing_hours_do_not_count():
    past = np.random.default_rng(0).standard_normal((1, 700))
    gappy = np.full((1, 1000), np.nan)
    gappy[:, 300:] = past
    np.testing.assert_array_equal(calibrate(gappy, np.ones(1), 3), calibrate(past, np.ones(1), 3))


@given(budget=st.floats(0.001, 100))
def test_a_smaller_budget_asks_for_more(budget):
    assert at_budget(9.0, BUDGET) == 9.0
    assert at_budget(9.0, budget) > at_budget(9.0, budget * 1.5)


def test_a_young_series_strays_as_its_grown_kin_do():
    rng = np.random.default_rng(0)
    grown = 10 * rng.standard_t(1.5, (8, 1008))
    young = np.full((1, 1008), np.nan)
    young[:, -48:] = 10 * rng.standard_normal((1, 48))
    rows, floor = np.concatenate([grown, young]), np.full(9, 0.1)
    alone, among = calibrate(rows, floor)[-1], calibrate(rows, floor, kin=np.zeros(9, dtype=int))[-1]
    assert among[2] > 1.5 * alone[2] > POPULATION_SLOPE
    change = calibrate(rows, floor, kin=np.zeros(9, dtype=int))[:, 2] / calibrate(rows, floor)[:, 2]
    assert np.median(change[:-1]) < 1.3 < 1.5 < change[-1]
