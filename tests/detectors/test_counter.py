"""Counters that start again each month: they grow as the month before did, in months of any length."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.hours import HOUR, Month, hours_between
from detectors.counter import counter_paths, growth
from detectors.forecast import PATHS, interval


def counted(start: datetime, end: datetime, most: dict[int, float]) -> np.ndarray:
    """[1, hours]: from 0 to the number of each month (1 to 12), quick at first."""
    hours = [start + i * HOUR for i in range(hours_between(start, end))]
    part = [(at - Month.of(at).start) / (Month.of(at).end - Month.of(at).start) for at in hours]
    return np.array([[most[at.month] * (1 - (1 - p) ** 3) for at, p in zip(hours, part, strict=True)]])


@pytest.mark.parametrize(("month", "day"), [(3, 10), (3, 31), (2, 5), (1, 28)])
def test_it_ends_where_last_months_shape_leads(month: int, day: int) -> None:
    """Twice as many as last month by now, so twice as many in the end; the months are 28 to 31 days long."""
    start, now = datetime(2025, 11, 1, tzinfo=UTC), datetime(2026, month, day, 9, tzinfo=UTC)
    said = counted(start, now, dict.fromkeys(range(1, 13), 100) | {month: 200})
    hours = hours_between(now, Month.of(now).end)
    found = counter_paths(said, start, hours)
    assert found.shape == (PATHS, 1, hours)
    assert (np.diff(found, axis=2) >= 0).all() and (found >= said[0, -1]).all()
    middle, low, high = interval(found[:, 0, -1].tolist())
    assert middle == pytest.approx(200, rel=0.12)
    assert low <= middle <= high


def test_a_new_month_starts_from_nothing() -> None:
    start, now = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    found = counter_paths(counted(start, now, {1: 80, 2: 100}), start, 31 * 24)
    assert found[:, 0, 0].max() < 5
    assert np.median(found[:, 0, -1]) == pytest.approx(100, rel=0.05)


def test_without_a_month_before_it_goes_on_more_slowly() -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    said = np.linspace(0, 50, 240)[None]
    middle = np.median(counter_paths(said, start, 21 * 24)[:, 0, -1])
    assert 50 < middle < 50 * 3.1


def test_nothing_counted_is_nothing_to_come() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert not counter_paths(np.full((2, 1000), np.nan), start, 100).any()
    assert counter_paths(np.empty((0, 1000)), start, 100).shape == (PATHS, 0, 100)


@given(st.lists(st.integers(0, 1000) | st.none(), max_size=100), st.integers(0, 100))
def test_a_counter_never_grows_by_more_than_it_stands(heights, before):
    """Added up since the month's start, whatever falls, fails or comes late."""
    start = datetime(2026, 2, 1, tzinfo=UTC) - before * HOUR
    values = np.array([[np.nan if height is None else float(height) for height in heights]])
    grown = growth(values, start)
    assert not (grown < 0).any()
    assert (np.isfinite(grown) <= np.isfinite(values)).all()
    for first, last in ((0, before), (before, len(heights))):
        part = values[0, first:last]
        if np.isfinite(part).any() and (np.diff(part[np.isfinite(part)]) >= 0).all():
            assert np.nansum(grown[0, first:last]) <= np.nanmax(part) + 1e-6


def test_a_counter_grows_hour_by_hour_over_gaps_and_months():
    values = np.array([[5, 7, np.nan, np.nan, 13, 12, 12, 4, np.nan, 10]])
    start = datetime(2026, 1, 31, 17, tzinfo=UTC)  # the month begins at the hour of 4
    nan = np.nan
    np.testing.assert_array_equal(growth(values, start), [[nan, 2, nan, nan, 2, nan, 0, 4, nan, 3]])
