"""What a replay of 1,000 series over 30 days by the hour costs, the detectors' part told from the rest.

`python -m tests.benchmarks.replay_cost [--days N] [--keep DIR] [--profile]`: 100 orgs of 50 customers with ten meters
each, 120 days of a daily and weekly rhythm with noise and gaps, and 48 run-aways in the days that are played again.
"""

import argparse
import cProfile
import pstats
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import polars as pl

from billing import book_store
from billing.book import Book, Contract, Customer, Org, Partner, Term
from billing.database import transaction
from billing.frames import TIME, USAGE
from billing.hours import DAY, HOUR
from billing.lake import Lake
from detectors.scan import Scanner
from flows import workspace
from flows.replay import Replay, replay
from flows.wiring import App, open_app
from tests.benchmarks.usage import TYPES

SEED = 20261101
END = datetime(2026, 11, 15, tzinfo=UTC)
DAYS, PLAYED, CUSTOMERS, ORGS, METERS = 120, 30, 50, 100, 10
RUNAWAYS, GAPS = 48, 0.002
BAR = 60


def book_of() -> Book:
    """Two orgs a customer, ten customers a partner, a contract each with commitments to some meters."""
    chance = np.random.default_rng(SEED)
    contracts = {}
    for n in range(CUSTOMERS):
        terms = {meter: _term(meter, chance) for meter, *_ in TYPES[:METERS] if chance.random() < 0.5}
        contracts[f"k{n}"] = Contract(f"k{n}", f"c{n}", "annual", date(2026, 1, 1), None, "USD", terms)
    return Book(
        {f"p{n}": Partner(f"p{n}", f"p{n}", "gold", "UTC", "en", "USD", "none", ()) for n in range(CUSTOMERS // 10)},
        {f"c{n}": Customer(f"c{n}", f"p{n // 10}", f"c{n}", 100, "none") for n in range(CUSTOMERS)},
        {f"o{n}": Org(f"o{n}", f"c{n // 2}", f"o{n}") for n in range(ORGS)},
        contracts,
    )


def _term(meter: str, chance: np.random.Generator) -> Term:
    return Term(meter, "monthly", Decimal(int(chance.integers(1, 200))), Decimal("1.25"), Decimal("1.70"))


def quantities() -> np.ndarray[Any, Any]:
    """[series, hours] int64, -1 where nothing was said."""
    chance = np.random.default_rng(SEED)
    low, high = (np.log([row[column] for row in TYPES[:METERS]] * ORGS) for column in (3, 4))
    level = np.exp(chance.uniform(low, high))[:, None]
    hour = np.arange(DAYS * 24)
    rhythm = 1 + 0.3 * np.sin(hour * (2 * np.pi / 24)) - 0.2 * (hour // 24 % 7 >= 5)
    values = level * rhythm * np.exp(chance.normal(0, 0.08, (len(level), len(hour))))
    for row in chance.choice(len(level), RUNAWAYS, replace=False):
        first = int(chance.integers((DAYS - PLAYED) * 24, DAYS * 24))
        values[row, first : first + int(chance.integers(2, 72))] *= chance.uniform(3, 12)
    found = values.astype(np.int64)
    found[chance.random(values.shape) < GAPS] = -1
    return found


def fill(lake: Lake) -> None:
    """A day at a time, as a backfill would."""
    values = quantities()
    series = pl.DataFrame(
        [(f"o{n}", family, kind) for n in range(ORGS) for _, family, kind, *_ in TYPES[:METERS]],
        schema=["org_id", "product_family", "usage_type"],
        orient="row",
    )
    for day in range(DAYS):
        of_day = values[:, day * 24 : day * 24 + 24]
        row, hour = np.nonzero(of_day >= 0)
        start = END - (DAYS - day) * DAY
        hours = pl.datetime_range(start, start + 23 * HOUR, "1h", eager=True).cast(TIME)
        rows = series[row].with_columns(
            hour=hours[hour], quantity=pl.Series(of_day[row, hour]), observed_at=pl.lit(None, TIME)
        )
        lake.put(rows.select(USAGE.names()), start + DAY)


def prepared(directory: Path) -> App:
    """The workspace, made unless an earlier run kept it."""
    done = directory / "done"
    if not done.exists():
        workspace.create(directory)
        app = open_app(directory, {})
        with transaction(app.engine) as connection:
            book_store.save(connection, book_of(), END)
        fill(app.lake)
        app.engine.dispose()
        done.touch()
    return open_app(directory, {})


class Timed(Scanner):
    """Says what the detectors took."""

    cpu = 0.0

    def scan(self, *args: Any) -> Any:
        with self._clocked():
            return super().scan(*args)

    def profiles(self, *args: Any) -> Any:
        with self._clocked():
            return super().profiles(*args)

    @contextmanager
    def _clocked(self) -> Iterator[None]:
        begun = time.process_time()
        yield
        self.cpu += time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=PLAYED)
    parser.add_argument("--keep", type=Path, help="where the workspace is made, or lies from an earlier run")
    parser.add_argument("--profile", action="store_true", help="print where the time goes (which costs time itself)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        app = prepared(args.keep or Path(name) / "w")
        timed = Timed(app.settings.detection.alerts_per_series_month, app.settings.detection.min_history_days)
        profile = cProfile.Profile()
        cpu, wall = time.process_time(), time.perf_counter()
        if args.profile:
            profile.enable()
        with patch("flows.replay.scanner", lambda _: timed):
            *steps, result = replay(app, END - args.days * DAY, END, HOUR, None)
        profile.disable()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        app.engine.dispose()
    assert isinstance(result, Replay)
    whole = PLAYED / args.days
    print(f"{len(steps)} steps: {len(result.alerts)} alerts, {len(result.tickets)} tickets, {wall:.1f} s")
    print(f"CPU {cpu:.1f} s: detectors {timed.cpu:.1f}, the rest {cpu - timed.cpu:.1f}")
    print(f"{cpu * whole / BAR:.2f} of the bar of {BAR} s for {PLAYED} days")
    if args.profile:
        pstats.Stats(profile, stream=sys.stdout).sort_stats("cumulative").print_stats(70)


if __name__ == "__main__":
    main()
