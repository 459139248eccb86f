"""Ours and the ordinary methods on the same series, the same injections and the same budget, in one run."""

import sys
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from billing.hours import HOUR
from detectors.injection import SCORED_FROM, Case
from detectors.scan import Scanner
from detectors.score import MONTH_HOURS
from detectors.series import Floats, Panel
from tests.benchmarks.detection import material, ours
from tests.benchmarks.detection import protocol as judge
from tests.benchmarks.detection.material import Copy, Series, dice
from tests.benchmarks.detection.peers import DAY, PEERS
from tests.benchmarks.detection.portfolio import SPREAD
from tests.benchmarks.detection.protocol import Outcome, chosen
from tests.benchmarks.detection.walk import Scores, Walked, cpu_seconds, walked

BUDGET = 0.2
PRICES = 200  # draws of the bills
STEPS = 400  # thresholds tried
TIMED_HOURS, TIMED_SERIES = 90 * DAY, 6
OURS_AT_ONCE = 500
OUR_BUDGETS = np.geomspace(0.8, 0.005, 20).tolist()  # tried from the highest on


@dataclass(frozen=True)
class Row:
    """even: the recall where no more false incidents than the budget were seen on these very series. fit, walk: CPU
    milliseconds a series."""

    method: str
    outcomes: list[Outcome]
    false: float
    even: float
    fit: float
    walk: float


def subset(half: str, panel: Path, most: int) -> list[Series]:
    """At most so many series of the half, whichever chance says."""
    every = material.read(half, panel)
    return sorted(sorted(every, key=lambda one: dice("subset", one.name).random())[:most], key=lambda one: one.name)


