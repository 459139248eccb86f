"""What the past of each series taught, as of one 00:00 UTC. Remembered by its content."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from billing.hours import WEEK_HOURS
from detectors.baseline import Course, follow
from detectors.series import Flags, Floats

REACH = 72  # hours back from the newest one that a kind may look at
REMEMBERED_DAYS = 8  # a replay that re-reads the trailing days comes back to each of them
CHUNK = 1000  # series walked at once: bounds the memory

Learn = Callable[[Course], Floats]
Row = tuple[Floats, ...]


@dataclass(frozen=True)
class Past:
    """Per series: the profile, [series, 168]; the one of a week before; the usual error; the days of history; what
    was expected of the hours before, [series, 168 + REACH], a day ahead; and what each kind learned, [series, ...]."""

    profile: Floats
    older: Floats
    scale: Floats
    days: Floats
    ahead: Floats
    lessons: tuple[Floats, ...]


class Memory:
    """Walks each distinct past once. The answer depends on the columns given and nothing else."""

    def __init__(self, learners: Sequence[Learn]) -> None:
        self._learners = learners
        self._rows: OrderedDict[bytes, Row] = OrderedDict()

    def past(self, values: Floats, learned: Flags, start: datetime) -> Past:
        """values, learned: [series, hours before the 00:00]; start: the UTC hour of column 0."""
        said = np.where(learned, values, np.nan)
        phase = f"{start.weekday()} {start.hour}".encode()
        names = [hashlib.blake2b(row.tobytes(), digest_size=16, key=phase).digest() for row in said]
        new = [row for row, name in enumerate(names) if name not in self._rows]
        for rows in (new[begin : begin + CHUNK] for begin in range(0, len(new), CHUNK)):
            self._rows.update(zip((names[row] for row in rows), self._walk(said[rows], start), strict=True))
        for name in names:
            self._rows.move_to_end(name)
        columns = [np.stack(column) for column in zip(*(self._rows[name] for name in names), strict=True)]
        while len(self._rows) > REMEMBERED_DAYS * len(names):
            self._rows.popitem(last=False)
        profile, older, scale, days, ahead, *lessons = columns
        return Past(profile, older, scale, days, ahead, tuple(lessons))

    def _walk(self, said: Floats, start: datetime) -> list[Row]:
        course = follow(said, start)
        ahead = course.ahead[:, -(WEEK_HOURS + REACH) :]
        ahead = np.pad(ahead, ((0, 0), (WEEK_HOURS + REACH - ahead.shape[1], 0)), constant_values=np.nan)
        line = course.baseline
        fields = (line.profile, course.older, line.scale, line.days, ahead)
        return list(zip(*fields, *(learn(course) for learn in self._learners), strict=True))
