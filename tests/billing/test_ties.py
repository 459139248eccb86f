"""Amounts that are exactly half a minor unit although a division on the way does not end."""

import pytest

from tests.billing.deliveries import billed, expected
from tests.billing.plain_worlds import contract, hourly, sold_by, term, world_of
from tests.billing.sheet import Row
from tests.billing.worlds import Case


def both(case: Case) -> tuple[Row, Row]:
    [line], [exact] = billed(case)["lines"][-1:], expected(case)["lines"][-1:]
    return line, exact


def test_a_prorated_commitment() -> None:
    """7 of 30 days of 1 host at 1.65: 0.385 exactly, so 0.39."""
    world = world_of([contract(1, start="2026-04-24")])
    world.terms = [term(1, "infra_host", "1", "1.65")]
    line, exact = both(Case(world, "2026-04"))
    assert exact["committed_amount"] == "0.39"
    assert line == exact


@pytest.mark.parametrize(("per", "price", "amount"), [(3, "0.165", "0.06"), (7, "0.385", "0.06")])
def test_a_unit_that_is_no_product_of_twos_and_fives(per: int, price: str, amount: str) -> None:
    """1 of 3 pieces at 0.165: 0.055 exactly, so 0.06."""
    world = world_of([contract(1)])
    world.catalog = [sold_by("things", "sum", per)]
    world.usage = hourly("o1-1", ("f", "things"), "2026-10", [1])
    world.terms = [term(1, "things", price=price)]
    line, exact = both(Case(world, "2026-10"))
    assert exact["on_demand_amount"] == amount
    assert line == exact


def test_an_allotment_by_thirds() -> None:
    """1 parent of 3 to a unit, 3 come with a unit: 1 is included, not 0.999..."""
    world = world_of([contract(1)])
    world.catalog = [sold_by("parent", "sum", 3), sold_by("things", "sum", 1, "parent", "3")]
    world.usage = [*hourly("o1-1", ("f", "parent"), "2026-10", [1]), *hourly("o1-1", ("f", "things"), "2026-10", [5])]
    world.terms = [term(1, "things", price="1"), term(1, "parent", price="1")]
    line, exact = both(Case(world, "2026-10"))
    assert exact["included"] == "1"
    assert line == exact
