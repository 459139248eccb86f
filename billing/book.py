"""The book: partners, customers, orgs, contracts, terms and tiers. Immutable; dated by its contracts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache, cached_property
from typing import TypeVar

from billing.hours import Month

T = TypeVar("T")


@dataclass(frozen=True)
class Partner:
    partner_id: str
    name: str
    tier: str
    time_zone: str
    language: str
    currency: str
    digest: str
    emails: tuple[str, ...]


@dataclass(frozen=True)
class Customer:
    """time_zone, country: where its people work; empty for the partner's zone and for that zone's country."""

    customer_id: str
    partner_id: str
    name: str
    employees: int | None
    deal: str
    time_zone: str = ""
    country: str = ""


@dataclass(frozen=True)
class Org:
    org_id: str
    customer_id: str
    name: str


@dataclass(frozen=True)
class Tier:
    """A band of on-demand units up to `up_to_units` (None: without end) at `unit_price` each."""

    up_to_units: Decimal | None
    unit_price: Decimal


@dataclass(frozen=True)
class Term:
    """What a contract says of one meter. Units are priced units; a price of None means the list price."""

    meter: str
    option: str = "monthly"
    commit_units: Decimal = Decimal(0)
    commit_price: Decimal | None = None
    on_demand_price: Decimal | None = None


@cache
def no_term(meter: str) -> Term:
    """The term of a meter of which a contract says nothing."""
    return Term(meter)


@dataclass(frozen=True)
class Contract:
    """Covers the days [start, end) of one customer; `end` None is open."""

    contract_id: str
    customer_id: str
    plan: str
    start: date
    end: date | None
    currency: str
    terms: Mapping[str, Term] = field(default_factory=dict)
    tiers: Mapping[str, tuple[Tier, ...]] = field(default_factory=dict)

    def term(self, meter: str) -> Term:
        """What it says of the meter; an empty term where it says nothing."""
        return self.terms.get(meter) or no_term(meter)

    def span(self, month: Month) -> tuple[datetime, datetime] | None:
        """The hours of the month it covers, [start, end); None when it covers none."""
        start = max(month.start, _midnight(self.start))
        end = month.end if self.end is None else min(month.end, _midnight(self.end))
        return (start, end) if start < end else None


@dataclass(frozen=True)
class Book:
    """Who, and on what terms. Ids are unique; the files' rules hold (see book_files)."""

    partners: Mapping[str, Partner] = field(default_factory=dict)
    customers: Mapping[str, Customer] = field(default_factory=dict)
    orgs: Mapping[str, Org] = field(default_factory=dict)
    contracts: Mapping[str, Contract] = field(default_factory=dict)

    @cached_property
    def contracts_of(self) -> Mapping[str, Sequence[Contract]]:
        """customer_id -> its contracts by start."""
        return _grouped(sorted(self.contracts.values(), key=lambda c: (c.start, c.contract_id)), "customer_id")

    @cached_property
    def orgs_of(self) -> Mapping[str, Sequence[Org]]:
        """customer_id -> its orgs by id."""
        return _grouped(sorted(self.orgs.values(), key=lambda o: o.org_id), "customer_id")

    @cached_property
    def customer_of(self) -> Mapping[str, str]:
        """org_id -> its customer."""
        return {org.org_id: org.customer_id for org in self.orgs.values()}

    @cached_property
    def customers_of(self) -> Mapping[str, Sequence[Customer]]:
        """partner_id -> its customers by id."""
        return _grouped(sorted(self.customers.values(), key=lambda c: c.customer_id), "partner_id")

    def parts(self, most: int, weight: Mapping[str, int]) -> Iterator["Book"]:
        """Books of some customers each, whose orgs weigh at most `most` together where a single customer's do."""
        if sum(weight.values()) <= most:
            yield self
            return
        some: list[Customer] = []
        heavy = 0
        for customer in self.customers.values():
            more = sum(weight.get(org.org_id, 0) for org in self.orgs_of.get(customer.customer_id, ()))
            if some and heavy + more > most:
                yield self.of(some)
                some, heavy = [], 0
            some.append(customer)
            heavy += more
        yield self.of(some)

    def of(self, customers: Sequence[Customer]) -> "Book":
        """What of the book is theirs."""
        ids = {customer.customer_id for customer in customers}
        return Book(
            self.partners,
            {customer.customer_id: customer for customer in customers},
            {key: org for key, org in self.orgs.items() if org.customer_id in ids},
            {key: contract for key, contract in self.contracts.items() if contract.customer_id in ids},
        )

    def partner_of(self, customer_id: str) -> Partner:
        return self.partners[self.customers[customer_id].partner_id]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _grouped(rows: Sequence[T], by: str) -> dict[str, list[T]]:
    groups: dict[str, list[T]] = {}
    for row in rows:
        groups.setdefault(getattr(row, by), []).append(row)
    return groups
