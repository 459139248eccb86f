"""The meters: what is billable, of which usage types, rolled up how. One row of `catalog.csv` each."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path

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
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if lacking := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
                raise SettingsError([Fault(str(path), 1, "", f"lacks the columns {', '.join(lacking)}")])
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SettingsError([Fault(str(path), 0, "", f"the catalogue cannot be read: {error}")]) from error
    faults: list[Fault] = []
    meters: dict[str, Meter] = {}
    for line, row in rows:
        found = _meter(row, str(path), line, faults)
        if found and found.meter in meters:
            faults.append(Fault(str(path), line, "meter", f"{found.meter} stands there twice"))
        elif found:
            meters[found.meter] = found
    faults += [
        Fault(str(path), 0, m.meter, f"its allotment_parent {m.parent} is no meter")
        for m in meters.values()
        if m.parent and m.parent not in meters
    ]
    ordered = _parents_first(meters) if not faults else {}
    if not faults and len(ordered) < len(meters):
        rest = ", ".join(sorted(meters.keys() - ordered.keys()))
        faults.append(Fault(str(path), 0, "allotment_parent", f"goes round in a circle: {rest}"))
    if faults:
        raise SettingsError(faults)
    with (HERE / "known_types.csv").open(encoding="utf-8", newline="") as file:
        known = frozenset((row["product_family"], row["usage_type"]) for row in csv.DictReader(file))
    return Catalog(ordered, known)


def _parents_first(meters: Mapping[str, Meter]) -> dict[str, Meter]:
    ordered: dict[str, Meter] = {}
    while ready := [m for m in meters.values() if m.meter not in ordered and (m.parent is None or m.parent in ordered)]:
        ordered.update({m.meter: m for m in ready})
    return ordered


def _meter(row: Mapping[str, str | None], place: str, line: int, faults: list[Fault]) -> Meter | None:
    text = {name: (row.get(name) or "").strip() for name in COLUMNS}
    before = len(faults)

    def fault(column: str, what: str) -> None:
        faults.append(Fault(place, line, column, what))

    def number(column: str) -> Decimal:
        try:
            value = Decimal(text[column] or "0")
        except InvalidOperation:
            value = Decimal(-1)
        if not value.is_finite() or value < 0:
            fault(column, f"{text[column]!r} is not a number of 0 or more")
        return value

    for column in ("meter", "product_family", "usage_types"):
        if not text[column]:
            fault(column, "is empty")
    for column in ("rollup", "hourly_option_rollup"):
        if text[column] not in ROLLUP_NAMES:
            fault(column, f"{text[column]!r} is none of {', '.join(ROLLUP_NAMES)}")
    per = number("per")
    if per < 1 or per != int(per):
        fault("per", f"{text['per']!r} is not a whole number of 1 or more")
    prices = {plan: number(f"list_{plan}") for plan in PLANS if text[f"list_{plan}"]}
    allotment = number("allotment_quantity")
    if len(faults) > before:
        return None
    return Meter(
        meter=text["meter"],
        name=text["name"] or text["meter"],
        product_family=text["product_family"],
        usage_types=tuple(text["usage_types"].split(";")),
        rollup=text["rollup"],
        hourly_option_rollup=text["hourly_option_rollup"],
        per=int(per),
        unit=text["unit"],
        parent=text["allotment_parent"] or None,
        allotment_quantity=allotment,
        list_prices=prices,
    )
