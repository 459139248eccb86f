"""Where hours and values lie on a chart, and what stands along its edges."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.drawing import GRID, MARGIN, MUTED, WIDTH, clipped, line, n, polyline, runs, text
from billing.hours import HOUR

LEFT, RIGHT, HEIGHT = 66, 24, 180
_TICK_HOURS = (1, 3, 6, 12, 24, 48, 72, 168, 336, 672, 1344, 2688, 8760)
_PREFIXES = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True)
class Plot:
    """Where hours since the start, and values, lie on the paper."""

    hours: float
    top: float
    upper: float

    @property
    def lower(self) -> float:
        return self.upper + HEIGHT

    def x(self, hour: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * hour / self.hours

    def y(self, value: float) -> float:
        return self.lower - HEIGHT * min(max(value / self.top, 0.0), 1.0)

    def curves(self, values: Sequence[float], only: Sequence[bool] | None = None) -> Iterator[str]:
        """A path for each unbroken run of known values, through the middles of the hours."""
        for run in runs([math.isfinite(value) and (only is None or only[i]) for i, value in enumerate(values)]):
            yield polyline([(self.x(hour + 0.5), self.y(values[hour])) for hour in run])


def value_axis(unit: str, scale: list[float], plot: Plot) -> Iterator[str]:
    """Lines at the values of the scale; the unit above them, or `B` beside each."""
    for value in scale:
        y = plot.y(value)
        yield line(f"M{LEFT} {n(y)}H{WIDTH - RIGHT}", GRID)
        yield text(LEFT - 8, y + 4, quantity(value, unit), anchor="end")
    if unit != "B":
        yield text(MARGIN, plot.upper - 9, clipped(unit, 160, 11))


def time_axis(start: datetime, plot: Plot, day: Callable[[datetime], str]) -> Iterator[str]:
    """Round UTC hours or midnights, at most one in 70 pixels. day: what stands at a midnight."""
    step = next((hours for hours in _TICK_HOURS if plot.x(hours) - plot.x(0) >= 70), _TICK_HOURS[-1])
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    first = math.ceil((start - midnight) / HOUR / min(step, 24)) * min(step, 24)
    for hour in range(first, math.ceil(plot.hours + (start - midnight) / HOUR) + 1, step):
        at = midnight + hour * HOUR
        x = plot.x((at - start) / HOUR)
        if x <= WIDTH - RIGHT + 0.1:
            label = f"{at:%H:%M}" if at.hour else day(at)
            yield line(f"M{n(x)} {n(plot.lower)}v4", MUTED)
            yield text(x, plot.lower + 17, label, anchor="middle")
    yield text(MARGIN, plot.lower + 17, "UTC")


def quantity(value: float, unit: str) -> str:
    """Three digits and an SI prefix: `1.25 GB` for bytes (unit B), `2.5M` for anything that is counted."""
    rounded = float(f"{value:.3g}")
    factor, prefix = next(((f, p) for f, p in _PREFIXES if abs(rounded) >= f), (1.0, ""))
    scaled = rounded / factor
    number = f"{scaled:.3g}" if abs(scaled) < 1000 else f"{scaled:.0f}"
    return f"{number} {prefix}B" if unit == "B" else f"{number}{prefix}"


def ticks(top: float, most: int = 5) -> list[float]:
    """Round values from 0 to the first one at or above `top`, no more than `most` steps apart; 0 and 1 for nothing."""
    if not top > 0:
        return [0.0, 1.0]
    magnitude = 10.0 ** math.floor(math.log10(top / most))
    step = next(magnitude * m for m in (1, 2, 2.5, 5, 10) if magnitude * m * most >= top * (1 - 1e-9))
    return [step * i for i in range(math.ceil(top / step - 1e-9) + 1)]
