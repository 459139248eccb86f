"""The close of one hour: what a kind may look at, and what it may answer."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from billing.hours import WEEK_HOURS
from detectors.past import REACH, Past
from detectors.series import Flags, Floats, Panel

Scalar = TypeVar("Scalar", bound=np.generic)
NEVER = np.iinfo(np.int64).max
LIVE_HOURS = 24  # an alert's hour so near means that the alert is still live
IDLE = 50 * 24  # a meter not used for so long is used for the first time again
NEWCOMER = 31 * 24  # a whole month of first use is announced as one


@dataclass(frozen=True)
class Outlook:
    """What was expected of the hours, [series, REACH], and the profile of that time, [series, 168]."""

    expected: Floats
    profile: Floats


@dataclass(frozen=True)
class Moment:
    """One hour has closed. Where an array is [series, REACH], the hour itself is the last column.

    day_ahead: as of 00:00 of each hour's day; week_ahead: as of a week before that. fresh: [series, REACH], something
    was said and no alert has the hour yet (the newest hour may be under alert). live: [series], an alert has an hour
    within the last 24. newcomer: [series], first used within the last NEWCOMER hours, by an org known for long
    enough. first_week: [series], first used within the last 168. idle: [series], hours for which the org was known
    before. age: [series], days from the first hour heard to 00:00.
    """

    actual: Floats
    day_ahead: Outlook
    week_ahead: Outlook
    fresh: Flags
    live: Flags
    newcomer: Flags
    first_week: Flags
    idle: NDArray[np.int64]
    age: Floats
    past: Past


@dataclass(frozen=True)
class Odd:
    """A kind's answer: for each of `rows` (indices of series) the hours that are odd, [rows, REACH], what was
    expected of them, the surprise in nats, the profile that prices them, [rows, 168], and why in words."""

    rows: NDArray[np.intp]
    hours: Flags
    expected: Floats
    score: Floats
    profile: Floats
    why: tuple[str, ...]


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
        heard, used = _first(np.isfinite(panel.values)), _first_lately(panel.values > 0)
        rows_of: dict[str, list[int]] = {}
        for row, (org, _) in enumerate(panel.keys):
            rows_of.setdefault(org, []).append(row)
        others = np.full(len(heard), NEVER)
        for rows in rows_of.values():
            first, second, *_ = [*np.sort(heard[rows]), NEVER]
            others[rows] = np.where(heard[rows] == first, second, first)
        idle = used - np.minimum(others, used)
        return cls(heard, np.where(idle >= min_history_days * 24, used, NEVER), idle)


def at_close(panel: Panel, learned: Flags, column: int, past: Past, lives: Lives) -> Moment:
    """The close of the hour in `column`; `past` as of 00:00 of its day."""
    at = (panel.start.weekday() * 24 + panel.start.hour + column) % WEEK_HOURS
    hour = at % 24
    window = slice(hour + 1, hour + 1 + REACH)
    today = past.profile[:, at - hour : at - hour + 24]
    actual = _before(panel.values, column + 1, np.float64(np.nan))
    known = _before(learned, column + 1, np.True_)
    said = np.isfinite(actual)
    return Moment(
        actual=actual,
        day_ahead=Outlook(np.concatenate([past.ahead[:, WEEK_HOURS:], today], axis=1)[:, window], past.profile),
        week_ahead=Outlook(past.ahead[:, window], past.older),
        fresh=np.concatenate([(said & known)[:, :-1], said[:, -1:]], axis=1),
        live=np.any(~known[:, -1 - LIVE_HOURS : -1], axis=1),
        newcomer=(lives.used <= column) & (column - NEWCOMER < lives.used),
        first_week=(lives.used <= column) & (column - WEEK_HOURS < lives.used),
        idle=lives.idle,
        age=np.maximum(column - hour - lives.heard, 0) / 24,
        past=past,
    )


def _before(columns: NDArray[Scalar], stop: int, fill: Scalar) -> NDArray[Scalar]:
    """The REACH columns before `stop`; `fill` before the panel begins."""
    cut = columns[:, max(0, stop - REACH) : stop]
    lead = np.full((len(cut), REACH - cut.shape[1]), fill, dtype=cut.dtype)
    return np.concatenate([lead, cut], axis=1)


def _first_lately(used: Flags) -> NDArray[np.int64]:
    """[series]: the last column with usage before which there was none for IDLE hours; NEVER for none.

    A panel that moves on forgets its first weeks: what is new must not depend on them.
    """
    columns = np.arange(used.shape[1])
    before = np.maximum.accumulate(np.where(used, columns, -IDLE), axis=1) if used.size else np.empty(used.shape)
    gap = np.full(used.shape, IDLE)
    gap[:, 1:] = columns[1:] - before[:, :-1]
    new = used & (gap >= IDLE)
    last = used.shape[1] - 1 - new[:, ::-1].argmax(axis=1) if used.shape[1] else np.zeros(len(used))
    return np.where(new.any(axis=1), last, NEVER)


def _first(flags: Flags) -> NDArray[np.int64]:
    """[series]: the first True column; NEVER for none."""
    if not flags.shape[1]:
        return np.full(len(flags), NEVER)
    return np.where(flags.any(axis=1), flags.argmax(axis=1), NEVER)
