"""What holds of a month whatever was used in it: its free hours, its days, its parts by contract and by org."""

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from flows import bill
from tests.billing import oracle
from tests.billing.catalogues import catalogues
from tests.billing.deliveries import billed, opened
from tests.billing.plain_worlds import HOST, contract, hourly, sold_by, term, world_of
from tests.billing.sheet import MINOR_DIGITS, Row
from tests.billing.worlds import MONTHS, Case, cases, month_span, usage_row

FREE = {28: 7, 29: 7, 30: 8, 31: 8}  # hours above the one that a p99 meter bills, by the days of the month
SUMMED = ("sum", "hourly_overage", "max")


def hosts(month: str, values: list[int], rank: str) -> int:
    """The hosts billed for a month of these hours."""
    world = world_of([contract(1)])
    world.usage = hourly("o1-1", HOST, month, values)
    [line] = billed(Case(world, month, p99_rank=rank))["lines"]
    return int(line["quantity"])


@settings(max_examples=40)
@given(st.sampled_from(MONTHS), st.sampled_from(("ninth", "eighth")), st.integers(0, 2**32), st.data())
def test_the_free_hours_cost_nothing_and_the_next_one_does(
    month: str, rank: str, seed: int, data: st.DataObject
) -> None:
    """Raising any of the 8 highest hours (7 in February) changes nothing; the ninth is what is billed.

    By the rank `eighth` one hour fewer is free.
    """
    start, end = month_span(month)
    n = (end - start) // timedelta(hours=1)
    free = FREE[(end - start).days] - (rank == "eighth")
    values = random.Random(seed).sample(range(10**6), n)
    highest = sorted(range(n), key=values.__getitem__, reverse=True)
    billed_hosts = hosts(month, values, rank)
    assert billed_hosts == values[highest[free]]

    raised = list(values)
    for i in data.draw(st.lists(st.sampled_from(highest[:free]), unique=True)):
        raised[i] += data.draw(st.integers(1, 10**12))
    assert hosts(month, raised, rank) == billed_hosts

    by = data.draw(st.integers(1, 10**12))
    values[highest[free]] += by
    assert hosts(month, values, rank) == min(billed_hosts + by, values[highest[free - 1]])


@settings(max_examples=40)
@given(
    st.sampled_from(MONTHS), st.integers(1, 27), st.integers(0, 2**32), st.sampled_from(("EUR", "KRW", "KWD", "CLF"))
)
def test_a_contract_renewed_within_the_month_on_the_same_terms(month: str, day: int, seed: int, currency: str) -> None:
    """One contract, or two that meet at a midnight: sums add up, the higher maximum is the month's, hours are shared.

    Each contract's committed part is rounded, so that their sum may be one minor unit beside the whole.
    """
    start, end = month_span(month)
    cut, chance = f"{start + timedelta(days=day):%Y-%m-%d}", random.Random(seed)
    catalog = [sold_by("parent", "p99", 1), *(sold_by(rollup, rollup, 7, "parent", "5") for rollup in SUMMED)]
    usage = [
        row
        for meter in (row["meter"] for row in catalog)
        for row in hourly("o1-1", ("f", meter), month, [chance.randrange(90) for _ in range(24 * (end - start).days)])
    ]
    agreed = [("sum", "3.5", "0.617", "1"), ("max", "1", "9.99", "2"), ("hourly_overage", "0", "", "0.003")]
    found = []
    for contracts in (
        [contract(1, currency)],
        [contract(1, currency, end=cut), contract(2, currency, start=cut, customer=1)],
    ):
        world = world_of(contracts)
        world.catalog, world.usage = catalog, usage
        world.terms = [term(n + 1, *terms) for n in range(len(contracts)) for terms in agreed]
        lines = billed(Case(world, month))["lines"]
        found.append({meter: [line for line in lines if line["meter"] == meter] for meter in SUMMED})
    for meter, parts in found[1].items():
        [whole] = found[0][meter]
        together = max if meter == "max" else sum
        assert together(Decimal(part["quantity"]) for part in parts) == Decimal(whole["quantity"])
        for name in ("hours_seen", "hours_expected"):
            assert sum(part[name] for part in parts) == whole[name]
        committed = sum(Decimal(part["committed_amount"]) for part in parts) - Decimal(whole["committed_amount"])
        assert abs(committed) <= Decimal(1).scaleb(-MINOR_DIGITS[currency])


@settings(max_examples=30)
@given(cases() | cases(catalogues()))
def test_the_month_to_date_at_its_end_is_the_month(case: Case) -> None:
    """Asked without a time, at the month's end or in the first hour after it; what is used around it is not in it."""
    start, end = month_span(case.month)
    outside = [
        usage_row(org["org_id"], HOST, hour, 10**6)
        for org in case.world.orgs
        for hour in (start - timedelta(hours=1), end)
    ]
    with opened(replace(case, until=None)) as books:
        books.deliver(case.world.usage)
        whole = books.document()
        books.deliver(outside)
        assert books.document() == books.document(end) == books.document(end + timedelta(minutes=59)) == whole


def shared_out(amount: str, currency: str, weights: dict[str, int]) -> dict[str, Fraction]:
    """By largest remainder in minor units, ties by org id; equal shares where nothing was used."""
    if not sum(weights.values()):
        weights = dict.fromkeys(weights, 1)
    minor = 10 ** MINOR_DIGITS[currency]
    units = Fraction(amount) * minor
    exact = {org: units * weight / sum(weights.values()) for org, weight in weights.items()}
    parts = {org: share // 1 for org, share in exact.items()}
    short = int(units - sum(parts.values()))
    for org in sorted(exact, key=lambda org: (parts[org] - exact[org], org))[:short]:
        parts[org] += 1
    return {org: Fraction(part, minor) for org, part in parts.items()}


@settings(max_examples=60)
@given(cases() | cases(catalogues()))
def test_the_parts_of_orgs_are_their_shares_and_add_up_to_the_line(case: Case) -> None:
    """With 0 to 4 minor digits; of one org, of orgs that used nothing, of quantities near 2^63."""
    with opened(case) as books:
        books.deliver(case.world.usage)
        statement = books.statement()
        parts = bill.rows(statement, "org")
    for line in statement.document()["lines"]:
        mine = {row["org_id"]: row for row in parts if all(row[k] == line[k] for k in ("contract_id", "meter"))}
        used = org_sums(case, line)
        assert {org: int(row["usage"]) for org, row in mine.items()} == used
        if line["amount"] is None:
            assert {row["amount"] for row in mine.values()} == {None}
        else:
            expected = shared_out(line["amount"], line["currency"], used)
            assert {org: Fraction(row["amount"]) for org, row in mine.items()} == expected
            assert sum(expected.values()) == Fraction(line["amount"])


def org_sums(case: Case, line: Row) -> dict[str, int]:
    """What each org of the line's customer used of its meter in the contract's hours."""
    start, stop, _ = oracle.billed_span(case.month, case.until)
    world = case.world
    [of_line] = [row for row in world.contracts if row["contract_id"] == line["contract_id"]]
    begin, finish = oracle.contract_span(of_line)
    held = oracle.held_rows(world, max(start, begin), min(stop, finish))
    values = oracle.org_values(held, oracle.meters_by_usage(world.meters))
    orgs = [row["org_id"] for row in world.orgs if row["customer_id"] == line["customer_id"]]
    return {org: sum(values.get((org, line["meter"]), {}).values()) for org in orgs}
