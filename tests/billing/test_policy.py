"""The partner policy: the built-in one to the letter, which row fits, and policies that are broken."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from billing import policy
from billing.errors import SettingsError
from billing.policy import Policy, Step

HEADER = "rule,partner_id,customer_id,tier,plan,deal,charge,growth_from,percent,from,until"
DAY = date(2026, 10, 1)
CASE = {
    "partner_id": "p1",
    "customer_id": "c1",
    "tier": "gold",
    "plan": "annual",
    "deal": "none",
    "charge": "committed",
}


def read(directory: Path, *lines: str) -> Policy:
    path = directory / "policy.csv"
    path.write_text("\n".join((HEADER, *lines)), encoding="utf-8")
    policy.load.cache_clear()
    return policy.load(path)


def faults(directory: Path, *lines: str) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        read(directory, *lines)
    return [str(fault) for fault in raised.value.faults]


@pytest.mark.parametrize("charge", ["committed", "on_demand"])
@pytest.mark.parametrize("deal", ["none", "registered", "takeover"])
@pytest.mark.parametrize("plan", ["annual", "month_to_month", "on_demand"])
def test_the_built_in_policy_is_that_of_the_rules(plan: str, deal: str, charge: str) -> None:
    """10 percent, 10 points more in a registered deal's first year, nothing on takeover, nothing on demand."""
    case = CASE | {"plan": plan, "deal": deal, "charge": charge}
    on_demand = "on_demand" in (plan, charge)
    found = policy.load()
    assert found.percent("margin", case, DAY) == (0 if on_demand or deal == "takeover" else 10)
    assert found.percent("first_year", case, DAY) == (10 if deal == "registered" and not on_demand else 0)
    assert found.percent("markup", case, DAY) == 0


def test_the_built_in_rebate_is_for_gold_alone() -> None:
    assert policy.load().steps("p1", "gold", DAY) == [Step(Decimal(20), Decimal(4)), Step(Decimal(40), Decimal(8))]
    assert policy.load().steps("p1", "basic", DAY) == []


def test_the_first_row_that_fits_counts_on_its_days(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "margin,p1,,,,,,,15,2026-03-01,2026-10-01",
        "margin,,,,,,,,12,2026-10-01,",
        "margin,,,,,,,,10,,",
    )
    days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 9, 30), date(2026, 10, 1)]
    assert [found.percent("margin", CASE, day) for day in days] == [10, 15, 15, 12]
    other = CASE | {"partner_id": "p2"}
    assert [found.percent("margin", other, day) for day in days] == [10, 10, 10, 12]
    assert found.percent("markup", CASE, DAY) == 0


def test_a_step_of_ones_own_stands_beside_those_of_all(tmp_path: Path) -> None:
    lines = "rebate,p1,,,,,,20,5.5,,", "rebate,,,gold,,,,40,8,,", "rebate,,,gold,,,,20,4,,"
    found = read(tmp_path, *lines)
    assert found.steps("p1", "gold", DAY) == [Step(Decimal(20), Decimal("5.5")), Step(Decimal(40), Decimal(8))]
    assert found.steps("p1", "basic", DAY) == [Step(Decimal(20), Decimal("5.5"))]
    assert found.steps("p2", "gold", DAY) == [Step(Decimal(20), Decimal(4)), Step(Decimal(40), Decimal(8))]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("bonus,,,,,,,,10,,", "rule"),
        ("margin,,,silver,,,,,10,,", "tier"),
        ("margin,,,,weekly,,,,10,,", "plan"),
        ("margin,,,,,stolen,,,10,,", "deal"),
        ("margin,,,,,,both,,10,,", "charge"),
        ("margin,,,,,,,,,,", "percent"),
        ("margin,,,,,,,,-1,,", "percent"),
        ("margin,,,,,,,,ten,,", "percent"),
        ("margin,,,,,,,,100.01,,", "percent"),
        ("rebate,,,,,,,20,101,,", "percent"),
        ("margin,,,,,,,,10,2026-02-30,", "from"),
        ("margin,,,,,,,,10,,1.1.2027", "until"),
        ("margin,,,,,,,,10,2026-02-01,2026-02-01", "until"),
        ("margin,,,,,,,20,10,,", "growth_from"),
        ("rebate,,,,,,,,4,,", "growth_from"),
        ("rebate,,,,,,,much,4,,", "growth_from"),
        ("rebate,,c1,,,,,20,4,,", "customer_id"),
        ("rebate,,,,annual,,,20,4,,", "plan"),
        ("rebate,,,,,registered,,20,4,,", "deal"),
        ("rebate,,,,,,committed,20,4,,", "charge"),
        ("margin,p\u0007,,,,,,,10,,", "partner_id"),
    ],
)
def test_a_broken_row_is_named(tmp_path: Path, line: str, column: str) -> None:
    (found,) = faults(tmp_path, "markup,,,,,,,,250,,", line)
    assert found.startswith(f"policy.csv:3: {column}: ")


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    found = faults(tmp_path, "bonus,,,,,,,,ten,,", "margin,,,,,,,,10,,x", "margin,,,")
    assert [fault.split(": ")[0] for fault in found if "cells" not in fault] == ["policy.csv:2"] * 2 + ["policy.csv:3"]
    assert any(fault.startswith("policy.csv:4: has 4 cells") for fault in found)


@pytest.mark.parametrize(
    ("above", "below", "read_"),
    [
        ("margin,,,,,,,,10,,", "margin,,,,,takeover,,,0,,", False),
        ("margin,,,,,takeover,,,0,,", "margin,,,,,,,,10,,", True),
        ("margin,,,,,,,,10,,", "margin,,,,,,,,12,2027-01-01,", False),
        ("margin,,,,,,,,12,2027-01-01,", "margin,,,,,,,,10,,", True),
        ("margin,,,,,,,,10,,2027-01-01", "margin,,,,,,,,12,2027-01-01,", True),
        ("margin,,,,,,,,10,,", "first_year,,,,,,,,12,,", True),
        ("rebate,,,,,,,20,4,,", "rebate,,,,,,,40,4,,", True),
        ("rebate,,,,,,,20,4,,", "rebate,,,,,,,20.0,5,,", False),
    ],
)
def test_a_row_that_nobody_would_read_is_a_fault(tmp_path: Path, above: str, below: str, read_: bool) -> None:
    if read_:
        assert len(read(tmp_path, above, below).clauses) == 2
    else:
        (found,) = faults(tmp_path, above, below)
        assert found.startswith("policy.csv:3: rule: is never read: line 2 fits first")


def test_what_is_no_policy_is_refused(tmp_path: Path) -> None:
    assert faults(tmp_path) == ["policy.csv: has no rows: without any, nobody earns anything"]
    with pytest.raises(SettingsError, match=r"nowhere\.csv: cannot be read"):
        policy.load(tmp_path / "nowhere.csv")
    (tmp_path / "short.csv").write_text("rule,percent\nmargin,10\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"short\.csv:1: until: the column is missing"):
        policy.load(tmp_path / "short.csv")
