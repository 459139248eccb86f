"""The close of one hour: what a kind may look at, and what it may answer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from detectors.series import Flags, Floats, Panel
from detectors.state import Rows

Scalar = TypeVar("Scalar", bound=np.generic)
REACH = 72  # hours back from the newest one that a kind may look at
NEVER = np.iinfo(np.int64).max
LIVE_HOURS = 24  # an alert's hour so near means that the alert is still live
IDLE = 50 * 24  # a meter not used for so long is used for the first time again
NEWCOMER = 31 * 24  # a whole month of first use is announced as one


@dataclass(frozen=True)
class Lives:
    """[series] each. heard: the first column in which anything was said. used: the first with usage after IDLE hours
    without, if its org was known on other meters for long enough before; NEVER for none. idle: for how many hours it
    was known."""

    heard: NDArray[np.int64]
    used: NDArray[np.int64]
    idle: NDArray[np.int64]

    @classmethod
    def of(cls, panel: Panel, min_history_days: int) -> "Lives":
        """As far as the panel tells."""
        using = panel.values > 0
        heard, used = first_column(using), first_lately(using)
        later = np.flatnonzero(heard > 0)  # of what is used from the start on nothing was said before
        heard[later] = first_column(np.isfinite(panel.values[later]))
        return cls.among(numbered(org for org, _ in panel.keys), heard, used, min_history_days)

    @classmethod
    def among(
        cls, orgs: NDArray[np.intp], heard: NDArray[np.int64], used: NDArray[np.int64], min_history_days: int
    ) -> "Lives":
        """orgs: [series], the number of its org. used: whatever was known before."""
        order = np.lexsort((heard, orgs))  # each org's series beside each other, the first heard first
        place = np.searchsorted(orgs[order], orgs)
        first = heard[order][place]
        follows = np.append(heard[order], NEVER)[place + 1]
        same_org = np.append(orgs[order], -1)[place + 1] == orgs
        others = np.where(heard == first, np.where(same_org, follows, NEVER), first)
        idle = used - np.minimum(others, used)
        return cls(heard, np.where(idle >= min_history_days * 24, used, NEVER), idle)

    def take(self, rows: Rows, later: int) -> "Lives":
        """Of these rows alone, with so many columns before the first."""
        heard, used = (
            np.where(column == NEVER, NEVER, column + later) for column in (self.heard[rows], self.used[rows])
        )
        return Lives(heard, used, self.idle[rows])

    def newcomers(self, column: int, hours: int = NEWCOMER) -> Flags:
        """[series]: first used within so many hours to `column`."""
        return (self.used <= column) & (column - hours < self.used)


@dataclass(frozen=True)
class Moment:
    """One hour has closed. Where an array is [series, REACH], the hour itself is the last column.

    day_ahead, week_ahead: what was expected of the hours at 00:00 of their day, and a week before that. fresh: [series,
    REACH], something was said and no alert has the hour yet (the newest hour may be under alert). live: [series], an
    alert has an hour within the last 24. newcomer: [series], first used within the last NEWCOMER hours, by an org known
    for long enough. first_week: [series], first used within the last 168. idle: [series], hours for which the org was
    known before. days: [series], of history that were learned from. scale: [series], how far an hour usually strays.
    floor: [series], the least that an hour strays. caution: [series], nats asked beyond the threshold. others:
    [series], lately usage of some series was heard of. silences: of the rows asked for, the longest run of hours with
    next to nothing before these.
    """

    actual: Floats
    day_ahead: Floats
    week_ahead: Floats
    fresh: Flags
    live: Flags
    newcomer: Flags
    first_week: Flags
    idle: NDArray[np.int64]
    days: Floats
    scale: Floats
    floor: Floats
    caution: Floats
    others: Flags
    silences: Callable[[Rows], NDArray[np.int64]]

    def take(self, rows: Rows) -> "Moment":
        """Of these rows alone."""
        columns = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "silences"}
        return Moment(
            **{name: column[rows] for name, column in columns.items()}, silences=lambda some: self.silences(rows[some])
        )


@dataclass(frozen=True)
class Odd:
    """A kind's answer: for each of `rows` (indices of series) the hours that are odd, [rows, REACH], what was
    expected of them, the surprise in nats, and why in words. weeks_ago: the age of the baseline that expected it."""

    rows: Rows
    hours: Flags
    expected: Floats
    score: Floats
    why: tuple[str, ...]
    weeks_ago: int = 0


def numbered(names: Iterable[object]) -> NDArray[np.intp]:
    """A number for each, the same for the same, in the order in which they come."""
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.intp)


def last_columns(columns: NDArray[Scalar], stop: int, width: int, fill: Scalar) -> NDArray[Scalar]:
    """The `width` columns before `stop`; `fill` before the first."""
    cut = columns[:, max(0, stop - width) : max(0, stop)]
    lead = np.full((len(cut), width - cut.shape[1]), fill, dtype=cut.dtype)
    return np.concatenate([lead, cut], axis=1)


def ending(total: Floats, count: int, window: int) -> Floats:
    """[series, count]: the sum of the `window` hours that end with each of the last `count` columns, of hours added up
    from the first; there are more than `window` before these."""
    last = total.shape[1]
    sums: Floats = total[:, last - count :] - total[:, last - count - window : last - window]
    return sums


def first_lately(used: Flags) -> NDArray[np.int64]:
    """[series]: the last column with usage before which there was none for IDLE hours; NEVER for none.

    A panel that moves on forgets its first weeks: what is new must not depend on them.
    """
    last = first_column(used)
    days = used.shape[1] // 24
    most = days - IDLE // 24 + 1  # days in use of a series that was idle for so long in between
    paused = np.flatnonzero(np.count_nonzero(used, axis=1) <= (most + 1) * 24)
    busy = used[paused, : days * 24].reshape(len(paused), days, 24).any(axis=2).sum(axis=1)
    paused = paused[busy <= most]
    last[paused] = _after_a_pause(used[paused])
    return last


def _after_a_pause(used: Flags) -> NDArray[np.int64]:
    columns = np.arange(used.shape[1])
    before = np.maximum.accumulate(np.where(used, columns, -IDLE), axis=1) if used.size else np.empty(used.shape)
    gap = np.full(used.shape, IDLE)
    gap[:, 1:] = columns[1:] - before[:, :-1]
    new = used & (gap >= IDLE)
    last = used.shape[1] - 1 - new[:, ::-1].argmax(axis=1) if used.shape[1] else np.zeros(len(used))
    return np.where(new.any(axis=1), last, NEVER)


def first_column(flags: Flags) -> NDArray[np.int64]:
    """[series]: the first True column; NEVER for none."""
    if not flags.shape[1]:
        return np.full(len(flags), NEVER)
    first = flags.argmax(axis=1)
    return np.where(flags[np.arange(len(flags)), first], first, NEVER)
