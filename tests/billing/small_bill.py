"""A book and some usage in memory, made in a line or two and billed without files or a lake."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl

from billing import catalog
from billing.bill import Line, Rules
from billing.book import Book, Contract, Customer, Org, Partner, Term
from billing.frames import USAGE
from billing.hours import Month
from billing.statement import Statement, state
from billing.usage import Usage

OCTOBER = Month(2026, 10)
RULES = Rules(catalog.load())
LOGS = Term("logs_ingested", on_demand_price=Decimal("0.10"))
Said = tuple[str, str, int, int | None]  # org, meter, hour of October, quantity


def usage(said: Iterable[Said]) -> Usage:
    """In the order of ingest; each meter by its first usage type."""
    meters = RULES.catalog.meters
    rows = [
        (org, meters[m].product_family, meters[m].usage_types[0], OCTOBER.start + timedelta(hours=at), quantity, None)
        for org, m, at, quantity in said
    ]
    return Usage.of(pl.DataFrame(rows, USAGE, orient="row"))


def contract(
    contract_id: str, customer_id: str, *terms: Term, start: int = -300, end: int | None = None, currency: str = "USD"
) -> Contract:
    """An annual one over [start, end), in days from the 1st of October."""
    first, last = (None if day is None else OCTOBER.first_day + timedelta(days=day) for day in (start, end))
    assert isinstance(first, date)
    return Contract(contract_id, customer_id, "annual", first, last, currency, {term.meter: term for term in terms})


def book(customer_of: Mapping[str, str], *contracts: Contract) -> Book:
    """Customers with their orgs, all of the partner p1."""
    partner = Partner("p1", "Partner", "basic", "UTC", "en", "USD", "none", ())
    customers = sorted({*customer_of.values(), *(contract.customer_id for contract in contracts)})
    return Book(
        {"p1": partner},
        {customer_id: Customer(customer_id, "p1", "Customer", None, "none") for customer_id in customers},
        {org_id: Org(org_id, customer_id, "Org") for org_id, customer_id in customer_of.items()},
        {contract.contract_id: contract for contract in contracts},
    )


def bill(
    of: Book, said: Iterable[Said], until: datetime = datetime(2026, 11, 1, tzinfo=UTC), rules: Rules = RULES
) -> Statement:
    return state(of, rules, usage(said), OCTOBER, until, "final")


def line(amount: str | None, currency: str = "USD", **other: str) -> Line:
    """Of infra_host, all on demand; None is an unpriced one."""
    money = None if amount is None else Decimal(amount)
    committed = None if amount is None else Decimal(0)
    row = Line(
        partner_id="p1",
        customer_id="c1",
        contract_id="k1",
        meter="infra_host",
        rollup="p99",
        quantity=Decimal(7),
        included=Decimal(0),
        on_demand_quantity=Decimal(7),
        committed_amount=committed,
        on_demand_amount=money,
        amount=money,
        currency=currency,
        hours_seen=744,
        hours_expected=744,
        fault=None if amount else "unpriced",
    )
    return replace(row, **other)  # type: ignore[arg-type]
