"""Book + usage -> lines: a month of every contract, priced (billing-rules, "A bill")."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np

from billing.book import Book, Contract
from billing.catalog import HOURLY_ROLLUPS, Catalog, Meter
from billing.grid import Grid
from billing.hours import Month, hours_between
from billing.metering import Block, blocks
from billing.money import exact
from billing.rating import rate
from billing.rollups import Allotment, overage, quantities

UNUSED = (Decimal(0), 0)


@dataclass(frozen=True, slots=True)
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
class Rules:
    """What the lines depend on besides book and usage. `rank`: ninth or eighth (settings, p99_rank)."""

    catalog: Catalog
    rank: str = "ninth"


def lines(book: Book, rules: Rules, grid: Grid, month: Month, until: datetime) -> list[Line]:
    """Every line of the month over the hours before `until`, by partner, customer, contract, meter."""
    found = [line for block in blocks(book, grid, month, until) for line in block_lines(book, rules, month, block)]
    return sorted(found, key=lambda line: (line.partner_id, line.customer_id, line.contract_id, line.meter))


@exact
def block_lines(book: Book, rules: Rules, month: Month, block: Block) -> list[Line]:
    """The lines of the block's contracts: every meter that was used or has a term."""
    used = measured(rules, block)
    n = hours_between(*block.span)
    return [
        line
        for contract in block.contracts
        for line in _contract_lines(book, rules, contract, month, used[contract.contract_id], n)
    ]


def measured(rules: Rules, block: Block) -> dict[str, dict[str, tuple[Decimal, int]]]:
    """contract -> meter -> the billed quantity in base units, and the hours seen; many meters at once."""
    meters = rules.catalog.meters
    alike: dict[str, list[int]] = {}
    for row, (contract, meter) in enumerate(block.keys):
        alike.setdefault(meters[meter].applied_rollup(contract.term(meter).option), []).append(row)
    found: dict[str, dict[str, tuple[Decimal, int]]] = {contract.contract_id: {} for contract in block.contracts}
    for rollup, rows in alike.items():
        if rollup in HOURLY_ROLLUPS:
            of_rows = [_overage(rules, block, row, rollup) for row in rows]
        else:
            of_rows = quantities(rollup, block.hours[rows], rules.rank)
        for row, quantity, seen in zip(rows, of_rows, block.seen[rows].tolist(), strict=True):
            contract, meter = block.keys[row]
            found[contract.contract_id][meter] = (quantity, seen)
    return found


def _overage(rules: Rules, block: Block, row: int, rollup: str) -> Decimal:
    contract, name = block.keys[row]
    meter = rules.catalog.meters[name]
    allotment = None
    if meter.parent:
        parent_row = block.row_of.get((contract.contract_id, meter.parent))
        parent = block.hours[parent_row] if parent_row is not None else np.zeros_like(block.hours[row])
        committed = contract.term(meter.parent).commit_units
        allotment = Allotment(meter.allotment_quantity, committed, parent, rules.catalog.meters[meter.parent].per)
    return overage(rollup, block.hours[row], contract.term(name).commit_units * meter.per, allotment)


def _contract_lines(
    book: Book, rules: Rules, contract: Contract, month: Month, used: Mapping[str, tuple[Decimal, int]], n: int
) -> Iterator[Line]:
    """The lines of one contract whose meters were used as `used` says in `n` hours."""
    partner_id = book.customers[contract.customer_id].partner_id
    for name in sorted(used.keys() | contract.terms.keys()):
        if name not in rules.catalog.meters:
            continue
        meter, term = rules.catalog.meters[name], contract.term(name)
        rollup = meter.applied_rollup(term.option)
        quantity, seen = used.get(name, UNUSED)
        included = Decimal(0)
        if meter.parent and rollup not in HOURLY_ROLLUPS:
            parent = rules.catalog.meters[meter.parent]
            included = _included(contract, meter, parent, used.get(meter.parent, UNUSED)[0])
        on_demand = quantity
        if rollup != "hourly_overage_mean":
            on_demand = max(Decimal(0), quantity - included - term.commit_units * meter.per)
        rated = rate(contract, meter, term, on_demand, month)
        yield Line(
            partner_id,
            contract.customer_id,
            contract.contract_id,
            name,
            rollup,
            quantity,
            included,
            on_demand,
            rated.committed_amount,
            rated.on_demand_amount,
            rated.amount,
            contract.currency,
            seen,
            n,
            rated.fault,
        )


def _included(contract: Contract, meter: Meter, parent: Meter, parent_quantity: Decimal) -> Decimal:
    """Base units the parent brings along; none from a parent that is priced by the hour."""
    term = contract.term(parent.meter)
    if term.option == "hourly":
        return Decimal(0)
    return max(meter.allotment_quantity * term.commit_units, meter.allotment_quantity * parent_quantity / parent.per)


@exact
def total(found: list[Line]) -> Decimal:
    """The sum of the priced lines of one contract."""
    return sum((line.amount for line in found if line.amount is not None), Decimal(0))