def race(tuning: Sequence[Series], reporting: Sequence[Series], workers: int) -> list[Row]:
    copies = {one.name: material.copies([one]) for one in reporting}
    rows = [_ours(reporting, copies)]
    fresh = get_context("spawn")  # polars' threads do not survive a fork
    with ProcessPoolExecutor(workers, fresh, warnings.simplefilter, ("ignore",)) as pool:
        for peer in PEERS:
            began = time.monotonic()
            tuned = pool.map(walked, [peer] * len(tuning), tuning, [[]] * len(tuning))
            raced = pool.map(walked, [peer] * len(reporting), reporting, [copies[one.name] for one in reporting])
            tuned_, raced_ = list(tuned), list(raced)
            fit = pool.submit(fit_cost, peer, _long(reporting)).result()
            rows += [_row(peer, kind, fit, tuning, tuned_, reporting, raced_, copies) for kind in ("plain", "tail")]
            print(f"{peer}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return rows


def _ours(series: Sequence[Series], copies: dict[str, list[Copy]]) -> Row:
    began = cpu_seconds()
    alarms = ours.clean(series)
    cost = (cpu_seconds() - began) / len(series) * 1000
    outcomes = _judged(series, copies, alarms, BUDGET)
    for budget in OUR_BUDGETS:
        fewer = ours.clean(series, budget)
        if _false(series, fewer) <= BUDGET:
            break
    even = judge.recall(_judged(series, copies, fewer, budget))
    return Row("**Floodmark**", outcomes, _false(series, alarms), even, our_cost(_long(series)), cost)


def _judged(
    series: Sequence[Series], copies: dict[str, list[Copy]], alarms: Sequence[list[ours.Alarm]], budget: float
) -> list[Outcome]:
    known = {one.name: mine for one, mine in zip(series, alarms, strict=True)}
    return ours.judged([copy for one in series for copy in copies[one.name]], known, budget)


def _false(series: Sequence[Series], alarms: Sequence[list[ours.Alarm]]) -> float:
    return judge.false_rate(series, [ours.tickets(mine) for mine in alarms])


def _row(
    peer: str,
    kind: str,
    fit: float,
    tuning: Sequence[Series],
    tuned: Sequence[Walked],
    reporting: Sequence[Series],
    raced: Sequence[Walked],
    copies: dict[str, list[Copy]],
) -> Row:
    def pick(scores: Scores) -> Floats:
        return scores.plain if kind == "plain" else scores.tail

    def outcomes(least: float) -> list[Outcome]:
        return [
            judge.outcome(copy, (copy.start + np.flatnonzero(pick(scores) >= least)).tolist())
            for one, walk in zip(reporting, raced, strict=True)
            for copy, scores in zip(copies[one.name], walk.injected, strict=True)
        ]

    least = threshold(tuning, [pick(one.clean) for one in tuned])
    even = judge.recall(outcomes(threshold(reporting, [pick(one.clean) for one in raced])))
    false = judge.false_rate(reporting, [above(pick(one.clean), least) for one in raced])
    name = f"{peer}, {'z' if kind == 'plain' else 'own tail'}"
    return Row(name, outcomes(least), false, even, fit, float(np.mean([one.cpu for one in raced])) * 1000)


def above(scores: Floats, least: float) -> list[int]:
    """The columns whose score reaches the threshold; scores begin where scoring does."""
    return (SCORED_FROM + np.flatnonzero(scores >= least)).tolist()


def threshold(series: Sequence[Series], scores: Sequence[Floats]) -> float:
    """The lowest of those tried, from above, before false incidents exceed the budget."""
    every = np.concatenate(scores)
    every = np.sort(every[np.isfinite(every)])[::-1]
    places = np.unique(np.geomspace(1, len(every), STEPS).astype(int)) - 1
    least = float(np.nextafter(every[0], np.inf))
    for place in places:
        if judge.false_rate(series, [above(mine, every[place]) for mine in scores]) > BUDGET:
            break
        least = float(every[place])
    return least


def dollars(outcomes: Sequence[Outcome]) -> float:
    """The share of the excess that befell in cases found, priced by lognormal bills."""
    names = sorted({one.copy.series.name for one in outcomes})
    row = np.array([names.index(one.copy.series.name) for one in outcomes])
    worth = np.array([one.copy.excess / np.nanmean(one.copy.series.values) for one in outcomes])
    found = np.array([one.delay is not None for one in outcomes])
    bills = np.exp(SPREAD * dice("bills").standard_normal((PRICES, len(names))))[:, row] * worth
    return float(np.mean((bills * found).sum(axis=1) / bills.sum(axis=1)))


def sooner(ours: Sequence[Outcome], theirs: Sequence[Outcome]) -> float:
    """By how many hours ours raises the alarm earlier, on the mean of the cases that both find."""
    pairs = [(mine.delay, other.delay) for mine, other in zip(ours, theirs, strict=True)]
    return float(np.mean([other - mine for mine, other in pairs if mine is not None and other is not None]))


def fit_cost(peer: str, values: Floats) -> float:
    """CPU milliseconds a series: one fit on 90 days, and 24 hours ahead; the first is not counted."""
    costs = []
    for row in [values[0], *values]:
        began = cpu_seconds()
        PEERS[peer](row[:-DAY])
        costs.append(cpu_seconds() - began)
    return float(np.median(costs[1:])) * 1000


def our_cost(values: Floats) -> float:
    """The same of ours: learned from 90 days, and the 24 hours after judged one by one; many series at once."""
    many = np.tile(values, (-(-OURS_AT_ONCE // len(values)), 1))[:OURS_AT_ONCE]
    many = many * np.linspace(1, 2, len(many))[:, None]  # no two pasts alike, or one would be learned for both
    keys = tuple((str(row), "meter") for row in range(len(many)))
    panel = Panel(keys, ours.MONDAY, many, np.ones(many.shape, bool))
    began = cpu_seconds()
    Scanner().scan(panel, panel.end - DAY * HOUR)
    return (cpu_seconds() - began) / len(many) * 1000


def _long(series: Sequence[Series]) -> Floats:
    """[series, 91 days] of whole weeks said again."""
    whole = [np.nan_to_num(one.values[: len(one.values) // 168 * 168]) for one in series[:TIMED_SERIES]]
    return np.stack([np.resize(values, TIMED_HOURS + DAY) for values in whole])


def said(tuning: Sequence[Series], reporting: Sequence[Series]) -> str:
    months = [sum(len(one.values) - SCORED_FROM for one in half) / MONTH_HOURS for half in (tuning, reporting)]
    packages = ", ".join(f"{name} {version(name)}" for name in ("statsmodels", "statsforecast", "prophet", "numpy"))
    return (
        f"Against ordinary methods: {len(reporting)} series of the reporting half, {months[1]:.1f} series-months; "
        f"the peers' thresholds come from {len(tuning)} of the tuning half, {months[0]:.1f} series-months. {packages}."
    )


def verdict(rows: Sequence[Row]) -> str:
    mine, *others = rows
    best = max(others, key=lambda row: row.even)
    return (
        f"Where each is held to {BUDGET:g} false incidents on these very series, ours finds {mine.even:.2f} of the "
        f"cases and the best of the others {best.even:.2f} ({best.method})."
    )


def table(rows: Sequence[Row]) -> str:
    head = [
        "method",
        "recall",
        "x1.3",
        "x2",
        "x5",
        "x2 24 h",
        "false",
        "even",
        "delay",
        "sooner",
        "ramp",
        "dollars",
        "CPU fit",
        "walk",
    ]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for row in rows:
        flat = chosen(row.outcomes, lambda case: case.shape != "ramp")
        ramp = chosen(row.outcomes, lambda case: case == Case("ramp", 24, 2.0))
        low, high = judge.between(row.outcomes)
        sizes = [judge.recall(chosen(row.outcomes, lambda case, t=times: case.times == t)) for times in (1.3, 2, 5)]
        day = judge.recall(chosen(row.outcomes, lambda case: case == Case("shift", 24, 2.0)))
        shares = [*sizes, day, row.false, row.even]
        late = f"{judge.delay(flat, 50):.0f} / {judge.delay(flat, 90):.0f}"
        cells = [
            row.method,
            f"{judge.recall(row.outcomes):.2f} ({low:.2f}-{high:.2f})",
            *(f"{share:.2f}" for share in shares),
            late,
            f"{sooner(rows[0].outcomes, row.outcomes):.1f} h" if row is not rows[0] else "",
            f"{judge.recall(ramp):.2f}, {judge.delay(ramp, 50):.0f} h",
            f"{dollars(row.outcomes):.2f}",
            f"{row.fit:.3g}",
            f"{row.walk:.3g}",
        ]
        lines.append("| " + " | ".join(cells).replace("nan h", "-") + " |")
    return "\n".join(lines)
