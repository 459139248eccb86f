"""The margin waterfall: figures by hand, then random books and policies against an oracle that shares no code."""

import csv
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import catalog, policy
from billing.bill import Line
from billing.book import Book, Contract, Customer, Partner, Term
from billing.hours import Month
from billing.margin import LineMargin, Waterfall, added, margins, waterfalls
from billing.policy import Policy
from tests.billing import margin_oracle
from tests.billing.sheet import MINOR_DIGITS, Row, rounded
from tests.billing.test_bill import product
from tests.billing.worlds import Case, cases, decimals

OCTOBER = Month(2026, 10)
STEPS = ("list_amount", "discount", "contracted", "margin", "partner_cost", "markup", "customer_price")


def statement(
    month: Month = OCTOBER,
    *starts: str,
    deal: str = "none",
    plan: str = "annual",
    currency: str = "USD",
    price: str = "12",
) -> Any:
    """100 hosts committed at `price` and 10 on demand at 20, on the last of the contracts that start on these days."""
    contracts = {
        f"k{i}": Contract(
            f"k{i}",
            "c1",
            plan,
            date.fromisoformat(start),
            None,
            currency,
            {"infra_host": Term("infra_host", "monthly", Decimal(100), Decimal(price), Decimal(20))},
        )
        for i, start in enumerate(starts or ("2024-01-01",))
    }
    partner = Partner("p1", "Partner", "gold", "UTC", "en", currency, "none", ())
    book = Book({"p1": partner}, {"c1": Customer("c1", "p1", "Customer", None, deal)}, {}, contracts)
    contract_id = list(contracts)[-1]
    committed = Decimal(price) * 100
    line = a_line(contract_id, "infra_host", committed, Decimal(200), currency, beyond=Decimal(10))
    return SimpleNamespace(month=month, lines=[line], book=book)


def a_line(
    contract_id: str, meter: str, committed: Decimal, on_demand: Decimal, currency: str, beyond: Decimal = Decimal(0)
) -> Line:
    return Line(
        partner_id="p1",
        customer_id="c1",
        contract_id=contract_id,
        meter=meter,
        rollup="p99",
        quantity=beyond,
        included=Decimal(0),
        on_demand_quantity=beyond,
        committed_amount=committed,
        on_demand_amount=on_demand,
        amount=committed + on_demand,
        currency=currency,
        hours_seen=1,
        hours_expected=744,
        fault=None,
    )


def only(found: Any, terms: Policy | None = None) -> LineMargin:
    (line,) = margins(found, terms or policy.load(), catalog.load())
    return line


def figures(line: LineMargin) -> list[Decimal | None]:
    return [getattr(line, step) for step in STEPS]


def test_a_waterfall_by_hand() -> None:
    """List: 100 x 15 + 10 x 18 = 1,680. Contracted: 100 x 12 + 10 x 20 = 1,400. 10 percent of 1,200 stay."""
    assert figures(only(statement())) == [1680, 280, 1400, 120, 1280, 0, 1400]


def test_a_contract_dearer_than_the_list_has_a_discount_below_0() -> None:
    assert figures(only(statement(price="20")))[:3] == [1680, -520, 2200]


@pytest.mark.parametrize("currency", ["KRW", "EUR"])
def test_without_a_list_price_there_is_no_discount(currency: str) -> None:
    line = only(statement(currency=currency))
    assert figures(line)[:3] == [None, None, 1400]
    (node,) = waterfalls([line], {})
    assert (node.list_amount, node.discount, node.unlisted, node.contracted) == (0, 0, 1400, 1400)


@pytest.mark.parametrize(
    ("deal", "plan", "margin"),
    [
        ("none", "annual", 120),
        ("none", "month_to_month", 120),
        ("registered", "annual", 240),
        ("registered", "month_to_month", 240),
        ("takeover", "annual", 0),
        ("none", "on_demand", 0),
        ("registered", "on_demand", 0),
    ],
)
def test_who_earns_what(deal: str, plan: str, margin: int) -> None:
    assert only(statement(OCTOBER, "2026-03-01", deal=deal, plan=plan)).margin == margin


