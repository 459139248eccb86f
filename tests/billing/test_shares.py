"""Shares: largest remainders by a plain loop, and whose usage a line is shared out by."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from billing.money import minor_digits
from billing.shares import by_group, by_org, split
from tests.billing.small_bill import LOGS, bill, book, contract, line

ids = st.text("abc", min_size=1, max_size=3)


def largest_remainders(units: int, weights: dict[str, int]) -> dict[str, int]:
    """Whole parts first; then one unit at a time to whoever was cut most, of these to the first by id."""
    weights = weights if any(weights.values()) else dict.fromkeys(weights, 1)
    due = {id_: Fraction(units * weight, sum(weights.values())) for id_, weight in weights.items()}
    parts = {id_: int(share) for id_, share in due.items()}
    waiting = set(parts)
    while sum(parts.values()) < units:
        cut = max(due[id_] - parts[id_] for id_ in waiting)
        first = min(id_ for id_ in waiting if due[id_] - parts[id_] == cut)
        parts[first] += 1
        waiting.remove(first)
    return parts


@given(
    st.integers(0, 10**40) | st.integers(0, 30),
    st.dictionaries(ids, st.integers(0, 5) | st.integers(0, 2**70), min_size=1, max_size=6),
    st.sampled_from(["USD", "KRW", "KWD"]),
)
@example(10**40 + 1, {"a": 1, "b": 2}, "KWD")
@example(2, {"c": 1, "b": 1, "a": 1}, "USD")
@example(5, {"b": 0, "a": 0}, "KRW")
def test_an_amount_is_split_by_largest_remainder(units: int, weights: dict[str, int], currency: str) -> None:
    digits = minor_digits(currency)
    parts = split(Decimal(f"{units}E-{digits}"), weights, currency)
    assert list(parts) == sorted(weights)
    assert {id_: Fraction(part) * 10**digits for id_, part in parts.items()} == largest_remainders(units, weights)
    assert {-int(part.as_tuple().exponent) for part in parts.values()} == {digits}


def test_a_line_is_shared_out_by_what_each_org_used_while_the_contract_held() -> None:
    """12 GB at 0.10 are 1.20; o1 used 2 of them, o2 10. What o1 used on the 1st is not the contract's."""
    orgs = {"o1": "c1", "o2": "c1", "o3": "c1", "o4": "c2"}
    said = [("o1", 0, 10**12), ("o1", 240, 2 * 10**9), ("o2", 743, 10**10), ("o4", 300, 10**9)]
    found = bill(
        book(orgs, contract("k1", "c1", LOGS, start=10)), [(org, "logs_ingested", *told) for org, *told in said]
    )
    rows = [(row["org_id"], row["usage"], row["amount"], row["currency"]) for row in by_org(found)]
    assert rows == [
        ("o1", "2000000000", "0.20", "USD"),
        ("o2", "10000000000", "1.00", "USD"),
        ("o3", "0", "0.00", "USD"),
    ]


def test_two_contracts_of_a_month_are_shared_out_each_by_its_own_hours() -> None:
    both = [contract("k1", "c1", LOGS, end=15), contract("k2", "c1", LOGS, start=15)]
    said = [("o1", "logs_ingested", 359, 10**10), ("o2", "logs_ingested", 360, 10**10)]
    rows = list(by_org(bill(book({"o1": "c1", "o2": "c1"}, *both), said)))
    assert [(row["contract_id"], row["org_id"], row["amount"]) for row in rows] == [
        ("k1", "o1", "1.00"),
        ("k1", "o2", "0.00"),
        ("k2", "o1", "0.00"),
        ("k2", "o2", "1.00"),
    ]


def test_an_unpriced_line_has_no_parts_and_its_usage_is_shown() -> None:
    korean = contract("k1", "c1", start=-300, currency="KRW")
    (row,) = by_org(bill(book({"o1": "c1"}, korean), [("o1", "logs_ingested", 5, 9)]))
    assert row == {
        "partner_id": "p1",
        "customer_id": "c1",
        "org_id": "o1",
        "contract_id": "k1",
        "meter": "logs_ingested",
        "usage": "9",
        "amount": None,
        "currency": "KRW",
    }


def test_groups_add_up_what_is_priced_and_count_the_rest() -> None:
    most = "123456789012345678901234567890.25"
    lines = [
        line("0.50", customer_id="c2"),
        line(most),
        line("1.50"),
        line(None),
        line(None),
        line("0"),
        line("700", "KRW"),
    ]
    assert list(by_group(lines, ["customer_id"])) == [
        {"customer_id": "c1", "currency": "KRW", "amount": "700", "unpriced": "0"},
        {"customer_id": "c1", "currency": "USD", "amount": "123456789012345678901234567891.75", "unpriced": "2"},
        {"customer_id": "c2", "currency": "USD", "amount": "0.50", "unpriced": "0"},
    ]
