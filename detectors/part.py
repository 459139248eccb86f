"""Some series of a panel, made fit to be judged: whole days, counters by their growth, nothing absurd learned."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from billing.hours import HOUR
from detectors.calendar import Calendar
from detectors.counter import growth
from detectors.series import Flags, Floats, Origin, Panel, SeriesKey
from detectors.state import Rows

ABSURD, LARGEST = 1e15, 1e18  # nobody uses that much in an hour: it is odd and teaches nothing; no number is larger


@dataclass(frozen=True)
class Part:
    """Some series of a panel from a 00:00 UTC on, as they are judged: counters by their growth, a negative number as
    nothing said. ordinary: [series, hours], what is learned if no alert has it; teaches: what is learned."""

    keys: tuple[SeriesKey, ...]
    start: datetime
    values: Floats
    learned: Flags
    calendar: Calendar
    ordinary: Flags
    teaches: Flags

    @classmethod
    def of(cls, panel: Panel, rows: Rows) -> "Part":
        """The rows of the panel."""
        lead = panel.start.hour
        start = panel.start - lead * HOUR
        values, learned = panel.values[rows], panel.learned[rows]
        if lead:
            values = np.pad(values, ((0, 0), (lead, 0)), constant_values=np.nan)
            learned = np.pad(learned, ((0, 0), (lead, 0)), constant_values=True)
        origins = [panel.origins[row] if panel.origins else Origin() for row in rows]
        values = tame(values)
        counters = [origin.counter for origin in origins]
        if any(counters):
            values[counters] = growth(values[counters], start)
        calendar = Calendar(start, origins)
        keys = tuple(panel.keys[row] for row in rows)
        ordinary = ~(values > ABSURD) & calendar.ordinary(values.shape[1])
        return cls(keys, start, values, learned, calendar, ordinary, learned & ordinary)


def tame(values: Floats) -> Floats:
    """A negative number is nothing said, and none is larger than LARGEST."""
    tamed = np.minimum(values, LARGEST)
    tamed[values < 0] = np.nan
    return tamed
