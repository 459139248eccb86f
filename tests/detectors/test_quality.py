"""Recall and false alarms on the reporting half of the public panel: series that nothing was tuned on.

The protocol of the detection page, thinned: a third of its cases, dealt so that each has a third of the series. Causal,
scored after four weeks of a series. The floors leave room for chance; they catch a detector that breaks.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby, product
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from billing.hours import HOUR, hour_of_week
from detectors.episodes import belongs
from detectors.scan import Finding, Scanner
from detectors.score import Label, Raised, Score, score
from detectors.series import Panel

pytestmark = pytest.mark.skipif(
    not (Path(__file__).resolve().parents[2] / "../shared").exists(),
    reason="the folder shared is not beside the repository",
)
DATA = Path(__file__).resolve().parents[2] / "../shared/data/series/panel.parquet"
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
SCORED_FROM = 28 * 24
CASES = [
    (shape, hours, times)
    for (shape, hours), times in product(
        [("flat", 1), ("flat", 6), ("flat", 24), ("flat", 168), ("ramp", 24), ("ramp", 168)], [1.3, 2.0, 5.0]
    )
]


@dataclass(frozen=True)
class Series:
    """first: the column of the hour of the week at which it starts; values from there on."""

    name: str
    first: int
    values: np.ndarray
    odd: np.ndarray


@pytest.fixture(scope="module")
def reporting_half() -> list[Series]:
    frame = pl.read_parquet(DATA).with_columns(pl.col("series").cast(pl.String)).sort("series", "hour")
    return [
        Series(name, hour_of_week(rows["hour"][0]), rows["value"].to_numpy(), rows["label"].to_numpy())
        for (name,), rows in frame.group_by("series", maintain_order=True)
        if hashlib.sha256(name.encode()).digest()[-1] % 2
    ]


def scan(rows: list[tuple[str, int, np.ndarray]]) -> list[Raised]:
    """Alerts on all rows at once, each aligned to its hour of the week."""
    hours = max(first + len(values) for _, first, values in rows)
    grid = np.full((len(rows), hours), np.nan)
    for row, (_, first, values) in enumerate(rows):
        grid[row, first : first + len(values)] = values
    keys = tuple((name, "m") for name, _, _ in rows)
    findings, _ = Scanner().scan(Panel(keys, MONDAY, grid, np.ones(grid.shape, bool)), MONDAY + SCORED_FROM * HOUR)
    begins = {name: MONDAY + (first + SCORED_FROM) * HOUR for name, first, _ in rows}
    scored = [finding for finding in findings if finding.hours[-1] >= begins[finding.key[0]]]
    return [
        alert for _, mine in groupby(sorted(scored, key=order), key=lambda f: f.key) for alert in joined(list(mine))
    ]


def order(finding: Finding) -> tuple[object, ...]:
    return (finding.key, finding.detected)


def joined(findings: list[Finding]) -> list[Raised]:
    alerts: list[Raised] = []
    for finding in findings:
        if alerts and belongs(alerts[-1].first_hour, alerts[-1].last_hour, finding):
            last = alerts.pop()
            first, detected = min(last.first_hour, finding.hours[0]), last.detected_at
        else:
            first, detected = finding.hours[0], finding.detected
        alerts.append(Raised(*finding.key, first, finding.hours[-1], detected))
    return alerts


def injected(series: Series, case: tuple[str, int, float], rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """The protocol's added usage: (times - 1) x max(actual, a quarter of the weekly median), at a random start."""
    shape, hours, times = case
    start = int(rng.integers(SCORED_FROM, len(series.values) - hours))
    values = series.values.copy()
    spell = slice(start, start + hours)
    least = np.nanmedian(values[start - 168 : start]) / 4
    growth = np.arange(1, hours + 1) / hours if shape == "ramp" else 1.0
    values[spell] += (times - 1) * np.maximum(np.nan_to_num(values[spell]), least) * growth
    return values, start


def labels_of(series: Series) -> list[Label]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], series.odd.astype(int), [0]]))) + series.first
    return [
        Label(series.name, "m", MONDAY + int(start) * HOUR, MONDAY + int(end) * HOUR)
        for start, end in edges.reshape(-1, 2)
    ]


def test_false_alarms_stay_within_the_budget(reporting_half):
    alerts = scan([(series.name, series.first, series.values) for series in reporting_half])
    labels = [label for series in reporting_half for label in labels_of(series)]
    hours = sum(len(series.values) - SCORED_FROM for series in reporting_half)
    assert score(alerts, labels, hours).false_per_series_month <= 0.25


@pytest.fixture(scope="module")
def found(reporting_half) -> dict[tuple[str, int, float], Score]:
    rng = np.random.default_rng(7)
    rows, labels, cases = [], [], {}
    for number, series in enumerate(reporting_half):
        for case in CASES[number % 3 :: 3]:
            values, start = injected(series, case, rng)
            name = f"{series.name} {case}"
            begin = MONDAY + (series.first + start) * HOUR
            rows.append((name, series.first, values))
            labels.append(Label(name, "m", begin, begin + case[1] * HOUR))
            cases.setdefault(case, set()).add(name)
    alerts = scan(rows)
    # An alert that the series raises by itself before the injection is no credit.
    begins = {label.org_id: label.start for label in labels}
    credited = [alert for alert in alerts if alert.detected_at > begins[alert.org_id]]
    return {
        case: score(
            [a for a in credited if a.org_id in names], [label for label in labels if label.org_id in names], 720
        )
        for case, names in cases.items()
    }


def test_recall(found):
    assert len(found) == 18
    assert np.mean([result.recall for result in found.values()]) >= 0.65


@pytest.mark.parametrize(("times", "floor"), [(1.3, 0.35), (2.0, 0.65), (5.0, 0.85)])
def test_recall_by_size(found, times, floor):
    assert np.mean([result.recall for case, result in found.items() if case[2] == times]) >= floor


def test_what_is_found_is_mostly_found_at_once(found):
    for (shape, hours, times), result in found.items():
        if shape == "flat" and times >= 2:
            assert result.delay_hours_median == 0, (hours, times)
    assert found["ramp", 24, 2.0].delay_hours_median <= 8


def test_the_split_is_the_one_of_the_protocol(reporting_half):
    assert len(reporting_half) == 49
    assert all(len(series.values) > SCORED_FROM + 168 for series in reporting_half)
