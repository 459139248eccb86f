"""The book in SQL, on SQLite and on PostgreSQL: exact, whole, and only changed by a change."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select

from billing import book_store
from billing.book import Book, Contract, Customer, Org, Partner, Term, Tier
from billing.database import METADATA, transaction
from billing.errors import InputError, WorldError
from tests.billing.book_folder import Folder

NOW = datetime(2026, 11, 1, tzinfo=UTC)

texts = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029"), min_size=1)
decimals = st.from_regex(r"[0-9]{1,30}(\.[0-9]{1,30})?", fullmatch=True).map(Decimal)
prices = st.none() | decimals
days = st.dates(date(1, 1, 1), date(9998, 12, 31))
emails = st.lists(st.sampled_from(["a@partner.example", "b@partner.example", "c@d.example"])).map(tuple)
partners = st.builds(Partner, texts, texts, texts, texts, texts, texts, texts, emails)
terms = st.builds(Term, texts, st.sampled_from(["monthly", "hourly"]), decimals, prices, prices)
tiers = st.lists(st.builds(Tier, prices, decimals), min_size=1, max_size=11).map(tuple)


def by(column: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.lists(values, max_size=3).map(lambda found: {getattr(one, column): one for one in found})


contracts = st.builds(
    Contract,
    *(texts, texts, texts, days, st.none() | days, texts),
    terms=by("meter", terms),
    tiers=st.dictionaries(texts, tiers, max_size=2),
)
books = st.builds(
    Book,
    by("partner_id", partners),
    by("customer_id", st.builds(Customer, texts, texts, texts, st.none() | st.integers(0, 10**6), texts, texts, texts)),
    by("org_id", st.builds(Org, texts, texts, st.text("한 ;'\"%"))),
    by("contract_id", contracts),
)


def saved(engine: Engine, book: Book) -> bool:
    with transaction(engine) as connection:
        return book_store.save(connection, book, NOW)


def loaded(engine: Engine) -> Book:
    with transaction(engine) as connection:
        return book_store.load(connection)


def digits(contract: Contract) -> tuple[dict[str, str], dict[str, str]]:
    """Terms and tiers as text: 1.50 is not 1.5."""
    return {k: str(v) for k, v in contract.terms.items()}, {k: str(v) for k, v in contract.tiers.items()}


def rows(engine: Engine) -> int:
    with transaction(engine) as connection:
        names = ("book_versions", "partners", "customers", "orgs", "contracts", "terms", "tiers")
        return sum(connection.scalar(select(func.count()).select_from(METADATA.tables[name])) or 0 for name in names)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(books)
def test_a_book_comes_back_as_it_was(engine: Engine, book: Book) -> None:
    with engine.connect() as connection, connection.begin() as attempt:
        assert book_store.save(connection, book, NOW)
        found = book_store.load(connection)
        assert found == book
        assert {id_: digits(one) for id_, one in found.contracts.items()} == {
            id_: digits(one) for id_, one in book.contracts.items()
        }
        attempt.rollback()


def test_an_empty_store_has_an_empty_book(engine: Engine) -> None:
    assert loaded(engine) == Book()


def test_the_same_book_again_writes_nothing(engine: Engine, tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert saved(engine, folder.read())
    before = rows(engine)
    assert not saved(engine, folder.read())
    assert rows(engine) == before
    assert loaded(engine) == folder.read()


def test_a_book_replaces_the_one_before_and_may_come_back(engine: Engine, tmp_path: Path) -> None:
    old = Folder(tmp_path).read()
    new = replace(old, orgs={}, partners={**old.partners, "p1": replace(old.partners["p1"], tier="gold")})
    for book in (old, new, old, Book(), new):
        assert saved(engine, book)
        assert loaded(engine) == book


def test_a_failure_after_the_writing_leaves_the_old_book(engine: Engine, tmp_path: Path) -> None:
    old = Folder(tmp_path).read()
    saved(engine, old)
    before = rows(engine)
    with pytest.raises(RuntimeError, match="pulled"), transaction(engine) as connection:
        book_store.save(connection, Book(), NOW)
        raise RuntimeError("the plug was pulled")
    assert (loaded(engine), rows(engine)) == (old, before)


def test_a_row_that_the_database_refuses_leaves_the_old_book(engine: Engine, tmp_path: Path) -> None:
    """The last table to be written refuses: all the others were written before it."""
    old = Folder(tmp_path).read()
    saved(engine, old)
    before = rows(engine)
    unpriced: Any = None
    spoilt = replace(old.contracts["k1"], tiers={"infra_host": (Tier(None, unpriced),)})
    with pytest.raises(WorldError):
        saved(engine, replace(old, contracts={"k1": spoilt}))
    assert (loaded(engine), rows(engine)) == (old, before)


@pytest.mark.parametrize("employees", [2**31 - 1, 2**31, 2**63, 10**25])
def test_what_the_files_may_say_the_store_can_keep(engine: Engine, tmp_path: Path, employees: int) -> None:
    folder = Folder(tmp_path)
    folder.set("customers.csv", 2, f"c1,p1,First,{employees},registered")
    try:
        book = folder.read()
    except InputError as error:
        assert employees > 2**31 - 1
        assert [fault.column for fault in error.faults] == ["employees"]
    else:
        saved(engine, book)
        assert loaded(engine) == book


def test_what_a_contract_was_is_told_from_the_book_before(engine: Engine) -> None:
    def book(*meters: str, contract_id: str = "k") -> Book:
        term_of = {meter: Term(meter, commit_units=Decimal(2)) for meter in meters}
        return Book(contracts={contract_id: Contract(contract_id, "c", "annual", NOW.date(), None, "USD", term_of)})

    day = timedelta(days=1)
    books = [book("a"), book("a", "b"), book("c", contract_id="other"), book(), book("a")]
    with transaction(engine) as connection:
        for place, one in enumerate(books):
            book_store.save(connection, one, NOW + place * day)
    with transaction(engine) as connection:
        found = book_store.products(connection, "k", NOW + day, NOW + 3 * day)
        assert [(one.loaded_at, set(one.terms)) for one in found] == [(NOW + day, {"a", "b"}), (NOW + 3 * day, set())]
        assert found[0].terms["b"] == Term("b", commit_units=Decimal(2))
        whole = book_store.products(connection, "k", NOW - day, NOW + 9 * day)
        assert [set(one.terms) for one in whole] == [{"a"}, {"a", "b"}, set(), {"a"}]
        assert book_store.products(connection, "nobody's", NOW - day, NOW + 9 * day) == []
