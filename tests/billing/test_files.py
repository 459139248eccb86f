"""Usage files: what is read exactly, what is quarantined where, what is refused whole."""

import csv
import gzip
import io
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from unittest import mock

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from billing import limits
from billing.errors import InputError
from billing.frames import TIME, USAGE
from billing.hours import iso
from billing.sources import texts
from billing.sources.files import read_file, usage_paths
from billing.sources.read import Read

FIRST_HOUR = datetime(2000, 1, 1, tzinfo=UTC)
HOURS_OF_100_YEARS = 876_600
HEADER = "org_id,product_family,usage_type,hour,quantity"
GOOD = "o1,infra_hosts,host_count,2026-10-31T23:00:00Z,14"
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

ids = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=200).filter(str.strip)
hours = st.integers(0, HOURS_OF_100_YEARS).map(lambda n: FIRST_HOUR + timedelta(hours=n))
instants = st.datetimes(datetime(2000, 1, 1), datetime(2100, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 hypothesis wants naive bounds
rows = st.tuples(ids, ids, ids, hours, st.none() | st.integers(0, 2**63 - 1), st.none() | instants)


def frame(values: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(values, schema=USAGE, orient="row")


def read_bytes(content: bytes, name: str) -> Read:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        return read_file(path)


def read_csv(text: str) -> Read:
    return read_bytes(text.encode(), "usage.csv")


def faults(read: Read) -> list[str]:
    return [str(bad.fault).partition("usage.csv:")[2] for bad in read.bad]


def refusal(content: bytes, name: str) -> str:
    with pytest.raises(InputError) as refused:
        read_bytes(content, name)
    return str(refused.value)


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, write_page_checksum=True)
    return sink.getvalue()


def table(**columns: Any) -> pa.Table:
    """A table of three rows of usage, with other columns where given."""
    usage: dict[str, Any] = {
        "org_id": ["o1", "o2", "o3"],
        "product_family": ["f"] * 3,
        "usage_type": ["t"] * 3,
        "hour": ["2026-10-31T23:00:00Z"] * 3,
        "quantity": [1, 2, 3],
    }
    return pa.table(usage | columns)


@quick
@given(
    st.lists(rows, max_size=12),
    st.permutations([*USAGE, "remark"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["utf-8", "utf-8-sig"]),
    st.sampled_from(["usage.csv", "USAGE.CSV", "usage.csv.gz"]),
)
def test_csv_comes_back_as_it_went_in(
    values: list[tuple[Any, ...]], columns: list[str], newline: str, quoting: Any, encoding: str, name: str
) -> None:
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator=newline, quoting=quoting)
    writer.writerow(columns)
    for value in values:
        text = dict(zip(USAGE, value, strict=True))
        for time in ("hour", "observed_at"):
            text[time] = iso(text[time]) if text[time] else ""
        writer.writerow(["any, thing" if column == "remark" else text[column] for column in columns])
    content = sink.getvalue().encode(encoding)
    read = read_bytes(gzip.compress(content, mtime=0) if name.endswith(".gz") else content, name)
    assert not read.bad
    assert read.usage.schema == USAGE
    assert read.usage.equals(frame(values))


@quick
@given(st.lists(rows, max_size=12), st.sampled_from(["ms", "us", "ns"]), st.sampled_from([None, "UTC", "Asia/Seoul"]))
def test_parquet_comes_back_as_it_went_in(values: list[tuple[Any, ...]], unit: str, zone: str | None) -> None:
    usage = frame([(*value[:5], value[5] and value[5].replace(microsecond=0)) for value in values])
    arrow = pa.table(usage.to_arrow())
    for name in ("hour", "observed_at"):
        place = arrow.column_names.index(name)
        arrow = arrow.set_column(place, name, arrow[name].cast(pa.timestamp(unit, zone)))
    read = read_bytes(parquet(arrow), "usage.parquet")
    assert not read.bad
    assert read.usage.equals(usage)


NO_TIME = "is not a time in ISO 8601, such as 2026-10-31T23:00:00Z"
BAD_ROWS = {
    ",f,t,2026-10-31T23:00:00Z,1": "org_id: is empty",
    "  ,f,t,2026-10-31T23:00:00Z,1": "org_id: is empty",
    "o,,t,2026-10-31T23:00:00Z,1": "product_family: is empty",
    'o,f,"",2026-10-31T23:00:00Z,1': "usage_type: is empty",
    "o\0,f,t,2026-10-31T23:00:00Z,1": "org_id: 'o\\x00' holds a control character",
    "o,f\u0085,t,2026-10-31T23:00:00Z,1": "product_family: 'f\\x85' holds a control character",
    f"{'é' * 201},f,t,2026-10-31T23:00:00Z,1": f"org_id: '{'é' * 60}...' is longer than 200 characters",
    "o,f,t,,1": "hour: is empty",
    "o,f,t,yesterday,1": f"hour: 'yesterday' {NO_TIME}",
    "o,f,t,2026-13-01T00:00:00Z,1": f"hour: '2026-13-01T00:00:00Z' {NO_TIME}",
    "o,f,t,2026-10-31T23:00:60Z,1": f"hour: '2026-10-31T23:00:60Z' {NO_TIME}",
    "o,f,t,2026-10-31T23:30:00Z,1": "hour: '2026-10-31T23:30:00Z' is not on the full hour",
    "o,f,t,2026-10-31T23:00:00.000001Z,1": "hour: '2026-10-31T23:00:00.000001Z' is not on the full hour",
    "o,f,t,2026-10-31T23:00:00+05:30,1": "hour: '2026-10-31T23:00:00+05:30' is not on the full hour",
    "o,f,t,2026-10-31,1": "hour: '2026-10-31' is a day, not an hour",
    "o,f,t,1999-12-31T23:00:00Z,1": "hour: '1999-12-31T23:00:00Z' is outside the years 2000 to 2100",
    "o,f,t,2101-01-01T00:00:00Z,1": "hour: '2101-01-01T00:00:00Z' is outside the years 2000 to 2100",
    "o,f,t,0001-01-01T00:00:00+01:00,1": (f"hour: '0001-01-01T00:00:00+01:00' {NO_TIME}"),
    "o,f,t,2026-10-31T23:00:00Z,-1": "quantity: '-1' is negative",
    "o,f,t,2026-10-31T23:00:00Z,1e3": "quantity: '1e3' is not a whole number",
    "o,f,t,2026-10-31T23:00:00Z,1.5": "quantity: '1.5' is not a whole number",
    "o,f,t,2026-10-31T23:00:00Z,5.": "quantity: '5.' is not a whole number",
    "o,f,t,2026-10-31T23:00:00Z,NaN": "quantity: 'NaN' is not a whole number",
    "o,f,t,2026-10-31T23:00:00Z,null": "quantity: 'null' is not a whole number",
    "o,f,t,2026-10-31T23:00:00Z,١": "quantity: '١' is not a whole number",
    'o,f,t,2026-10-31T23:00:00Z,"1,000"': "quantity: '1,000' is not a whole number",
    "o,f,t,2026-10-31T23:00:00Z,9223372036854775808": (
        "quantity: '9223372036854775808' is over the largest quantity, 9223372036854775807"
    ),
    "o,f,t,2026-10-31T23:00:00Z": "4 fields, the header has 5",
    "o,f,t,2026-10-31T23:00:00Z,1,": "6 fields, the header has 5",
    '"o",f,t,2026-10-31T23:00:00Z': "4 fields, the header has 5",
    'o,f,"t,2026-10-31T23:00:00Z,1': "not a line of CSV: unexpected end of data",
    '"o"o,f,t,2026-10-31T23:00:00Z,1': "not a line of CSV: ',' expected after '\"'",
    ",f,t,now,-1": (f"org_id: is empty; hour: 'now' {NO_TIME}; quantity: '-1' is negative"),
    ",,,,x": "org_id: is empty; product_family: is empty; usage_type: is empty",
}


@pytest.mark.parametrize(("row", "why"), BAD_ROWS.items())
def test_a_bad_row_says_where_and_why(row: str, why: str) -> None:
    read = read_csv(f"{HEADER}\n{GOOD}\n{row}\n{GOOD}\n")
    assert faults(read) == [f"3: {why}"]
    assert read.bad[0].row == row.replace("\0", "\\0")
    assert read.usage.height == 2


@quick
@given(st.lists(st.sampled_from(["", GOOD, *BAD_ROWS]), max_size=30), st.sampled_from(["\n", "\r\n"]))
def test_exactly_the_bad_lines_are_quarantined(lines: list[str], newline: str) -> None:
    read = read_csv(newline.join([HEADER, *lines]))
    assert [bad.fault.line for bad in read.bad] == [n for n, line in enumerate(lines, 2) if line in BAD_ROWS]
    assert [bad.fault.column for bad in read.bad] == [
        BAD_ROWS[line].split(": ")[0] if BAD_ROWS[line].split(": ")[0] in USAGE else ""
        for line in lines
        if line in BAD_ROWS
    ]
    assert read.usage.height == lines.count(GOOD)


def test_a_long_bad_row_is_cut() -> None:
    (bad,) = read_csv(f"{HEADER},remark\n{GOOD},{'x' * 10_000},{'y' * 10_000}\n").bad
    assert bad.row.startswith(f"{GOOD},xxx")
    assert len(bad.row) == 500


def test_a_field_beyond_the_limit_of_pythons_csv_is_one_bad_row() -> None:
    read = read_csv(f'{HEADER},remark\n{GOOD},"{"x" * 200_000}"\n{GOOD},""\n')
    assert faults(read) == ["2: not a line of CSV: field larger than field limit (131072)"]
    assert read.usage.height == 1


@given(hours, st.integers(-14 * 4, 14 * 4), st.sampled_from(["T", " "]), st.sampled_from(["auto", "milliseconds"]))
def test_an_offset_is_converted(hour: datetime, quarters: int, separator: str, parts: str) -> None:
    local = hour.astimezone(timezone(timedelta(minutes=15 * quarters)))
    read = read_csv(f"{HEADER}\no,f,t,{local.isoformat(separator, parts)},1\n")
    assert read.usage["hour"].to_list() == [hour]


def test_without_an_offset_an_hour_is_utc() -> None:
    read = read_csv(f"{HEADER}\no,f,t,2026-10-31T23:00:00,1\no,f,t,2026-10-31T23,1\no,f,t,20261031T23Z,1\n")
    assert read.usage["hour"].to_list() == [datetime(2026, 10, 31, 23, tzinfo=UTC)] * 3


@given(st.integers(-(2**70), 2**70) | st.integers(-(2**63) - 3, 2**63 + 3), st.integers(0, 3), st.integers(0, 3))
def test_quantities_are_exact(number: int, zeros_before: int, zeros_behind: int) -> None:
    digits = "0" * zeros_before + str(abs(number)) + ("." + "0" * zeros_behind if zeros_behind else "")
    read = read_csv(f"{HEADER}\no,f,t,2026-10-31T23:00:00Z, {'-' if number < 0 else ''}{digits} \n")
    assert read.usage["quantity"].to_list() == ([number] if 0 <= number < 2**63 else [])
    assert len(read.bad) == 1 - read.usage.height


@example(2.0**53)
@example(2.0**53 - 1)
@given(st.floats(width=64) | st.integers(-(2**54), 2**54).map(float))
def test_floats_of_parquet_are_taken_only_where_exact(value: float) -> None:
    read = read_bytes(parquet(table(quantity=pa.array([value, None, 7.0]))), "usage.parquet")
    exact = value.is_integer() and 0 <= value < 2**53
    assert read.usage["quantity"].to_list() == [*([int(value)] if exact else []), None, 7]
    assert [bad.fault.line for bad in read.bad] == ([] if exact else [1])


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint16(), pa.int64(), pa.uint64(), pa.decimal128(38, 0), pa.float32()])
def test_every_type_of_number_will_do(kind: pa.DataType) -> None:
    read = read_bytes(parquet(table(quantity=pa.array([1, None, 0], kind))), "usage.parquet")
    assert read.usage["quantity"].to_list() == [1, None, 0]


