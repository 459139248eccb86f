"""The book's CSV files: read all of them, name every fault at once (contract: "The book")."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from billing.addresses import valid_address
from billing.book import Book, Contract, Customer, Org, Partner, Term, Tier
from billing.catalog import PLANS, Catalog
from billing.countries import countries
from billing.csv_rows import Row, read_rows
from billing.errors import Fault, InputError
from billing.money import CURRENCIES

COLUMNS = {
    "partners.csv": "partner_id,name,tier,time_zone,language,currency,digest,emails".split(","),
    "customers.csv": "customer_id,partner_id,name,employees,deal".split(","),
    "orgs.csv": "org_id,customer_id,name".split(","),
    "contracts.csv": "contract_id,customer_id,plan,start,end,currency".split(","),
    "terms.csv": "contract_id,meter,option,commit_units,commit_price,on_demand_price".split(","),
    "tiers.csv": "contract_id,meter,up_to_units,unit_price".split(","),
}
OPTIONAL = ("tiers.csv",)
OPTIONAL_COLUMNS = {"customers.csv": ("time_zone", "country")}
TIERS, LANGUAGES, DIGESTS = ("basic", "gold"), ("en", "ko", "ru"), ("daily", "weekly", "none")
Known = Container[str] | None
DEALS, OPTIONS = ("none", "registered", "takeover"), ("monthly", "hourly")


def read_book(directory: Path, catalog: Catalog) -> Book:
    """The book in `directory`. Raises InputError with every fault of every file."""
    if not directory.is_dir():
        raise InputError([Fault(str(directory), 0, "", "is not a directory with the book's CSV files")])
    faults: list[Fault] = []
    rows = {
        name: list(read_rows(directory / name, columns, faults, OPTIONAL_COLUMNS.get(name, ())))
        for name, columns in COLUMNS.items()
        if name not in OPTIONAL or (directory / name).exists()
    }
    unread = {fault.place for fault in faults if fault.line <= 1}
    partners = _unique([_partner(row) for row in rows["partners.csv"]], rows["partners.csv"], "partner_id")
    customers = _unique(
        [_customer(row, _if_read("partners.csv", partners, unread)) for row in rows["customers.csv"]],
        rows["customers.csv"],
        "customer_id",
    )
    orgs = _unique(
        [_org(row, _if_read("customers.csv", customers, unread)) for row in rows["orgs.csv"]],
        rows["orgs.csv"],
        "org_id",
    )
    contracts = _unique(
        [_contract(row, _if_read("customers.csv", customers, unread)) for row in rows["contracts.csv"]],
        rows["contracts.csv"],
        "contract_id",
    )
    _no_overlaps(contracts, rows["contracts.csv"], faults)
    terms = _terms(rows["terms.csv"], _if_read("contracts.csv", contracts, unread), catalog)
    tiers = _tiers(rows.get("tiers.csv", []), _if_read("contracts.csv", contracts, unread), catalog)
    if faults:
        raise InputError(sorted(faults, key=lambda f: (list(COLUMNS).index(f.place), f.line)))
    whole = {id_: replace(c, terms=terms.get(id_, {}), tiers=tiers.get(id_, {})) for id_, c in contracts.items()}
    return Book(partners, customers, orgs, whole)


def _if_read(name: str, found: Mapping[str, object], unread: set[str]) -> Known:
    """The ids of a file; None where it could not be read, so that its rows are not missed one by one."""
    return None if name in unread else found


def _unique(values: Sequence[Any], rows: Sequence[Row], column: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for value, row in zip(values, rows, strict=True):
        key = getattr(value, column)
        if key and key in found:
            row.fault(column, f"{key!r} stands there twice")
        found.setdefault(key, value)
    return found


def _partner(row: Row) -> Partner:
    emails = tuple(address for part in row.text("emails").split(";") if (address := part.strip()))
    for address in emails:
        if not valid_address(address):
            row.fault("emails", f"{address!r} is not an e-mail address")
    return Partner(
        partner_id=row.identifier("partner_id"),
        name=row.identifier("name"),
        tier=row.choice("tier", TIERS),
        time_zone=_zone(row),
        language=row.choice("language", LANGUAGES),
        currency=_currency(row),
        digest=row.choice("digest", DIGESTS),
        emails=emails,
    )


def _customer(row: Row, partners: Known) -> Customer:
    return Customer(
        customer_id=row.identifier("customer_id"),
        partner_id=row.reference("partner_id", partners, "partners.csv"),
        name=row.identifier("name"),
        employees=row.whole("employees"),
        deal=row.choice("deal", DEALS),
        time_zone=_zone(row) if row.cells["time_zone"] else "",
        country=_country(row) if row.cells["country"] else "",
    )


def _org(row: Row, customers: Known) -> Org:
    customer_id = row.reference("customer_id", customers, "customers.csv")
    return Org(row.identifier("org_id"), customer_id, row.text("name"))


def _contract(row: Row, customers: Known) -> Contract:
    start, end = row.day("start", required=True), row.day("end", required=False)
    if start and end and end <= start:
        row.fault("end", f"{end} is not after the start {start} (the end is the first day not covered)")
    return Contract(
        contract_id=row.identifier("contract_id"),
        customer_id=row.reference("customer_id", customers, "customers.csv"),
        plan=row.choice("plan", PLANS),
        start=start or date.min,
        end=end,
        currency=_currency(row),
    )


def _no_overlaps(contracts: Mapping[str, Contract], rows: Sequence[Row], faults: Sequence[Fault]) -> None:
    """A contract may not start before the customer's earlier ones end; those without a span are not judged."""
    rows_of = {row.cells["contract_id"]: row for row in rows}
    spanless = {f.line for f in faults if f.place == "contracts.csv" and f.column in ("start", "end")}
    dated = [c for c in contracts.values() if rows_of[c.contract_id].line not in spanless]
    lasting: dict[str, Contract] = {}
    for contract in sorted(dated, key=lambda c: (c.customer_id, c.start)):
        earlier = lasting.setdefault(contract.customer_id, contract)
        if earlier is not contract and (earlier.end is None or earlier.end > contract.start):
            what = f"overlaps the contract {earlier.contract_id!r} of the same customer"
            rows_of[contract.contract_id].fault("start", what)
        if earlier.end is not None and (contract.end is None or contract.end > earlier.end):
            lasting[contract.customer_id] = contract


