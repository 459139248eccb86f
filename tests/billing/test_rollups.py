"""Roll-ups against plain loops over Python integers and fractions, up to the edge of int64 and past it."""

from decimal import Decimal
from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from billing.catalog import HOURLY_ROLLUPS
from billing.rollups import Allotment, Hours, add, overage, percentile, percentile_index, quantities, totals

LARGEST = 2**63 - 1
LIMITS = [0, 1, 2, 2**31, 2**61, 2**62 - 1, 2**62, 2**62 + 1, LARGEST - 1, LARGEST]
ZERO = Decimal(0)

values = st.integers(0, 40) | st.sampled_from(LIMITS) | st.integers(0, LARGEST)
units = st.builds(lambda n, places: Decimal(n).scaleb(-places), st.integers(0, 10**7), st.integers(0, 4))


def hours(numbers: list[int]) -> Hours:
    """int64 where the values fit, as a grid has them; Python integers where they do not."""
    return np.array(numbers, np.int64 if max(numbers, default=0) <= LARGEST else object)


def rounded(value: Fraction) -> Fraction:
    return Fraction(floor(value * 10**6 + Fraction(1, 2)), 10**6)


def test_the_hour_that_p99_bills() -> None:
    """The definition in exact fractions; the eighth is the next hour up, where there is one."""
    for n in range(1, 801):
        index = floor(Fraction(99, 100) * (n - 1))
        assert percentile_index(n, "ninth") == index
        assert percentile_index(n, "eighth") == min(index + 1, n - 1)


@pytest.mark.parametrize(("days", "free"), [(28, 7), (29, 7), (30, 8), (31, 8)])
def test_the_highest_hours_of_a_month_are_free(days: int, free: int) -> None:
    n = days * 24
    spikes = np.array([10] * (n - free) + [1000] * free)
    assert percentile(spikes, "ninth") == 10
    assert percentile(spikes, "eighth") == 1000
    assert percentile(np.array([10] * (n - free - 1) + [1000] * (free + 1)), "ninth") == 1000


@given(st.lists(values, min_size=1, max_size=120), st.sampled_from(["ninth", "eighth"]))
def test_the_simple_rollups(numbers: list[int], rank: str) -> None:
    def rolled(name: str) -> Fraction:
        block = np.stack([hours(numbers), hours(numbers[::-1])])
        first, turned = map(Fraction, quantities(name, block, rank))
        assert first == turned
        return first

    assert rolled("sum") == totals(hours(numbers)[None])[0] == sum(numbers)
    assert rolled("max") == max(numbers)
    assert rolled("mean") == rounded(Fraction(sum(numbers), len(numbers)))
    assert rolled("p99") == sorted(numbers)[percentile_index(len(numbers), rank)]


@settings(max_examples=300)
@given(
    st.lists(st.tuples(values, values), min_size=1, max_size=30),
    units,
    units,
    units | st.sampled_from([Decimal(2**61), Decimal(2**62), Decimal(2**63)]),
    st.sampled_from([1, 1, 8, 100, 1000]),
)
@example([(LARGEST, 2**62)], Decimal(1), ZERO, Decimal(2**62), 1)
@example([(LARGEST, 0)], Decimal(1), Decimal(2**62), Decimal(2**62), 1)
@example([(2**60, 2**62)], Decimal(1), ZERO, Decimal(2**59), 8)
@example([(5000, 0)], ZERO, ZERO, Decimal("1E+3"), 1)
@example([(5, 1)], Decimal("1000.0001"), Decimal("1000000.0001"), ZERO, 1000)
@example([(LARGEST, 0)] * 31, Decimal("0.0001"), Decimal("0.0001"), ZERO, 1)
def test_the_hourly_overages(
    pairs: list[tuple[int, int]], each: Decimal, committed: Decimal, commitment: Decimal, parent_per: int
) -> None:
    own, parents = [x for x, _ in pairs], [parent for _, parent in pairs]
    allotment = Allotment(each, committed, hours(parents), parent_per)
    free = [Fraction(each) * max(Fraction(committed), Fraction(parent, parent_per)) for parent in parents]
    over = sum((max(Fraction(0), x - f) for x, f in zip(own, free, strict=True)), Fraction(0))
    assert Fraction(overage("hourly_overage", hours(own), ZERO, allotment)) == over
    kept = sum((max(Fraction(0), x - f - Fraction(commitment)) for x, f in zip(own, free, strict=True)), Fraction(0))
    mean = overage("hourly_overage_mean", hours(own), commitment, allotment)
    assert Fraction(mean) == rounded(kept / len(own))


@given(st.lists(values, min_size=1, max_size=30), units)
def test_an_overage_without_a_parent_is_that_over_the_commitment(numbers: list[int], commitment: Decimal) -> None:
    over = sum(max(Fraction(0), x - Fraction(commitment)) for x in numbers)
    found = overage("hourly_overage_mean", hours(numbers), commitment, None)
    assert Fraction(found) == rounded(Fraction(over) / len(numbers))
    assert overage("hourly_overage", hours(numbers), ZERO, None) == sum(numbers)


@given(st.integers(0, 5), st.lists(st.lists(values, min_size=4, max_size=4), max_size=6))
def test_rows_add_up_hour_by_hour(width: int, rows: list[list[int]]) -> None:
    cut = [row[:width] for row in rows]
    expected = [sum(column) for column in zip(*cut, strict=True)] if cut else [0] * min(width, 4)
    found = add(np.array(cut, np.int64).reshape(len(cut), min(width, 4)))
    assert list(map(int, found)) == expected


@pytest.mark.parametrize("name", ["p99", "sum", "mean", "max", "hourly_overage", "hourly_overage_mean"])
def test_no_hours_are_no_usage(name: str) -> None:
    if name in HOURLY_ROLLUPS:
        assert overage(name, np.zeros(0, np.int64), Decimal(5), None) == 0
    else:
        assert quantities(name, np.zeros((2, 0), np.int64), "ninth") == [0, 0]


def test_a_mean_rounds_its_half_up() -> None:
    numbers = [1] + [0] * (2 * 10**6 - 1)
    assert quantities("mean", np.array([numbers]), "ninth") == [Decimal("0.000001")]


def test_an_unknown_rollup_is_refused() -> None:
    with pytest.raises(ValueError, match="median"):
        quantities("median", np.ones((1, 1), np.int64), "ninth")
