"""Rebate progress: the steps to the cent, what is compared, and what is not known."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.hours import Month
from billing.policy import Step
from billing.rebate import Rebate, Revenue, progress, revenue, whole_months
from tests.billing.sheet import MINOR_DIGITS
from tests.billing.test_margin import a_line

STEPS = [Step(Decimal(20), Decimal(4)), Step(Decimal(40), Decimal(8))]
MONTHS = [Month(2026, 1), Month(2026, 2)]


def found(now: list[str], before: list[str | None], currency: str = "USD") -> Rebate:
    """Of a partner with these amounts a month; None is a month without usage."""
    account = ("p1", currency)
    these = [{account: Revenue(Decimal(amount), 0, True)} for amount in now]
    then = [{account: Revenue(Decimal(amount), 0, True)} if amount else {} for amount in before]
    return progress(account, STEPS, MONTHS[: len(now)], these, then)


@pytest.mark.parametrize(
    ("now", "growth", "percent", "amount", "to_next"),
    [
        ("800.00", "-20", "0", "0.00", "400.00"),
        ("1199.99", "19.999", "0", "0.00", "0.01"),
        ("1200.00", "20", "4", "48.00", "200.00"),
        ("1399.99", "39.999", "4", "56.00", "0.01"),
        ("1400.00", "40", "8", "112.00", None),
        ("9000.00", "800", "8", "720.00", None),
    ],
)
def test_a_step_is_reached_at_its_growth_and_not_a_cent_before(
    now: str, growth: str, percent: str, amount: str, to_next: str | None
) -> None:
    rebate = found([now, "0"], ["600", "400"])
    assert (rebate.revenue, rebate.revenue_before) == (Decimal(now), 1000)
    assert (rebate.growth, rebate.percent, rebate.amount) == (Decimal(growth), Decimal(percent), Decimal(amount))
    assert rebate.to_next == (None if to_next is None else Decimal(to_next))
    assert (rebate.next_step is None) == (to_next is None)


@pytest.mark.parametrize("before", [[None, None], ["600", None], [None, "600"], ["0", "0"]])
def test_what_is_missing_is_no_growth(before: list[str | None]) -> None:
    rebate = found(["900", "900"], before)
    assert (rebate.revenue, rebate.percent, rebate.amount) == (1800, 0, 0)
    assert (rebate.revenue_before, rebate.growth, rebate.next_step, rebate.to_next) == (None, None, None, None)


@given(st.integers(1, 10**9), st.integers(0, 2 * 10**9), st.sampled_from(sorted(MINOR_DIGITS)))
def test_the_missing_revenue_reaches_the_next_step_and_a_unit_less_does_not(then: int, now: int, currency: str) -> None:
    unit = Decimal(1).scaleb(-MINOR_DIGITS[currency])
    rebate = found([str(now * unit)], [str(then * unit)], currency)
    growth = Fraction(now - then, then) * 100
    assert rebate.percent == (8 if growth >= 40 else 4 if growth >= 20 else 0)
    assert abs(Fraction(rebate.amount) - Fraction(now * unit) * Fraction(rebate.percent) / 100) * 2 <= Fraction(unit)
    if rebate.next_step and rebate.to_next is not None:
        assert rebate.to_next > 0
        reached = found([str(rebate.revenue + rebate.to_next)], [str(then * unit)], currency)
        short = found([str(rebate.revenue + rebate.to_next - unit)], [str(then * unit)], currency)
        assert reached.percent >= rebate.next_step.percent  # one unit may jump over a step of a tiny year
        assert short.percent == rebate.percent


def test_only_months_that_are_over_are_compared() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    assert whole_months(Month(2026, 2), at) == MONTHS
    assert whole_months(Month(2026, 4), at) == MONTHS
    assert whole_months(Month(2026, 2), datetime(2026, 2, 28, 23, 59, tzinfo=UTC)) == MONTHS[:1]
    assert whole_months(Month(2026, 1), datetime(2026, 1, 31, tzinfo=UTC)) == []


def test_a_commitment_is_revenue_but_no_usage() -> None:
    used = a_line("k0", "infra_host", Decimal(100), Decimal("0.50"), "USD")
    due, unpriced = replace(used, hours_seen=0), replace(used, amount=None)
    assert revenue([due]) == {("p1", "USD"): Revenue(Decimal("100.50"), 0, used=False)}
    assert revenue([due, used, unpriced]) == {("p1", "USD"): Revenue(Decimal("201.00"), 1, used=True)}
