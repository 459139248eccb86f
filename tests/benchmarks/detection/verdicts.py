"""What verdicts teach, measured: a reviewer decides by the labels, and the time after is found with and without them.

A day after each alert it is confirmed when it meets a label, else dismissed, until enough verdicts are given. From then
on alerts and labels are counted, in a walk that was taught and in one of the same usage that was not. Learning, caution
and the life of alerts are the product's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from alerts.alert import Alert, decide
from alerts.life import advance
from alerts.teaching import lessons
from billing import catalog
from billing.book import Book, Customer, Org, Partner
from billing.grid import Grid, as_float
from billing.hours import DAY, HOUR, WEEK_HOURS
from detectors.injection import CASES, SCORED_FROM, added
from detectors.scan import Scanner
from detectors.score import Label, Raised, Score, false_alarms, score
from detectors.threshold import BUDGET
from flows.origins import kin
from flows.usage import NEVER, Known, panel
from tests.benchmarks.detection.material import Series, dice, mirrored
from tests.benchmarks.detection.ours import MONDAY, NO_TICKET

ENOUGH = 50  # verdicts
LABELLED = ("aiops", "mscloud", "nab_")
UNITS = 1000  # whole things a series' median hour counts
SHORT = [case for case in CASES if case.hours <= 24]


@dataclass(frozen=True)
class World:
    """Series beside each other from a Monday on, each under its group's meter; labels: the hours that are odd."""

    book: Book
    grid: Grid
    labels: list[Label]
    meters: dict[str, str]


@dataclass(frozen=True)
class Walk:
    """alerts: at the end. decided: alert_id -> when a verdict was given."""

    alerts: list[Alert]
    decided: dict[str, datetime]


@dataclass(frozen=True)
class Taught:
    """The time after the last verdict, without what verdicts teach and with it."""

    verdicts: int
    days: float
    labels: int
    without: Score
    taught: Score

    @property
    def held(self) -> bool:
        """Precision is not lower, recall loses one point at most."""
        return share(self.taught.precision) >= share(self.without.precision) and (
            share(self.taught.recall) >= share(self.without.recall) - 0.01
        )


def share(value: float | None) -> float:
    return 0.0 if value is None else value


def material_of(series: Sequence[Series]) -> list[Series]:
    """The series that somebody labelled, as they are and turned over, and the others with cases."""
    known = [one for one in series if one.group.startswith(LABELLED) and one.odd.any()]
    return [*known, *(replace(one, name=f"{one.name} turned over") for one in mirrored(known)), *beset(series)]


def beset(series: Sequence[Series], seed: int = 0) -> list[Series]:
    """Series without labels, with a case of a day at most in each week from the fifth on; its hours are labelled."""
    made = []
    for one in (one for one in series if not one.odd.any()):
        values, odd = one.values.copy(), one.odd.copy()
        for first in range(SCORED_FROM, len(values) - WEEK_HOURS + 1, WEEK_HOURS):
            chance = dice(one.name, "beset", first, seed)
            case = SHORT[int(chance.integers(len(SHORT)))]
            start = first + int(chance.integers(WEEK_HOURS - case.hours + 1))
            excess = added(one.values, start, case)
            values[start : start + len(excess)] += excess
            odd[start : start + len(excess)] = True
        made.append(replace(one, values=values, odd=odd))
    return made


