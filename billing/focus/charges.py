"""A bill's line taken apart into FOCUS charges: the commitment bought, used and unused; included; on demand by band."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from billing.bill import Line
from billing.book import Contract, Term
from billing.catalog import Meter
from billing.hours import Month
from billing.money import EXACT, exact, round_money
from billing.rating import committed_price, on_demand_price, prorated

QUANTITY_PLACES, PRICE_PLACES, COST_PLACES = 14, 16, 17
CATEGORIES = {"purchase": "Purchase", "adjustment": "Adjustment"}  # every other kind is Usage


@dataclass(frozen=True)
class Charge:
    """One charge of a line. `quantity` is in priced units; prices are per priced unit, in the line's currency.

    An `adjustment` has neither quantity nor prices. `band`: 1 for the first tier, 0 where the contract has no tiers.
    `list_known`: False where the vendor lists no price, so that the contracted one stands for it.
    """

    kind: str  # purchase, used, unused, included, on_demand, adjustment
    billed: Decimal
    effective: Decimal
    quantity: Decimal | None = None
    contracted_price: Decimal | None = None
    list_price: Decimal | None = None
    list_known: bool = True
    band: int = 0

    @property
    def category(self) -> str:
        return CATEGORIES.get(self.kind, "Usage")

    def cost(self, price: Decimal | None) -> Decimal:
        """Price x quantity; what is billed where there are none."""
        return self.billed if price is None or self.quantity is None else EXACT.multiply(price, self.quantity)


@dataclass(frozen=True)
class Prices:
    """What a unit costs by the contract and by the vendor's list."""

    contracted: Decimal
    listed: Decimal
    list_known: bool

    @classmethod
    def of(cls, contracted: Decimal | None, listed: Decimal | None) -> "Prices":
        price = next((price for price in (contracted, listed) if price is not None), Decimal(0)).normalize()
        return cls(price, price if listed is None else listed.normalize(), listed is not None)

    def charge(self, kind: str, units: Decimal, billed: Decimal, effective: Decimal, band: int = 0) -> Charge:
        return Charge(kind, billed, effective, units, self.contracted, self.listed, self.list_known, band)

    def units(self, quantity: Decimal) -> Decimal:
        """The quantity, to as many decimals as leave price x quantity exact in a cost's 17."""
        places = COST_PLACES - max(_places(self.contracted), _places(self.listed))
        return quantity.quantize(Decimal(1).scaleb(-max(0, min(QUANTITY_PLACES, places))))


FREE = Prices(Decimal(0), Decimal(0), list_known=False)


@exact
def charges(line: Line, contract: Contract, meter: Meter, month: Month) -> list[Charge]:
    """The charges of a priced line; BilledCost and EffectiveCost each add up to its amount."""
    assert line.committed_amount is not None and line.on_demand_amount is not None
    term = contract.term(meter.meter)
    used = _used_units(line, meter, term)
    found = [*_commitment(line, contract, meter, month, used), *_on_demand(line, contract, meter)]
    by_the_hour = line.rollup == "hourly_overage_mean"  # Q is what is left after allotment and commitment
    free = Decimal(0) if by_the_hour else line.quantity - line.on_demand_quantity - used * meter.per
    if free > 0 or not found:
        found.append(FREE.charge("included", FREE.units(free / meter.per), Decimal(0), Decimal(0)))
    return found


