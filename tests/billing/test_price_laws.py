"""What holds between two bills whatever the numbers are: of prices, bands, commitments, units and currencies."""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from flows import bill
from tests.billing.catalogues import catalogues
from tests.billing.deliveries import billed, both, opened
from tests.billing.plain_worlds import contract, hourly, sold_by, world_of
from tests.billing.sheet import MINOR_DIGITS, Row
from tests.billing.worlds import Case, World, cases, read_catalog

PRICES = {"terms": ("commit_price", "on_demand_price"), "tiers": ("unit_price",)}
LISTS = ("list_annual", "list_month_to_month", "list_on_demand")
LARGEST_UNIT = 2**31 - 1  # what a catalogue takes for `per`
WORLDS = cases() | cases(catalogues())
TINY = Fraction(1, 10**50)  # a fraction that does not end is cut long after


def scaled(rows: list[Row], columns: tuple[str, ...], factor: Decimal) -> list[Row]:
    """The rows with the numbers of the columns times `factor`; empty cells stay empty."""
    return [row | {name: f"{Decimal(row[name]) * factor:f}" for name in columns if row[name]} for row in rows]


def by_line(document: Row) -> dict[tuple[str, str], Row]:
    return {(line["contract_id"], line["meter"]): line for line in document["lines"]}


@settings(max_examples=60)
@given(WORLDS, st.data())
def test_a_dearer_price_makes_no_line_cheaper(case: Case, data: st.DataObject) -> None:
    """One price of a term, a band or a list goes up; quantities stay, and what had a price still has one."""
    catalog = case.world.catalog or list(read_catalog().values())
    priced = {"terms": case.world.terms, "tiers": case.world.tiers, "catalog": catalog}
    cells = [
        (table, i, column)
        for table, columns in (PRICES | {"catalog": LISTS}).items()
        for i, row in enumerate(priced[table])
        for column in columns
        if row[column]
    ]
    assume(cells)
    # A price of the book comes up as often as one of a whole catalogue.
    of_book = [cell for cell in cells if cell[0] != "catalog"]
    table, i, column = data.draw(st.sampled_from(of_book or cells) | st.sampled_from(cells))
    more = data.draw(st.sampled_from(("0.000001", "0.01", "7", "1000")))
    rows = list(priced[table])
    rows[i] = rows[i] | {column: f"{Decimal(rows[i][column]) + Decimal(more):f}"}
    before, after = both(case, replace(case, world=replace(case.world, **{table: rows})))
    for one, two in zip(before["lines"], after["lines"], strict=True):
        assert one | {name: two[name] for name in ("committed_amount", "on_demand_amount", "amount")} == two
        for name in ("committed_amount", "on_demand_amount", "amount"):
            assert (one[name] is None) == (two[name] is None)
            assert one[name] is None or Decimal(one[name]) <= Decimal(two[name])


@settings(max_examples=40)
@given(st.lists(st.integers(2, 10**9), min_size=1, max_size=4, unique=True).map(sorted), st.data())
def test_bands_join_at_their_edges(edges: list[int], data: st.DataObject) -> None:
    """Around an edge a unit costs the price of its own band, and nothing else: no step, no gap, no unit in two bands.

    Prices have the currency's digits, so nothing is rounded.
    """
    prices = data.draw(st.lists(st.integers(0, 10**7), min_size=len(edges) + 1, max_size=len(edges) + 1))
    quantities = sorted({q for edge in edges for q in (edge - 1, edge, edge + 1)})
    world = world_of([contract(n + 1, "CLF") for n in range(len(quantities))])
    world.catalog = [sold_by("things", "sum", 1)]
    for n, quantity in enumerate(quantities, start=1):
        world.usage += hourly(f"o{n}-1", ("f", "things"), "2024-02", [quantity])
        for bound, price in zip([*edges, ""], prices, strict=True):
            tier = {"up_to_units": str(bound), "unit_price": f"{Decimal(price).scaleb(-4):f}"}
            world.tiers.append({"contract_id": f"k{n}", "meter": "things", **tier})
    lines = by_line(billed(Case(world, "2024-02")))
    amounts = {quantity: Decimal(lines[f"k{n}", "things"]["amount"]) for n, quantity in enumerate(quantities, start=1)}
    for low, high in pairwise(quantities):
        band = sum(edge <= low for edge in edges)
        assert amounts[high] - amounts[low] == (high - low) * Decimal(prices[band]).scaleb(-4)


