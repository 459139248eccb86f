"""A sample of the fuzzing that `make fuzz` does in full, and proof that its judges see what they are there for."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.fuzz import book, plain_csv, plain_json
from tests.fuzz.kinds import CRASHED, HUNG, KINDS, LOST, WRONG, Verdict
from tests.fuzz.readings import Refused, Row, disagreement
from tests.fuzz.run import fuzz

GOOD = ("o1", "f", "t", datetime(2026, 10, 31, 23, tzinfo=UTC), 14, None)
OTHER = (*GOOD[:4], 15, None)


@pytest.mark.parametrize("kind", KINDS)
def test_no_file_crashes_hangs_or_is_read_wrong(kind: str) -> None:
    found = fuzz(kind, first=1_000_000, files=150)
    assert found.counts.total() == 150
    assert not [what for what in (CRASHED, HUNG, WRONG, LOST) if found.counts[what]], found.examples
    assert not [what for what in found.counts if "with checksums" in what], "checksums let nothing through"


def test_a_process_that_dies_is_a_crash_and_the_next_file_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.run.CHILD", "import os, sys; sys.stdin.readline(); os._exit(7)")
    found = fuzz("csv", 0, 2)
    assert (found.counts[CRASHED], found.deaths) == (2, 2)


def test_a_process_that_does_not_answer_is_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.run.CHILD", "import time; time.sleep(60)")
    monkeypatch.setattr("tests.fuzz.run.PATIENCE", 0.2)
    assert fuzz("csv", 0, 1).counts[HUNG] == 1


@pytest.mark.parametrize(
    ("rows", "read", "bad", "said"),
    [
        ([Row(2, GOOD)], [GOOD], set(), None),
        ([Row(2, GOOD)], [OTHER], set(), "line 2 says"),
        ([Row(2, GOOD), Row(3, OTHER)], [GOOD], set(), "line 3 says"),
        ([Row(2, GOOD)], [GOOD, GOOD], set(), "which no row says"),
        ([Row(2, None)], [GOOD], set(), "is bad and was not set aside"),
        ([Row(2, None)], [], {2}, None),
        ([Row(2, GOOD, sure=False)], [], {2}, None),
        ([Row(2, GOOD, sure=False)], [OTHER], {2}, "which no row says"),
        ([Row(2, GOOD)], [GOOD], {2}, "is good and was set aside"),
    ],
)
def test_a_difference_is_seen(rows: list[Row], read: list[tuple], bad: set[int], said: str | None) -> None:  # type: ignore[type-arg]
    found = disagreement(rows, read, bad)
    assert found is None if said is None else said in str(found)


def test_the_plain_readings_read() -> None:
    header = "org_id,product_family,usage_type,hour,quantity"
    assert plain_csv.read(f'{header}\no1,"f",t,2026-11-01T00:00:00+01:00,14.0\n,,,,\n') == [Row(2, GOOD), Row(3, None)]
    record = '{"type":"usage_timeseries","attributes":{"public_id":"o1","product_family":"f","timestamp":"%s",%s}}'
    text = record % ("2026-10-31T23:00:00Z", '"measurements":[{"usage_type":"\\u0074","value":14}]')
    assert plain_json.read(f'{{"data":[{text}]}}') == [Row(1, GOOD)]
    for wrong in ("[", '{"data":[],"data":[]}', '{"data":[NaN]}', '{"data":["\\ud800"]}', "01", '{"data":[1,]}', ""):
        assert plain_json.read(wrong) == Refused(), wrong


def test_a_book_that_is_read_wrong_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, lines in book.GOOD.items():
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
    assert KINDS["book"].judge(tmp_path, None) == Verdict("accepted")
    plain = book.reading(tmp_path)
    (tmp_path / "customers.csv").write_text("\n".join(book.GOOD["customers.csv"]).replace("120", "121"))
    monkeypatch.setattr(book, "reading", lambda folder: plain)
    assert KINDS["book"].judge(tmp_path, None).what == WRONG