@exact
def netted(before: Sequence[Charge], after: Sequence[Charge]) -> list[Charge]:
    """`after` less `before`, one charge where both have the same price and nothing where they are equal."""
    sums: dict[Charge, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for sign, part in ((-1, before), (1, after)):
        for charge in part:
            key = replace(charge, quantity=None, billed=Decimal(0), effective=Decimal(0))
            own = (charge.quantity or Decimal(0), charge.billed, charge.effective)
            sums[key] = [total + sign * value for total, value in zip(sums[key], own, strict=True)]
    return [
        replace(key, quantity=quantity, billed=billed, effective=effective)
        for key, (quantity, billed, effective) in sums.items()
        if quantity or billed or effective
    ]


@exact
def spread(total: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """`total` in parts by weight, each in minor units: differences of the rounded sums so far. They add up to it.

    Without any weight the first part is all of it.
    """
    whole = sum(weights, Decimal(0))
    parts, weight, given = [], Decimal(0), Decimal(0)
    for own in weights:
        weight += own
        sum_ = round_money(total * weight / whole, currency) if whole else total
        parts.append(sum_ - given)
        given = sum_
    return parts


def _commitment(line: Line, contract: Contract, meter: Meter, month: Month, used: Decimal) -> Iterator[Charge]:
    """Its purchase, which is billed, and its use, which is what the purchase was for."""
    term, amount, nothing = contract.term(meter.meter), line.committed_amount, Decimal(0)
    if not term.commit_units or amount is None:
        return
    bought = Prices.of(
        committed_price(contract, meter, term), committed_price(contract, meter, replace(term, commit_price=None))
    )
    yield bought.charge("purchase", bought.units(prorated(term.commit_units, contract, month)), amount, nothing)
    prices = _on_demand_prices(contract, meter, term, bought.contracted)
    of_used = prices.units(used)
    parts = {"used": of_used, "unused": prices.units(term.commit_units) - of_used}
    effective = spread(amount, list(parts.values()), line.currency)
    for (kind, units), cost in zip(parts.items(), effective, strict=True):
        if units:
            yield prices.charge(kind, units, nothing, cost)


def _used_units(line: Line, meter: Meter, term: Term) -> Decimal:
    """Committed units that were drawn on.

    `hourly_overage_mean` compares hour by hour, and the line does not keep by how much: the commitment counts as used
    as soon as the meter was seen.
    """
    if line.rollup == "hourly_overage_mean":
        return term.commit_units if line.hours_seen else Decimal(0)
    return min(term.commit_units, max(Decimal(0), line.quantity - line.included) / meter.per)


def _on_demand(line: Line, contract: Contract, meter: Meter) -> Iterator[Charge]:
    """A charge for each band of units that the contract prices apart."""
    if not line.on_demand_quantity or line.on_demand_amount is None:
        return
    term, units = contract.term(meter.meter), line.on_demand_quantity / meter.per
    listed = _on_demand_prices(contract, meter, term, None)
    bands = list(_bands(contract, meter, units)) or [(0, units, listed)]
    billed = spread(line.on_demand_amount, [of_band * p.contracted for _, of_band, p in bands], line.currency)
    for (band, of_band, prices), cost in zip(bands, billed, strict=True):
        yield prices.charge("on_demand", prices.units(of_band), cost, cost, band)


def _bands(contract: Contract, meter: Meter, units: Decimal) -> Iterator[tuple[int, Decimal, Prices]]:
    """(number, units, prices) of each tier that `units` reach into."""
    listed = _list_on_demand(contract, meter, contract.term(meter.meter))
    below = Decimal(0)
    for band, tier in enumerate(contract.tiers.get(meter.meter, ()), start=1):
        top = units if tier.up_to_units is None else min(units, tier.up_to_units)
        if top > below:
            yield band, top - below, Prices.of(tier.unit_price, listed)
            below = top


def _on_demand_prices(contract: Contract, meter: Meter, term: Term, otherwise: Decimal | None) -> Prices:
    price = on_demand_price(contract, meter, term)
    return Prices.of(otherwise if price is None else price, _list_on_demand(contract, meter, term))


def _list_on_demand(contract: Contract, meter: Meter, term: Term) -> Decimal | None:
    """The vendor's, in the contract's currency."""
    return on_demand_price(contract, meter, replace(term, on_demand_price=None))


def _places(value: Decimal) -> int:
    """Digits after the point."""
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
