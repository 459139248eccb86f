"""The product's bill against the oracle's, which shares no code with it: through the book's files and the lake."""

import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings

from billing import catalog, statement
from billing.bill import Rules
from billing.book_files import read_book
from billing.hours import Month
from billing.lake import Lake
from billing.shares import by_group, by_org, split
from billing.sources.files import read_file
from billing.statement import Statement
from tests.billing.oracle import bill, comparable
from tests.billing.worlds import Case, cases, read_golden, write_book, write_usage

GOLDEN = sorted((Path(__file__).resolve().parents[1] / "golden").glob("*.json"))
NOW = datetime(2027, 6, 1, tzinfo=UTC)


def product(case: Case, directory: Path) -> Statement:
    """The case billed by the product from files in `directory`."""
    write_book(case.world, directory)
    write_usage(case.world, directory / "usage.csv")
    rules = Rules(catalog.load(), case.p99_rank)
    book = read_book(directory, rules.catalog)
    lake = Lake(str(directory / "lake"))
    lake.put(read_file(directory / "usage.csv").usage, NOW)
    month = Month.parse(case.month)
    until = statement.month_to_date(month, case.until, NOW)
    return statement.state(book, rules, lake.current(month.start, month.end), month, until, "final")


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_the_golden_cases(path: Path, tmp_path: Path) -> None:
    case, golden = read_golden(path)
    document = comparable(product(case, tmp_path).document())
    document.pop("as_of")
    golden["expect"].pop("as_of", None)
    assert document == {"month": case.month, "state": "final", **golden["expect"]}


@settings(max_examples=120)
@given(cases())
def test_every_world_is_billed_as_the_oracle_bills_it(case: Case) -> None:
    with tempfile.TemporaryDirectory() as directory:
        document = product(case, Path(directory)).document()
    assert comparable(document) == comparable(bill(case.world, case.month, case.until, p99_rank=case.p99_rank))


@settings(max_examples=40)
@given(cases())
def test_the_parts_of_the_orgs_add_up_to_the_line(case: Case) -> None:
    with tempfile.TemporaryDirectory() as directory:
        found = product(case, Path(directory))
        rows = list(by_org(found))
    for line in found.lines:
        parts = [r["amount"] for r in rows if (r["contract_id"], r["meter"]) == (line.contract_id, line.meter)]
        if line.amount is None:
            assert set(parts) <= {None}
        elif parts:
            assert sum(map(Decimal, parts)) == line.amount
    assert sum(Decimal(row["amount"]) for row in by_group(found.lines, ["partner_id"])) == sum(
        Decimal(total["amount"]) for total in found.totals
    )


def test_a_split_gives_the_rest_to_the_largest_remainders() -> None:
    parts = split(Decimal("0.05"), {"b": 1, "a": 1, "c": 1}, "USD")
    assert parts == {"a": Decimal("0.02"), "b": Decimal("0.02"), "c": Decimal("0.01")}
    assert split(Decimal("100"), {"a": 0, "b": 0}, "KRW") == {"a": Decimal(50), "b": Decimal(50)}


def test_the_order_of_other_keys_does_not_matter(tmp_path: Path) -> None:
    case, _ = read_golden(next(path for path in GOLDEN if path.stem == "two-contracts-in-a-month"))
    whole = product(case, tmp_path).document()
    usage = read_file(tmp_path / "usage.csv").usage
    turned = Lake(str(tmp_path / "turned"))
    for part in reversed(
        usage.unique(["org_id", "product_family", "usage_type", "hour"], keep="last").partition_by("usage_type")
    ):
        turned.put(part.sample(fraction=1, shuffle=True, seed=7), NOW)
    month = Month.parse(case.month)
    rules = Rules(catalog.load(), case.p99_rank)
    book = read_book(tmp_path, rules.catalog)
    until = statement.month_to_date(month, case.until, NOW)
    assert (
        statement.state(book, rules, turned.current(month.start, month.end), month, until, "final").document() == whole
    )
