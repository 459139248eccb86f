"""A picture of every series of a trial of detection."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import numpy as np

from alerts.evidence import base_unit
from alerts.trial_chart import TrialChart, Try, svg
from billing.catalog import Meter
from billing.hours import HOUR, hours_between
from billing.money import money_text
from detectors.score import Raised, delay
from detectors.series import Floats
from flows.trial import Trial, Tried, expected
from flows.wiring import App

LEAD = timedelta(days=3)  # of usage that is shown before the first hour judged


def draw(app: App, trial: Trial, directory: Path) -> int:
    """Write `<org>.<meter>.svg` of every series judged into `directory`, and say how many."""
    directory.mkdir(parents=True, exist_ok=True)
    usual = expected(app, trial)
    for key in trial.judged:
        row = trial.panel.keys.index(key)
        tried = [one for one in trial.tried if one.key == key]
        raised = [alarm for alarm in trial.raised if alarm.key == key]
        chart = _chart(trial, row, app.rules.catalog.meters[key[1]], usual[row], tried, raised)
        name = ".".join(quote(part, safe="") for part in key)
        (directory / f"{name}.svg").write_text(svg(chart), encoding="utf-8")
    return len(trial.judged)


def _chart(
    trial: Trial, row: int, meter: Meter, usual: Floats, tried: Sequence[Tried], raised: Sequence[Raised]
) -> TrialChart:
    known = trial.panel
    start = max(known.start, trial.first - LEAD)
    lead = hours_between(known.start, start)
    found = sum(one.detected is not None for one in tried)
    hits = {one.detected for one in tried}
    others = [alarm.detected_at - HOUR for alarm in raised if not trial.labelled or alarm.detected_at not in hits]
    what = "labels" if trial.labelled else "injected cases"
    alarms = "alarm" if len(others) == 1 else "alarms"
    return TrialChart(
        title=f"{meter.name}, org {known.keys[row][0]}",
        subtitle=f"{found} of {len(tried)} {what} found, {len(others)} other {alarms}",
        unit="B" if meter.unit == "GB" else base_unit(meter),
        start=start,
        actual=known.values[row, lead:].tolist(),
        expected=usual[lead:].tolist(),
        tries=[_try(trial, one, known.values[row]) for one in tried],
        alarms=others,
    )


def _try(trial: Trial, one: Tried, values: Floats) -> Try:
    column = hours_between(trial.panel.start, one.start)
    run = np.array([]) if trial.labelled else values[column : column + len(one.more)] + np.array(one.more, float)
    return Try(one.start, one.end, _label(one), run.tolist(), one.detected - HOUR if one.detected else None)


def _label(one: Tried) -> str:
    """shift 24 h x2: found after 3 h, 12.30 USD"""
    hours = f"{(one.end - one.start) / HOUR:.0f} h"
    what = f"{one.kind} {hours} x{one.times:g}" if one.times else f"label {hours}"
    said = "missed" if one.detected is None else f"found after {delay(one.start, one.detected):.0f} h"
    money = [money_text(one.caught[currency] + one.missed[currency], currency) for currency in one.caught]
    return ", ".join([f"{what}: {said}", *money])
