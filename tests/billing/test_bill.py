"""The product's bill against the oracle's, which shares no code with it: through the book's files and the lake."""

import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings

from billing import statement
from billing.book_files import read_book
from billing.hours import Month
from billing.lake import Lake
from billing.shares import split
from billing.sources.files import read_file
from billing.statement import Statement
from tests.billing.deliveries import rules_of
from tests.billing.oracle import bill, comparable
from tests.billing.worlds import Case, cases, read_golden, write_book, write_usage

GOLDEN = sorted((Path(__file__).resolve().parents[1] / "golden").glob("*.json"))
NOW = datetime(2027, 6, 1, tzinfo=UTC)


def product(case: Case, directory: Path) -> Statement:
    """The case billed by the product from files in `directory`."""
    write_book(case.world, directory)
    write_usage(case.world, directory / "usage.csv")
    rules = rules_of(case, directory)
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


def test_a_split_gives_the_rest_to_the_largest_remainders() -> None:
    parts = split(Decimal("0.05"), {"b": 1, "a": 1, "c": 1}, "USD")
    assert parts == {"a": Decimal("0.02"), "b": Decimal("0.02"), "c": Decimal("0.01")}
    assert split(Decimal("100"), {"a": 0, "b": 0}, "KRW") == {"a": Decimal(50), "b": Decimal(50)}
