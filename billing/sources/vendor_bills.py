"""The vendor's bills: bodies of billable-summary, historical_cost and estimated_cost, saved or fresh.

A cost body is {"data": [record, ...]}, a record an org with its charges; billable-summary is {"usage": [row, ...]},
a row an org with its billable keys. Which one it is, the body itself tells.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from billing.errors import Fault, InputError
from billing.hours import parse_time
from billing.reconciling.vendor_bill import COMMITTED, ON_DEMAND, TOTAL, Billable, Charge, OrgCost, OrgUsage, VendorBill
from billing.sources.bodies import decode, vendor_message
from billing.sources.texts import read_text

COST_TYPE = "cost_by_org"
LARGEST, SMALLEST = 30, -60  # powers of ten between which figures are reckoned with, to the last digit
_KEY = re.compile(r"(?P<product>.+)_(?P<aggregation>top99p|sum|average|maximum|last)")


def read_bills(paths: Sequence[Path]) -> VendorBill:
    """The records of all files, each a body, a list of bodies, or bodies one after the other (JSON lines).

    Raises InputError naming every fault of every file.
    """
    bill, faults = VendorBill(), list[Fault]()
    for path in paths:
        try:
            bill = joined(bill, from_bodies(_decoded(path), str(path)))
        except InputError as wrong:
            faults += wrong.faults
    if faults:
        raise InputError(faults)
    return bill


def joined(first: VendorBill, second: VendorBill) -> VendorBill:
    return VendorBill((*first.costs, *second.costs), (*first.usage, *second.usage))


def from_bodies(bodies: Iterable[Any], place: str) -> VendorBill:
    """The records of decoded bodies. A fault's `line` is the number of its record in the place, from 1."""
    costs, usage = list[OrgCost](), list[OrgUsage]()
    records = _Records(place)
    for body in bodies:
        if isinstance(body, dict) and body.get("errors"):
            records.fault("", f"an error of the vendor, not a bill: {vendor_message(body)}")
        elif isinstance(body, dict) and isinstance(body.get("data"), list):
            costs += [cost for record in body["data"] if (cost := records.read(_cost, record))]
        elif isinstance(body, dict) and isinstance(body.get("usage"), list):
            usage += [row for record in body["usage"] if (row := records.read(_usage, record))]
        else:
            what = "not a body of historical_cost, estimated_cost or billable-summary: it has no list data or usage"
            records.fault("", what)
    if records.faults:
        raise InputError(records.faults)
    return VendorBill(tuple(costs), tuple(usage))


def _decoded(path: Path) -> list[Any]:
    place = str(path)
    if not path.is_file():
        raise InputError([Fault(place, 0, "", "there is no such file")])
    text = read_text(path)
    try:
        values = decode(text)
    except ValueError as wrong:
        raise InputError([Fault(place, 0, "", f"not JSON that can be read: {wrong}")]) from wrong
    if not values:
        raise InputError([Fault(place, 0, "", "is empty: a body of the vendor was expected")])
    return [body for value in values for body in (value if isinstance(value, list) else [value])]


class _WrongError(Exception):
    """`what` is wrong in the column `column` of a record."""

    def __init__(self, column: str, what: str) -> None:
        super().__init__(what)
        self.column = column


class _Records:
    """Counts the records of a place and collects what is wrong in them."""

    def __init__(self, place: str) -> None:
        self.place, self.line, self.faults = place, 0, list[Fault]()

    def fault(self, column: str, what: str) -> None:
        self.faults.append(Fault(self.place, self.line, column, what))

    def read(self, reader: Any, record: Any) -> Any:
        """What `reader` makes of the record; None after a fault."""
        self.line += 1
        try:
            return reader(record)
        except _WrongError as wrong:
            self.fault(wrong.column, str(wrong))
            return None


def _cost(record: Any) -> OrgCost:
    _object(record, "")
    if record.get("type") != COST_TYPE:
        raise _WrongError("type", f"is {record.get('type')!r:.60}, not {COST_TYPE}")
    attributes = _object(record.get("attributes"), "attributes")
    charges = attributes.get("charges")
    if not isinstance(charges, list):
        raise _WrongError("charges", "is not a list")
    total = attributes.get("total_cost")
    return OrgCost(
        key=_org(attributes),
        at=_time(attributes, "date"),
        total=None if total is None else _number(total, "total_cost"),
        charges=_unrepeated([_charge(charge, f"charges[{i}]") for i, charge in enumerate(charges)]),
    )


def _charge(charge: Any, where: str) -> Charge:
    _object(charge, where)
    product, charge_type = (_text(charge, name, f"{where}.") for name in ("product_name", "charge_type"))
    return Charge(product, charge_type, _number(charge.get("cost"), f"{where}.cost"))


def _unrepeated(charges: list[Charge]) -> tuple[Charge, ...]:
    """Without the totals of products that are split."""
    split = {charge.product for charge in charges if charge.charge_type in (COMMITTED, ON_DEMAND)}
    return tuple(charge for charge in charges if charge.charge_type != TOTAL or charge.product not in split)


def _usage(row: Any) -> OrgUsage:
    _object(row, "")
    usage = _object(row.get("usage"), "usage")
    return OrgUsage(
        key=_org(row),
        at=_time(row, "start_date"),
        billable=tuple(_billable(name, value, f"usage.{name}") for name, value in usage.items() if value is not None),
    )


def _billable(name: str, value: Any, where: str) -> Billable:
    _object(value, where)
    parts = _KEY.fullmatch(name)
    org, account, on_demand = (
        None if value.get(column) is None else _quantity(value[column], f"{where}.{column}")
        for column in ("org_billable_usage", "account_billable_usage", "account_on_demand_usage")
    )
    if org is None and account is None:
        raise _WrongError(where, "has neither org_billable_usage nor account_billable_usage")
    product, aggregation = (parts["product"], parts["aggregation"]) if parts else (name, "")
    return Billable(product, aggregation, org, account, on_demand)


def _org(record: dict[str, Any]) -> tuple[str, str, str]:
    account, region = (str(record.get(name) or "") for name in ("account_public_id", "region"))
    return account, _text(record, "public_id"), region


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _WrongError(where, "is not an object")
    return value


def _text(record: dict[str, Any], name: str, where: str = "") -> str:
    value = record.get(name)
    if not isinstance(value, str) or not value:
        raise _WrongError(f"{where}{name}", f"{value!r:.60} is not a text")
    return value


def _time(record: dict[str, Any], name: str) -> datetime:
    text = _text(record, name)
    try:
        return parse_time(text)
    except ValueError:
        raise _WrongError(name, f"{text!r:.60} is not a time") from None


def _number(value: Any, where: str) -> Decimal:
    if not isinstance(value, int | Decimal) or isinstance(value, bool):
        raise _WrongError(where, f"{value!r:.60} is not a number")
    number = Decimal(value)
    if number and not (number.adjusted() < LARGEST and number.as_tuple().exponent > SMALLEST):  # type: ignore[operator]
        raise _WrongError(where, f"{value!s:.60} is out of range")
    return number


def _quantity(value: Any, where: str) -> Decimal:
    number = _number(value, where)
    if number < 0:
        raise _WrongError(where, f"{value} is negative")
    return number
