"""A month kept up to date in memory is the month read from the lake, whatever is put."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from billing import catalog
from billing.bill import Line, Rules
from billing.book import Book, Contract, Customer, Org, Partner
from billing.frames import USAGE
from billing.grid import Grid
from billing.hours import HOUR, Month
from billing.lake import Lake
from billing.running import Running
from billing.statement import state

MONTH = Month(2026, 10)
RULES = Rules(catalog.load())
NOW = datetime(2026, 12, 1, tzinfo=UTC)
BOOK = Book(
    partners={"p": Partner("p", "P", "gold", "UTC", "en", "USD", "none", ())},
    customers={key: Customer(key, "p", key, None, "none") for key in ("c1", "c2")},
    orgs={f"o{n}": Org(f"o{n}", "c1" if n < 3 else "c2", "") for n in range(1, 5)},
    contracts={
        f"k{key}": Contract(f"k{key}", key, "annual", MONTH.first_day.replace(day=day), None, "USD")
        for key, day in (("c1", 1), ("c2", 3))
    },
)
TYPES = (
    ("infra_hosts", "host_count"),
    ("infra_hosts", "container_count"),
    ("logs", "billable_ingested_bytes"),
    ("no", "such"),
)

said = st.tuples(
    st.sampled_from(["o1", "o2", "o3", "o4", "ghost"]),
    st.sampled_from(TYPES),
    st.integers(-2, 80) | st.just(743) | st.just(744),
    st.none() | st.integers(0, 9) | st.sampled_from([10**12, 2**63 - 1]),
    st.none() | st.integers(0, 3),
)


def frame(rows: list[tuple[str, tuple[str, str], int, int | None, int | None]]) -> pl.DataFrame:
    told = [
        (org, *kind, MONTH.start + n * HOUR, quantity, None if day is None else NOW + timedelta(days=day))
        for org, kind, n, quantity, day in rows
    ]
    return pl.DataFrame(told, USAGE, orient="row")


def from_the_lake(lake: Lake, until: datetime) -> list[Line]:
    return list(state(BOOK, RULES, lake.current(MONTH.start, until), MONTH, until, "estimate").lines)


@settings(max_examples=60)
@example([[], [("o1", TYPES[0], 743, 0, None)]], 0, False)
@given(st.lists(st.lists(said, max_size=8), min_size=1, max_size=5), st.integers(0, 744), st.booleans())
def test_what_is_put_is_added(
    loads: list[list[tuple[str, tuple[str, str], int, int | None, int | None]]], n: int, tidy: bool
) -> None:
    until = MONTH.start + n * HOUR
    with tempfile.TemporaryDirectory() as directory:
        lake = Lake(str(Path(directory, "lake")))
        lake.put(frame(loads[0]), NOW)
        running = Running(BOOK, RULES, lake, MONTH)
        for rows in loads[1:]:
            Lake(lake.uri).put(frame(rows), NOW)
            if tidy and lake.span():
                Lake(lake.uri).compact(str(MONTH))
            running.refresh()
            for until_ in (until, MONTH.end):
                expected = from_the_lake(lake, until_)
                assert running.lines(until_) == expected
                assert running.lines(until_, "c1") == [line for line in expected if line.customer_id == "c1"]


def test_the_month_is_not_read_again_for_a_restated_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = Lake(str(tmp_path / "lake"))
    lake.put(frame([("o1", TYPES[0], n, 5, None) for n in range(24)]), NOW)
    running = Running(BOOK, RULES, lake, MONTH)
    monkeypatch.setattr(Grid, "of", None)
    lake.put(frame([("o1", TYPES[0], 3, 50, None), ("o1", TYPES[0], 24, 7, None)]), NOW)
    running.refresh()
    monkeypatch.undo()
    assert running.lines(MONTH.end) == from_the_lake(lake, MONTH.end)