def test_parquet_numbers_its_bad_rows_from_one() -> None:
    quantity = pa.array([2**64 - 1, 2, 3], pa.uint64())
    hour = pa.array([0, 1_790_000_000 // 3600 * 3600, -(2**63) // 1000 + 1], pa.timestamp("s"))
    read = read_bytes(parquet(table(hour=hour, quantity=quantity)), "usage.parquet")
    assert [bad.fault.line for bad in read.bad] == [1, 3]
    assert "over the largest quantity" in read.bad[0].fault.what
    assert json.loads(read.bad[0].row)["quantity"] == str(2**64 - 1)
    assert read.usage["org_id"].to_list() == ["o2"]


def test_timestamps_beyond_every_calendar_are_bad_rows() -> None:
    for unit in ("ms", "us", "ns"):
        hour = pa.array([2**63 - 1, -(2**63), 0], pa.timestamp(unit, "UTC"))
        read = read_bytes(parquet(table(hour=hour)), "usage.parquet")
        assert [bad.fault.column for bad in read.bad] == ["hour"] * 3


def test_ids_of_a_category_are_text() -> None:
    read = read_bytes(parquet(table(org_id=pa.array(["b", "a", "b"]).dictionary_encode())), "usage.parquet")
    assert read.usage["org_id"].to_list() == ["b", "a", "b"]


def test_duplicates_stay_and_null_is_not_zero() -> None:
    read = read_csv(f"{HEADER}\n{GOOD}\no,f,t,2026-10-31T23:00:00Z,\n{GOOD}\no,f,t,2026-10-31T23:00:00Z,0")
    assert read.usage["quantity"].to_list() == [14, None, 14, 0]
    assert read.usage["observed_at"].dtype == TIME
    assert read.usage["observed_at"].null_count() == 4


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "usage.csv", "usage.csv:1: no header: the first line must name org_id,product_family,usage_type,hour"),
        (b"org_id,hour,hour\n", "usage.csv", "usage.csv:1: hour: this column is there twice"),
        (b"org_id,hour\n", "usage.csv", "usage.csv:1: quantity: this column is missing"),
        (f"{HEADER}\n{GOOD}\n".encode() + b"\xff\n", "usage.csv", "usage.csv:3: not UTF-8: byte 0xff"),
        (HEADER.encode("utf-16"), "usage.csv", "not UTF-8"),
        (gzip.compress(b"x" * 999, mtime=0)[:-9], "usage.csv.gz", "cannot be read: "),
        (b"\x1f\x8bnot really", "usage.csv", "cannot be read: "),
        (b"PAR1", "usage.parquet", "not a Parquet file that can be read"),
        (parquet(table())[:-30], "usage.parquet", "not a Parquet file that can be read"),
        (parquet(table().drop(["hour", "org_id"])), "usage.parquet", "hour: this column is missing"),
        (parquet(table(org_id=[1, 2, 3])), "usage.parquet", "org_id: must be text, is int64"),
        (parquet(table(quantity=[True] * 3)), "usage.parquet", "quantity: must be a whole number, is bool"),
        (parquet(table(hour=[1, 2, 3])), "usage.parquet", "hour: must be text or a timestamp, is int64"),
        (b"", "usage.txt", "not a kind of usage file; known are .csv, .json, .jsonl, .parquet"),
    ],
)
def test_what_cannot_be_read_is_refused_whole(content: bytes, name: str, said: str) -> None:
    assert said in refusal(content, name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.csv: there is no such file"):
        read_file(tmp_path / "gone.csv")


def test_every_missing_column_is_named_at_once() -> None:
    assert refusal(b"org_id,hour", "usage.csv").count("this column is missing") == 3


def test_a_changed_byte_of_parquet_is_noticed() -> None:
    content = bytearray(parquet(table(org_id=["first-org", "other-org", "third-org"])))
    content[content.index(b"first-org")] ^= 1
    assert "not a Parquet file that can be read" in refusal(bytes(content), "usage.parquet")


VALID = {
    "usage.csv": f'{HEADER}\n{GOOD}\n"o2",f,t,2026-10-31T22:00:00+02:00,10.0\n'.encode(),
    "usage.csv.gz": gzip.compress(f"{HEADER}\n{GOOD}\n".encode()),
    "usage.parquet": parquet(table(hour=pa.array([0, 1, 2], pa.timestamp("ns", "UTC")), quantity=[1.0, 2.5, None])),
    "usage.json": b'{"data": [{"type": "usage_timeseries", "attributes": {"public_id": "o", "product_family": "f", '
    b'"timestamp": "2026-10-31T23:00:00+00:00", "measurements": [{"usage_type": "t", "value": 1.0}]}}]}',
}


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_no_bytes_end_in_anything_but_usage_or_a_refusal(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(VALID)))
    content = bytearray(VALID[name])
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    try:
        read = read_bytes(bytes(content), name)
    except InputError as refused:
        assert all(name in fault.place for fault in refused.faults)
    else:
        assert read.usage.schema == USAGE


