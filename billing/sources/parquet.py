"""Usage as Parquet: the columns brought to the text that the rules for rows know."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from billing import limits
from billing.errors import Fault, InputError
from billing.frames import TIME, USAGE
from billing.sources.read import Read
from billing.sources.rows import IDS, REQUIRED, check

PART = 1_000_000  # rows that are text at once
_EXACT_FLOAT = 2**53
_TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_CENTURIES = 9 * 10**9  # seconds, either side of 1970


def read_parquet(path: Path) -> Iterator[Read]:
    """Usage of a Parquet file, in parts; `line` of a bad row is its number, from 1. Further columns are ignored.

    An hour may be text or a timestamp (UTC if it has no zone); a quantity a whole number of any type, a float
    only below 2^53. Raises InputError for a file that has columns of other types or, at any part, cannot be read.
    """
    read = 0
    for table in _tables(path):
        columns = {column: _text(table, column, str(path)) for column in USAGE if column in table.column_names}
        raw = (
            pl.DataFrame(columns, height=table.num_rows)
            .with_row_index("line", offset=read + 1)
            .select(
                pl.col("line").cast(pl.Int64),
                pl.lit(None, pl.String).alias("broken"),
                *(pl.col(column) if column in columns else pl.lit(None, pl.String).alias(column) for column in USAGE),
            )
        )
        yield check(raw, str(path), partial(_shown, raw.select(USAGE.names()), read))
        read += table.num_rows


def _shown(written: pl.DataFrame, before: int, line: int) -> str:
    return json.dumps(written.row(line - 1 - before, named=True), ensure_ascii=False)


def _tables(path: Path) -> Iterator[pa.Table]:
    """The columns of usage in parts, down to the last checksum and byte of text known to be sound."""
    try:
        metadata = pq.read_metadata(path)
        schema = metadata.schema.to_arrow_schema()
        _check_columns(schema.names, path)
        if metadata.num_rows > limits.ROWS:
            raise InputError([Fault(str(path), 0, "", f"holds more than {limits.ROWS:,} rows: split it")])
        columns = [name for name in USAGE if name in schema.names]
        texts = [name for name in columns if _is_text(schema.field(name).type)]
        with pq.ParquetFile(path, metadata=metadata, read_dictionary=texts, page_checksum_verification=True) as file:
            if not metadata.num_rows:
                yield file.read(columns=columns)
            rows = 0
            for batch in file.iter_batches(PART, columns=columns):
                batch.validate(full=True)
                rows += batch.num_rows
                yield pa.Table.from_batches([batch])
        if rows != metadata.num_rows:
            what = f"is damaged: it has {rows:,} rows and says that it has {metadata.num_rows:,}"
            raise InputError([Fault(str(path), 0, "", what)])
    except InputError:
        raise
    except Exception as broken:  # a broken file ends in any of Arrow's, Python's and the system's errors
        raise InputError([Fault(str(path), 0, "", f"not a Parquet file that can be read: {broken}")]) from broken


def _check_columns(names: list[str], path: Path) -> None:
    faults = [Fault(str(path), 0, name, "this column is there twice") for name in USAGE if names.count(name) > 1]
    faults += [Fault(str(path), 0, name, "this column is missing") for name in REQUIRED if name not in names]
    if faults:
        raise InputError(faults)


def _text(table: pa.Table, name: str, place: str) -> pl.Series:
    """A column as text, or InputError where its type cannot be what the column says."""
    column = table[name]
    if pa.types.is_dictionary(column.type):
        column = _unfolded(column, name, place)
    kind = column.type
    if _is_text(kind):
        return pl.Series(name, column.cast(pa.large_string()))
    if name in IDS:
        raise InputError([Fault(place, 0, name, f"must be text, is {kind}")])
    if pa.types.is_null(kind):
        return pl.Series(name, column.cast(pa.large_string()))
    if name == "quantity":
        if pa.types.is_integer(kind) or pa.types.is_decimal(kind):
            return pl.Series(name, column.cast(pa.large_string()))
        if pa.types.is_floating(kind):
            return _float_text(pl.Series(name, column.cast(pa.float64())))
        raise InputError([Fault(place, 0, name, f"must be a whole number, is {kind}")])
    if pa.types.is_timestamp(kind):
        return _time_text(pl.Series(name, column.cast(pa.int64())), kind.unit)
    raise InputError([Fault(place, 0, name, f"must be text or a timestamp, is {kind}")])


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _unfolded(column: pa.ChunkedArray, name: str, place: str) -> pa.ChunkedArray:
    """Texts that were kept once each, in full, unless a small file would fill the machine with them."""
    kind = column.type.value_type
    if _is_text(kind):
        lengths = (pc.take(pc.binary_length(chunk.dictionary), chunk.indices) for chunk in column.chunks)
        if sum(pc.sum(length).as_py() or 0 for length in lengths) > limits.PARQUET_TEXT:
            what = f"holds more than {limits.size(limits.PARQUET_TEXT)} of text in {PART:,} rows: these are no ids"
            raise InputError([Fault(place, 0, name, what)])
    return column.cast(kind)


def _float_text(values: pl.Series) -> pl.Series:
    """Floats as whole numbers where they are exact ones; the others in a form that is no whole number."""
    value = pl.col(values.name)
    whole = value.is_finite() & (value.abs() < _EXACT_FLOAT) & (value == value.floor())
    exact = value.cast(pl.Int64, strict=False).cast(pl.String)
    return values.to_frame().select(pl.when(whole).then(exact).otherwise(pl.format("{} as a float", value))).to_series()


def _time_text(ticks: pl.Series, unit: str) -> pl.Series:
    """Timestamps as ISO 8601, cut to microseconds; those far outside the calendar in a form that is no time."""
    tick = pl.col(ticks.name)
    a_second = _TICKS[unit]
    microseconds = (tick * 10**6 // a_second) if a_second < 10**6 else tick // (a_second // 10**6)
    near = tick.is_between(-_CENTURIES * a_second, _CENTURIES * a_second)
    time = pl.when(near).then(microseconds).cast(TIME).dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")
    return ticks.to_frame().select(time.fill_null(pl.format("{} " + unit + " from 1970", tick))).to_series()
