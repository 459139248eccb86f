"""The bill as a document: totals, the hours it covers, what nobody's contract covers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from billing import metering, statement
from billing.bill import total
from billing.book import Term
from billing.hours import Month, parse_time
from billing.statement import final_at, line_row, month_to_date, state_of
from tests.billing.small_bill import LOGS, OCTOBER, Said, bill, book, contract, line

MOST = "123456789012345678901234567890.25"
END = "2026-11-01T00:00:00Z"


def test_totals_are_per_partner_and_currency_and_leave_out_what_has_no_price() -> None:
    lines = [
        line("1.50", partner_id="p2"),
        line(MOST),
        line("0.50"),
        line(None),
        line("700", "KRW"),
        line("0.125", "KWD"),
        line(None, partner_id="p3"),
    ]
    found = replace(bill(book({}), []), lines=lines).totals
    assert [tuple(row.values()) for row in found] == [
        ("p1", "KRW", "700"),
        ("p1", "KWD", "0.125"),
        ("p1", "USD", "123456789012345678901234567890.75"),
        ("p2", "USD", "1.50"),
    ]


def test_a_contracts_total_is_the_sum_of_its_priced_lines() -> None:
    assert total([line(MOST), line("0.75"), line(None)]) == Decimal("123456789012345678901234567891.00")
    assert total([]) == 0


def test_the_numbers_of_a_line_are_written_exactly() -> None:
    row = line_row(replace(line("1200"), quantity=Decimal("7.500"), included=Decimal("1E+3")))
    assert [row[name] for name in ("quantity", "included", "on_demand_quantity")] == ["7.5", "1000", "7"]
    assert [row[name] for name in ("committed_amount", "on_demand_amount", "amount")] == ["0", "1200", "1200"]
    unpriced = line_row(line(None))
    assert {unpriced[name] for name in ("committed_amount", "on_demand_amount", "amount")} == {None}


@pytest.mark.parametrize(
    ("as_of", "now", "until"),
    [
        (None, "2026-10-17T09:59:59.999999Z", "2026-10-17T09:00:00Z"),
        (None, "2026-10-17T09:00:00Z", "2026-10-17T09:00:00Z"),
        (None, "2026-12-01T00:30:00Z", END),
        (None, "2026-09-01T00:00:00Z", "2026-10-01T00:00:00Z"),
        ("2026-10-05T12:00:00Z", "2026-12-01T00:00:00Z", "2026-10-05T12:00:00Z"),
        ("2026-11-05T12:00:00Z", "2026-12-01T00:00:00Z", END),
    ],
)
def test_the_hours_that_are_billed_end_where_the_clock_or_the_month_does(
    as_of: str | None, now: str, until: str
) -> None:
    assert month_to_date(OCTOBER, parse_time(as_of) if as_of else None, parse_time(now)) == parse_time(until)


def test_usage_is_final_on_the_16th_of_the_next_month() -> None:
    assert final_at(OCTOBER, 16) == datetime(2026, 11, 16, tzinfo=UTC)
    assert final_at(Month(2026, 12), 5) == datetime(2027, 1, 5, tzinfo=UTC)
    at, before = datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 15, 23, 59, tzinfo=UTC)
    assert state_of(OCTOBER, OCTOBER.end, 16, at) == "final"
    assert state_of(OCTOBER, OCTOBER.end, 16, before) == "estimate"
    assert state_of(OCTOBER, OCTOBER.end - timedelta(hours=1), 16, at) == "estimate"


LOGGED: list[Said] = [("o1", "logs_ingested", hour, 10**9) for hour in (-1, 0, 239, 240, 480, 743, 744)]


def test_the_hours_that_no_contract_covers_are_told_and_not_billed() -> None:
    """A contract from the 11th to the 20th has hours 240 to 479; of October's 5 hours with usage one is in it."""
    found = bill(book({"o1": "c1", "o2": "c2"}, contract("k1", "c1", LOGS, start=10, end=20)), LOGGED)
    assert [(row.quantity, row.hours_seen, row.hours_expected, row.amount) for row in found.lines] == [
        (10**9, 1, 240, Decimal("0.10"))
    ]
    assert found.uncontracted == [{"customer_id": "c1", "meter": "logs_ingested", "hours": 4}]


@pytest.mark.parametrize(("until", "quantity", "hours"), [(0, 0, 0), (1, 1, 1), (240, 2, 240), (241, 3, 241)])
def test_the_month_to_date_has_the_hours_before_it(until: int, quantity: int, hours: int) -> None:
    found = bill(book({"o1": "c1"}, contract("k1", "c1", LOGS)), LOGGED, OCTOBER.start + timedelta(hours=until))
    (row,) = found.lines
    assert (row.quantity, row.hours_seen, row.hours_expected) == (quantity * 10**9, quantity, hours)
    assert found.document()["as_of"] == f"2026-10-{1 + until // 24:02}T{until % 24:02}:00:00Z"


def test_a_contract_that_has_not_begun_by_the_clock_owes_its_commitment() -> None:
    later = contract("k1", "c1", replace(LOGS, commit_units=Decimal(31), commit_price=Decimal(2)), start=16)
    (row,) = bill(book({"o1": "c1"}, later), LOGGED, OCTOBER.start + timedelta(hours=100)).lines
    assert (row.quantity, row.hours_seen, row.hours_expected, row.amount) == (0, 0, 0, 30)


@pytest.mark.parametrize("most", [1, 2, 3])
def test_how_much_is_held_at_once_does_not_matter(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    customers = {f"o{n}": f"c{n}" for n in range(5)}
    contracts = [contract(f"k{n}", f"c{n}", LOGS, Term("infra_host"), start=n // 3) for n in range(5)]
    said = [(f"o{n}", meter, 100 + n, n * 10**9) for n in range(5) for meter in ("logs_ingested", "infra_host")]
    whole = bill(book(customers, *contracts), said).document()
    monkeypatch.setattr(metering, "ROWS", most)
    monkeypatch.setattr(statement, "CELLS", most * OCTOBER.hours)
    assert bill(book(customers, *contracts), said).document() == whole
    assert len(whole["lines"]) == 10
