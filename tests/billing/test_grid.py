"""The tape of what was known when, against plain dicts; and sums that leave int64."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.catalog import Catalog, Meter
from billing.frames import TIME
from billing.grid import Grid, Tape, as_float
from billing.hours import HOUR
from billing.names import KIND
from billing.usage import Usage, hour_number
from tests.billing.said import OCTOBER, hour

WIDTH = 5
END = hour(WIDTH)
LARGEST = 2**63 - 1
Fact = tuple[str, tuple[str, str], datetime, int | None, datetime]  # org, usage type, hour, quantity, known_at
SCHEMA = {
    "org_id": pl.String(),
    "product_family": pl.String(),
    "usage_type": pl.String(),
    "hour": TIME,
    "quantity": pl.Int64(),
    "known_at": TIME,
    "seq": pl.Int64(),
}


def meter(name: str, family: str, *usage_types: str) -> Meter:
    return Meter(name, name, family, usage_types, "sum", "sum", 1, "unit", None, Decimal(0), {})


CATALOG = Catalog({m.meter: m for m in (meter("many", "f", "a", "b", "c"), meter("one", "g", "a"))}, frozenset())
METER_OF = {("f", "a"): "many", ("f", "b"): "many", ("f", "c"): "many", ("g", "a"): "one"}

amounts = st.none() | st.integers(0, 3) | st.integers(LARGEST - 2, LARGEST) | st.just(2**62)
kinds = st.sampled_from([*METER_OF, ("h", "stranger")])
instants = st.integers(-2, 12).map(lambda n: OCTOBER + timedelta(minutes=30 * n))
facts = st.tuples(st.sampled_from(["o1", "o2"]), kinds, st.integers(-1, WIDTH).map(hour), amounts, instants)
Cells = dict[tuple[str, str, datetime], int]


def history(rows: Sequence[Fact]) -> pl.DataFrame:
    """Rows of a lake's history in the order of ingest, which need not be the order of `known_at`."""
    told = [(org, *kind, at, quantity, known, seq) for seq, (org, kind, at, quantity, known) in enumerate(rows)]
    return pl.DataFrame(told, SCHEMA, orient="row")


def tape_of(told: pl.DataFrame) -> Tape:
    """The tape of a history, whose series are numbered as a lake would."""
    usage = Usage.of(told)
    numbered = told.join(usage.names, on=KIND, maintain_order="left").with_columns(hour_number())
    return Tape(numbered, usage.names, CATALOG, OCTOBER, END)


def settled(rows: Sequence[Fact]) -> Grid:
    return Grid.of(Usage.of(history(rows)), CATALOG, OCTOBER, END)


def known(rows: Sequence[Fact], at: datetime) -> Cells:
    """The values of the hours before `at`, as known at `at`; hours of which nothing is said are left out."""
    last = {(org, kind, of): quantity for org, kind, of, quantity, known_at in rows if known_at <= at}
    cells: Cells = {}
    for (org, kind, of), quantity in last.items():
        if kind in METER_OF and OCTOBER <= of < min(at, END) and of + HOUR <= at and quantity is not None:
            key = org, METER_OF[kind], of
            cells[key] = cells.get(key, 0) + quantity
    return cells


def cells(grid: Grid) -> Cells:
    assert grid.values.shape == grid.seen.shape == (len(grid.keys), (grid.end - grid.start) // HOUR)
    assert not grid.values[~grid.seen].any()
    return {
        (*key, grid.start + column * HOUR): int(grid.values[row, column])
        for row, key in enumerate(grid.keys)
        for column in range(grid.values.shape[1])
        if grid.seen[row, column]
    }


@settings(max_examples=150)
@given(st.lists(facts, max_size=14), st.lists(instants, max_size=6).map(sorted))
def test_a_tape_knows_at_each_time_what_was_said_by_then(rows: list[Fact], times: list[datetime]) -> None:
    tape = tape_of(history(rows))
    before: Cells = {}
    columns = OCTOBER
    for at in times:
        grid, changed = tape.at(max(at, OCTOBER))
        at = max(at, OCTOBER)
        now = cells(grid)
        assert now == known(rows, at)
        told = history(rows).filter(pl.col("known_at") <= at)
        filtered, _ = tape_of(told).at(at)
        assert cells(filtered) == now
        differing = {key[2] for key, _ in before.items() ^ now.items() if key[2] < columns}
        assert not differing or (changed is not None and changed <= min(differing))
        before, columns = now, grid.end


@settings(max_examples=60)
@given(st.lists(facts, max_size=14))
def test_a_settled_grid_takes_the_last_row_whenever_it_was_observed(rows: list[Fact]) -> None:
    grid = settled(rows)
    assert cells(grid) == known([(org, kind, of, quantity, OCTOBER) for org, kind, of, quantity, _ in rows], END)


@settings(max_examples=60)
@given(st.lists(facts, min_size=1, max_size=14), st.integers(-2, 7), st.integers(-2, 7))
def test_a_part_of_a_grid_holds_its_hours(rows: list[Fact], first: int, last: int) -> None:
    grid = settled(rows)
    part = cells(grid.between(hour(first), hour(last)))
    assert part == {key: value for key, value in cells(grid).items() if hour(first) <= key[2] < hour(last)}


@settings(max_examples=100)
@given(st.lists(facts, max_size=14), st.sampled_from(["o1", "o2"]))
def test_some_series_make_the_same_rows_as_all_of_them(rows: list[Fact], org: str) -> None:
    """However many others are read with them because that costs less."""
    usage = Usage.of(history(rows))
    mine = usage.names.filter(pl.col("org_id") == org)["series"]
    grid = Grid.of(usage.only(mine), CATALOG, OCTOBER, END)
    assert cells(grid) == {key: value for key, value in cells(settled(rows)).items() if key[0] == org}


def test_sums_beyond_int64_are_exact() -> None:
    rows = [("o1", ("f", kind), hour(0), LARGEST, OCTOBER) for kind in "abc"]
    grid = settled(rows)
    assert cells(grid) == {("o1", "many", hour(0)): 3 * LARGEST}
    assert as_float(grid)[0, 0] == float(3 * LARGEST)
    assert np.isnan(as_float(grid)[0, 1:]).all()


def test_a_grid_of_one_type_a_meter_keeps_int64() -> None:
    rows: list[Fact] = [("o1", ("g", "a"), hour(0), LARGEST, OCTOBER)]
    grid = settled(rows)
    assert grid.values.dtype == np.int64
    assert cells(grid) == {("o1", "one", hour(0)): LARGEST}


def test_restated_to_null_is_missing_again() -> None:
    rows: list[Fact] = [("o1", ("g", "a"), hour(0), 4, hour(1)), ("o1", ("g", "a"), hour(0), None, hour(3))]
    tape = tape_of(history(rows))
    assert cells(tape.at(hour(2))[0]) == {("o1", "one", hour(0)): 4}
    grid, changed = tape.at(hour(3))
    assert (cells(grid), changed) == ({}, hour(0))
    assert tape.at(hour(4))[1] is None
