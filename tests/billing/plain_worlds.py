"""Books of a few rows, for laws that need no more: one partner, and a customer for each contract."""

from datetime import datetime, timedelta

from tests.billing.sheet import Row
from tests.billing.worlds import World, month_span, usage_row

HOST = ("infra_hosts", "host_count")


def world_of(contracts: list[Row], orgs: int = 1) -> World:
    """The contracts, of customers named by them, with `orgs` orgs each: o1-1, o1-2, ... of the customer c1."""
    partner = {"partner_id": "p1", "name": "Partner", "tier": "basic", "time_zone": "UTC", "language": "en"}
    customers = sorted({row["customer_id"] for row in contracts})
    identity = {"partner_id": "p1", "name": "Customer", "employees": "", "deal": "none"}
    return World(
        partners=[partner | {"currency": "USD", "digest": "none", "emails": ""}],
        customers=[{"customer_id": customer} | identity for customer in customers],
        orgs=[
            {"org_id": f"{customer.replace('c', 'o')}-{n + 1}", "customer_id": customer, "name": ""}
            for customer in customers
            for n in range(orgs)
        ],
        contracts=contracts,
    )


def contract(number: int, currency: str = "USD", start: str = "2020-01-01", end: str = "", customer: int = 0) -> Row:
    """Contract k<number>, of the customer c<customer> or of one of its own."""
    dates = {"start": start, "end": end, "currency": currency}
    return {"contract_id": f"k{number}", "customer_id": f"c{customer or number}", "plan": "annual", **dates}


def term(number: int, meter: str, units: str = "0", commit: str = "", price: str = "", option: str = "monthly") -> Row:
    agreed = {"option": option, "commit_units": units, "commit_price": commit, "on_demand_price": price}
    return {"contract_id": f"k{number}", "meter": meter, **agreed}


def sold_by(meter: str, rollup: str, per: int, parent: str = "", brought: str = "") -> Row:
    """A row of a catalogue without list prices; the usage type is named like the meter, in the family `f`."""
    rolled = {"rollup": rollup, "hourly_option_rollup": rollup, "per": str(per), "unit": "unit"}
    family = {"name": meter, "product_family": "f", "usage_types": meter}
    allotted = {"allotment_parent": parent, "allotment_quantity": brought}
    lists = dict.fromkeys(("list_annual", "list_month_to_month", "list_on_demand"), "")
    return {"meter": meter, **family, **rolled, **allotted, **lists}


def hourly(org: str, key: tuple[str, str], month: str, values: list[int]) -> list[Row]:
    """Values from the first hour of the month on."""
    first: datetime = month_span(month)[0]
    return [usage_row(org, key, first + timedelta(hours=i), value) for i, value in enumerate(values)]
