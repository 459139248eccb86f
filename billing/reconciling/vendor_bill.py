"""The vendor's own figures for a month: what it charges each org, and what it counts as billable."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TypeVar

from billing.catalog import Catalog
from billing.hours import Month

PRODUCTS = Path(__file__).parent / "vendor_products.csv"
COMMITTED, ON_DEMAND, TOTAL = "committed", "on_demand", "total"
AGGREGATIONS = {
    "p99": "top99p",
    "sum": "sum",
    "mean": "average",
    "max": "maximum",
    "hourly_overage": "sum",
    "hourly_overage_mean": "average",
}
"""Roll-up -> how the vendor's billable key for it ends."""


@dataclass(frozen=True)
class Record:
    """What one body says of one org; `at` lies in the month that it is about. `key`: account, org, region."""

    key: tuple[str, str, str]
    at: datetime

    @property
    def account_id(self) -> str:
        return self.key[0]

    @property
    def org_id(self) -> str:
        return self.key[1]


R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Charge:
    """Money for a product; a `total` stands only where the vendor does not split it."""

    product: str
    charge_type: str
    cost: Decimal


@dataclass(frozen=True)
class Billable:
    """One key of billable-summary, in base units: the org's part, its account's whole, and what that has on demand."""

    product: str
    aggregation: str
    org: Decimal | None
    account: Decimal | None
    on_demand: Decimal | None


@dataclass(frozen=True)
class OrgCost(Record):
    """A record of historical_cost or estimated_cost. `total`: what it says its charges add up to."""

    total: Decimal | None
    charges: tuple[Charge, ...]


@dataclass(frozen=True)
class OrgUsage(Record):
    """A row of billable-summary."""

    billable: tuple[Billable, ...]


@dataclass(frozen=True)
class VendorBill:
    """All records at hand."""

    costs: tuple[OrgCost, ...] = ()
    usage: tuple[OrgUsage, ...] = ()

    def of(self, month: Month) -> "VendorBill":
        """The month's records. Costs are running totals: the latest record of an org holds, the last one of a tie."""
        return VendorBill(_latest(self.costs, month), _latest(self.usage, month))

    @property
    def months(self) -> list[str]:
        """The months that the records are about."""
        return sorted({str(Month.of(record.at)) for record in (*self.costs, *self.usage)})

    @property
    def orgs(self) -> set[str]:
        return {record.org_id for record in (*self.costs, *self.usage)}

    @property
    def products(self) -> set[str]:
        charged = {charge.product for record in self.costs for charge in record.charges}
        return charged | {one.product for row in self.usage for one in row.billable}


@cache
def product_table() -> Mapping[str, str]:
    """The vendor's product name -> our meter, as in vendor_products.csv."""
    with PRODUCTS.open(encoding="utf-8", newline="") as file:
        return {row["product"]: row["meter"] for row in csv.DictReader(file)}


def meter_of(product: str, catalog: Catalog) -> str | None:
    """The meter that the vendor's product is billed by; a meter's own name stands for itself."""
    meter = product_table().get(product, product)
    return meter if meter in catalog.meters else None


def _latest(records: Iterable[R], month: Month) -> tuple[R, ...]:
    found: dict[tuple[str, str, str], R] = {}
    for record in records:
        held = found.get(record.key)
        if Month.of(record.at) == month and (held is None or record.at >= held.at):
            found[record.key] = record
    return tuple(found.values())
