"""Our bill against the vendor's: every difference has its causes, and they add up to it to the last digit.

A cause is proved where it can be: the month is billed again under another premise, and the line comes to the
vendor's figure. What no other bill gives is told in `unproved`, what only the vendor has in `vendor_only`.
"""

from collections.abc import Sequence
from decimal import Decimal

import polars as pl

from billing.bill import Rules
from billing.money import exact
from billing.reconciling.alternatives import Premises, Steps, alternatives
from billing.reconciling.difference import ALLOTMENT, MISSING_ORG, UNKNOWN_PRODUCT, Cause, Difference, joined
from billing.reconciling.pairing import Pair, pairs
from billing.reconciling.unproved import rest_committed, rest_on_demand, unproved
from billing.reconciling.vendor_bill import VendorBill, meter_of, product_table
from billing.reconciling.vendor_figures import NOTHING, figures
from billing.reconciling.vendor_only import Strangers
from billing.statement import Statement


@exact
def reconcile(bill: Statement, rules: Rules, history: pl.DataFrame, vendor: VendorBill) -> list[Difference]:
    """Every line of the bill and of the vendor's month, by customer; what is on no customer comes last.

    `history`: the rows of the billed hours in the order of ingest, with `known_at` (Lake.history).
    """
    vendor = vendor.of(bill.month)
    meters = {product: meter for product in vendor.products if (meter := meter_of(product, rules.catalog))}
    found = figures(bill.book, vendor, meters)
    named = {*meters.values(), *product_table().values()}
    differences = list(Strangers(bill.book, rules, bill.month, vendor, meters).lines())
    both = []
    for pair in pairs(bill.book, rules.catalog.meters, bill.month, bill.lines, found):
        if pair.customer_id not in found.charged | found.counted:
            differences.append(_only_ours(pair, MISSING_ORG, "the vendor bills no org of this customer"))
        elif pair.meter.meter not in named:
            differences.append(_only_ours(pair, UNKNOWN_PRODUCT, "what the vendor calls this meter is not known"))
        else:
            both.append(pair)
    explained = _explained(both, Premises(bill.book, rules, history, bill.month, bill.as_of, bill.state), vendor)
    differences += [_difference(pair, steps) for pair, steps in zip(both, explained, strict=True)]
    return sorted(differences, key=_place)


def _explained(both: Sequence[Pair], premises: Premises, vendor: VendorBill) -> list[Steps | None]:
    """For each pair the first bill that gives the vendor's figures, else its quantity; None where none does."""
    given: dict[int, Steps] = {i: () for i, pair in enumerate(both) if _gives(pair, pair)}
    counted: dict[int, Steps] = {i: () for i, pair in enumerate(both) if _counts(pair, pair)}
    left = {i for i, pair in enumerate(both) if i not in given and not pair.fault and pair.has_figure}
    premises = premises.of({both[i].customer_id for i in left})
    for steps in alternatives(premises, premises.book.orgs.keys() - vendor.orgs, given.values()) if left else ():
        for i in sorted(left):
            pair, other = both[i], both[i].instead(steps[-1].lines)
            if not pair.meter.parent and any(step.change.cause == ALLOTMENT for step in steps):
                continue
            if _gives(pair, other):
                given[i] = steps
            elif _counts(pair, other):
                counted.setdefault(i, steps)
        left -= given.keys()
        if not left:
            break
    return [given.get(i, counted.get(i)) for i in range(len(both))]


def _gives(pair: Pair, other: Pair) -> bool:
    """Whether the lines of `other` come to all that the vendor says of the pair."""
    if not pair.said.charged:
        return _counts(pair, other)
    agrees = pair.counted is None or _counts(pair, other)
    return agrees and abs(pair.target[1] - other.on_demand) <= pair.tolerance


def _counts(pair: Pair, other: Pair) -> bool:
    """Whether the quantities agree; the vendor's are whole base units."""
    if pair.counted is None:
        return False
    beyond = pair.said.on_demand_quantity
    if beyond is not None and abs(other.on_demand_quantity - beyond) >= 1:
        return False
    # What the vendor counts for an hourly overage may be the use before any allotment.
    is_gross = beyond is not None and pair.meter.rollup == "hourly_overage"
    return is_gross or abs(other.quantity - pair.counted) < 1


def _difference(pair: Pair, steps: Steps | None) -> Difference:
    committed, on_demand = pair.target
    causes = [rest_committed(pair, committed - pair.committed)]
    if steps is None:
        causes += unproved(pair, on_demand)
    else:
        reached = pair.on_demand
        for step in steps:
            after = _value(pair, pair.instead(step.lines))
            causes.append(Cause(step.change.cause, after - reached, step.change.why))
            reached = after
        causes.append(rest_on_demand(pair, on_demand - reached))
    return Difference(
        customer_id=pair.customer_id,
        org_id=None,
        meter=pair.meter.meter,
        product=None,
        currency=pair.contract.currency,
        ours=pair.committed + pair.on_demand,
        vendor=committed + on_demand,
        quantity=pair.quantity,
        vendor_quantity=pair.said.quantity,
        causes=joined(causes),
    )


def _value(pair: Pair, other: Pair) -> Decimal:
    """The on-demand money of `other`, measured as the vendor's figure is."""
    if pair.said.charged:
        return other.on_demand
    return pair.worth(other.quantity, None if pair.said.on_demand_quantity is None else other.on_demand_quantity)


def _only_ours(pair: Pair, cause: str, why: str) -> Difference:
    """A line that the vendor has nothing of."""
    ours = pair.committed + pair.on_demand
    return Difference(
        customer_id=pair.customer_id,
        org_id=None,
        meter=pair.meter.meter,
        product=None,
        currency=pair.contract.currency,
        ours=ours,
        vendor=NOTHING,
        quantity=pair.quantity,
        vendor_quantity=None,
        causes=joined([Cause(cause, -ours, why)]),
    )


def _place(line: Difference) -> tuple[bool, str, str, str, str]:
    return (line.customer_id is None, line.customer_id or "", line.meter or "", line.org_id or "", line.product or "")
