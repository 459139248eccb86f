"""The lines of a month's bill that an alert moves, with and without its hours: what a claim is the difference of."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billing.bill import Line
from billing.book import Contract
from billing.catalog import Catalog
from billing.rating import on_demand_price

QUANTITIES = ("quantity", "included", "on_demand")
NUMBERS = (*QUANTITIES, "amount")


@dataclass(frozen=True)
class Side:
    """A line on one side. Quantities in base units; `amount` with the commitment, in the contract's currency."""

    quantity: Decimal = Decimal(0)
    included: Decimal = Decimal(0)
    on_demand: Decimal = Decimal(0)
    amount: Decimal = Decimal(0)


@dataclass(frozen=True)
class BillStep:
    """One meter's line as usual and as it was. `committed`: its amount, the same on both sides.

    `price`: per priced unit on demand; None where tiers set it, or nothing does.
    """

    contract_id: str
    meter: str
    committed: Decimal
    price: Decimal | None
    usual: Side
    actual: Side

    @property
    def difference(self) -> Decimal:
        return self.actual.amount - self.usual.amount


def bill_steps(
    contract: Contract, catalog: Catalog, usual: Sequence[Line], actual: Sequence[Line], unpriced: Container[str]
) -> tuple[BillStep, ...]:
    """The lines of one contract that differ between two bills, by meter; those that are `unpriced` cost nothing."""
    before, after = ({line.meter: line for line in lines} for lines in (usual, actual))
    return tuple(_steps(contract, catalog, before, after, unpriced))


def _steps(
    contract: Contract,
    catalog: Catalog,
    before: Mapping[str, Line],
    after: Mapping[str, Line],
    unpriced: Container[str],
) -> Iterator[BillStep]:
    for meter in sorted(before.keys() | after.keys()):
        sides = _side(before.get(meter)), _side(after.get(meter))
        if meter in unpriced or sides[0] == sides[1]:
            continue
        committed = max(line.committed_amount or Decimal(0) for lines in (before, after) if (line := lines.get(meter)))
        tiered = meter in contract.tiers
        price = None if tiered else on_demand_price(contract, catalog.meters[meter], contract.term(meter))
        yield BillStep(contract.contract_id, meter, committed, price, *sides)


def _side(line: Line | None) -> Side:
    if line is None:
        return Side()
    return Side(line.quantity, line.included, line.on_demand_quantity, line.amount or Decimal(0))


def row(step: BillStep) -> dict[str, Any]:
    """As JSON, its numbers as text."""
    return {
        "contract_id": step.contract_id,
        "meter": step.meter,
        "committed": f"{step.committed:f}",
        "price": None if step.price is None else f"{step.price:f}",
        **{side: [f"{getattr(getattr(step, side), name):f}" for name in NUMBERS] for side in ("usual", "actual")},
    }


def parsed(row: Mapping[str, Any]) -> BillStep:
    """Of its `row`."""
    price = row["price"]
    usual, actual = (Side(*map(Decimal, row[side])) for side in ("usual", "actual"))
    committed = Decimal(row["committed"])
    return BillStep(row["contract_id"], row["meter"], committed, price and Decimal(price), usual, actual)