def test_a_directory_stands_for_the_usage_files_below_it(tmp_path: Path) -> None:
    wanted = [tmp_path / name for name in ("2026/10/a.json", "2026/b.csv.gz", "c.parquet", "d.JSONL")]
    for path in [*wanted, tmp_path / "README.md", tmp_path / ".hidden.csv", tmp_path / "e.csv.txt"]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert usage_paths([tmp_path]) == wanted
    assert usage_paths([tmp_path / "c.parquet", tmp_path / "README.md"]) == [
        tmp_path / "c.parquet",
        tmp_path / "README.md",
    ]


def test_every_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        usage_paths([tmp_path / "x.csv", tmp_path, tmp_path / "y"])
    assert [fault.place for fault in refused.value.faults] == [
        str(tmp_path / "x.csv"),
        str(tmp_path),
        str(tmp_path / "y"),
    ]


def test_rows_that_the_footer_loses_are_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flipped bit in a row group's count of rows lets the library pass over them in silence."""
    batches = pq.ParquetFile.iter_batches
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", lambda *args, **how: list(batches(*args, **how))[1:])
    assert "it has 0 rows and says that it has 3" in refusal(parquet(table()), "usage.parquet")


def test_a_small_parquet_file_cannot_fill_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billing.limits.PARQUET_TEXT", limits.MIB)
    for org in (pa.array(["x" * 10_000] * 300), pa.array(["x" * 10_000] * 300).dictionary_encode()):
        content = parquet(
            pa.table({name: ["2026-10-31T23:00:00Z"] * 300 for name in table().column_names} | {"org_id": org})
        )
        assert len(content) < 20_000
        assert "org_id: holds more than 1 MiB of text in 1,000,000 rows" in refusal(content, "usage.parquet")