def _terms(rows: Sequence[Row], contracts: Known, catalog: Catalog) -> dict[str, dict[str, Term]]:
    terms: dict[str, dict[str, Term]] = {}
    for row in rows:
        contract_id, meter = _contract_and_meter(row, contracts, catalog)
        term = Term(
            meter=meter,
            option=row.choice("option", OPTIONS),
            commit_units=row.number("commit_units") or Decimal(0),
            commit_price=row.number("commit_price"),
            on_demand_price=row.number("on_demand_price"),
        )
        of_contract = terms.setdefault(contract_id, {})
        if meter in of_contract:
            row.fault("meter", f"the contract {contract_id!r} has a term for {meter!r} already")
        of_contract[meter] = term
    return terms


def _tiers(rows: Sequence[Row], contracts: Known, catalog: Catalog) -> dict[str, dict[str, tuple[Tier, ...]]]:
    bands: dict[tuple[str, str], list[tuple[Row, Tier]]] = {}
    for row in rows:
        key = _contract_and_meter(row, contracts, catalog)
        price = row.number("unit_price")
        if price is None and not row.cells["unit_price"]:
            row.fault("unit_price", "is empty")
        bands.setdefault(key, []).append((row, Tier(row.number("up_to_units"), price or Decimal(0))))
    tiers: dict[str, dict[str, tuple[Tier, ...]]] = {}
    for (contract_id, meter), band in bands.items():
        below = Decimal(0)
        for row, tier in band[:-1]:
            if not row.cells["up_to_units"]:
                row.fault("up_to_units", "only the last band of a meter is without end")
            elif tier.up_to_units is not None and tier.up_to_units <= below:
                row.fault("up_to_units", f"{tier.up_to_units} does not lie above {below}, the band before")
            below = tier.up_to_units or below
        if band[-1][0].cells["up_to_units"]:
            band[-1][0].fault("up_to_units", "the last band of a meter must be empty: without end")
        tiers.setdefault(contract_id, {})[meter] = tuple(tier for _, tier in band)
    return tiers


def _contract_and_meter(row: Row, contracts: Known, catalog: Catalog) -> tuple[str, str]:
    meter = row.identifier("meter")
    if meter and meter not in catalog.meters:
        row.fault("meter", f"{meter!r} is not in the catalogue")
    return row.reference("contract_id", contracts, "contracts.csv"), meter


def _currency(row: Row) -> str:
    value = row.cells["currency"]
    if value not in CURRENCIES:
        row.fault("currency", f"{value!r} is not an ISO 4217 currency code, such as USD")
    return value


def _country(row: Row) -> str:
    value = row.cells["country"]
    if value not in countries():
        row.fault("country", f"{value!r} is not an ISO 3166 country code of two letters, such as KR")
    return value


def _zone(row: Row) -> str:
    value = row.cells["time_zone"]
    if value not in _zones():
        row.fault("time_zone", f"{value!r} is not a time zone, such as Asia/Seoul")
    return value


@cache
def _zones() -> set[str]:
    """All of them are files, and are looked for on every call."""
    return available_timezones()
