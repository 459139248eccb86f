"""The lake against a plain dict: which row holds, what stays readable, when nothing is written."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from deltalake import DeltaTable
from hypothesis import example, given, settings
from hypothesis import strategies as st

from billing import lake as lake_module
from billing.delta import Delta
from billing.hours import HOUR
from billing.lake import HISTORY, Lake, Put
from tests.billing.said import Said, hour, quantities, usage, values

NOW = datetime(2026, 12, 1, tzinfo=UTC)
ALL = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)

hours = st.sampled_from([-25, -1, 0, 1, 743, 744]).map(hour)
amounts = st.none() | st.sampled_from([0, 1, 2, 2**63 - 1])
observed = st.none() | st.integers(1, 4).map(lambda day: NOW + timedelta(days=day, microseconds=1))
said = st.tuples(st.sampled_from(["o1", "o2"]), hours, amounts, observed)
batches = st.lists(said, max_size=6)


@contextmanager
def empty_lake() -> Iterator[Lake]:
    with tempfile.TemporaryDirectory() as directory:
        yield Lake(str(Path(directory, "lake")))


def known_at(row: Said) -> datetime:
    return row[3] or row[1] + HOUR


def test_an_empty_lake_can_be_asked(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    assert (lake.version, lake.span(), lake.current(*ALL).rows().height) == (-1, None, 0)
    assert lake.history(*ALL).schema == HISTORY
    assert lake.put(usage([]), NOW) == Put(0, 0)
    assert lake.version == -1


@settings(max_examples=20)
@given(st.lists(batches, max_size=4))
def test_the_last_row_of_a_key_holds_and_no_value_is_lost(loads: list[list[Said]]) -> None:
    held: dict[tuple[str, datetime], int | None] = {}
    ever: dict[tuple[str, datetime], set[int | None]] = {}
    with empty_lake() as lake:
        for rows in loads:
            before = dict(held)
            done = lake.put(usage(rows), NOW)
            for org, at, quantity, _ in rows:
                held[org, at] = quantity
                ever.setdefault((org, at), set()).add(quantity)
            assert done.changed + done.same == len(rows)
            assert done.changed > 0 or held == before
            assert quantities(lake.current(*ALL)) == held
        history = lake.history(*ALL)
    found: dict[tuple[str, datetime], set[int | None]] = {}
    for org, at, quantity in history.select("org_id", "hour", "quantity").iter_rows():
        found.setdefault((org, at), set()).add(quantity)
    assert found == ever
    assert history["seq"].is_sorted()
    assert history["seq"].n_unique() == history.height


@settings(max_examples=20)
@given(batches, batches)
@example([("o1", hour(0), 7, NOW), ("o1", hour(0), 7, NOW + HOUR), ("o1", hour(0), 9, NOW + 2 * HOUR)], [])
@example([("o1", hour(0), 7, NOW), ("o1", hour(0), 9, NOW), ("o1", hour(0), 7, NOW + HOUR)], [("o1", hour(0), 7, None)])
def test_an_identical_reread_changes_nothing(rows: list[Said], earlier: list[Said]) -> None:
    with empty_lake() as lake:
        lake.put(usage(earlier), NOW)
        lake.put(usage(rows), NOW)
        version = lake.version
        assert lake.put(usage(rows), NOW + HOUR) == Put(0, len(rows))
        assert lake.version == version


@settings(max_examples=20)
@given(st.lists(said, max_size=10), st.lists(st.integers(0, 10), max_size=3))
def test_batches_split_or_merged_end_in_the_same_frame(rows: list[Said], cuts: list[int]) -> None:
    bounds = sorted({0, len(rows), *(min(cut, len(rows)) for cut in cuts)})
    with empty_lake() as merged, empty_lake() as split:
        merged.put(usage(rows), NOW)
        for first, last in pairwise(bounds):
            split.put(usage(rows[first:last]), NOW)
        assert quantities(merged.current(*ALL)) == quantities(split.current(*ALL))


@settings(max_examples=15)
@given(st.lists(st.tuples(amounts, observed), min_size=1, max_size=5))
def test_each_restatement_keeps_its_value_and_when_it_became_known(
    said: list[tuple[int | None, datetime | None]],
) -> None:
    rows: list[Said] = [("o1", hour(0), *one) for one in said]
    with empty_lake() as lake:
        for row in rows:
            lake.put(usage([row]), NOW)
        history = lake.history(*ALL)
    told = rows[:1]
    for row in rows[1:]:
        if row[2] != told[-1][2] or (row[3] is not None and row[3] < known_at(told[-1])):
            told.append(row)
    assert history["quantity"].to_list() == [row[2] for row in told]
    assert history["known_at"].to_list() == [known_at(row) for row in told]


def test_a_restatement_and_back_are_two_changes(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    for quantity in (5, 8, 5):
        assert lake.put(values({0: quantity}), NOW) == Put(1, 0)
    assert lake.history(*ALL)["quantity"].to_list() == [5, 8, 5]
    assert quantities(lake.current(*ALL)) == {("o1", hour(0)): 5}


def test_a_value_that_was_observed_sooner_is_news(tmp_path: Path) -> None:
    """An older export that is ingested after a newer one tells when the value was known; again it tells nothing."""
    lake = Lake(str(tmp_path / "lake"))
    early, late = hour(48), hour(480)
    assert lake.put(usage([("o1", hour(0), 5, late)]), NOW) == Put(1, 0)
    assert lake.put(usage([("o1", hour(0), 5, early)]), NOW) == Put(1, 0)
    for at in (early, late):
        assert lake.put(usage([("o1", hour(0), 5, at)]), NOW) == Put(0, 1)
        assert quantities(lake.known(*ALL, at)) == {("o1", hour(0)): 5}
    assert quantities(lake.known(*ALL, hour(47))) == {}


def test_null_and_zero_and_absent_are_three_things(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    lake.put(values({0: None, 1: 0}), NOW)
    assert quantities(lake.current(*ALL)) == {("o1", hour(0)): None, ("o1", hour(1)): 0}
    assert lake.put(values({0: None, 1: 0}), NOW) == Put(0, 2)
    assert lake.put(values({0: 0, 1: None}), NOW) == Put(2, 0)
    assert quantities(lake.current(*ALL)) == {("o1", hour(0)): 0, ("o1", hour(1)): None}


def test_many_small_files_become_one_and_nothing_readable_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loose, tight = Lake(str(tmp_path / "loose")), Lake(str(tmp_path / "tight"))
    for lake, most in ((loose, 48), (tight, 2)):
        monkeypatch.setattr(lake_module, "FILES", most)
        for n in range(7):
            lake.put(values({0: n, 743: n % 2, 744: n // 2}), NOW)
    told = [name for name in HISTORY.names() if name != "seq"]  # a compaction is a commit, which the order counts
    assert tight.history(*ALL).select(told).equals(loose.history(*ALL).select(told))
    assert tight.current(*ALL).named().equals(loose.current(*ALL).named())
    files = [len(DeltaTable(f"{lake.uri}/usage").file_uris()) for lake in (tight, loose)]
    assert files[0] < files[1]


def test_a_compaction_that_was_overtaken_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another writer puts between this one's look at the rows and its commit."""
    lake = Lake(str(tmp_path / "lake"))
    lake.put(values({0: 0, 1: 1}), NOW)
    lake.put(values({0: 1}), NOW)
    replace = Delta.replace

    def overtaken(self: Delta, table: DeltaTable, rows: pa.RecordBatchReader, predicate: str) -> bool:
        Lake(lake.uri).put(values({0: 2}), NOW)
        return replace(self, table, rows, predicate)

    monkeypatch.setattr(Delta, "replace", overtaken)
    lake.compact("2026-10")
    assert lake.history(*ALL)["quantity"].to_list() == [0, 1, 1, 2]
    assert quantities(lake.current(*ALL)) == {("o1", hour(0)): 2, ("o1", hour(1)): 1}
    monkeypatch.undo()
    lake.compact("2026-10")
    assert lake.history(*ALL)["quantity"].to_list() == [0, 1, 1, 2]
    assert quantities(lake.current(*ALL)) == {("o1", hour(0)): 2, ("o1", hour(1)): 1}


