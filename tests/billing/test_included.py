"""What a line includes and what is left on demand, where the built-in catalogue and usual figures show too little."""

from dataclasses import replace
from decimal import Decimal

import pytest

from billing.bill import Rules
from billing.book import Term
from billing.money import plain
from tests.billing.small_bill import LOGS, RULES, bill, book, contract

METERS = RULES.catalog.meters
PARENT = replace(METERS["logs_ingested"], per=4)
CHILD = replace(METERS["custom_metrics"], rollup="sum", parent=PARENT.meter, allotment_quantity=Decimal(5))
FOURS = Rules(replace(RULES.catalog, meters={PARENT.meter: PARENT, CHILD.meter: CHILD}))


@pytest.mark.parametrize(("committed", "included"), [(0, 15), (2, 15), (3, 15), (7, 35)])
def test_a_parents_unit_of_several_base_units_includes_once(committed: int, included: int) -> None:
    """The parent's 12 base units are 3 of its units of 4, each with 5 of the child's; 7 committed bring 35."""
    of = contract("k1", "c1", replace(LOGS, commit_units=Decimal(committed)))
    said = [("o1", PARENT.meter, 0, 5), ("o1", PARENT.meter, 1, 7), ("o1", CHILD.meter, 2, 40)]
    child, _ = bill(book({"o1": "c1"}, of), said, rules=FOURS).lines
    assert (child.meter, child.included, child.on_demand_quantity) == (CHILD.meter, included, 40 - included)


def test_no_digit_is_lost_between_a_large_sum_and_a_small_commitment() -> None:
    """4 hours of 2^63 - 1 bytes less the billionth part of a billionth of a GB."""
    of = contract("k1", "c1", replace(LOGS, commit_units=Decimal("1E-18")))
    (row,) = bill(book({"o1": "c1"}, of), [("o1", "logs_ingested", at, 2**63 - 1) for at in range(4)]).lines
    assert plain(row.on_demand_quantity) == "36893488147419103227.999999999"


def test_host_hours_are_the_sum_of_the_hours() -> None:
    """9 hosts for 10 hours at 0.03."""
    of = contract("k1", "c1", Term("infra_host", "hourly", on_demand_price=Decimal("0.03")))
    (row,) = bill(book({"o1": "c1"}, of), [("o1", "infra_host", at, 9) for at in range(10)]).lines
    assert (row.rollup, row.quantity, row.amount) == ("sum", 90, Decimal("2.70"))
