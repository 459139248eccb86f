"""The meters: what is billable, of which usage types, rolled up how. One row of `catalog.csv` each."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path

from billing.csv_rows import Row, read_rows
from billing.errors import Fault, SettingsError

HERE = Path(__file__).parent
COLUMNS = (
    "meter,name,product_family,usage_types,rollup,hourly_option_rollup,per,unit,"
    "allotment_parent,allotment_quantity,list_annual,list_month_to_month,list_on_demand"
).split(",")
PLANS = ("annual", "month_to_month", "on_demand")
ROLLUP_NAMES = ("p99", "sum", "mean", "max", "hourly_overage", "hourly_overage_mean")
HOURLY_ROLLUPS = ("hourly_overage", "hourly_overage_mean")


@dataclass(frozen=True)
class Meter:
    """Something billable.

    `per`: base units in one priced unit (1.70 per 1M events). `allotment_quantity`: base units of this
    meter that one priced unit of `parent` brings along. `list_prices`: USD per priced unit, by plan.
    """

    meter: str
    name: str
    product_family: str
    usage_types: tuple[str, ...]
    rollup: str
    hourly_option_rollup: str
    per: int
    unit: str
    parent: str | None
    allotment_quantity: Decimal
    list_prices: Mapping[str, Decimal] = field(hash=False)

    def applied_rollup(self, option: str) -> str:
        """The roll-up of a contract line with this option (`monthly` or `hourly`)."""
        return self.hourly_option_rollup if option == "hourly" else self.rollup


@dataclass(frozen=True)
class Catalog:
    """All meters, parents before their children, and the usage types that are known and not billed."""

    meters: Mapping[str, Meter]
    known: frozenset[tuple[str, str]]

    def of_type(self) -> dict[tuple[str, str], str]:
        """(product family, usage type) -> meter."""
        return {(m.product_family, kind): m.meter for m in self.meters.values() for kind in m.usage_types}


@cache
def load(path: Path = HERE / "catalog.csv") -> Catalog:
    """Read a catalogue. Raises SettingsError naming every fault."""
    faults: list[Fault] = []
    meters: dict[str, Meter] = {}
    rows = list(read_rows(path, COLUMNS, faults))
    for row in rows:
        meter = _meter(row)
        if meter.meter in meters:
            row.fault("meter", f"{meter.meter!r} stands there twice")
        meters.setdefault(meter.meter, meter)
    for row in rows:
        if (parent := row.cells["allotment_parent"]) and parent not in meters:
            row.fault("allotment_parent", f"{parent!r} is no meter")
    _no_shared_types(meters.values(), rows)
    if not rows and not faults:
        faults.append(Fault(path.name, 0, "", "has no meters"))
    ordered = _parents_first(meters)
    if not faults and len(ordered) < len(meters):
        circle = ", ".join(sorted(meters.keys() - ordered.keys()))
        faults.append(Fault(path.name, 0, "allotment_parent", f"goes round in a circle: {circle}"))
    if faults:
        raise SettingsError(faults)
    with (HERE / "known_types.csv").open(encoding="utf-8", newline="") as file:
        known = frozenset((row["product_family"], row["usage_type"]) for row in csv.DictReader(file))
    return Catalog(ordered, known)


def _no_shared_types(meters: Iterable[Meter], rows: Sequence[Row]) -> None:
    rows_of = {row.cells["meter"]: row for row in rows}
    owner: dict[tuple[str, str], str] = {}
    for meter in meters:
        for kind in meter.usage_types:
            first = owner.setdefault((meter.product_family, kind), meter.meter)
            if kind and first != meter.meter:
                rows_of[meter.meter].fault("usage_types", f"{kind!r} is billed by the meter {first!r} already")


def _parents_first(meters: Mapping[str, Meter]) -> dict[str, Meter]:
    ordered: dict[str, Meter] = {}
    while ready := [m for m in meters.values() if m.meter not in ordered and (m.parent is None or m.parent in ordered)]:
        ordered.update({m.meter: m for m in ready})
    return ordered


def _meter(row: Row) -> Meter:
    per = row.whole("per")
    if per == 0 or not row.cells["per"]:
        row.fault("per", f"{row.cells['per']!r} is not a whole number of 1 or more")
    types = tuple(kind.strip() for kind in row.identifier("usage_types").split(";"))
    if "" in types[1:] or (types[0] == "" and len(types) > 1):
        row.fault("usage_types", "names an empty usage type")
    prices = {plan: row.number(f"list_{plan}") for plan in PLANS}
    return Meter(
        meter=row.identifier("meter"),
        name=row.text("name") or row.cells["meter"],
        product_family=row.identifier("product_family"),
        usage_types=types,
        rollup=row.choice("rollup", ROLLUP_NAMES),
        hourly_option_rollup=row.choice("hourly_option_rollup", ROLLUP_NAMES),
        per=per or 1,
        unit=row.text("unit"),
        parent=row.cells["allotment_parent"] or None,
        allotment_quantity=row.number("allotment_quantity") or Decimal(0),
        list_prices={plan: price for plan, price in prices.items() if price is not None},
    )
