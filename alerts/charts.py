"""Pictures of usage: what an org did against what was expected of it, and where customers stand in a month.

The SVG goes into a page as it is and, as a PNG, into letters. The same chart gives the same bytes.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from alerts.axes import HEIGHT, LEFT, RIGHT, Plot, ticks, time_axis, value_axis
from alerts.drawing import (
    ACTUAL,
    EXPECTED,
    EXPECTED_DASH,
    INK,
    MARGIN,
    ODD,
    SHADE,
    WIDTH,
    area,
    box,
    clipped,
    document,
    heading,
    legend,
    line,
    n,
    runs,
    text,
    text_width,
)
from billing.hours import HOUR

_LEGEND, _HEAD, _ROW = 62, 76, 16
_BAND, _LEVEL = "#dfe9f4", "#6d28a8"
_LEVEL_DASH, _MARK_DASH = "10 5", "2 4"
_NAMES, _AMOUNTS, _BAR, _BAR_ROW = 176, 140, 14, 27
_FONTS = [str(Path(__file__).parent / "fonts" / name) for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")]
_IN_FONTS = re.compile(r"[ -~\u00a0-\u017f\u0400-\u045fҐґ‐-―‘-„†-•…‰′″€₩₽№←-↓−≈≠≤≥Δ]*")


class Words(NamedTuple):
    """The words on a picture, in the reader's language."""

    actual: str = "actual"
    expected: str = "expected"
    usual: str = "usual range"
    odd: str = "anomalous hours"
    to_date: str = "month to date"
    projected: str = "projected"
    committed: str = "committed"
    short_form: str = "{day} {month}"
    months: tuple[str, ...] = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

    def day(self, at: datetime) -> str:
        """1 Sep"""
        return self.short_form.format(day=at.day, month=self.months[at.month - 1])


ENGLISH = Words()


class Level(NamedTuple):
    """A horizontal line, such as the level that is billed."""

    value: float
    label: str


class Mark(NamedTuple):
    """A vertical line, such as the deadline. A chart reaches to its last mark."""

    at: datetime
    label: str


@dataclass(frozen=True)
class Chart:
    """A span of hours from `start` (UTC), one value each in the meter's base unit, NaN where nothing is known.

    `unit` is `B` for bytes, else the name of what is counted. `band`: lower and upper bounds of what is usual.
    Raises ValueError where the sequences are empty or differ in length.
    """

    title: str
    unit: str
    start: datetime
    actual: Sequence[float]
    expected: Sequence[float]
    anomalous: Sequence[bool]
    subtitle: str = ""
    band: tuple[Sequence[float], Sequence[float]] | None = None
    level: Level | None = None
    marks: tuple[Mark, ...] = ()
    words: Words = ENGLISH

    def __post_init__(self) -> None:
        lengths = {len(values) for values in (self.actual, self.expected, self.anomalous, *(self.band or ()))}
        if len(lengths) > 1 or 0 in lengths:
            raise ValueError(f"a chart has one value an hour, at least one: these have {sorted(lengths)}")


class Bar(NamedTuple):
    """A customer's month. The numbers place the strokes; `label` is what is read, such as an exact amount."""

    name: str
    to_date: float
    projected: float
    label: str
    committed: float | None = None


class _Label(NamedTuple):
    """A mark's line at x, its label's left end and width, and its row, counted upwards from the plot."""

    x: float
    left: float
    width: float
    row: int
    text: str


def svg(chart: Chart) -> str:
    """The chart as an SVG document, 640 pixels wide."""
    hours = max([len(chart.actual), *((mark.at - chart.start) / HOUR for mark in chart.marks)])
    scale = ticks(_highest(chart))
    labels = _placed(chart.marks, chart.start, Plot(hours, scale[-1], _HEAD))
    rows = 1 + max((label.row for label in labels), default=0)
    plot = Plot(hours, scale[-1], _HEAD + _ROW * rows)
    parts = [
        *heading(chart.title, chart.subtitle),
        *_legend(chart),
        *_shades(chart, plot),
        *value_axis(chart.unit, scale, plot),
        *time_axis(chart.start, plot, chart.words.day),
        *_usage(chart, plot),
        *_level(chart, plot),
        *_marks(labels, plot),
    ]
    return document(plot.lower + 28, f"{chart.title}. {chart.subtitle}", parts)


def bars(title: str, customers: Sequence[Bar], subtitle: str = "", words: Words = ENGLISH) -> str:
    """Month to date inside the projected month, a bar a customer, in the order given; an SVG document."""
    longest = max((max(bar.to_date, bar.projected, bar.committed or 0.0) for bar in customers), default=0.0) or 1.0
    left = MARGIN + _NAMES
    scale = (WIDTH - MARGIN - _AMOUNTS - left) / longest
    entries = [
        (words.to_date, box(0, -5, 22, 10, ACTUAL)),
        (words.projected, box(0, -5, 22, 10, _BAND, stroke=EXPECTED)),
    ]
    if any(bar.committed is not None for bar in customers):
        entries.append((words.committed, line("M11 -7V7", _LEVEL, 2.4)))
    parts = [*heading(title, subtitle), *legend(entries, _LEGEND)]
    for row, bar in enumerate(customers):
        y = _HEAD + 10 + row * _BAR_ROW
        parts += [
            text(MARGIN, y + _BAR - 3, clipped(bar.name, _NAMES - 10, 11), fill=INK),
            box(left, y, max(bar.projected, 0.0) * scale, _BAR, _BAND, stroke=EXPECTED),
            box(left, y, max(bar.to_date, 0.0) * scale, _BAR, ACTUAL),
            text(WIDTH - MARGIN, y + _BAR - 3, bar.label, fill=INK, anchor="end"),
        ]
        if bar.committed is not None:
            parts.append(line(f"M{n(left + bar.committed * scale)} {n(y - 4)}v{_BAR + 8}", _LEVEL, 2.4))
    return document(_HEAD + 14 + len(customers) * _BAR_ROW, f"{title}. {subtitle}", parts)


