"""What reviewers' verdicts teach: which hours are normal, and how much surprise a series must show to be raised.

| verdict | its hours | alike cases |
|---|---|---|
| none yet, over | not learned | |
| dismissed | learned, in the baseline and in the calibration | more surprise is asked |
| planned | learned once it has lasted LASTS and for as long as the newest day is on its level | |
| confirmed, vendor fault | never learned, not even when it is over | less surprise is enough |
| withdrawn | learned as they were restated | |

Surprise is asked in nats beyond the budget's threshold. A verdict moves its own series by OWN and all of its kin,
itself among them, by KIN; both fade by 1/e in FADES, and neither leaves its bounds. What is asked is at most 4 nats
more, a chance 55 times rarer: a run-away to five times the usual is still found at once in all but the wildest series.
Kinds that stand APART (a first use, usage that stopped) have no threshold and teach none.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from alerts.alert import Alert
from billing.grid import SeriesKey
from billing.hours import DAY, HOUR, WEEK_HOURS, hour_of_week, hours_between
from detectors.episodes import APART, FIRST_USE
from detectors.series import Floats

LASTS = 2 * DAY  # a planned load that goes on for so long may be a level that moved for good
ON_LEVEL = 0.5  # of its excess a typical hour: usage is still nearer to the planned level than to the one before
FADES = 28 * DAY
OWN, KIN = 1.0, 0.25  # nats
OWN_BOUNDS, KIN_BOUNDS = (-0.5, 3.0), (-0.5, 1.0)
SIGNS = {"dismissed": 1, "confirmed": -1, "vendor_fault": -1}


@dataclass
class Asked:
    """Nats after some verdicts, taken in their order."""

    bounds: tuple[float, float]
    nats: float = 0.0
    at: datetime | None = None

    def move(self, by: float, at: datetime) -> None:
        least, most = self.bounds
        self.nats = min(max(self.by(at) + by, least), most)
        self.at = at

    def by(self, at: datetime) -> float:
        """What is left of it."""
        return self.nats * math.exp(-((at - self.at) / FADES)) if self.at else 0.0


@dataclass(frozen=True)
class Lesson:
    """caution: nats asked of a series beyond the threshold. dismissed, upheld: verdicts on its kin that led to it."""

    caution: float
    dismissed: int
    upheld: int

    @property
    def why(self) -> str:
        """In words; empty where nothing to speak of is asked."""
        times = math.exp(abs(self.caution))
        if times < 1.1:
            return ""
        if self.caution > 0:
            return f"{_alike(self.dismissed)} dismissed lately, so it had to be {times:.1f} times as rare to be raised"
        return f"{_alike(self.upheld)} found to be right lately, so it was raised though {times:.1f} times less rare"


def lessons(
    alerts: Iterable[Alert], decided: Mapping[str, datetime], at: datetime, kin_of: Mapping[SeriesKey, str]
) -> dict[SeriesKey, Lesson]:
    """What the verdicts given by `at` teach of each series of `kin_of`; those of which they teach nothing are left out.

    decided: alert_id -> when its state was given. kin_of: series -> the name of its kin. Pure.
    """
    given = [
        (decided[alert.alert_id], alert.alert_id, alert)
        for alert in alerts
        if alert.state in SIGNS
        and alert.kind not in APART
        and alert.key in kin_of
        and alert.alert_id in decided
        and decided[alert.alert_id] <= at
    ]
    own: defaultdict[SeriesKey, Asked] = defaultdict(lambda: Asked(OWN_BOUNDS))
    kin: defaultdict[str, Asked] = defaultdict(lambda: Asked(KIN_BOUNDS))
    counts: Counter[tuple[str, int]] = Counter()
    for when, _, alert in sorted(given, key=lambda each: each[:2]):
        name, sign = kin_of[alert.key], SIGNS[alert.state]
        own[alert.key].move(sign * OWN, when)
        kin[name].move(sign * KIN, when)
        counts[name, sign] += 1
    return {
        key: Lesson(own[key].by(at) + kin[name].by(at), counts[name, 1], counts[name, -1])
        for key, name in kin_of.items()
        if name in kin
    }


def normal(alert: Alert, values: Floats, start: datetime) -> bool:
    """Are its hours learned from? values: [hours] from `start` on, what its series used; NaN where nothing was said."""
    if alert.state == "planned":
        return _moved(alert, values, start)
    return not alert.live or alert.kind == FIRST_USE


def _moved(alert: Alert, values: Floats, start: datetime) -> bool:
    """It has lasted, and a typical hour of the newest day strays at least half as far as one of its own."""
    columns = np.array([hours_between(start, hour) for hour in alert.hours])
    columns = columns[(columns >= 0) & (columns < len(values))]
    if alert.last_hour + HOUR - alert.started_at < LASTS or not columns.size:
        return False
    strayed = values - alert.profile[(hour_of_week(start) + np.arange(len(values))) % WEEK_HOURS]
    its, newest = strayed[columns], strayed[-24:]
    if np.isnan(its).all() or np.isnan(newest).all():
        return False
    share = float(np.nanmedian(newest) / np.nanmedian(its)) if np.nanmedian(its) else 0.0
    return share >= ON_LEVEL


def _alike(count: int) -> str:
    return "an alert like this was" if count == 1 else f"{count} alerts like this were"
