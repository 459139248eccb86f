"""Which rows are usage: one set of rules for every source, judged over whole columns."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import polars as pl

from billing.errors import Fault
from billing.frames import TIME, USAGE
from billing.hours import parse_time
from billing.sources.read import Quarantined, Read

IDS = ("org_id", "product_family", "usage_type")
REQUIRED = (*IDS, "hour", "quantity")

# A row as its source wrote it, in text. `line` is its place; `broken` says why it cannot be taken apart at all.
RAW = pl.Schema({"line": pl.Int64, "broken": pl.String, **dict.fromkeys(USAGE, pl.String)})

_AS_THEY_ARE: Mapping[str, str] = {}
_ID_CHARACTERS = 200
_YEARS = (2000, 2100)
_USUAL_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9]Z$"
_FAULTS_NAMED = 3
_ROW_CHARACTERS = 500
_VALUE_CHARACTERS = 60


def check(raw: pl.DataFrame, place: str, shown: Callable[[int], str], names: Mapping[str, str] = _AS_THEY_ARE) -> Read:
    """Good rows as usage, the others quarantined, both in the order of `raw`.

    `raw` has the columns of RAW. `shown(line)` gives a row's text. `names` says what the source calls a column
    where it has another name, with further columns of `raw` in braces.
    """
    judged = raw.with_columns(
        _instants(raw["hour"]).alias("hour value"),
        _instants(raw["observed_at"]).alias("observed_at value"),
        _whole_number().cast(pl.Int64, strict=False).alias("quantity value"),
    ).with_columns(
        *(_id_fault(column).alias(f"{column} fault") for column in IDS),
        _hour_fault().alias("hour fault"),
        _quantity_fault().alias("quantity fault"),
        _instant_fault("observed_at").alias("observed_at fault"),
    )
    good = pl.all_horizontal(pl.col("broken", *(f"{column} fault" for column in USAGE)).is_null())
    values = (pl.col(f"{column} value").alias(column) for column in ("hour", "quantity", "observed_at"))
    bad = judged.filter(~good).iter_rows(named=True)
    return Read(
        judged.filter(good).select(*IDS, *values),
        tuple(_quarantined(row, place, shown(row["line"]), names) for row in bad),
    )


def _instants(texts: pl.Series) -> pl.Series:
    """Times as TIME, null for what is none. The usual form is read at once, others one distinct text at a time."""
    text = pl.col(texts.name)
    usual = pl.when(text.str.contains(_USUAL_TIME)).then(text.str.to_datetime("%Y-%m-%dT%H:%M:%SZ", strict=False))
    times = texts.to_frame().with_columns(usual.cast(TIME).alias("usual"))
    others = times.filter(pl.col("usual").is_null())[texts.name].drop_nulls().unique()
    known = pl.Series([_instant(other) for other in others], dtype=TIME)
    return times.select(pl.coalesce("usual", text.replace_strict(others, known, default=None))).to_series()


def _instant(text: str) -> datetime | None:
    try:
        return parse_time(text)
    except (ValueError, OverflowError):
        return None


def _whole_number() -> pl.Expr:
    """The digits of a whole number: 10 and 10.0 are 10; 1e3, 1.5 and NaN are none (null)."""
    return pl.col("quantity").str.extract(r"^\s*([0-9]+)(?:\.0+)?\s*$")


def _is_empty(column: str) -> pl.Expr:
    return pl.col(column).fill_null("").str.strip_chars() == ""


def _id_fault(column: str) -> pl.Expr:
    text = pl.col(column)
    return (
        pl.when(_is_empty(column))
        .then(pl.lit("is empty"))
        .when(text.str.contains(r"\p{Cc}"))
        .then(pl.lit("holds a control character"))
        .when(text.str.len_chars() > _ID_CHARACTERS)
        .then(pl.lit(f"is longer than {_ID_CHARACTERS} characters"))
    )


def _instant_fault(column: str) -> pl.Expr:
    at = pl.col(f"{column} value")
    return (
        pl.when(_is_empty(column))
        .then(None)
        .when(at.is_null())
        .then(pl.lit("is not a time in ISO 8601, such as 2026-10-31T23:00:00Z"))
        .when(~at.dt.year().is_between(*_YEARS))
        .then(pl.lit("is outside the years {} to {}".format(*_YEARS)))
    )


def _hour_fault() -> pl.Expr:
    at = pl.col("hour value")
    return (
        pl.when(_is_empty("hour"))
        .then(pl.lit("is empty"))
        .when(_instant_fault("hour").is_not_null())
        .then(_instant_fault("hour"))
        .when(pl.col("hour").str.strip_chars().str.len_chars() <= len("2026-10-31"))
        .then(pl.lit("is a day, not an hour"))
        .when(at != at.dt.truncate("1h"))
        .then(pl.lit("is not on the full hour"))
    )


def _quantity_fault() -> pl.Expr:
    return (
        pl.when(_is_empty("quantity"))
        .then(None)
        .when(pl.col("quantity").str.contains(r"^\s*-[0-9.]+\s*$"))
        .then(pl.lit("is negative"))
        .when(_whole_number().is_null())
        .then(pl.lit("is not a whole number"))
        .when(pl.col("quantity value").is_null())
        .then(pl.lit(f"is over the largest quantity, {2**63 - 1}"))
    )


def _quarantined(row: dict[str, Any], place: str, text: str, names: Mapping[str, str]) -> Quarantined:
    """One fault for the row: its first faulty column, the next ones named behind it."""
    text = text.replace("\0", "\\0")[:_ROW_CHARACTERS]
    if row["broken"] is not None:
        return Quarantined(Fault(place, row["line"], "", row["broken"]), text)
    faults = [
        (names.get(column, column).format_map(row), _what(row, column)) for column in USAGE if row[f"{column} fault"]
    ]
    (column, first), *others = faults[:_FAULTS_NAMED]
    what = "; ".join([first, *(f"{column}: {what}" for column, what in others)])
    return Quarantined(Fault(place, row["line"], column, what), text)


def _what(row: dict[str, Any], column: str) -> str:
    value = row[column]
    if value is None or not value.strip():
        return str(row[f"{column} fault"])
    cut = value if len(value) <= _VALUE_CHARACTERS else value[:_VALUE_CHARACTERS] + "..."
    return f"{cut!r} {row[f'{column} fault']}"
