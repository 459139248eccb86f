"""Rows as a frame whose types hold them to the last digit."""

from collections.abc import Sequence
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any
from urllib.parse import quote

import polars as pl

from billing.errors import Fault, InputError
from billing.focus.charges import COST_PLACES, PRICE_PLACES, QUANTITY_PLACES
from billing.focus.rows import Row
from billing.frames import TIME

PRECISION = 38
ASCII = "".join(map(chr, range(32, 127)))
# Raises where a value has more digits than its column, before and after the point.
FITS = Context(prec=PRECISION, traps=[Inexact, InvalidOperation])


def places(column: str) -> int | None:
    """Digits after the point of a decimal column; None for the others."""
    if column.endswith("Quantity"):
        return QUANTITY_PLACES
    if column.endswith("UnitPrice"):
        return PRICE_PLACES
    if column.endswith("Cost") or column in ("x_PartnerMargin", "x_Markup", "x_CustomerPrice"):
        return COST_PLACES
    return None


def in_ascii(text: str | None) -> str | None:
    """The official validator takes ASCII alone: other letters as in a URL, so that ids stay apart."""
    return text if text is None or text.isascii() else quote(text, safe=ASCII)


def frame(rows: Sequence[Row], columns: Sequence[str]) -> pl.DataFrame:
    """The columns of the rows, null where a row lacks one.

    Raises InputError, a fault a row and column, where a number has more digits than FOCUS' files can hold.
    """
    faults: list[Fault] = []
    found = [_series(name, rows, faults) for name in columns]
    if faults:
        raise InputError(faults)
    return pl.DataFrame(found)


def _series(name: str, rows: Sequence[Row], faults: list[Fault]) -> pl.Series:
    values = [row.get(name) for row in rows]
    digits = places(name)
    if digits is not None:
        unit = Decimal(1).scaleb(-digits)
        fitting = [_fitting(row, name, value, unit, faults) for row, value in zip(rows, values, strict=True)]
        return pl.Series(name, fitting, pl.Decimal(PRECISION, digits))
    if name.endswith(("Start", "End", "Created", "LastUpdated", "Date")):
        return pl.Series(name, values, TIME)
    return pl.Series(name, values if name.startswith("x_") else map(in_ascii, values), pl.String)


def _fitting(row: Row, name: str, value: Any, unit: Decimal, faults: list[Fault]) -> Decimal | None:
    try:
        return None if value is None else value.quantize(unit, context=FITS)
    except (Inexact, InvalidOperation):
        where = f"{row.get('SubAccountId') or row.get('ContractId')}/{row.get('SkuId') or row.get('InvoiceDetailId')}"
        faults.append(Fault("focus", 0, name, f"{value} of {where} has more digits than the file can hold"))
        return None
