"""What a cycle's detection costs in the newest hour of 100 k series, when the day's first cycle has kept its morning.

`python -m tests.benchmarks.newest_hour [--series N] [--runs N] [--keep DIR]`: a workspace with a month to date in the
lake, whose last two days came in by the hour, and what 84 days taught this morning. `flows.detect.detect` is called as
`floodmark run` does, in fresh processes; medians, imports left out. The bar is for its part `flows.judging.judged`,
from the lake to the findings; after it come the store, stakes, and the second opinions of the three dearest.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import polars as pl

from alerts import store
from alerts.store import Judged
from billing import book_store
from billing.book import Book, Contract, Customer, Org, Partner
from billing.database import reading, transaction
from billing.frames import TIME, USAGE
from billing.grid import Grid
from billing.hours import DAY, HOUR
from billing.lake import Lake
from detectors.dawn import Dawn
from flows import detect, judging, keep, workspace
from flows.usage import HISTORY, Known, panel, window
from flows.wiring import App, open_app
from tests.benchmarks.usage import TYPES

SEED = 20261122
NOW = datetime(2026, 11, 18, 9, tzinfo=UTC)
BY_THE_HOUR, METERS, ORGS_A_CUSTOMER, CUSTOMERS_A_PARTNER = 2, 10, 5, 100
KINDS = sorted(TYPES[:METERS])  # in the grid's order
BLOCK = 5000  # series made at once
RUNAWAYS = 20
BAR, JUDGED = 1.5, "the newest hour judged"


def book_of(orgs: int) -> Book:
    """Contracts without commitments."""
    customers = orgs // ORGS_A_CUSTOMER
    partners = range(-(-customers // CUSTOMERS_A_PARTNER))
    return Book(
        {f"p{n}": Partner(f"p{n}", f"p{n}", "gold", "UTC", "en", "USD", "none", ()) for n in partners},
        {f"c{n}": Customer(f"c{n}", f"p{n // CUSTOMERS_A_PARTNER}", f"c{n}", 100, "none") for n in range(customers)},
        {name: Org(name, f"c{n // ORGS_A_CUSTOMER}", name) for n, name in enumerate(names(orgs))},
        {f"k{n}": Contract(f"k{n}", f"c{n}", "annual", date(2026, 1, 1), None, "USD", {}) for n in range(customers)},
    )


def names(orgs: int) -> list[str]:
    return [f"o{n:06}" for n in range(orgs)]


def quantities(series: int) -> np.ndarray[Any, Any]:
    """[series, hours to NOW] int64: a daily and a weekly rhythm, noise, a few run-aways in the last hour."""
    hour = np.arange((NOW - window(NOW)) // HOUR)
    rhythm = 1 + 0.3 * np.sin(hour * (2 * np.pi / 24)) - 0.2 * (hour // 24 % 7 >= 5)
    low, high = (np.log([row[column] for row in KINDS] * (series // METERS)) for column in (3, 4))
    chance = np.random.default_rng(SEED)
    level = np.exp(chance.uniform(low, high))[:, None]
    values = np.empty((series, len(hour)), np.int64)
    for first in range(0, series, BLOCK):
        some = slice(first, min(first + BLOCK, series))
        noise = np.exp(0.08 * chance.standard_normal((some.stop - first, len(hour)), np.float32))
        values[some] = level[some] * rhythm * noise
    values[chance.choice(series, RUNAWAYS, replace=False), -1] *= 6
    return values


def prepare(directory: Path, series: int) -> None:
    """The workspace, an hour before NOW judged and the morning kept; then the newest hour comes in."""
    workspace.create(directory)
    app = open_app(directory, {})
    with transaction(app.engine) as connection:
        book_store.save(connection, book_of(series // METERS), NOW - HISTORY)
    values = quantities(series)
    fill(app.lake, values[:, :-1], series, NOW - HOUR)
    print("the lake is filled", file=sys.stderr)
    begun = time.perf_counter()
    learn(app, values[:, :-1], NOW - HOUR)
    print(f"learned and kept in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    put(app.lake, values[:, -1:], series, NOW)
    app.engine.dispose()
    shutil.copy(directory / "floodmark.db", directory / "before.db")


def learn(app: App, values: np.ndarray[Any, Any], at: datetime) -> None:
    """As a cycle that read it from the lake."""
    keys = tuple((org, meter) for org in names(len(values) // METERS) for meter, *_ in KINDS)
    grid = Grid(keys, window(at), values, np.ones(values.shape, np.bool_))
    usage = Known(at, grid, values.astype(np.float64), None, app.lake.seq)
    with transaction(app.engine) as connection:
        store.save_judged(connection, Judged(NOW - DAY, at, usage.seq))
        version = book_store.newest(connection)
        case = judging.Case(app, app.book(connection), version, (), {}, at, None)
    learned = panel(usage, case.book, app.rules.catalog, ())
    keep.save(case.folder, case.origin, usage.seq, grid, learned, Dawn.of(app.scanner, learned))


def fill(lake: Lake, values: np.ndarray[Any, Any], series: int, end: datetime) -> None:
    """The month to date by the day, the last days by the hour."""
    hours = (end - end.replace(day=1, hour=0)) // HOUR
    values = values[:, -hours:]
    days = range(0, hours - BY_THE_HOUR * 24, 24)
    for first, last in pairwise([*days, *range(days[-1] + 24, hours + 1)]):
        put(lake, values[:, first:last], series, end - (hours - last) * HOUR)


def put(lake: Lake, values: np.ndarray[Any, Any], series: int, end: datetime) -> None:
    """[series, hours]: the hours before `end`."""
    kinds = [(org, family, kind) for org in names(series // METERS) for _, family, kind, *_ in KINDS]
    rows = pl.DataFrame(kinds, dict.fromkeys(USAGE.names()[:3], pl.String), orient="row")
    width = values.shape[1]
    parts = (
        rows.with_columns(
            hour=pl.lit(end - (width - column) * HOUR, TIME),
            quantity=pl.Series(values[:, column]),
            observed_at=pl.lit(None, TIME),
        ).select(USAGE.names())
        for column in range(width)
    )
    lake.put_parts(parts, end)


def measure(directory: Path) -> dict[str, float]:
    """Seconds by part, of wall time and of CPU, and what came of it."""
    shutil.copy(directory / "before.db", directory / "floodmark.db")
    app, took = open_app(directory, {}), {}
    with reading(app.engine) as connection:
        app.book(connection)  # a cycle has read it for its bill

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            begun, busy = time.perf_counter(), time.process_time()
            try:
                return function(*args)
            finally:
                took[name], took[f"{name}, CPU"] = time.perf_counter() - begun, time.process_time() - busy

        return call

    import_module("statsmodels.tsa.seasonal")
    with (
        patch.object(keep, "read", timed("what was kept, opened", keep.read)),
        patch.object(judging, "_today", timed("what the lake says of today", judging._today)),
        patch.object(judging, "newest", timed("all screened, suspects judged", judging.newest)),
        patch.object(detect, "judged", timed(JUDGED, judging.judged)),
    ):
        detected = timed("with the alerts and their stakes", detect.detect)(app, NOW)
    app.engine.dispose()
    return {**took, "alerts raised": len(detected.raised)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=100_000, help="a multiple of 5,000")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="where the workspace is made, or lies from an earlier run")
    parser.add_argument("--once", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.once:
        print(json.dumps(measure(args.once)))
        return
    with tempfile.TemporaryDirectory() as name:
        directory = args.keep or Path(name) / "w"
        if not (directory / "before.db").exists():
            prepare(directory, args.series)
        command = [sys.executable, "-m", "tests.benchmarks.newest_hour", "--once", str(directory)]
        runs = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(args.runs)]
    medians = {what: statistics.median(run[what] for run in runs) for what in runs[0]}
    for what, median in medians.items():
        print(f"{what}: {median:.3f}")
    print(f"{medians[JUDGED] / BAR:.2f} of the bar of {BAR} s")


if __name__ == "__main__":
    main()
