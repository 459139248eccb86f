"""Coverage and error of projected months on the reporting half of the public panel: series that nothing was tuned on.

Months of 28, 30 and 31 days are cut from each series wherever 8 days go before them, every third day. Each is
projected from the end of its day d, once as a volume (sum) and once as hosts (p99). Means over a series' months come
first, so that a long series does not count more. The bounds leave room for chance.
"""

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean, median

import numpy as np
import polars as pl
import pytest

from detectors.forecast import interval, paths

DATA = Path(__file__).resolve().parents[2] / "../shared/data/series/panel.parquet"
pytestmark = pytest.mark.skipif(not (DATA.parents[2]).exists(), reason="the folder shared is not beside the repository")
DAYS = (1, 5, 10, 15, 20, 25)
LENGTHS = (28, 31, 30, 31)
HISTORY, STEP = 8, 3
KINDS = ("sum", "p99")


@dataclass(frozen=True)
class Projected:
    """One projection of one month: errors as shares of what came."""

    series: str
    error: float
    simple: float
    covered: bool


def billed(kind: str, hours: np.ndarray) -> np.ndarray:
    """[..., hours] -> [...]"""
    if kind == "sum":
        return hours.sum(axis=-1)
    rank = 99 * (hours.shape[-1] - 1) // 100
    return np.partition(hours, rank, axis=-1)[..., rank]


def months() -> dict[tuple[int, int], list[tuple[str, int, np.ndarray]]]:
    """By weekday of the first day and length: the series, its days before, and its hours to the month's end."""
    frame = pl.read_parquet(DATA).with_columns(pl.col("series").cast(pl.String)).sort("series", "hour")
    found = defaultdict(list)
    for (name,), rows in frame.group_by("series", maintain_order=True):
        if not hashlib.sha256(name.encode()).digest()[-1] % 2:
            continue
        start = rows["hour"][0]
        values = rows["value"].to_numpy()[-start.hour % 24 :]
        first = (start + timedelta(hours=-start.hour % 24)).weekday()
        for nth, before in enumerate(range(len(values) // 24 - 28, HISTORY - 1, -STEP)):
            length = LENGTHS[nth % 4] if before + LENGTHS[nth % 4] <= len(values) // 24 else 28
            found[(first + before) % 7, length].append((name, before, values[: (before + length) * 24]))
    return found


@pytest.fixture(scope="module")
def projected() -> dict[tuple[str, int], list[Projected]]:
    found = defaultdict(list)
    for (weekday, length), items in months().items():
        most = max(before for _, before, _ in items)
        grid = np.full((len(items), (most + length) * 24), np.nan)
        for row, (_, before, values) in enumerate(items):
            grid[row, (most - before) * 24 :] = values
        start = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(days=weekday - most % 7)
        month = np.nan_to_num(grid[:, most * 24 :])
        for day in DAYS:
            seen = month[:, : day * 24]
            coming = paths(grid[:, : (most + day) * 24], start, (length - day) * 24)
            whole = np.concatenate([np.broadcast_to(seen, (len(coming), *seen.shape)), coming], axis=2)
            for kind in KINDS:
                simple = billed(kind, seen) * (length / day if kind == "sum" else 1)
                ways, came = billed(kind, whole), billed(kind, month)
                for row, (name, _, _) in enumerate(items):
                    middle, low, high = interval(ways[:, row].tolist())
                    errors = abs(middle - came[row]) / came[row], abs(simple[row] - came[row]) / came[row]
                    found[kind, day].append(Projected(name, *errors, low <= came[row] <= high))
    return found


def by_series(found: list[Projected], what: str) -> list[float]:
    groups = defaultdict(list)
    for one in found:
        groups[one.series].append(getattr(one, what))
    return [fmean(values) for values in groups.values()]


@pytest.mark.parametrize("kind", KINDS)
def test_four_months_of_five_end_inside_the_interval(projected, kind: str) -> None:
    coverage = [fmean(by_series(projected[kind, day], "covered")) for day in DAYS]
    assert 0.75 <= fmean(coverage) <= 0.85, coverage
    assert all(0.70 <= each <= 0.90 for each in coverage), coverage


@pytest.mark.parametrize("kind", KINDS)
def test_in_the_middle_of_the_month_half_the_error_of_the_simple_way(projected, kind: str) -> None:
    """Of the typical series. The mean over series is led by the few that nothing can foresee: 0.7 to 0.8 there."""
    errors, simple = (by_series(projected[kind, 15], what) for what in ("error", "simple"))
    assert median(errors) <= 0.5 * median(simple)
    assert fmean(errors) <= 0.85 * fmean(simple)


def test_the_months_are_many(projected) -> None:
    assert len(projected["sum", 15]) > 300
    assert len({one.series for one in projected["sum", 15]}) == 49