@pytest.mark.parametrize(
    ("month", "starts", "first_year"),
    [
        ("2026-09", ("2025-10-01",), True),
        ("2026-10", ("2025-10-01",), False),
        ("2025-10", ("2025-10-15",), True),
        ("2026-10", ("2025-10-15",), True),  # the anniversary's month begins before it
        ("2026-11", ("2025-10-15",), False),
        ("2026-10", ("2025-10-15", "2026-10-14"), True),  # judged on the day a second contract begins
        ("2026-10", ("2025-10-15", "2026-10-15"), False),
        ("2026-12", ("2025-10-15", "2026-12-01"), False),  # a renewal is no new deal
        ("2025-02", ("2024-02-29", "2025-02-28"), True),
        ("2025-03", ("2024-02-29",), False),
    ],
)
def test_the_first_year_ends_on_the_anniversary_of_the_first_contract(
    month: str, starts: Sequence[str], first_year: bool
) -> None:
    found = only(statement(Month.parse(month), *starts, deal="registered"))
    assert found.margin == (240 if first_year else 120)


def test_the_policy_of_the_first_covered_day_holds_for_the_month(tmp_path: Path) -> None:
    terms = written(
        tmp_path,
        [
            policy_row("margin", percent="12", **{"from": "2026-10-10"}),
            policy_row("margin", percent="10"),
            policy_row("markup", percent="5", customer_id="c1"),
            policy_row("markup", percent="7", charge="on_demand"),
        ],
    )
    cases_ = {("2026-10", "2026-01-01"): 140, ("2026-10", "2026-10-12"): 168, ("2026-11", "2026-01-01"): 168}
    for (month, start), margin in cases_.items():
        line = only(statement(Month.parse(month), start), terms)
        assert (line.margin, line.markup, line.customer_price) == (margin, 70, 1470)


@pytest.mark.parametrize(
    ("currency", "percent", "amounts", "parts"),
    [
        # 4 percent of 99.99 is 4.00 (3.9996); a line alone would round to 1.33, and 0.01 would be lost.
        ("USD", 4, ("33.33", "33.33", "33.33"), ("1.34", "1.33", "1.33")),
        ("KRW", 8, ("10", "20", "31"), ("1", "2", "2")),  # 4.88 is 5: 0.82, 1.64, 2.54
        ("KWD", 50, ("0.009", "0.001", "0.002"), ("0.005", "0.000", "0.001")),  # 4.5, 0.5, 1: a tie
    ],
)
def test_a_rebate_is_rounded_once_and_shared_out_by_amount(
    currency: str, percent: int, amounts: Sequence[str], parts: Sequence[str]
) -> None:
    found = statement(currency=currency)
    meters = ("apm_host", "infra_host", "logs_ingested")
    found.lines = [
        a_line("k0", meter, Decimal(a), Decimal(0), currency) for meter, a in zip(meters, amounts, strict=True)
    ]
    nodes = waterfalls(margins(found, policy.load(), catalog.load()), {("p1", currency): Decimal(percent)})
    assert [f"{node.rebate:f}" for node in nodes] == list(parts)
    assert added(nodes).profit == added(nodes).margin + sum(map(Decimal, parts))


def policy_row(rule: str, percent: str, **cells: str) -> Row:
    return dict.fromkeys(policy.COLUMNS, "") | {"rule": rule, "percent": percent} | cells


def written(directory: Path, rows: list[Row]) -> Policy:
    path = directory / "policy.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, policy.COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    policy.load.cache_clear()
    return policy.load(path)