LONG = f"{HEADER}\n" + f"{GOOD}\n" * 500
OVER = [
    ("FILE", 100, LONG, "usage.csv", "is larger than 0 MiB: split it"),
    ("TEXT", 5000, LONG, "usage.csv", "of text or 100,000,000 lines: split it into several files"),
    ("TEXT", 5000, LONG, "usage.csv.gz", "of text or 100,000,000 lines: split it into several files"),
    ("ROWS", 400, LONG, "usage.csv", "holds more than 400 rows: split it"),
    ("ROWS", 400, HEADER + "\n" * 5000, "usage.csv", "or 400 lines: split it into several files"),
    ("BAD_ROWS", 10, f"{HEADER}\n" + "x\n" * 11, "usage.csv", "more than 10 rows are bad"),
    ("LINE", 1000, f"{HEADER},more\n{GOOD},{'x' * 3000}\n", "usage.csv", "usage.csv:2: the line is longer than"),
    ("JSON", 1000, " " * 2000 + "{}", "usage.json", "of text: split it into several files"),
    ("JSON", 1000, " " * 2000 + "{}", "usage.json.gz", "of text: split it into several files"),
]


@pytest.mark.parametrize(("limit", "most", "text", "name", "said"), OVER)
def test_what_is_over_a_limit_is_refused_whole(
    limit: str, most: int, text: str, name: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, limit, most)
    monkeypatch.setattr(texts, "BLOCK", 1024)
    content = gzip.compress(text.encode(), mtime=0) if name.endswith(".gz") else text.encode()
    assert said in refusal(content, name)


def test_parquet_that_claims_too_many_rows_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ROWS", 2)
    assert "holds more than 2 rows: split it" in refusal(parquet(table()), "usage.parquet")


@given(
    st.lists(st.sampled_from(["", GOOD, "o2,f,t,x,1", '"o3",f,t,2026-10-31T22:00:00Z,']), max_size=60),
    st.integers(1, 300),
)
def test_blocks_change_nothing(lines: list[str], block: int) -> None:
    text = "\n".join([HEADER, *lines])
    whole = read_csv(text)
    with mock.patch.object(texts, "BLOCK", block):
        parts = read_csv(text)
    assert parts.usage.equals(whole.usage)
    assert parts.bad == tuple(
        replace(bad, fault=replace(bad.fault, place=parts.bad[0].fault.place)) for bad in whole.bad
    )
