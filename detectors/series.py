"""Many series on one hourly grid: what a detector is handed."""

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from billing.hours import HOUR

SeriesKey = tuple[str, str]  # (org_id, meter)
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Origin:
    """Where a series comes from.

    kin: those of the same kin (same meter, same partner) are taken to stray alike while one is young. zone,
    holidays: the calendar its people live by, days by the clock of the zone. counter: it only grows, and starts again
    each UTC month.
    """

    kin: str = ""
    zone: str = "UTC"
    holidays: frozenset[date] = frozenset()
    counter: bool = False


@dataclass(frozen=True)
class Panel:
    """Series on one unbroken hourly grid.

    keys: one per row. start: the UTC hour of column 0. values: [series, hours], NaN where nothing was said
    (missing is not zero). learned: [series, hours], False in an hour of a live alert, which is not part of what is
    normal. origins: one per row, or none for all. caution: [series], nats by which more surprise is asked of a series
    than the budget asks of all, or nothing for 0. Raises ValueError when the shapes do not fit.
    """

    keys: tuple[SeriesKey, ...]
    start: datetime
    values: Floats
    learned: Flags
    origins: tuple[Origin, ...] = ()
    caution: Floats | None = None

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape != self.learned.shape or len(self.values) != len(self.keys):
            raise ValueError(
                f"A panel of {len(self.keys)} keys needs values and learned of the same [series, hours] shape, "
                f"not {self.values.shape} and {self.learned.shape}"
            )

    @property
    def end(self) -> datetime:
        """The hour after the last column."""
        hours: int = self.values.shape[1]
        return self.start + hours * HOUR