@st.composite
def policies(draw: st.DrawFn, month: str) -> list[Row]:
    """Rows with few cells filled, dated around the month; those that nobody would read are left out."""
    days = st.sampled_from(("", "2024-01-01", f"{month}-01", f"{month}-10", f"{month}-16", "2026-12-31"))
    some = {
        "partner_id": ("p9", "p8"),
        "customer_id": ("c20", "c19"),
        "tier": ("gold",),
        "plan": ("annual", "on_demand"),
        "deal": ("registered", "takeover"),
        "charge": ("committed", "on_demand"),
    }
    rows: list[Row] = []
    for rule in draw(st.lists(st.sampled_from(("margin", "first_year", "markup")), min_size=1, max_size=9)):
        filled = draw(st.lists(st.sampled_from(sorted(some)), max_size=2, unique=True))
        cells = {name: draw(st.sampled_from(some[name])) for name in filled}
        start, end = draw(days), draw(days)
        if end and end <= start:
            start, end = "", end
        row = policy_row(rule, draw(decimals(4, 100)), **cells, **{"from": start, "until": end})
        if not any(hidden(row, above) for above in rows):
            rows.append(row)
    return rows


def hidden(row: Row, above: Row) -> bool:
    wider = all(above[name] in ("", row[name]) for name in ("rule", *margin_oracle.SELECTORS))
    longer = above["until"] == "" or (row["until"] != "" and row["until"] <= above["until"])
    return wider and above["from"] <= row["from"] and longer


@st.composite
def margin_cases(draw: st.DrawFn) -> tuple[Case, list[Row]]:
    case = draw(cases())
    for customer in case.world.customers:
        customer["deal"] = draw(st.sampled_from(("none", "registered", "takeover")))
    for partner in case.world.partners:
        partner["tier"] = draw(st.sampled_from(("basic", "gold")))
    return case, draw(policies(case.month))


@settings(max_examples=80)
@given(margin_cases(), st.lists(decimals(3, 30), min_size=3, max_size=3))
def test_every_world_has_the_oracles_waterfall_and_balances_at_every_node(
    drawn: tuple[Case, list[Row]], percents: list[str]
) -> None:
    case, rows = drawn
    with tempfile.TemporaryDirectory() as directory:
        found = margins(product(case, Path(directory)), written(Path(directory), rows), catalog.load())
    texts = {
        (line.line.contract_id, line.line.meter): {
            step: None if (value := getattr(line, step)) is None else f"{value:f}" for step in STEPS
        }
        for line in found
    }
    assert texts == margin_oracle.waterfalls(case, rows)
    accounts = sorted({(line.line.partner_id, line.line.currency) for line in found})
    nodes = waterfalls(found, {account: Decimal(p) for account, p in zip(accounts, percents, strict=False)})
    for level in (("contract_id", "meter"), ("customer_id",), ("partner_id",), ()):
        groups: dict[tuple[str, ...], list[Waterfall]] = defaultdict(list)
        for line, node in zip(found, nodes, strict=True):
            groups[(*(getattr(line.line, name) for name in level), line.line.currency)].append(node)
        for group in groups.values():
            assert_balanced(added(group), group)
    for account, percent in zip(accounts, percents, strict=False):
        mine = [node for line, node in zip(found, nodes, strict=True) if account == account_of(line)]
        due = Fraction(sum(node.contracted for node in mine)) * Fraction(percent) / 100
        assert Fraction(added(mine).rebate) == rounded(due, MINOR_DIGITS[account[1]])


def account_of(line: LineMargin) -> tuple[str, str]:
    return line.line.partner_id, line.line.currency


def assert_balanced(node: Waterfall, below: list[Waterfall]) -> None:
    amounts = {name: Fraction(amount) for name, amount in asdict(node).items()}
    for name, amount in amounts.items():
        assert amount == sum(Fraction(getattr(one, name)) for one in below)
    assert amounts["list_amount"] - amounts["discount"] + amounts["unlisted"] == amounts["contracted"]
    assert amounts["partner_cost"] + amounts["margin"] == amounts["contracted"]
    assert amounts["contracted"] + amounts["markup"] == amounts["customer_price"]
    assert amounts["margin"] + amounts["markup"] + amounts["rebate"] == amounts["profit"]
