"""Parquet files, sound and damaged, and a second reader of them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from billing.frames import USAGE
from billing.sources.read import Read
from tests.fuzz import hostile
from tests.fuzz.readings import Usage, usage_of

FIRST = datetime(2026, 10, 1, tzinfo=UTC)


class Made(NamedTuple):
    """A damaged file; `truth` is what it said before, `summed` whether its pages have checksums."""

    path: Path
    truth: tuple[Usage, ...]
    summed: bool
    harmed: bool


def make(folder: Path, random: Random) -> Made:
    """A file as pyarrow writes it, with or without page checksums, spoilt."""
    path, summed = folder / "usage.parquet", random.random() < 0.5
    table = drawn(random)
    content = written(table, path, random, summed)
    other = written(drawn(random), path, random, summed)
    spoilt = hostile.spoilt(content, random, other)
    path.write_bytes(spoilt)
    return Made(path, tuple(said(table)), summed, spoilt != content)


def drawn(random: Random) -> pa.Table:
    """A few rows of usage in one of the types that columns may have."""
    danger, n = random.choice((0.0, 0.1)), random.randint(0, 40)
    ids = [[hostile.cell(random, hostile.TEXTS, f"{name}{i % 3}", danger) for i in range(n)] for name in "oft"]
    times = [FIRST + timedelta(hours=random.randint(0, 700)) for _ in range(n)]
    hour: Any = pa.array(times, pa.timestamp(random.choice(("ms", "us", "ns")), "UTC"))
    if random.random() < 0.3:
        hour = pa.array([hostile.cell(random, hostile.TIMES, f"{at:%Y-%m-%dT%H:%M:%SZ}", danger) for at in times])
    counts = [None if random.random() < 0.1 else random.randint(0, 10**6) for _ in range(n)]
    kind = random.choice((pa.int64(), pa.int64(), pa.int32(), pa.uint64(), pa.float64(), pa.decimal128(20, 0)))
    columns = dict(zip(USAGE, [*map(pa.array, ids), hour, pa.array(counts).cast(kind)], strict=False))
    return pa.table({name: array if len(array) else array.cast(pa.string()) for name, array in columns.items()})


def written(table: pa.Table, path: Path, random: Random, summed: bool) -> bytes:
    pq.write_table(
        table,
        path,
        compression=random.choice(("none", "snappy", "zstd", "gzip", "lz4", "brotli")),
        use_dictionary=random.random() < 0.5,
        data_page_version=random.choice(("1.0", "2.0")),
        row_group_size=random.choice((7, 1000)),
        write_statistics=random.random() < 0.5,
        write_page_checksum=summed,
    )
    return path.read_bytes()


def said(table: pa.Table) -> list[Usage]:
    """The good rows of a table, cell by cell."""
    rows = [usage_of(*(text(row.get(column)) for column in USAGE))[0] for row in table.to_pylist()]
    return [row for row in rows if row]


def text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else f"{value} as a float"
    return "" if value is None else str(value)


def compared(made: Made, read: Read) -> tuple[str, str]:
    """What came of a file that was read: against what it said before, and what another reader sees in it."""
    got: list[Usage] = list(read.usage.iter_rows())
    if got == list(made.truth):
        return "accepted", ""
    if not made.harmed:
        return "wrong value", "a sound file was read wrong"
    other = second_reading(made.path)
    sums = "with checksums" if made.summed else "without checksums"
    agreed = "refuses" if other is None else "agrees" if other == got else "differs"
    detail = next((f"{row}" for row in got if row not in made.truth), f"{len(got)} of {len(made.truth)} rows")
    quarantined = " in part, the rest set aside" if read.bad and set(got) <= set(made.truth) else ""
    return f"changed{quarantined} {sums}, a second reader {agreed}", detail


def second_reading(path: Path) -> list[Usage] | None:
    """The good rows as polars reads them; None where it does not."""
    try:
        frame = pl.read_parquet(path, use_pyarrow=False)
        rows = [usage_of(*(text(row.get(column)) for column in USAGE))[0] for row in frame.iter_rows(named=True)]
    except (Exception, pl.exceptions.PanicException):  # noqa: BLE001  whatever it is, it did not read the file
        return None
    return [row for row in rows if row]
