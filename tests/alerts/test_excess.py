"""What more usage costs, against two whole bills."""

from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.excess import Bills
from billing import catalog
from billing.bill import Rules, lines
from billing.book import Book, Contract, Customer, Org, Partner, Term, Tier
from billing.grid import Grid
from billing.hours import HOUR, WEEK_HOURS, Month, hours_between

OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)
RULES = Rules(catalog.load())
TERMS = {
    "infra_host": Term("infra_host", "monthly", Decimal(20), Decimal(15), Decimal(18)),
    "infra_container": Term("infra_container", "monthly", Decimal(0), None, Decimal("0.5")),
    "custom_metrics": Term("custom_metrics", "monthly", Decimal(0), None, Decimal("0.05")),
    "logs_ingested": Term("logs_ingested", "monthly", Decimal(1), Decimal("0.1"), Decimal("0.1")),
}
TIERS = {"logs_ingested": (Tier(Decimal(500), Decimal("0.2")), Tier(None, Decimal("0.07")))}


def contract(name: str, start: date, end: date | None, **changes: object) -> Contract:
    return Contract(name, "c", "annual", start, end, "EUR", **({"terms": TERMS, "tiers": TIERS} | changes))


def book(*contracts: Contract) -> Book:
    return Book(
        {"p": Partner("p", "P", "gold", "UTC", "en", "EUR", "none", ())},
        {"c": Customer("c", "p", "C", None, "none")},
        {name: Org(name, "c", name) for name in ("a", "b")},
        {each.contract_id: each for each in contracts},
    )


CHANGE = date(2026, 11, 10)
BOOK = book(contract("old", date(2026, 1, 1), CHANGE), contract("new", CHANGE, None))
KEYS = tuple((org, meter) for org in ("a", "b") for meter in TERMS)


def grid(seed: int) -> Grid:
    """Two whole months of two orgs; nothing is missing."""
    chance = np.random.default_rng(seed)
    scale = {"infra_host": 20, "infra_container": 300, "custom_metrics": 9_000, "logs_ingested": 2 * 10**9}
    width = hours_between(OCTOBER.start, NOVEMBER.end)
    values = np.array([chance.integers(scale[meter] // 2, 2 * scale[meter], width) for _, meter in KEYS])
    return Grid(KEYS, OCTOBER.start, values, np.ones(values.shape, bool))


def no_opinion(key: object) -> np.ndarray:
    return np.zeros(WEEK_HOURS, np.int64)


def billed(of: Grid, month: Month) -> dict[str, Decimal]:
    """contract -> its whole bill."""
    found: dict[str, Decimal] = {}
    for line in lines(BOOK, RULES, of.of_owners(BOOK.customer_of), month, month.end):
        found[line.contract_id] = found.get(line.contract_id, Decimal(0)) + line.amount
    return found


@given(
    seed=st.integers(0, 20),
    row=st.integers(0, len(KEYS) - 1),
    start=st.integers(0, 61 * 24 - 200),
    more=st.lists(st.integers(-100, 100).map(lambda share: share / 10), min_size=1, max_size=168),
)
@settings(max_examples=60, deadline=None)
def test_it_is_the_difference_of_two_whole_bills(seed, row, start, more):
    """Own line, children's allotments, tiers, two contracts in a month, a case over two months."""
    before = grid(seed)
    units = [int(share * int(before.values[row].max())) for share in more]
    after = before.values.copy()
    after[row, start : start + len(units)] = np.maximum(after[row, start : start + len(units)] + units, 0)
    stakes = Bills(BOOK, RULES, before, no_opinion).stakes(KEYS[row], before.start + start * HOUR, units)
    for month in (OCTOBER, NOVEMBER):
        then, now = billed(before, month), billed(Grid(KEYS, before.start, after, before.seen), month)
        difference = sum(now.values(), Decimal(0)) - sum(then.values(), Decimal(0))
        assert sum((stake.amount for stake in stakes if stake.month == month), Decimal(0)) == difference


def test_the_percentile_forgives_and_does_not():
    bills = Bills(BOOK, RULES, grid(1), no_opinion)
    begin = datetime(2026, 10, 6, tzinfo=UTC)
    (forgiven,) = bills.stakes(("a", "infra_host"), begin, [5000] * 7)
    (billed_,) = bills.stakes(("a", "infra_host"), begin, [5000] * 9)
    assert forgiven.amount < 1000 < 80_000 < billed_.amount
    assert billed_.currency == "EUR"


def test_more_than_an_integer_of_the_machine_holds():
    bills = Bills(BOOK, RULES, grid(1), no_opinion)
    (stake,) = bills.stakes(("a", "logs_ingested"), datetime(2026, 10, 6, tzinfo=UTC), [10**20] * 3)
    # Beyond the first 500 GB a GB costs 0.07.
    assert stake.amount == Decimal(3 * 10**11) * Decimal("0.07")


def test_without_a_price_there_is_no_difference_and_without_a_contract_none_is_owed():
    free = contract("k", date(2026, 1, 1), date(2026, 10, 5), terms={}, tiers={})
    begin = datetime(2026, 10, 2, tzinfo=UTC)
    unpriced = Bills(book(free), RULES, grid(1), no_opinion)
    assert unpriced.stakes(("a", "infra_host"), begin, [500] * 48) is None
    assert unpriced.stakes(("a", "infra_host"), datetime(2026, 11, 2, tzinfo=UTC), [500] * 48) == []


def test_missing_and_coming_hours_are_at_the_baseline():
    whole = grid(1)
    known = Grid(KEYS, whole.start, whole.values[:, :48], whole.seen[:, :48].copy())
    known.seen[:, 20:30] = False
    filled = np.where(np.arange(whole.values.shape[1]) < 48, whole.values, 25)
    filled[:, 20:30] = 25
    usual = {key: np.full(WEEK_HOURS, 25) for key in KEYS}
    asked = ("a", "infra_host"), datetime(2026, 10, 1, tzinfo=UTC), [1000] * 40
    stakes = Bills(BOOK, RULES, known, usual.__getitem__).stakes(*asked)
    assert stakes == Bills(BOOK, RULES, Grid(KEYS, whole.start, filled, whole.seen), no_opinion).stakes(*asked)
    assert stakes[0].amount > 0
