"""The causes add up to the difference whatever the two sides say, and one planted premise is found in any world."""

import tempfile
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from billing import catalog, statement
from billing.bill import Rules
from billing.book_files import read_book
from billing.hours import Month
from billing.lake import Lake
from billing.money import EXACT
from billing.reconciling.difference import CLASSES, Difference, totals
from billing.reconciling.reconcile import reconcile
from billing.reconciling.vendor_bill import product_table
from billing.sources.files import read_file
from billing.sources.vendor_bills import from_bodies
from billing.statement import Statement
from tests.billing.oracle import bill
from tests.billing.sheet import Row
from tests.billing.worlds import Case, cases, write_book, write_usage

NOW = datetime(2027, 6, 1, tzinfo=UTC)
PRODUCTS = [*product_table(), "premier_support", "rum_mobile_session"]
PRODUCT_OF = {meter: product for product, meter in product_table().items()}
COSTS = st.tuples(st.integers(-(10**15), 10**15), st.integers(0, 40)).map(
    lambda drawn: Decimal(drawn[0]).scaleb(-drawn[1])
)
COUNTS = st.none() | st.integers(0, 10**15) | st.integers(0, 50)


@st.composite
def bodies(draw: st.DrawFn, orgs: list[str], month: str) -> list[Any]:
    """A cost body and a billable-summary with anything that a vendor could say of these orgs and strangers."""
    named = st.sampled_from([*orgs, "ghost", "spectre"])
    charge = st.fixed_dictionaries(
        {
            "product_name": st.sampled_from(PRODUCTS),
            "charge_type": st.sampled_from(("committed", "on_demand", "total", "goodwill")),
            "cost": COSTS,
        }
    )
    keys = st.sampled_from(PRODUCTS).flatmap(
        lambda product: st.sampled_from(("sum", "top99p", "average", "maximum")).map(lambda how: f"{product}_{how}")
    )
    counted = st.fixed_dictionaries(
        {
            "org_billable_usage": st.integers(0, 10**12),
            "account_billable_usage": COUNTS,
            "account_on_demand_usage": COUNTS,
        }
    )
    accounts = st.sampled_from((None, "a1", "a2"))
    data = [
        {
            "type": "cost_by_org",
            "attributes": {
                "public_id": org,
                "account_public_id": draw(accounts),
                "date": f"{month}-01T00:00:00Z",
                "total_cost": draw(st.none() | COSTS),
                "charges": draw(st.lists(charge, max_size=6)),
            },
        }
        for org in draw(st.lists(named, max_size=4, unique=True))
    ]
    usage = [
        {
            "public_id": org,
            "account_public_id": draw(accounts),
            "start_date": f"{month}-01T00:00:00Z",
            "usage": draw(st.dictionaries(keys, counted, max_size=6)),
        }
        for org in draw(st.lists(named, max_size=4, unique=True))
    ]
    return [{"data": data}, {"usage": usage}]


