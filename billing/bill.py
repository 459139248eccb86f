"""Book + usage -> lines: a month of every contract, priced (billing-rules, "A bill")."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np

from billing.book import Book, Contract
from billing.catalog import HOURLY_ROLLUPS, Catalog, Meter
from billing.grid import Grid, summed
from billing.hours import Month, hours_between
from billing.money import exact
from billing.rating import rate
from billing.rollups import Allotment, Hours, quantity


@dataclass(frozen=True)
class Line:
    """One meter on one contract's month. Quantities in base units; amounts None where unpriced (`fault` says why)."""

    partner_id: str
    customer_id: str
    contract_id: str
    meter: str
    rollup: str
    quantity: Decimal
    included: Decimal
    on_demand_quantity: Decimal
    committed_amount: Decimal | None
    on_demand_amount: Decimal | None
    amount: Decimal | None
    currency: str
    hours_seen: int
    hours_expected: int
    fault: str | None


@dataclass(frozen=True)
class Metered:
    """The hours of one meter in a contract's span: the customer's orgs summed, missing as 0."""

    hours: Hours  # [hours of the span]
    seen: int


@dataclass(frozen=True)
class Rules:
    """What the lines depend on besides book and usage. `rank`: ninth or eighth (settings, p99_rank)."""

    catalog: Catalog
    rank: str = "ninth"


def lines(book: Book, rules: Rules, grid: Grid, month: Month, until: datetime) -> list[Line]:
    """Every line of the month over the hours before `until`, by partner, customer, contract, meter."""
    found = [
        line for contract in book.contracts.values() for line in _of_contract(book, rules, grid, contract, month, until)
    ]
    return sorted(found, key=lambda line: (line.partner_id, line.customer_id, line.contract_id, line.meter))


def _of_contract(
    book: Book, rules: Rules, grid: Grid, contract: Contract, month: Month, until: datetime
) -> Iterator[Line]:
    span = contract.span(month)
    if span:
        end = max(span[0], min(span[1], until))
        yield from contract_lines(
            book, rules, contract, month, metered(book, grid, contract, span[0], end), (span[0], end)
        )


def metered(book: Book, grid: Grid, contract: Contract, start: datetime, end: datetime) -> dict[str, Metered]:
    """The contract's meters that anything was said of in [start, end)."""
    rows: dict[str, list[int]] = {}
    for org in book.orgs_of.get(contract.customer_id, ()):
        for meter in grid.meters_of.get(org.org_id, ()):
            rows.setdefault(meter, []).append(grid.row_of[org.org_id, meter])
    parts = {meter: Metered(*summed(grid, of_meter, start, end)) for meter, of_meter in rows.items()}
    return {meter: part for meter, part in parts.items() if part.seen}


@exact
def contract_lines(
    book: Book,
    rules: Rules,
    contract: Contract,
    month: Month,
    used: Mapping[str, Metered],
    span: tuple[datetime, datetime],
) -> list[Line]:
    """The lines of one contract whose hours `span` were used as `used` says."""
    n = hours_between(*span)
    nothing = Metered(np.zeros(n, np.int64), 0)
    quantities: dict[str, Decimal] = {}
    found = []
    for meter in rules.catalog.meters.values():
        if meter.meter not in used and meter.meter not in contract.terms:
            continue
        term = contract.term(meter.meter)
        part = used.get(meter.meter, nothing)
        rollup = meter.applied_rollup(term.option)
        parent = rules.catalog.meters[meter.parent] if meter.parent else None
        commitment = term.commit_units * meter.per
        allotment = _allotment(contract, meter, parent, used.get(parent.meter, nothing).hours) if parent else None
        q = quantity(rollup, part.hours, rules.rank, commitment, allotment)
        quantities[meter.meter] = q
        included = Decimal(0)
        if parent and rollup not in HOURLY_ROLLUPS:
            included = _included(contract, meter, parent, quantities.get(parent.meter, Decimal(0)))
        beyond = q if rollup == "hourly_overage_mean" else max(Decimal(0), q - included - commitment)
        rated = rate(contract, meter, term, beyond, month)
        found.append(
            Line(
                partner_id=book.customers[contract.customer_id].partner_id,
                customer_id=contract.customer_id,
                contract_id=contract.contract_id,
                meter=meter.meter,
                rollup=rollup,
                quantity=q,
                included=included,
                on_demand_quantity=beyond,
                committed_amount=rated.committed_amount,
                on_demand_amount=rated.on_demand_amount,
                amount=rated.amount,
                currency=contract.currency,
                hours_seen=part.seen,
                hours_expected=n,
                fault=rated.fault,
            )
        )
    return found


def _allotment(contract: Contract, meter: Meter, parent: Meter, hours: Hours) -> Allotment:
    committed = contract.term(parent.meter).commit_units
    return Allotment(meter.allotment_quantity, committed, hours, parent.per)


def _included(contract: Contract, meter: Meter, parent: Meter, parent_quantity: Decimal) -> Decimal:
    """Base units the parent brings along; none from a parent that is priced by the hour."""
    term = contract.term(parent.meter)
    if term.option == "hourly":
        return Decimal(0)
    return meter.allotment_quantity * max(term.commit_units, parent_quantity / parent.per)


@exact
def total(found: list[Line]) -> Decimal:
    """The sum of the priced lines of one contract."""
    return sum((line.amount for line in found if line.amount is not None), Decimal(0))
