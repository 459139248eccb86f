"""Usage as CSV: a header, then one row a line. A quoted field may not go on over the end of its line."""

import csv
from collections.abc import Iterable, Iterator

import polars as pl

from billing.errors import Fault, InputError
from billing.frames import USAGE
from billing.sources.read import Read
from billing.sources.rows import RAW, REQUIRED, check


def read_csv(blocks: Iterable[str], place: str) -> Iterator[Read]:
    """Usage of a CSV file in blocks of whole lines; the header is line 1. Empty lines are passed over, further
    columns ignored.

    Raises InputError for a header that lacks a column, repeats one or cannot be read.
    """
    header: list[str] = []
    before = 0
    for text in blocks:
        lines = text.split("\n")
        if not header:
            header, lines[0] = _header(lines[0].removesuffix("\r"), place), ""
        yield _rows(lines, before, header, place)
        before += len(lines) - 1


def _rows(lines: list[str], before: int, header: list[str], place: str) -> Read:
    """The usage of lines that come after `before` others."""
    rest = (
        pl.DataFrame({"text": lines}, schema={"text": pl.String})
        .with_row_index("line", offset=before + 1)
        .with_columns(pl.col("line").cast(pl.Int64), pl.col("text").str.strip_suffix("\r"))
        .filter(pl.col("text") != "")
    )
    quoted = pl.col("text").str.contains('"', literal=True)
    raw = pl.concat([_split(rest.filter(~quoted), header), _unquote(rest.filter(quoted), header)])
    return check(raw.sort("line"), place, lambda line: lines[line - before - 1].removesuffix("\r"))


def _header(line: str, place: str) -> list[str]:
    if not line.strip():
        raise InputError([Fault(place, 1, "", f"no header: the first line must name {','.join(REQUIRED)}")])
    fields, broken = _fields(line)
    if broken:
        raise InputError([Fault(place, 1, "", broken)])
    names = [field.strip() for field in fields]
    faults = [Fault(place, 1, name, "this column is there twice") for name in {*names} if names.count(name) > 1]
    faults += [Fault(place, 1, name, "this column is missing") for name in REQUIRED if name not in names]
    if faults:
        raise InputError(sorted(faults))
    return names


def _split(lines: pl.DataFrame, header: list[str]) -> pl.DataFrame:
    """Lines without a quote, cut at the commas, as RAW."""
    width = pl.col("text").str.count_matches(",", literal=True) + 1
    fields = pl.col("text").str.split_exact(",", len(header) - 1).struct.rename_fields(header)
    return lines.with_columns(fields.alias("fields")).select(
        "line",
        pl.when(width != len(header)).then(pl.format("{} " + _instead_of(header), width)).alias("broken"),
        *(
            pl.col("fields").struct.field(column) if column in header else pl.lit(None, pl.String).alias(column)
            for column in USAGE
        ),
    )


def _unquote(lines: pl.DataFrame, header: list[str]) -> pl.DataFrame:
    """Lines with a quote, taken apart one by one, as RAW."""
    rows = []
    for line, text in lines.iter_rows():
        fields, broken = _fields(text)
        if not broken and len(fields) != len(header):
            broken = f"{len(fields)} {_instead_of(header)}"
        row = dict(zip(header, fields, strict=False))
        rows.append((line, broken, *map(row.get, USAGE)))
    return pl.DataFrame(rows, schema=RAW, orient="row")


def _fields(line: str) -> tuple[list[str], str | None]:
    """The fields of one line, or why it has none."""
    try:
        return next(csv.reader([line], strict=True)), None
    except csv.Error as wrong:
        return [], f"not a line of CSV: {wrong}"


def _instead_of(header: list[str]) -> str:
    return f"fields, the header has {len(header)}"
