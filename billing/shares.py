"""The bill by org, customer or partner. An org's part of a line is its share of the meter's usage."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from billing.bill import Line
from billing.grid import Grid
from billing.money import EXACT, exact, minor_digits, round_money
from billing.rollups import totals
from billing.statement import Statement, parts


@exact
def split(amount: Decimal, weights: Mapping[str, int], currency: str) -> dict[str, Decimal]:
    """`amount` in parts by weight, in minor units by largest remainder (ties by id); the parts add up to it.

    Without any weight the parts are equal.
    """
    if not any(weights.values()):
        weights = dict.fromkeys(weights, 1)
    minor = Decimal(1).scaleb(-minor_digits(currency))
    units, whole = int(amount / minor), sum(weights.values())
    parts = {id_: units * weight // whole for id_, weight in weights.items()}
    by_rest = sorted(weights, key=lambda id_: (-(units * weights[id_] % whole), id_))
    for id_ in by_rest[: units - sum(parts.values())]:
        parts[id_] += 1
    return {id_: part * minor for id_, part in sorted(parts.items())}


def by_org(bill: Statement) -> Iterator[dict[str, Any]]:
    """Each line's amount shared out to the customer's orgs."""
    used = _used(bill)
    for line in bill.lines:
        orgs = [org.org_id for org in bill.book.orgs_of.get(line.customer_id, ())]
        weights = {org_id: used.get((line.contract_id, line.meter, org_id), 0) for org_id in orgs}
        amounts = split(line.amount, weights, line.currency) if line.amount is not None else dict.fromkeys(orgs)
        for org_id in orgs:
            yield {
                "partner_id": line.partner_id,
                "customer_id": line.customer_id,
                "org_id": org_id,
                "contract_id": line.contract_id,
                "meter": line.meter,
                "usage": str(weights[org_id]),
                "amount": None if amounts[org_id] is None else f"{amounts[org_id]:f}",
                "currency": line.currency,
            }


def _used(bill: Statement) -> dict[tuple[str, str, str], int]:
    """(contract, meter, org) -> the sum of its usage over the contract's span."""
    found = {}
    for book in parts(bill.book, bill.usage, bill.month):
        orgs = {org_id: org_id for org_id in book.orgs}
        grid = Grid.of(bill.usage, bill.rules.catalog, bill.month.start, bill.as_of, orgs)
        for contract in book.contracts.values():
            span = contract.span(bill.month)
            for org in book.orgs_of.get(contract.customer_id, ()) if span else ():
                for meter in grid.meters_of.get(org.org_id, ()):
                    hours = grid.between(*span).values[grid.row_of[org.org_id, meter]]  # type: ignore[misc]
                    found[contract.contract_id, meter, org.org_id] = totals(hours[None])[0]
    return found


def by_group(lines: Sequence[Line], columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The sum of the priced lines per group and currency; `unpriced` counts the others."""
    sums: dict[tuple[str, ...], tuple[Decimal, int]] = {}
    for line in lines:
        key = (*(getattr(line, column) for column in columns), line.currency)
        amount, unpriced = sums.get(key, (Decimal(0), 0))
        sums[key] = (EXACT.add(amount, line.amount or Decimal(0)), unpriced + (line.amount is None))
    for key, (amount, unpriced) in sorted(sums.items()):
        yield {
            **dict(zip((*columns, "currency"), key, strict=True)),
            "amount": f"{round_money(amount, key[-1]):f}",
            "unpriced": str(unpriced),
        }