@settings(max_examples=8)
@given(st.data())
def test_a_span_reads_its_hours_and_no_others(data: st.DataObject) -> None:
    edges = [datetime(2026, month, 1, tzinfo=UTC) + n * HOUR for month in (1, 2, 3, 10, 12) for n in (-1, 0, 1)]
    with empty_lake() as lake:
        lake.put(usage(("o1", at, n, None) for n, at in enumerate(edges)), NOW)
        for _ in range(5):
            start, end = sorted(data.draw(st.tuples(st.sampled_from(edges), st.sampled_from(edges))))
            assert sorted(at for _, at in quantities(lake.current(start, end))) == [
                e for e in edges if start <= e < end
            ]
        assert lake.span() == (edges[0], edges[-1])


def test_a_month_is_read_without_the_files_of_the_others(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    lake.put(values({-24 * 35: 0, -1: 1, 0: 2, 743: 3, 744: 4, 24 * 70: 5}), NOW)
    for month in ("2026-08", "2026-09", "2026-12"):
        shutil.rmtree(tmp_path / "lake" / "usage" / f"month={month}")
    assert lake.current(hour(0), hour(744)).rows()["quantity"].sort().to_list() == [2, 3]


@pytest.mark.parametrize("name", ["my lake", "한빛 데이터", "50% #1", "a&b=c"])
def test_a_lake_may_lie_in_any_directory(name: str, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / name / "lake"))
    lake.put(values({0: 1}), NOW)
    assert lake.put(values({0: 1}), NOW) == Put(0, 1)
    assert quantities(lake.current(*ALL)) == {("o1", hour(0)): 1}


def test_values_are_kept_to_the_last_bit(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    lake.put(values({0: 2**63 - 1, 1: 2**63 - 2, 2: 2**53 + 1}), NOW)
    assert lake.current(*ALL).rows()["quantity"].sort().to_list() == [2**53 + 1, 2**63 - 2, 2**63 - 1]
    assert lake.current(*ALL).rows().schema["quantity"] == pl.Int64
