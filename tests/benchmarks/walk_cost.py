"""What 90 days of many series cost to learn and to judge, beside Prophet and statsmodels' MSTL on some of them.

`python -m tests.benchmarks.walk_cost [--series N] [--peers N]`: series with a daily and a weekly rhythm, gaps, and a
run-away in every twentieth. Ours is timed twice: every hour of the 90 days judged from what was known before it, and
the last day alone. A fit of a peer at a midnight, with its forecast, answers the day that begins then: the last one
alone, or, fitted again every midnight, all of them. CPU of all threads.
"""

import argparse
import logging
import re
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from billing.hours import DAY
from detectors.scan import Scanner
from detectors.series import Floats, Panel

SEED = 20261122
START = datetime(2026, 8, 3, tzinfo=UTC)
DAYS = 90
GAPS = 0.002
BLOCK = 1000
FIRST = 15  # two weeks are the least that a peer can tell a week from; ours judges from day 8 on
EVERY = 10  # of so many midnights one is timed


def usage(series: int) -> Floats:
    """[series, hours], NaN where nothing was said."""
    values = np.empty((series, DAYS * 24))
    hour = np.arange(DAYS * 24)
    rhythm = 1 + 0.3 * np.sin(hour * (2 * np.pi / 24)) - 0.2 * (hour // 24 % 7 >= 5)
    for begin in range(0, series, BLOCK):
        chance = np.random.default_rng([SEED, begin])
        block = values[begin : begin + BLOCK]
        level = np.exp(chance.uniform(3, 12, (len(block), 1)))
        block[:] = np.floor(level * rhythm * np.exp(0.08 * chance.standard_normal(block.shape, np.float32)))
        for row in range(0, len(block), 20):
            first = int(chance.integers(28 * 24, DAYS * 24))
            block[row, first : first + int(chance.integers(2, 72))] *= chance.uniform(2, 12)
        block[chance.random(block.shape, np.float32) < GAPS] = np.nan
    return values


def prophet(values: Floats) -> Any:
    """A fit of one series but for its last day, and a forecast of that."""
    import pandas as pd
    from prophet import Prophet

    hours = pd.date_range(START.replace(tzinfo=None), periods=len(values), freq="h")
    model = Prophet(uncertainty_samples=0).fit(pd.DataFrame({"ds": hours[:-24], "y": values[:-24]}).dropna())
    return model.predict(pd.DataFrame({"ds": hours[-24:]}))


def mstl(values: Floats) -> Any:
    """The day and the week of one series taken apart."""
    from statsmodels.tsa.seasonal import MSTL

    hours = np.arange(len(values))
    said = np.isfinite(values)
    return MSTL(np.interp(hours, hours[said], values[said]), periods=(24, 168)).fit()


def clocked(work: Callable[[], Any]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def peers(values: Floats) -> dict[str, dict[str, float]]:
    """Peer -> question -> CPU seconds a series, medians; the first call of each is left out."""
    found: dict[str, dict[str, float]] = {}
    for peer in (prophet, mstl):
        try:
            peer(values[0])
        except ImportError as missing:
            print(f"{peer.__name__} is not here: {missing}", file=sys.stderr)
            continue
        fits = [
            statistics.median(clocked(lambda row=row, peer=peer, day=day: peer(row[: day * 24])) for row in values)
            for day in range(DAYS, FIRST, -EVERY)
        ]
        found[peer.__name__] = {"every hour": statistics.mean(fits) * (DAYS - FIRST), "the last day": fits[0]}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--peers", type=int, default=5, help="series that the peers are given")
    args = parser.parse_args()
    logging.disable(logging.INFO)  # Prophet's sampler talks
    values = usage(args.series)
    panel = Panel(
        tuple((f"o{n // 10}", f"m{n % 10}") for n in range(args.series)), START, values, np.ones(values.shape, np.bool_)
    )
    wall = time.perf_counter()
    ours = {"every hour": clocked(lambda: Scanner().scan(panel, panel.start))}
    wall = time.perf_counter() - wall
    peak = int(re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[0]) / 1024
    ours["the last day"] = clocked(lambda: Scanner().scan(panel, panel.end - DAY))
    print(f"{args.series} series x {DAYS} days: {wall:.1f} s, peak {peak:.0f} MiB with a panel of the caller's")
    theirs = peers(values[: args.peers])
    for name, cpu in ours.items():
        print(f"{name}: {1000 * cpu / args.series:.2f} ms a series")
        for peer, of_peer in theirs.items():
            print(f"  {peer} {1000 * of_peer[name]:.0f} ms: {of_peer[name] / (cpu / args.series):.0f} x")


if __name__ == "__main__":
    main()
