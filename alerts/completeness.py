"""How complete the usage of each org is, hour by hour, and a picture of it. Pure."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from alerts.drawing import ACTUAL, MARGIN, ODD, WIDTH, box, clipped, document, legend, n, runs, text
from billing.grid import Grid
from billing.hours import DAY, HOUR, hours_between

LEFT, TOP, ROW = 190, 58, 16
STEPS = 4  # shades of how much is there
LABEL = "How complete usage is, by org and hour; the table has the same in numbers."


@dataclass(frozen=True)
class Told:
    """An org's hours from `start`. share: [hours], of the meters that said anything in all of them, how many did in
    each."""

    org_id: str
    start: datetime
    share: NDArray[np.float64]

    @property
    def missing(self) -> int:
        """Hours of which nothing is known though a later one is."""
        return int((self.share[: self._last + 1] == 0).sum())

    @property
    def partial(self) -> int:
        return int(((self.share > 0) & (self.share < 1)).sum())

    @property
    def longest(self) -> int:
        """The longest unbroken run of missing hours."""
        return max(map(len, runs(list(self.share[: self._last + 1] == 0))), default=0)

    @property
    def upto(self) -> datetime | None:
        """The end of the last hour of which anything is known."""
        return self.start + (self._last + 1) * HOUR if self._last >= 0 else None

    @cached_property
    def _last(self) -> int:
        """The column of the last hour of which anything is known; -1 for none."""
        columns = np.flatnonzero(self.share)
        return int(columns[-1]) if columns.size else -1


def told(grid: Grid, org_ids: Collection[str]) -> list[Told]:
    """Of each org, those of which most is missing first; one of which nothing was said has shares of 0."""
    width = hours_between(grid.start, grid.end)
    found = []
    for org_id in org_ids:
        rows = [grid.row_of[org_id, meter] for meter in grid.meters_of.get(org_id, ())]
        share = grid.seen[rows].mean(axis=0) if rows else np.zeros(width)
        found.append(Told(org_id, grid.start, share))
    return sorted(found, key=lambda one: (one.upto is not None, -one.missing, -one.partial, one.org_id))


def heat_map(
    orgs: Sequence[Told], name_of: dict[str, str], say: Callable[[str], str], day_of: Callable[[date], str]
) -> str:
    """A row an org, a column an hour, darker where more of its meters said something. The SVG; of at least one org.

    say: its English in the reader's language; day_of: a day in it.
    """
    start, hours = orgs[0].start, len(orgs[0].share)
    step = (WIDTH - LEFT - MARGIN) / max(1, hours)
    height = TOP + ROW * len(orgs) + MARGIN
    words = (say("no data"), say("some meters"), say("all meters"))
    parts = legend([(word, _cell(0, -5, 22, share)) for word, share in zip(words, (0, 0.5, 1), strict=True)], 20)
    for day in range(0, hours, DAY // HOUR):
        at = start + day * HOUR
        parts.append(text(LEFT + day * step, TOP - 8, day_of(at), size=10))
    for place, one in enumerate(orgs):
        y = TOP + ROW * place
        parts.append(text(MARGIN, y + 10, clipped(name_of[one.org_id], LEFT - MARGIN - 8, 11)))
        shades = [0.0 if share == 0 else int(np.ceil(share * STEPS)) / STEPS for share in one.share]
        x = 0
        for shade, run in groupby(shades):
            width = len(list(run))
            parts.append(_cell(LEFT + x * step, y, width * step, shade))
            x += width
    return document(height, say(LABEL), parts).replace("<svg ", '<svg class="chart" ', 1)


def _cell(x: float, y: float, width: float, shade: float) -> str:
    """A run of hours; one without usage is an outline, so that it can be told without its colour."""
    if shade == 0:
        return box(x + 0.5, y + 0.5, max(0.5, width - 1), ROW - 5, "none", stroke=ODD)
    return (
        f'<rect x="{n(x)}" y="{n(y)}" width="{n(width)}" height="{ROW - 4}" fill="{ACTUAL}" fill-opacity="{n(shade)}"/>'
    )
