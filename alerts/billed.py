"""A claim's bill with and without its hours, in words and as rows; the amount is their difference, to the cent."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from alerts.alert import Alert
from alerts.bill_step import BillStep
from alerts.evidence import readable
from alerts.ticket import Claim
from billing.book import Book, Tier
from billing.catalog import Catalog, Meter
from billing.hours import Month
from billing.money import exact, money_text, plain

Row = tuple[str, str, str]  # what, without these hours, with them

COUNTED = {
    "p99": "This product is billed at the 99th percentile of the month's hourly values: the highest 1 % of the hours "
    "cost nothing, and the amount is what these hours lift the billed value by.",
    "sum": "This product is billed by the sum of the month's hourly values.",
    "mean": "This product is billed at the mean of the month's hourly values.",
    "max": "This product is billed at the highest of the month's hourly values.",
    "hourly_overage": "This product is billed hour by hour: what an hour has above the commitment and what other "
    "products include for it, added up over the month.",
    "hourly_overage_mean": "This product is billed hour by hour: what an hour has above the commitment and what other "
    "products include for it, on average over the month.",
}


@exact
def steps_of(claim: Claim, alert: Alert, month: Month) -> tuple[BillStep, ...]:
    """The lines that the claim is the difference of; none where they were not kept, or tell of another amount."""
    steps = [step for s in alert.stakes_in(month) if s.currency == claim.currency for step in s.steps]
    total = sum((step.difference for step in steps), Decimal(0))
    return tuple(steps) if total == claim.amount else ()


def bill_rows(steps: Sequence[BillStep], claim: Claim, book: Book, catalog: Catalog) -> list[Row]:
    """The lines for people, the claim's own meter first, and their difference; nothing without lines."""
    if not steps:
        return []
    ordered = sorted(steps, key=lambda step: (step.meter != claim.meter, step.meter, step.contract_id))
    rows = [row for step in ordered for row in _line(step, claim.currency, book, catalog)]
    return [*rows, ("Difference: the claim", "", money_text(claim.amount, claim.currency))]


def offsets(steps: Sequence[BillStep], claim: Claim, catalog: Catalog) -> list[str]:
    """What the usage moved on lines of other meters, a sentence each."""
    return [_offset(step, claim, catalog) for step in steps if step.meter != claim.meter and step.difference]


def _offset(step: BillStep, claim: Claim, catalog: Catalog) -> str:
    own, other = catalog.meters[claim.meter], catalog.meters[step.meter]
    amount = money_text(step.difference, claim.currency)
    if other.parent == own.meter:
        return f"{own.name} include {other.name} at no charge, so that the charge for {other.name} moves by {amount}."
    return f"The line {other.name} moves with it, by {amount}."


def price_text(step: BillStep, currency: str, book: Book, meter: Meter) -> str:
    """What a priced unit on demand costs: `0.10 USD per GB`; bands where tiers set it; nothing without a price."""
    contract = book.contracts.get(step.contract_id)
    tiers = contract.tiers.get(step.meter, ()) if contract and step.price is None else ()
    if tiers:
        return f"{', then '.join(_band(tier, currency) for tier in tiers)} per {meter.unit}"
    return "" if step.price is None else f"{step.price:f} {currency} per {meter.unit}"


def _band(tier: Tier, currency: str) -> str:
    price = f"{plain(tier.unit_price)} {currency}"
    return price if tier.up_to_units is None else f"{price} up to {plain(tier.up_to_units)}"


def _line(step: BillStep, currency: str, book: Book, catalog: Catalog) -> Iterator[Row]:
    """A line as rows; what is 0 on both sides has none."""
    meter = catalog.meters[step.meter]
    usual, actual = step.usual, step.actual
    price = price_text(step, currency, book, meter)
    yield f"{meter.name}, billed", readable(usual.quantity, meter), readable(actual.quantity, meter)
    if usual.included or actual.included:
        yield "included", readable(usual.included, meter), readable(actual.included, meter)
    on_demand = f"on demand, {price}" if price else "on demand"
    yield on_demand, readable(usual.on_demand, meter), readable(actual.on_demand, meter)
    if step.committed:
        committed = money_text(step.committed, currency)
        yield "of the amount: commitment", committed, committed
    yield "amount", money_text(usual.amount, currency), money_text(actual.amount, currency)