def world(series: Sequence[Series]) -> World:
    width = max(one.phase + len(one.values) for one in series)
    values = np.zeros((len(series), width), np.int64)
    seen = np.zeros(values.shape, np.bool_)
    labels = []
    for row, one in enumerate(series):
        hours = slice(one.phase, one.phase + len(one.values))
        unit = np.nanmedian(np.abs(one.values)) or 1.0
        seen[row, hours] = np.isfinite(one.values)
        values[row, hours] = np.rint(np.nan_to_num(np.maximum(one.values, 0)) / unit * UNITS)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], one.odd.astype(int), [0]]))) + one.phase
        labels += [
            Label(one.name, one.group, MONDAY + int(start) * HOUR, MONDAY + int(stop) * HOUR)
            for start, stop in edges.reshape(-1, 2)
        ]
    book = Book(
        partners={"p": Partner("p", "P", "gold", "UTC", "en", "USD", "none", ())},
        customers={one.name: Customer(one.name, "p", one.name, None, "none") for one in series},
        orgs={one.name: Org(one.name, one.name, one.name) for one in series},
    )
    grid = Grid(tuple((one.name, one.group) for one in series), MONDAY, values, seen)
    return World(book, grid, labels, dict.fromkeys((one.group for one in series), "sum"))


def walk(usage: World, verdicts: int, budget: float = BUDGET, first: int = SCORED_FROM) -> Walk:
    """A cycle a day, from column `first` on. verdicts: how many the reviewer gives."""
    scanner, alerts, decided = Scanner(budget), [], {}
    whole, kins = usage.grid, kin(usage.grid.keys, usage.book)
    floats = as_float(whole)
    at = MONDAY + first * HOUR
    while at < whole.end:
        since, at = at, min(at + DAY, whole.end)
        grid = whole.between(MONDAY, at)
        taught = lessons(alerts, decided, at, kins)
        known = Known(at, grid, floats[:, : grid.values.shape[1]], None, NEVER)
        found, _ = scanner.scan(panel(known, usage.book, catalog.load(), alerts, taught), since)
        tickets = [finding for finding in found if finding.kind != NO_TICKET]
        alerts, _ = advance(alerts, tickets, usage.book, grid, usage.meters, at, decided)
        for nth, alert in enumerate(alerts):
            if len(decided) < verdicts and alert.alert_id not in decided and alert.detected_at + DAY <= at:
                verdict = "dismiss" if false_alarms([raised(alert)], usage.labels) else "confirm"
                alerts[nth], _ = decide(alert, verdict, "labels", "", at)
                decided[alert.alert_id] = at
    return Walk(alerts, decided)


def raised(alert: Alert, since: datetime = MONDAY) -> Raised:
    """Its hours from `since` on, one of which there must be."""
    hours = [hour for hour in alert.hours if hour >= since]
    return Raised(*alert.key, hours[0], hours[-1], alert.detected_at, alert.kind)


def measured(
    series: Sequence[Series], verdicts: int = ENOUGH, budget: float = BUDGET, first: int = WEEK_HOURS
) -> Taught:
    """Counted are the alerts with an hour after the last verdict that nobody has dismissed."""
    usage = world(series)
    taught, without = walk(usage, verdicts, budget, first), walk(usage, 0, budget, first)
    begin = max(taught.decided.values(), default=MONDAY)
    labels = [label for label in usage.labels if label.start >= begin]
    hours = int((usage.grid.end - begin) / HOUR) * len(series)

    def after(done: Walk) -> Score:
        alive = [alert for alert in done.alerts if alert.live and alert.last_hour >= begin]
        near = score([raised(alert, begin) for alert in alive], usage.labels, hours)
        return replace(near, recall=score([raised(alert, begin) for alert in alive], labels, hours).recall)

    days = (usage.grid.end - begin) / DAY
    return Taught(len(taught.decided), days, len(labels), after(without), after(taught))


def table(found: Taught) -> str:
    span = f"{found.days:.0f} days after the last of them, {found.labels} labels"
    head = f"What {found.verdicts} verdicts teach: {span}."
    rows = ["| | precision | recall | false incidents a series-month |", "|---|---|---|---|"]
    for name, one in (("untaught", found.without), ("taught", found.taught)):
        cells = (one.precision, one.recall, one.false_per_series_month)
        rows.append(f"| {name} | " + " | ".join(f"{share(cell):.3f}" for cell in cells) + " |")
    return "\n".join([head, "", *rows, "", "The bar is " + ("held." if found.held else "**missed**.")])
