"""Prices and amounts: which price, in which order, and the price of bands."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from billing import catalog
from billing.book import Contract, Term, Tier
from billing.hours import Month
from billing.rating import committed_price, graduated, on_demand_price, prorated, rate

OCTOBER = Month(2026, 10)
METER = replace(
    catalog.load().meters["logs_ingested"],
    per=1000,
    list_prices={"annual": Decimal(1), "month_to_month": Decimal(2), "on_demand": Decimal(3)},
)
HOST = catalog.load().meters["infra_host"]
CONTRACT = Contract("k1", "c1", "month_to_month", date(2026, 1, 1), None, "USD")
TERM = Term(METER.meter)
decimals = st.builds(lambda n, places: Decimal(n).scaleb(-places), st.integers(0, 10**9), st.integers(0, 4))


@st.composite
def bands(draw: st.DrawFn) -> tuple[Tier, ...]:
    bounds = sorted(draw(st.sets(decimals.filter(bool), max_size=4)))
    return tuple(Tier(bound, draw(decimals)) for bound in [*bounds, None])


def loop(units: Decimal, tiers: tuple[Tier, ...]) -> Fraction:
    """Band by band: what of the units lies between the bound before and this one."""
    bounds = [Fraction(0), *(Fraction(units if t.up_to_units is None else t.up_to_units) for t in tiers)]
    parts = (min(Fraction(units), high) - min(Fraction(units), low) for low, high in pairwise(bounds))
    return sum((part * Fraction(t.unit_price) for part, t in zip(parts, tiers, strict=True)), Fraction(0))


@given(decimals, bands())
def test_each_band_has_its_own_price(units: Decimal, tiers: tuple[Tier, ...]) -> None:
    assert Fraction(graduated(units, tiers)) == loop(units, tiers)


@given(bands())
def test_the_price_does_not_jump_at_an_edge(tiers: tuple[Tier, ...]) -> None:
    step = Decimal("0.0000001")
    for low, high in pairwise(tiers):
        assert low.up_to_units is not None
        at = graduated(low.up_to_units, tiers)
        assert at - graduated(low.up_to_units - step, tiers) == step * low.unit_price
        assert graduated(low.up_to_units + step, tiers) - at == step * high.unit_price


@given(decimals, decimals, bands())
def test_more_never_costs_less(one: Decimal, two: Decimal, tiers: tuple[Tier, ...]) -> None:
    assert graduated(min(one, two), tiers) <= graduated(max(one, two), tiers)


def test_the_order_of_the_prices() -> None:
    agreed = Term(METER.meter, commit_price=Decimal(7), on_demand_price=Decimal(8))
    assert (committed_price(CONTRACT, METER, agreed), on_demand_price(CONTRACT, METER, agreed)) == (
        Decimal(7),
        Decimal(8),
    )
    assert (committed_price(CONTRACT, METER, TERM), on_demand_price(CONTRACT, METER, TERM)) == (Decimal(2), Decimal(3))
    free = Term(METER.meter, commit_price=Decimal(0), on_demand_price=Decimal(0))
    assert (committed_price(CONTRACT, METER, free), on_demand_price(CONTRACT, METER, free)) == (Decimal(0), Decimal(0))


@pytest.mark.parametrize(
    ("lists", "committed", "on_demand"),
    [
        ({"annual": 1, "on_demand": 3}, 1, 3),
        ({"annual": 1, "month_to_month": 2}, 2, 2),
        ({"annual": 1}, 1, 1),
        ({"on_demand": 3}, 3, 3),
        ({}, None, None),
    ],
)
def test_a_list_price_that_is_lacking_gives_way(
    lists: dict[str, int], committed: int | None, on_demand: int | None
) -> None:
    meter = replace(METER, list_prices={plan: Decimal(price) for plan, price in lists.items()})
    assert (committed_price(CONTRACT, meter, TERM), on_demand_price(CONTRACT, meter, TERM)) == (committed, on_demand)


def test_list_prices_are_for_dollars_and_not_for_host_hours() -> None:
    korean = replace(CONTRACT, currency="KRW")
    assert committed_price(korean, METER, TERM) is on_demand_price(korean, METER, TERM) is None
    by_the_hour = Term(HOST.meter, option="hourly")
    assert committed_price(CONTRACT, HOST, by_the_hour) is on_demand_price(CONTRACT, HOST, by_the_hour) is None
    assert on_demand_price(CONTRACT, HOST, Term(HOST.meter)) == 18


@given(decimals, decimals, decimals, st.integers(0, 10**20))
@example(Decimal(10**15), Decimal("123456789.1235"), Decimal("987654321.4321"), 10**20 - 1)
def test_an_amount_is_rounded_once(units: Decimal, price: Decimal, beyond_price: Decimal, beyond: int) -> None:
    contract = replace(CONTRACT, start=date(2026, 10, 10), currency="KWD")
    found = rate(contract, METER, Term(METER.meter, "monthly", units, price, beyond_price), Decimal(beyond), OCTOBER)
    committed = Fraction(units) * Fraction(price) * Fraction(22, 31)
    on_demand = Fraction(beyond, 1000) * Fraction(beyond_price)
    expected = [Fraction(int(amount * 1000 + Fraction(1, 2)), 1000) for amount in (committed, on_demand)]
    assert found.committed_amount is not None
    assert found.on_demand_amount is not None
    assert found.amount is not None
    assert [Fraction(found.committed_amount), Fraction(found.on_demand_amount)] == expected
    assert Fraction(found.amount) == sum(expected)


@pytest.mark.parametrize("tiered", [False, True])
@pytest.mark.parametrize(("per", "price"), [(3, "0.015"), (7, "0.035"), (7, "0.385"), (730, "3.65")])
def test_a_half_behind_a_share_that_does_not_end_is_a_half(tiered: bool, per: int, price: str) -> None:
    """1 host at 1.65 for 7 of 30 days is 0.385; 1 of 3 base units at 0.015 is 0.005."""
    tiers = {METER.meter: (Tier(None, Decimal(price)),)} if tiered else {}
    contract = replace(CONTRACT, start=date(2026, 11, 24), tiers=tiers)
    term = Term(METER.meter, "monthly", Decimal(1), Decimal("1.65"), Decimal(price))
    found = rate(contract, replace(METER, per=per), term, Decimal(1), Month(2026, 11))
    exact = Fraction(price) / per
    assert exact * 1000 % 10 == 5, "a tie"
    assert found.committed_amount == Decimal("0.39")
    assert found.on_demand_amount == Decimal(int((exact + Fraction(1, 200)) * 100)) / 100


def test_tiers_beat_the_term_and_the_list() -> None:
    contract = replace(CONTRACT, tiers={METER.meter: (Tier(Decimal(2), Decimal(10)), Tier(None, Decimal(1)))})
    found = rate(contract, METER, Term(METER.meter, on_demand_price=Decimal(99)), Decimal(3500), OCTOBER)
    assert found.on_demand_amount == Decimal("21.50")


@pytest.mark.parametrize(
    ("units", "beyond", "lacking"),
    [(0, 0, None), (1, 0, "committed price"), (0, 1, "on-demand price"), (1, 1, "committed price and no on-demand")],
)
def test_only_a_price_that_is_needed_is_missed(units: int, beyond: int, lacking: str | None) -> None:
    korean = replace(CONTRACT, currency="KRW")
    found = rate(korean, METER, replace(TERM, commit_units=Decimal(units)), Decimal(beyond), OCTOBER)
    amounts = {found.committed_amount, found.on_demand_amount, found.amount}
    if lacking is None:
        assert (amounts, found.fault) == ({Decimal(0)}, None)
    else:
        assert amounts == {None}
        assert found.fault is not None
        assert lacking in found.fault


@given(st.integers(-40, 40), st.integers(1, 80))
def test_a_commitment_is_prorated_by_days(first: int, length: int) -> None:
    start = date.fromordinal(date(2026, 10, 1).toordinal() + first)
    end = date.fromordinal(start.toordinal() + length)
    days = sum(start <= date(2026, 10, day) < end for day in range(1, 32))
    share = prorated(Decimal(1), replace(CONTRACT, start=start, end=end), OCTOBER)
    assert abs(Fraction(share) - Fraction(days, 31)) < Fraction(1, 10**25)


def test_a_prorated_commitment_is_cut_off_by_nothing_before_it_is_rounded() -> None:
    """0.5 x 3.03 for 1 of 30 days is 0.0505: a tie, which a share of 0.0333... would miss."""
    contract = replace(CONTRACT, start=date(2026, 4, 30), currency="KWD")
    term = replace(TERM, commit_units=Decimal("0.5"), commit_price=Decimal("3.03"))
    assert rate(contract, METER, term, Decimal(0), Month(2026, 4)).committed_amount == Decimal("0.051")