def png(drawing: str, zoom: int = 2) -> bytes:
    """An SVG document as a PNG of `zoom` times its size.

    Letters that the shipped font lacks (it has Latin and Cyrillic) are looked for among the machine's own fonts.
    """
    import resvg_py

    shipped = _IN_FONTS.fullmatch(drawing) is not None
    return bytes(resvg_py.svg_to_bytes(svg_string=drawing, zoom=zoom, skip_system_fonts=shipped, font_files=_FONTS))


def _highest(chart: Chart) -> float:
    """The highest value on the chart; 0 where nothing is known."""
    drawn = [*chart.actual, *chart.expected, *(chart.band[1] if chart.band else ())]
    if chart.level:
        drawn.append(chart.level.value)
    return max(filter(math.isfinite, drawn), default=0.0)


def _legend(chart: Chart) -> list[str]:
    entries = [
        (chart.words.actual, line("M0 0H22", ACTUAL, 2)),
        (chart.words.expected, line("M0 0H22", EXPECTED, 1.6, EXPECTED_DASH)),
    ]
    if chart.band:
        entries.append((chart.words.usual, box(0, -5, 22, 10, _BAND)))
    if any(chart.anomalous):
        entries.append((chart.words.odd, box(0, -6, 22, 12, SHADE) + line("M2 0H20", ODD, 3.4)))
    return legend(entries, _LEGEND)


def _shades(chart: Chart, plot: Plot) -> Iterator[str]:
    """The anomalous hours, wide enough to be seen in a month."""
    for run in runs(list(chart.anomalous)):
        left, right = plot.x(run.start), plot.x(run.stop)
        yield box(left, plot.upper, max(right - left, 3.0), HEIGHT, SHADE)


def _usage(chart: Chart, plot: Plot) -> Iterator[str]:
    """The usual range, then the expected line, then the actual one, heavier where it is anomalous."""
    if chart.band:
        low, high = chart.band
        for run in runs([math.isfinite(a) and math.isfinite(b) for a, b in zip(low, high, strict=True)]):
            edge = [(plot.x(hour + 0.5), plot.y(high[hour])) for hour in run]
            yield area(edge + [(plot.x(hour + 0.5), plot.y(low[hour])) for hour in reversed(run)], _BAND)
    for path in plot.curves(chart.expected):
        yield line(path, EXPECTED, 1.6, EXPECTED_DASH)
    for path in plot.curves(chart.actual):
        yield line(path, ACTUAL, 1.8)
    for path in plot.curves(chart.actual, only=chart.anomalous):
        yield line(path, ODD, 3.4)


def _level(chart: Chart, plot: Plot) -> list[str]:
    """The level's line, labelled at the end where fewer hours of usage run through the label."""
    if chart.level is None:
        return []
    y, width = plot.y(chart.level.value), text_width(chart.level.label, 11) + 8
    above = y - plot.upper > 18
    strip = (y - 18, y) if above else (y, y + 18)

    def crossed(left: float) -> int:
        return sum(
            left <= plot.x(hour) <= left + width and strip[0] <= plot.y(value) <= strip[1]
            for hour, value in enumerate(chart.actual)
        )

    at_right = crossed(WIDTH - RIGHT - width) < crossed(LEFT)
    x, anchor = (WIDTH - RIGHT - 4, "end") if at_right else (LEFT + 4, "start")
    return [
        line(f"M{LEFT} {n(y)}H{WIDTH - RIGHT}", _LEVEL, 1.6, _LEVEL_DASH),
        text(x, y - 6 if above else y + 15, chart.level.label, fill=_LEVEL, anchor=anchor),
    ]


def _placed(marks: Iterable[Mark], start: datetime, plot: Plot) -> list[_Label]:
    """The marks with their labels, left of the line unless the paper ends there, each above those it would meet."""
    labels: list[_Label] = []
    for mark in sorted(marks):
        x, width = plot.x((mark.at - start) / HOUR), text_width(mark.label, 11) + 10
        left = x - width if x >= width else x
        met = [other.row for other in labels if left < other.left + other.width and other.left < left + width]
        labels.append(_Label(x, left, width, max(met, default=-1) + 1, mark.label))
    return labels


def _marks(labels: list[_Label], plot: Plot) -> Iterator[str]:
    for label in labels:
        y = plot.upper - 6 - label.row * _ROW
        yield line(f"M{n(label.x)} {n(plot.lower)}V{n(y - 9)}", INK, 1.3, _MARK_DASH)
        before = label.left < label.x
        x, anchor = (label.x - 5, "end") if before else (label.x + 5, "start")
        yield text(x, y, label.text, fill=INK, anchor=anchor)
