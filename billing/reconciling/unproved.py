"""Causes where no other bill gives the vendor's figure: told from prices, whole units and missing hours."""

from decimal import Decimal

from billing.money import exact, money_text, plain
from billing.rating import LIST_CURRENCY
from billing.reconciling.difference import ALLOTMENT, LATE_USAGE, PRICE, ROUNDING, UNEXPLAINED, Cause
from billing.reconciling.pairing import Pair

CHANCE = 20  # a price is told from its digits where one in so many other amounts would look as round
STORM = 10  # times the usual: what an hour that has not come in may hold
NO_OTHER_BILL = "no other rank, allotment, set of orgs or earlier usage gives that"


def unproved(pair: Pair, on_demand: Decimal) -> list[Cause]:
    """The causes that make the vendor's `on_demand` money of ours."""
    gap = on_demand - pair.on_demand
    if pair.fault:
        return [Cause(PRICE, gap, pair.fault)]
    if not pair.contract.contract_id:
        return [Cause(PRICE, gap, "no contract of the book covers this month")]
    if pair.counted is None and not pair.said.charged:
        rollups = ", ".join(sorted({line.rollup for line in pair.lines}))
        why = f"the vendor rolls the hours up by {pair.said.aggregation}, the contract by {rollups}: check its option"
        return [Cause(UNEXPLAINED, gap, why)]
    if pair.counted is None:
        return [_of_money(pair, on_demand, gap)]
    counted = pair.worth(pair.counted, pair.said.on_demand_quantity)
    return [_of_quantity(pair, pair.counted, counted - pair.on_demand), rest_on_demand(pair, on_demand - counted)]


def rest_committed(pair: Pair, rest: Decimal) -> Cause:
    """What is left between the two committed amounts: the units are agreed, so it is their price."""
    if abs(rest) <= pair.tolerance:
        return _rounded(rest)
    units = pair.contract.term(pair.meter.meter).commit_units
    vendor, ours = (money_text(each, pair.contract.currency) for each in (pair.committed + rest, pair.committed))
    return Cause(
        PRICE, rest, f"the vendor charges {vendor} for the commitment, the book {ours} for {plain(units)} units"
    )


def rest_on_demand(pair: Pair, rest: Decimal) -> Cause:
    """What is left between the two on-demand amounts when the quantities agree."""
    if not pair.said.charged:
        return Cause(ROUNDING, rest, "the vendor counts in whole base units")
    if abs(rest) <= pair.tolerance:
        return _rounded(rest)
    vendor = money_text(pair.target[1], pair.contract.currency)
    return Cause(PRICE, rest, f"the quantities agree: at the book's prices it would not be {vendor} on demand")


def _rounded(rest: Decimal) -> Cause:
    return Cause(ROUNDING, rest, "less than half a minor unit for each amount that was rounded")


def _of_quantity(pair: Pair, counted: Decimal, amount: Decimal) -> Cause:
    """A difference of quantities, in money."""
    said = f"the vendor counts {plain(counted)}, the bill {plain(pair.quantity)}"
    if abs(counted - pair.quantity) < 1:
        beyond, ours = pair.said.on_demand_quantity or Decimal(0), pair.on_demand_quantity
        why = f"{said}; on demand {plain(beyond)} and {plain(ours)}: what is included differs"
        return Cause(ALLOTMENT, amount, why)
    if _may_be_late(pair, counted - pair.quantity):
        return Cause(LATE_USAGE, amount, f"{said}, of which {_hours(pair)}")
    return Cause(UNEXPLAINED, amount, f"{said}: {NO_OTHER_BILL}")


def _of_money(pair: Pair, on_demand: Decimal, gap: Decimal) -> Cause:
    """A difference of money where the vendor names no quantity."""
    used = pair.on_demand_quantity > 0
    if used and abs(pair.in_whole_units() - on_demand) <= pair.tolerance:
        return Cause(ROUNDING, gap, "the vendor charges whole units, rounded up")
    currency = pair.contract.currency
    said = f"the vendor charges {money_text(on_demand, currency)}, the bill says {money_text(pair.on_demand, currency)}"
    if price := _known_price(pair, on_demand) or _told_price(pair, on_demand):
        return Cause(PRICE, gap, f"{said}: that is {plain(price)} a {pair.meter.unit}")
    if _may_be_late(pair, gap / _next_unit(pair) * pair.meter.per):
        return Cause(LATE_USAGE, gap, f"{said}, and {_hours(pair)}")
    if used and on_demand > 0:
        units = plain(pair.on_demand_quantity / pair.meter.per)
        return Cause(PRICE, gap, f"{said} for {units} units: {NO_OTHER_BILL}")
    return Cause(UNEXPLAINED, gap, f"{said}: {NO_OTHER_BILL}")


@exact
def _known_price(pair: Pair, on_demand: Decimal) -> Decimal | None:
    """A price of the contract or of the catalogue that gives the vendor's money for our units."""
    term = pair.contract.term(pair.meter.meter)
    listed = pair.meter.list_prices.values() if pair.contract.currency == LIST_CURRENCY else ()
    tiers = pair.contract.tiers.get(pair.meter.meter, ())
    prices = [term.on_demand_price, term.commit_price, *listed, *(tier.unit_price for tier in tiers)]
    units = pair.on_demand_quantity / pair.meter.per
    return next((p for p in prices if p and abs(units * p - on_demand) <= pair.tolerance), None)


@exact
def _told_price(pair: Pair, on_demand: Decimal) -> Decimal | None:
    """The price that the vendor's money itself tells: of a level, when no whole number of hosts at our price gives it;
    of a volume, when a price with few digits does, and that is unlikely to be chance.
    """
    units, one = pair.on_demand_quantity / pair.meter.per, _next_unit(pair)
    if units <= 0 or on_demand <= 0:
        return None
    if _is_level(pair) and pair.meter.meter not in pair.contract.tiers:
        beside = on_demand % one
        return None if min(beside, one - beside) <= pair.tolerance else round(on_demand / units, 4)
    step = Decimal(1).scaleb((2 * pair.tolerance / units * CHANCE).adjusted() + 1)
    price = (on_demand / units / step).to_integral_value() * step
    return price if abs(units * price - on_demand) <= pair.tolerance else None


def _may_be_late(pair: Pair, more: Decimal) -> bool:
    """Whether hours are missing here that may hold `more` base units: each at most a STORM of the usual."""
    seen, expected = _seen(pair)
    if more <= 0 or (pair.lines and seen == expected):
        return False
    return not pair.quantity or _is_level(pair) or more * seen <= STORM * (expected - seen) * pair.quantity


def _is_level(pair: Pair) -> bool:
    """Whether the quantity is that of one hour."""
    return any(line.rollup in ("p99", "max") for line in pair.lines)


def _next_unit(pair: Pair) -> Decimal:
    """What one more unit would cost; 1 where it costs nothing."""
    beyond = pair.on_demand_quantity
    return pair.rated(beyond + pair.meter.per) - pair.rated(beyond) or Decimal(1)


def _seen(pair: Pair) -> tuple[int, int]:
    """Hours seen and expected."""
    return sum(line.hours_seen for line in pair.lines), sum(line.hours_expected for line in pair.lines)


def _hours(pair: Pair) -> str:
    seen, expected = _seen(pair)
    return f"{seen} of {expected} hours have come in here" if pair.lines else "no usage has come in here"