@settings(max_examples=60)
@given(WORLDS)
def test_used_and_unused_make_the_commitment(case: Case) -> None:
    """What is on demand begins where the commitment ends; what is due for it does not depend on what is used."""
    with opened(case) as books:
        idle = books.document()
        books.deliver(case.world.usage)
        used_up = books.document()
    due = {key: line["committed_amount"] for key, line in by_line(idle).items()}
    per = {meter: int(row["per"]) for meter, row in case.world.meters.items()}
    units = {(row["contract_id"], row["meter"]): Fraction(row["commit_units"]) for row in case.world.terms}
    for key, line in by_line(used_up).items():
        if line["amount"] is not None:
            assert line["committed_amount"] == due.get(key, line["committed_amount"])
            assert Decimal(line["amount"]) >= Decimal(line["committed_amount"])
        if line["rollup"] == "hourly_overage_mean":
            assert line["on_demand_quantity"] == line["quantity"]
            continue
        q, included, beyond = (Fraction(line[name]) for name in ("quantity", "included", "on_demand_quantity"))
        used = max(Fraction(0), q - included) - beyond
        unused = units.get(key, Fraction(0)) * per[line["meter"]] - used
        assert used >= -TINY
        assert unused >= -TINY
        assert beyond <= TINY or abs(unused) <= TINY


@settings(max_examples=50)
@given(WORLDS, st.sampled_from((2, 5, 8, 1000)))
def test_a_larger_unit_at_a_larger_price_is_the_same_bill(case: Case, factor: int) -> None:
    """Sold by the 1,000 instead of by the piece: prices and what a unit brings along go up, units and bands go down."""
    k, world, meters = Decimal(factor), case.world, case.world.meters
    larger = {meter for meter, row in meters.items() if int(row["per"]) * factor <= LARGEST_UNIT}
    catalog = resized(list(meters.values()), "meter", larger, ("per", *LISTS), k)
    resold = replace(
        world,
        catalog=resized(catalog, "allotment_parent", larger, ("allotment_quantity",), k),
        terms=resized(
            resized(world.terms, "meter", larger, PRICES["terms"], k), "meter", larger, ("commit_units",), 1 / k
        ),
        tiers=resized(
            resized(world.tiers, "meter", larger, PRICES["tiers"], k), "meter", larger, ("up_to_units",), 1 / k
        ),
    )
    by_piece, by_thousand = both(case, replace(case, world=resold))
    assert by_piece == by_thousand


def resized(rows: list[Row], by: str, meters: set[str], columns: tuple[str, ...], factor: Decimal) -> list[Row]:
    """`scaled`, but only the rows that name one of the meters."""
    return [scaled([row], columns, factor)[0] if row[by] in meters else row for row in rows]


@settings(max_examples=40)
@given(cases(catalogues()), st.permutations(["EUR", "KRW", "KWD", "CLF"]))
def test_an_amount_in_minor_units_knows_no_currency(case: Case, pair: list[str]) -> None:
    """3.14 EUR, 314 KRW, 0.314 KWD, 0.0314 CLF: a price moved by the difference of the digits bills the same number."""
    one, two = (replace(case, world=in_currency(case.world, currency)) for currency in pair[:2])
    lines, others = map(by_line, both(one, two))
    assert lines.keys() == others.keys()
    for key, line in lines.items():
        assert minor(line, pair[0]) == minor(others[key], pair[1])


def in_currency(world: World, currency: str) -> World:
    contracts = [row | {"currency": currency} for row in world.contracts]
    digits = Decimal(1).scaleb(-MINOR_DIGITS[currency])
    priced = {table: scaled(getattr(world, table), columns, digits) for table, columns in PRICES.items()}
    return replace(world, contracts=contracts, **priced)


def minor(line: Row, currency: str) -> list[Fraction | None]:
    texts = [line[name] for name in ("committed_amount", "on_demand_amount", "amount")]
    return [None if text is None else Fraction(text) * 10 ** MINOR_DIGITS[currency] for text in texts]


@settings(max_examples=40)
@given(WORLDS)
def test_currencies_never_mix(case: Case) -> None:
    """A total is the sum of its partner's lines in its currency, as they were rounded; so are those by customer."""
    with opened(case) as books:
        books.deliver(case.world.usage)
        statement = books.statement()
    document = statement.document()
    sums: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for line in document["lines"]:
        if line["amount"] is not None:
            sums[line["partner_id"], line["currency"]] += Fraction(line["amount"])
    stated = {(row["partner_id"], row["currency"]): Fraction(row["amount"]) for row in document["totals"]}
    assert stated == sums
    for by in ("customer", "partner"):
        grouped: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
        for row in bill.rows(statement, by):
            grouped[row["partner_id"], row["currency"]] += Fraction(row["amount"])
        assert {key: amount for key, amount in grouped.items() if amount} == {k: a for k, a in sums.items() if a}
    assert {line["currency"] for line in document["lines"]} <= {row["currency"] for row in case.world.contracts}
