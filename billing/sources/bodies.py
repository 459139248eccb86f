"""The vendor's own words: bodies of GET /api/v2/usage/hourly_usage, saved or fresh.

A body is {"data": [record, ...], "meta": ...}; a record is one org, product family and hour, with measurements.
Shape: HourlyUsageResponse in the vendor's client, and bodies recorded from the vendor.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import polars as pl

from billing import limits
from billing.errors import Fault, InputError
from billing.hours import iso
from billing.sources.read import Read, joined
from billing.sources.rows import RAW, check

RECORD_TYPE = "usage_timeseries"

_TEXTS = ("public_id", "product_family", "timestamp")
_NAMES = {
    "org_id": "public_id",
    "product_family": "product_family",
    "usage_type": "measurements[{position}].usage_type",
    "hour": "timestamp",
    "quantity": "measurements[{position}].value",
}
_FLAT = pl.Schema([*RAW.items(), ("position", pl.Int64())])
_SPACE = re.compile(r"[ \t\r\n]*")
_TOO_DEEP = f"nested deeper than the {limits.NESTING} levels that are read: this is no body of the vendor"
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_json(text: str, place: str) -> Read:
    """Usage of a decoded JSON file: a body, a list of bodies, or bodies one after the other (JSON lines).

    `line` of a bad row is the number of its record in the file, from 1. Raises InputError where any part of the
    file is no body.
    """
    try:
        values = decode(text)
    except ValueError as wrong:
        raise InputError([Fault(place, 0, "", f"not JSON that can be read: {wrong}")]) from wrong
    if not values:
        raise InputError([Fault(place, 0, "", "is empty: a body of the vendor was expected")])
    reads = []
    records = 0
    for body in (body for value in values for body in (value if isinstance(value, list) else [value])):
        reads.append(from_body(body, place, records))
        records += len(body["data"])
    return joined(reads)


def from_body(body: Any, place: str, line: int = 0, observed_at: datetime | None = None) -> Read:
    """Usage of one decoded body. `line` counts the records that came before it in the same place.

    Raises InputError for what is no body of this endpoint, such as an error of the vendor.
    """
    if isinstance(body, dict) and body.get("errors"):
        raise InputError([Fault(place, 0, "", f"an error of the vendor, not usage: {vendor_message(body)}")])
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, list):
        raise InputError([Fault(place, 0, "", "not a body of hourly_usage: it has no list named data")])
    known = iso(observed_at) if observed_at else None
    flat = [row for number, record in enumerate(data, line + 1) for row in _flat(record, number, known)]
    raw = pl.DataFrame(flat, schema=_FLAT, orient="row")

    def written(number: int) -> str:
        return json.dumps(data[number - line - 1], ensure_ascii=False, default=str)

    read = check(raw, place, written, _NAMES)
    return Read(read.usage, tuple(dict.fromkeys(read.bad)))  # a bad record once, not for each measurement


def vendor_message(body: Any) -> str:
    """What an error body says, in either of the vendor's shapes: a list of texts, or of objects with a detail."""
    errors = body.get("errors") if isinstance(body, dict) else None
    said = [
        str(error.get("detail") or error.get("title") or error) if isinstance(error, dict) else str(error)
        for error in (errors if isinstance(errors, list) else [errors or body])
    ]
    return "".join(letter if letter.isprintable() else " " for letter in "; ".join(said))[:300]


def decode(text: str) -> list[Any]:
    """The JSON values that stand one after the other in `text`; numbers with a point come as Decimal.

    Raises ValueError also for what Python's json would let pass: NaN, infinities, a key given twice, half a
    surrogate pair, nesting without end.
    """
    decoder = json.JSONDecoder(object_pairs_hook=_object, parse_float=_decimal, parse_constant=_no_constant)
    values = []
    position = _after_space(text, 0)
    try:
        while position < len(text):
            value, position = decoder.raw_decode(text, position)
            values.append(value)
            position = _after_space(text, position)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    _check_depth(values)
    if _SURROGATE.search(text):
        json.dumps(values, ensure_ascii=False, default=str).encode()
    return values


def _check_depth(values: list[Any]) -> None:
    level = values
    for _ in range(limits.NESTING):
        level = [
            inner
            for outer in level
            if isinstance(outer, list | dict)
            for inner in (outer if isinstance(outer, list) else outer.values())
        ]
    if any(isinstance(value, list | dict) for value in level):
        raise ValueError(_TOO_DEEP)


def _after_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"an object has the key {next(name for name in names if names.count(name) > 1)!r:.60} twice")
    return members


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text:.60} is no number to reckon with") from None


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")


def _flat(record: Any, line: int, observed_at: str | None) -> Iterator[tuple[Any, ...]]:
    """A record as rows of _FLAT, one a measurement."""
    fault = _record_fault(record)
    if fault:
        yield line, fault, *[None] * len(_NAMES), observed_at, None
        return
    org, family, hour = (record["attributes"].get(name) for name in _TEXTS)
    for position, measurement in enumerate(record["attributes"]["measurements"]):
        if isinstance(measurement, dict) and isinstance(measurement.get("usage_type"), str) and "value" in measurement:
            quantity = _quantity(measurement["value"])
            yield line, None, org, family, measurement["usage_type"], hour, quantity, observed_at, position
        else:
            fault = f"measurements[{position}] is not an object with a usage_type and a value"
            yield line, fault, *[None] * len(_NAMES), observed_at, position


def _record_fault(record: Any) -> str | None:
    attributes = record.get("attributes") if isinstance(record, dict) else None
    if not isinstance(attributes, dict):
        return "the record is not an object with attributes"
    if record.get("type") != RECORD_TYPE:
        return f"the record is of type {record.get('type')!r:.60}, not {RECORD_TYPE}"
    if not isinstance(attributes.get("measurements"), list):
        return "measurements is not a list"
    wrong = [name for name in _TEXTS if not isinstance(attributes.get(name), str | None)]
    return f"{wrong[0]} is not text" if wrong else None


def _quantity(value: Any) -> str | None:
    """A number in its own digits; what is no number in a form that no rule takes for one."""
    if value is None:
        return None
    if isinstance(value, int | Decimal):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=str)
