"""A picture of what was tried on a series: what would have run away when, and where an alarm was raised."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from alerts.axes import HEIGHT, Plot, ticks, time_axis, value_axis
from alerts.charts import ENGLISH
from alerts.drawing import (
    ACTUAL,
    EXPECTED,
    EXPECTED_DASH,
    GRID,
    INK,
    MARGIN,
    MUTED,
    ODD,
    SHADE,
    WIDTH,
    area,
    box,
    document,
    heading,
    legend,
    line,
    n,
    text,
    text_width,
)
from billing.hours import HOUR

_LEGEND, _UPPER, _LANES, _LANE = 62, 92, 40, 17
_MISSED, _MISSED_SHADE = "#6d28a8", "#ede3f8"


class Try(NamedTuple):
    """Odd hours [start, end) with their name. values: what was used in them, where it was injected. alarm: the hour."""

    start: datetime
    end: datetime
    label: str
    values: Sequence[float]
    alarm: datetime | None


@dataclass(frozen=True)
class TrialChart:
    """Hours from `start` (UTC), one value each in the meter's base unit, NaN where nothing is known; `unit` is `B` for
    bytes. alarms: the hours of those that found none of `tries`."""

    title: str
    subtitle: str
    unit: str
    start: datetime
    actual: Sequence[float]
    expected: Sequence[float]
    tries: Sequence[Try]
    alarms: Sequence[datetime]


def svg(chart: TrialChart) -> str:
    """The chart as an SVG document, 640 pixels wide: the usage, and below it a lane for each try."""
    drawn = [*chart.actual, *chart.expected, *(value for one in chart.tries for value in one.values)]
    scale = ticks(max(filter(math.isfinite, drawn), default=0.0))
    plot = Plot(len(chart.actual), scale[-1], _UPPER)
    tries = sorted(chart.tries, key=lambda one: (one.start, one.end, one.label))
    lanes = len(tries) + bool(chart.alarms)
    parts = [
        *heading(chart.title, chart.subtitle),
        *_legend(chart),
        *_shades(chart, plot),
        *value_axis(chart.unit, scale, plot),
        *time_axis(chart.start, plot, ENGLISH.day),
        *_usage(chart, plot),
        *_lanes(chart, tries, plot),
    ]
    return document(plot.lower + _LANES + lanes * _LANE, f"{chart.title}. {chart.subtitle}", parts)


def _legend(chart: TrialChart) -> list[str]:
    entries = [("actual", line("M0 0H22", ACTUAL, 2)), ("expected", line("M0 0H22", EXPECTED, 1.6, EXPECTED_DASH))]
    injected = any(one.values for one in chart.tries)
    for found, word in ((True, "found"), (False, "missed")):
        if any((one.alarm is not None) == found for one in chart.tries):
            sample = box(0, -6, 22, 12, _shade(found)) + (line("M2 0H20", _stroke(found), 2) if injected else "")
            entries.append((f"injected, {word}" if injected else f"label, {word}", sample))
    if chart.alarms or any(one.alarm for one in chart.tries):
        entries.append(("alarm", _arrow(11, -5, INK)))
    return legend(entries, _LEGEND)


def _shades(chart: TrialChart, plot: Plot) -> Iterator[str]:
    """The odd hours, wide enough to be seen; those that were missed on top."""
    for one in sorted(chart.tries, key=lambda one: one.alarm is None):
        left, right = _ends(chart, one, plot)
        yield box(left, plot.upper, right - left, HEIGHT, _shade(one.alarm is not None))


def _usage(chart: TrialChart, plot: Plot) -> Iterator[str]:
    for path in plot.curves(chart.expected):
        yield line(path, EXPECTED, 1.2, EXPECTED_DASH)
    for path in plot.curves(chart.actual):
        yield line(path, ACTUAL, 1.2)
    for one in chart.tries:
        first = round((one.start - chart.start) / HOUR)
        course = [math.nan] * first + list(one.values)
        for path in plot.curves(course):
            yield line(path, _stroke(one.alarm is not None), 1.6)


def _lanes(chart: TrialChart, tries: Sequence[Try], plot: Plot) -> Iterator[str]:
    """What was tried, a line each, with its alarm below the hour at which it came; last the other alarms."""
    upper = plot.lower + _LANES - 8
    for number, one in enumerate(tries):
        y, found = upper + number * _LANE, one.alarm is not None
        left, right = _ends(chart, one, plot)
        yield line(f"M{MARGIN} {n(y + _LANE - 2)}H{WIDTH - MARGIN}", GRID)
        yield box(left, y + 2, right - left, _LANE - 6, _shade(found), stroke=_stroke(found))
        x, anchor = _beside(left, right, text_width(one.label, 10) + 8)
        yield text(x, y + 11, one.label, size=10, fill=INK if found else _MISSED, anchor=anchor)
        if one.alarm is not None:
            yield _arrow(_middle(chart, one.alarm, plot), y + 3, INK)
    if chart.alarms:
        y = upper + len(tries) * _LANE
        yield text(MARGIN, y + 11, "other", size=10, fill=MUTED)
        for hour in chart.alarms:
            yield _arrow(_middle(chart, hour, plot), y + 3, INK)


def _beside(left: float, right: float, width: float) -> tuple[float, str]:
    """Where a text of that width stands: right of the bar, else left of it, else over its end."""
    if right + width < WIDTH - MARGIN:
        return right + 8, "start"
    return (left - 8, "end") if left - width > MARGIN else (WIDTH - MARGIN - 8, "end")


def _ends(chart: TrialChart, one: Try, plot: Plot) -> tuple[float, float]:
    left = plot.x(max((one.start - chart.start) / HOUR, 0.0))
    right = plot.x(min((one.end - chart.start) / HOUR, plot.hours))
    return left, max(right, left + 3)


def _middle(chart: TrialChart, hour: datetime, plot: Plot) -> float:
    return plot.x((hour - chart.start) / HOUR + 0.5)


def _arrow(x: float, y: float, fill: str) -> str:
    return area([(x - 4.5, y + 9), (x + 4.5, y + 9), (x, y)], fill)


def _stroke(found: bool) -> str:
    return ODD if found else _MISSED


def _shade(found: bool) -> str:
    return SHADE if found else _MISSED_SHADE
