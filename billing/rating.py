"""Rating: a quantity becomes an amount (billing-rules, "Included, committed, on demand")."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.book import Contract, Term, Tier
from billing.catalog import Meter
from billing.hours import Month
from billing.money import exact, round_money

LIST_CURRENCY = "USD"


@dataclass(frozen=True)
class Rated:
    """Amounts in the contract's currency, rounded; all None with a `fault` where a price is missing."""

    committed_amount: Decimal | None
    on_demand_amount: Decimal | None
    amount: Decimal | None
    fault: str | None = None


@exact
def rate(contract: Contract, meter: Meter, term: Term, on_demand_quantity: Decimal, month: Month) -> Rated:
    """What the line costs: the commitment, used or not, and the on-demand units."""
    lacking = []
    committed = on_demand = Decimal(0)
    if term.commit_units > 0:
        price = committed_price(contract, meter, term)
        if price is None:
            lacking.append("committed price")
        else:
            committed = prorated(term.commit_units * price, contract, month)
    if on_demand_quantity > 0:
        units = on_demand_quantity / meter.per
        tiers = contract.tiers.get(meter.meter)
        price = on_demand_price(contract, meter, term)
        if tiers:
            on_demand = graduated(units, tiers)
        elif price is None:
            lacking.append("on-demand price")
        else:
            on_demand = units * price
    if lacking:
        what = " and no ".join(lacking)
        return Rated(None, None, None, f"unpriced: no {what} for {meter.meter} in {contract.contract_id}")
    committed, on_demand = round_money(committed, contract.currency), round_money(on_demand, contract.currency)
    return Rated(committed, on_demand, committed + on_demand)


def committed_price(contract: Contract, meter: Meter, term: Term) -> Decimal | None:
    """Per priced unit: the term, then in USD the list price of the plan, annual, on demand."""
    return _first(term.commit_price, *_list_prices(contract, meter, term, contract.plan, "annual", "on_demand"))


def on_demand_price(contract: Contract, meter: Meter, term: Term) -> Decimal | None:
    """Per priced unit: the term, then in USD the list price on demand, of the plan, annual. Tiers beat it."""
    return _first(term.on_demand_price, *_list_prices(contract, meter, term, "on_demand", contract.plan, "annual"))


def graduated(units: Decimal, tiers: Sequence[Tier]) -> Decimal:
    """The price of `units` from 0 up, each band at its own price."""
    price, below = Decimal(0), Decimal(0)
    for tier in tiers:
        top = units if tier.up_to_units is None else min(units, tier.up_to_units)
        if top > below:
            price += (top - below) * tier.unit_price
            below = top
    return price


def prorated(whole: Decimal, contract: Contract, month: Month) -> Decimal:
    """`whole` x covered days / days of the month; divided last, for a share cut off would move a tie."""
    span = contract.span(month)
    return whole * (span[1] - span[0]).days / month.days if span else Decimal(0)


def _list_prices(contract: Contract, meter: Meter, term: Term, *plans: str) -> list[Decimal | None]:
    """List prices are USD, never converted; host-hours (a p99 meter by the hour) have none."""
    if contract.currency != LIST_CURRENCY or (meter.rollup == "p99" and term.option == "hourly"):
        return []
    return [meter.list_prices.get(plan) for plan in plans]


def _first(*prices: Decimal | None) -> Decimal | None:
    return next((price for price in prices if price is not None), None)
