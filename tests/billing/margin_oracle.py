"""The margin waterfall once more, in fractions and plain loops: from the oracle's bill and the rows of the policy."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

from tests.billing.oracle import bill
from tests.billing.sheet import MINOR_DIGITS, Row, fixed, rounded
from tests.billing.worlds import Case

LineKey = tuple[str, str]  # (contract_id, meter)
SELECTORS = ("partner_id", "customer_id", "tier", "plan", "deal", "charge")


def waterfalls(case: Case, policy: list[Row]) -> dict[LineKey, Row]:
    """{(contract, meter): list, discount, contracted, margin, partner cost, markup, customer price as texts}."""
    stripped = [term | {"commit_price": "", "on_demand_price": ""} for term in case.world.terms]
    listed = bill(replace(case.world, terms=stripped, tiers=[]), case.month, case.until, p99_rank=case.p99_rank)
    at_list = {(line["contract_id"], line["meter"]): line["amount"] for line in listed["lines"]}
    found = {}
    for line in bill(case.world, case.month, case.until, p99_rank=case.p99_rank)["lines"]:
        key = line["contract_id"], line["meter"]
        digits = MINOR_DIGITS[line["currency"]]
        amounts = {charge: Fraction(line[f"{charge}_amount"] or 0) for charge in ("committed", "on_demand")}
        margin = rounded(sum(amounts[c] * percent("margin", case, policy, line, c) / 100 for c in amounts), digits)
        markup = rounded(sum(amounts[c] * percent("markup", case, policy, line, c) / 100 for c in amounts), digits)
        contracted = sum(amounts.values())
        list_amount = at_list[key]
        found[key] = {
            "list_amount": list_amount,
            "discount": None if list_amount is None else fixed(Fraction(list_amount) - contracted, digits),
            "contracted": line["amount"],
            "margin": fixed(margin, digits),
            "partner_cost": fixed(contracted - margin, digits),
            "markup": fixed(markup, digits),
            "customer_price": fixed(contracted + markup, digits),
        }
    return found


def percent(rule: str, case: Case, policy: list[Row], line: Row, charge: str) -> Fraction:
    """What the rule gives, the first year's points included."""
    contract = next(row for row in case.world.contracts if row["contract_id"] == line["contract_id"])
    customer = next(row for row in case.world.customers if row["customer_id"] == line["customer_id"])
    partner = next(row for row in case.world.partners if row["partner_id"] == line["partner_id"])
    day = max(f"{case.month}-01", contract["start"])
    facts = {
        "partner_id": partner["partner_id"],
        "customer_id": customer["customer_id"],
        "tier": partner["tier"],
        "plan": contract["plan"],
        "deal": customer["deal"],
        "charge": charge,
    }
    points = first(rule, policy, facts, day)
    starts = min(row["start"] for row in case.world.contracts if row["customer_id"] == customer["customer_id"])
    a_year_ago = (date.fromisoformat(day).year - 1, *map(int, day.split("-")[1:]))
    if rule == "margin" and a_year_ago < tuple(map(int, starts.split("-"))):
        points += first("first_year", policy, facts, day)
    return points


def first(rule: str, policy: list[Row], facts: Row, day: str) -> Fraction:
    """The percent of the first row that fits; dates compare as texts."""
    for row in policy:
        fits = all(row[name] in ("", facts[name]) for name in SELECTORS)
        if row["rule"] == rule and fits and row["from"] <= day and (row["until"] == "" or day < row["until"]):
            return Fraction(row["percent"])
    return Fraction(0)