def reconciled(case: Case, said: list[Any]) -> tuple[Statement, list[Difference]]:
    """The case billed by the product and held against the bodies."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        write_book(case.world, folder)
        write_usage(case.world, folder / "usage.csv")
        rules = Rules(catalog.load(), case.p99_rank)
        book, lake, month = read_book(folder, rules.catalog), Lake(str(folder / "lake")), Month.parse(case.month)
        lake.put(read_file(folder / "usage.csv").usage, NOW)
        until = statement.month_to_date(month, case.until, NOW)
        ours = statement.state(book, rules, lake.current(month.start, until), month, until, "final")
        return ours, reconcile(ours, rules, lake.history(month.start, until), from_bodies(said, "body"))


def summed(amounts: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.too_slow], phases=[Phase.explicit, Phase.reuse, Phase.generate]
)
@given(st.data(), cases())
def test_the_causes_add_up_whatever_either_side_says(data: st.DataObject, case: Case) -> None:
    said = data.draw(bodies([org["org_id"] for org in case.world.orgs], case.month))
    ours, lines = reconciled(case, said)
    for line in lines:
        assert summed(one.amount for one in line.causes) == EXACT.subtract(line.vendor, line.ours) == line.amount
        assert {one.cause for one in line.causes} <= set(CLASSES)
    for currency in {line.currency for line in lines}:
        of_currency = [line for line in lines if line.currency == currency]
        by_class = summed(amount for (held, _), amount in totals(lines).items() if held == currency)
        assert by_class == summed(line.amount for line in of_currency)
        billed = [line.amount for line in ours.lines if line.currency == currency and line.amount is not None]
        assert summed(line.ours for line in of_currency) == summed(billed)
    charged = {record["attributes"]["public_id"] for record in said[0]["data"]}
    customers = {org["customer_id"] for org in case.world.orgs if org["org_id"] in charged}
    theirs = [ln for ln in lines if ln.customer_id in customers or (ln.customer_id is None and ln.org_id in charged)]
    assert summed(line.vendor for line in theirs) == summed(map(said_in_all, said[0]["data"]))


def said_in_all(record: Row) -> Decimal:
    """The record's total, or what its charges add up to when no total stands beside its parts."""
    attributes = record["attributes"]
    if attributes["total_cost"] is not None:
        return Decimal(attributes["total_cost"])
    by_product: dict[str, list[Row]] = defaultdict(list)
    for charge in attributes["charges"]:
        by_product[charge["product_name"]].append(charge)
    return summed(
        charge["cost"]
        for charges in by_product.values()
        for charge in charges
        if charge["charge_type"] != "total"
        or not {"committed", "on_demand"} & {other["charge_type"] for other in charges}
    )


def cost_body(lines: list[Row], case: Case) -> list[Any]:
    """The vendor's bill of these lines, on the first org of each customer, in exact decimals."""
    first = {org["customer_id"]: org["org_id"] for org in reversed(case.world.orgs)}
    charges: dict[str, list[Row]] = {customer["customer_id"]: [] for customer in case.world.customers}
    for line in lines:
        for kind in ("committed", "on_demand"):
            if line[f"{kind}_amount"] is not None:
                product = PRODUCT_OF.get(line["meter"], line["meter"])
                cost = Decimal(line[f"{kind}_amount"])
                charges[line["customer_id"]].append({"product_name": product, "charge_type": kind, "cost": cost})
    date = f"{case.month}-01T00:00:00Z"
    return [
        {
            "data": [
                {"type": "cost_by_org", "attributes": {"public_id": first[customer], "date": date, "charges": found}}
                for customer, found in charges.items()
            ]
        }
    ]


def one_currency(lines: list[Row]) -> set[str]:
    """The customers whose lines have one currency: of the others the vendor's figures cannot be told apart."""
    currencies: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        currencies[line["customer_id"]].add(line["currency"])
    return {customer for customer, found in currencies.items() if len(found) == 1}


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], phases=[Phase.explicit, Phase.generate])
@given(cases())
def test_the_oracles_bill_has_no_difference_and_its_other_rank_is_the_rank_rule(case: Case) -> None:
    other = "eighth" if case.p99_rank == "ninth" else "ninth"
    same, ranked = (bill(case.world, case.month, case.until, p99_rank=rank)["lines"] for rank in (case.p99_rank, other))
    plain = one_currency(same)
    _, lines = reconciled(case, cost_body(same, case))
    assert not [line for line in lines if line.customer_id in plain and line.causes]
    _, lines = reconciled(case, cost_body(ranked, case))
    causes = {one.cause for line in lines if line.customer_id in plain for one in line.causes}
    assert causes <= {"rank rule", "rounding", "price", "unexplained"}
    proved = {(ln.customer_id, ln.meter) for ln in lines if any(one.cause == "rank rule" for one in ln.causes)}
    both = {}
    for line, theirs in zip(same, ranked, strict=True):
        if line["customer_id"] in plain and line["amount"] and theirs["amount"]:
            key = (line["customer_id"], line["meter"])
            both[key] = both.get(key, Decimal(0)) + Decimal(theirs["amount"]) - Decimal(line["amount"])
    unpriced = {(ln["customer_id"], ln["meter"]) for ln in (*same, *ranked) if ln["amount"] is None}
    assert {key for key, amount in both.items() if abs(amount) > 1} - unpriced <= proved
