"""The vendor's records added up: what it says of each customer's meter, in money, in base units, or in both."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from billing.book import Book
from billing.money import EXACT
from billing.reconciling.vendor_bill import COMMITTED, ON_DEMAND, TOTAL, Billable, Charge, OrgUsage, VendorBill

NOTHING = Decimal(0)
FIELDS = {COMMITTED: "committed", ON_DEMAND: "on_demand", TOTAL: "unsplit"}
Key = tuple[str, str]  # (customer_id, meter)


@dataclass(frozen=True)
class Said:
    """The vendor's figures for one customer's meter: money if it is `charged`, base units if it is counted.

    `figures`: how many amounts were added up, each of which may have been rounded. `on_demand_quantity`: what is left
    of `quantity` after all that is included. `aggregation`: how the vendor rolls up its hours.
    """

    charged: bool = False
    committed: Decimal = NOTHING
    on_demand: Decimal = NOTHING
    unsplit: Decimal = NOTHING
    figures: int = 0
    quantity: Decimal | None = None
    on_demand_quantity: Decimal | None = None
    aggregation: str = ""

    def with_charge(self, charge: Charge) -> "Said":
        name = FIELDS[charge.charge_type]
        amount = EXACT.add(getattr(self, name), charge.cost)
        return replace(self, figures=self.figures + bool(charge.cost), **{name: amount})  # type: ignore[arg-type]

    def with_count(self, one: Billable, *, is_whole: bool) -> "Said":
        """`is_whole`: the account's whole is meant, else the org's part."""
        count = one.account if is_whole or one.org is None else one.org
        beyond = one.on_demand if is_whole else None
        if self.quantity is not None:
            count = EXACT.add(self.quantity, count or NOTHING)
            known = beyond is not None and self.on_demand_quantity is not None
            beyond = EXACT.add(self.on_demand_quantity or NOTHING, beyond or NOTHING) if known else None
        return replace(self, quantity=count, on_demand_quantity=beyond, aggregation=one.aggregation)


@dataclass(frozen=True)
class Figures:
    """What the vendor says. A customer with a cost record, or a row of billable-summary, is `charged`, or `counted`."""

    of: dict[Key, Said] = field(default_factory=dict)
    charged: set[str] = field(default_factory=set)
    counted: set[str] = field(default_factory=set)

    def said(self, customer_id: str, meter: str) -> Said:
        """Nothing said of a meter is nothing charged, or nothing counted where there is no money."""
        charged = customer_id in self.charged
        counts = None if charged or customer_id not in self.counted else NOTHING
        return self.of.get((customer_id, meter), Said(charged, quantity=counts))


def figures(book: Book, vendor: VendorBill, meter_of: Mapping[str, str]) -> Figures:
    """By customer and meter; orgs that are on no customer and products that no meter is billed as are left out."""
    customer_of = book.customer_of
    costs = [record for record in vendor.costs if record.org_id in customer_of]
    usage = [row for row in vendor.usage if row.org_id in customer_of]
    found = Figures(
        charged={customer_of[record.org_id] for record in costs}, counted={customer_of[row.org_id] for row in usage}
    )
    for record in costs:
        for charge in record.charges:
            if charge.product in meter_of and charge.charge_type in FIELDS:
                key = (customer_of[record.org_id], meter_of[charge.product])
                found.of[key] = found.said(*key).with_charge(charge)
    whole = _whole_accounts(customer_of, vendor.usage)
    done = set[tuple[str, str]]()  # (account, product) whose whole is counted already
    for row in usage:
        for one in row.billable:
            key = (customer_of[row.org_id], meter_of.get(one.product, ""))
            is_whole = row.account_id in whole and one.account is not None
            if one.product in meter_of and (row.account_id, one.product) not in done:
                held = found.of.get(key, Said(charged=key[0] in found.charged))
                found.of[key] = held.with_count(one, is_whole=is_whole)
                if is_whole:
                    done.add((row.account_id, one.product))
    return found


def _whole_accounts(customer_of: Mapping[str, str], usage: Iterable[OrgUsage]) -> set[str]:
    """The accounts whose orgs are all of one customer: their whole is that customer's."""
    customers: dict[str, set[str | None]] = {}
    for row in usage:
        customers.setdefault(row.account_id, set()).add(customer_of.get(row.org_id))
    return {account for account, found in customers.items() if account and len(found) == 1 and None not in found}
