"""The book in SQL: each load is a version of its own; the newest one holds."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Column, Date, ForeignKey, Integer, Table, Text, func, insert, select, text
from sqlalchemy.engine import Connection

from billing.book import Book, Contract, Customer, Org, Partner, Term, Tier
from billing.database import METADATA, Exact, Instant, alone

book_versions = Table(
    "book_versions",
    METADATA,
    Column("version", Integer, primary_key=True),
    Column("loaded_at", Instant, nullable=False),
)


def _table(name: str, *columns: Column[Any]) -> Table:
    version: Column[int] = Column("version", ForeignKey("book_versions.version", ondelete="CASCADE"), primary_key=True)
    return Table(name, METADATA, version, *columns)


def _id(name: str) -> Column[str]:
    return Column(name, Text, primary_key=True)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


class Products(NamedTuple):
    """A contract's terms by meter, in the book that was loaded then."""

    loaded_at: datetime
    terms: Mapping[str, Term]


partners = _table(
    "partners",
    _id("partner_id"),
    *(_text(name) for name in ("name", "tier", "time_zone", "language", "currency", "digest", "emails")),
)
customers = _table(
    "customers",
    _id("customer_id"),
    _text("partner_id"),
    _text("name"),
    Column("employees", Integer),
    _text("deal"),
    *(Column(name, Text, nullable=False, server_default=text("''")) for name in ("time_zone", "country")),
)
orgs = _table("orgs", _id("org_id"), _text("customer_id"), _text("name"))
contracts = _table(
    "contracts",
    _id("contract_id"),
    _text("customer_id"),
    _text("plan"),
    Column("start", Date, nullable=False),
    Column("end", Date),
    _text("currency"),
)
terms = _table(
    "terms",
    _id("contract_id"),
    _id("meter"),
    _text("option"),
    Column("commit_units", Exact, nullable=False),
    Column("commit_price", Exact),
    Column("on_demand_price", Exact),
)
tiers = _table(
    "tiers",
    _id("contract_id"),
    _id("meter"),
    Column("band", Integer, primary_key=True),
    Column("up_to_units", Exact),
    Column("unit_price", Exact, nullable=False),
)


def save(connection: Connection, book: Book, loaded_at: datetime) -> bool:
    """Make `book` the one that holds; False when it holds already."""
    alone(connection, book_versions)
    if newest(connection) and load(connection) == book:
        return False
    version = newest(connection) + 1
    connection.execute(insert(book_versions), [{"version": version, "loaded_at": loaded_at}])

    def add(table: Table, rows: Iterable[dict[str, Any]]) -> None:
        if found := [{"version": version, **row} for row in rows]:
            connection.execute(insert(table), found)

    add(partners, ({**vars(p), "emails": ";".join(p.emails)} for p in book.partners.values()))
    add(customers, (vars(c) for c in book.customers.values()))
    add(orgs, (vars(o) for o in book.orgs.values()))
    add(contracts, ({k: v for k, v in vars(c).items() if k not in ("terms", "tiers")} for c in book.contracts.values()))
    add(terms, ({"contract_id": c.contract_id, **vars(t)} for c in book.contracts.values() for t in c.terms.values()))
    add(
        tiers,
        (
            {"contract_id": c.contract_id, "meter": meter, "band": band, **vars(tier)}
            for c in book.contracts.values()
            for meter, bands in c.tiers.items()
            for band, tier in enumerate(bands)
        ),
    )
    return True


def products(connection: Connection, contract_id: str, since: datetime, at: datetime) -> list[Products]:
    """What the contract was in each book that was loaded in (since, at], and in the one that held before; in order.

    Books that do not have the contract are left out.
    """
    version, loaded_at = book_versions.c.version, book_versions.c.loaded_at
    before = select(func.max(version)).where(loaded_at <= since).scalar_subquery()
    known = select(version, loaded_at).where(loaded_at <= at, version >= func.coalesce(before, 0))
    there = known.join(contracts).where(contracts.c.contract_id == contract_id).order_by(version)
    loaded = dict(connection.execute(there).tuples().all())
    lines = select(terms).where(terms.c.contract_id == contract_id, terms.c.version.in_(loaded))
    found: dict[int, dict[str, Term]] = {number: {} for number in loaded}
    for row in connection.execute(lines).mappings():
        of_term = {name: value for name, value in row.items() if name not in ("version", "contract_id")}
        found[row["version"]][row["meter"]] = Term(**of_term)
    return [Products(loaded[number], of_version) for number, of_version in found.items()]


def newest(connection: Connection) -> int:
    """The number of the version that holds; 0 before the first load."""
    return connection.scalar(select(func.max(book_versions.c.version))) or 0


def load(connection: Connection, version: int | None = None) -> Book:
    """The book of that version, by default the one that holds; an empty one before the first load."""
    version = newest(connection) if version is None else version

    def rows(table: Table) -> list[dict[str, Any]]:
        found = connection.execute(select(table).where(table.c.version == version)).mappings()
        return [{name: value for name, value in row.items() if name != "version"} for row in found]

    term_of: dict[str, dict[str, Term]] = {}
    for row in rows(terms):
        of_terms = term_of.setdefault(row.pop("contract_id"), {})
        of_terms[row["meter"]] = Term(**row)
    bands: dict[str, dict[str, tuple[Tier, ...]]] = {}
    for row in sorted(rows(tiers), key=lambda r: r["band"]):
        of_contract = bands.setdefault(row["contract_id"], {})
        tier = Tier(row["up_to_units"], row["unit_price"])
        of_contract[row["meter"]] = (*of_contract.get(row["meter"], ()), tier)
    return Book(
        partners={
            r["partner_id"]: Partner(**{**r, "emails": tuple(filter(None, r["emails"].split(";")))})
            for r in rows(partners)
        },
        customers={r["customer_id"]: Customer(**r) for r in rows(customers)},
        orgs={r["org_id"]: Org(**r) for r in rows(orgs)},
        contracts={
            r["contract_id"]: Contract(
                **r, terms=term_of.get(r["contract_id"], {}), tiers=bands.get(r["contract_id"], {})
            )
            for r in rows(contracts)
        },
    )
