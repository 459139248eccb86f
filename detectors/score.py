"""How good were the alerts? Against labels, by the protocol of the docs."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from billing.hours import DAY, HOUR
from detectors.series import SeriesKey

MONTH_HOURS = 720
NEAR = DAY  # an alert so near a label is no false alarm


@dataclass(frozen=True)
class Label:
    """Hours known to be odd: [start, end)."""

    org_id: str
    meter: str
    start: datetime
    end: datetime

    @property
    def key(self) -> SeriesKey:
        return (self.org_id, self.meter)


@dataclass(frozen=True)
class Raised:
    """An alert: its first and last odd hour, and when it was raised."""

    org_id: str
    meter: str
    first_hour: datetime
    last_hour: datetime
    detected_at: datetime
    kind: str = ""

    @property
    def key(self) -> SeriesKey:
        return (self.org_id, self.meter)

    def overlaps(self, label: Label, within: timedelta) -> bool:
        """Does an hour of it lie in the label, widened on both sides?"""
        return self.first_hour < label.end + within and self.last_hour + HOUR > label.start - within


@dataclass(frozen=True)
class Score:
    """Shares and hours; None where there was nothing to take them of."""

    recall: float | None
    precision: float | None
    false_per_series_month: float | None
    delay_hours_median: float | None
    delay_hours_p90: float | None


def score(raised: Sequence[Raised], labels: Sequence[Label], series_hours: int) -> Score:
    """series_hours: hours judged, summed over the series; 720 are a series-month.

    A label is found when an alert of its series overlaps it; the delay runs from the close of its first hour to the
    first such alert, 0 at least. An alert is false when it overlaps no label of its series, 24 h to either side.
    """
    alerts_of: defaultdict[SeriesKey, list[Raised]] = defaultdict(list)
    for alert in raised:
        alerts_of[alert.key].append(alert)
    hits = [first_hit(label, alerts_of[label.key]) for label in labels]
    delays = [delay(label.start, hit.detected_at) if hit else None for label, hit in zip(labels, hits, strict=True)]
    false = len(false_alarms(raised, labels))
    return summary(delays, (len(raised) - false, len(raised)), false, series_hours)


def summary(delays: Sequence[float | None], right: tuple[int, int], false: int, series_hours: int) -> Score:
    """delays: in hours, one for each thing to be found, None where it was not. right: how many of so many alarms."""
    found = [hours for hours in delays if hours is not None]
    return Score(
        recall=_share(len(found), len(delays)),
        precision=_share(*right),
        false_per_series_month=_share(false * MONTH_HOURS, series_hours),
        delay_hours_median=_percentile(found, 50),
        delay_hours_p90=_percentile(found, 90),
    )


def delay(start: datetime, detected: datetime) -> float:
    """Hours from the close of the first odd hour to the alarm; 0 where it was raised at that close or before."""
    return max((detected - start - HOUR) / HOUR, 0.0)


def first_hit(label: Label, raised: Iterable[Raised]) -> Raised | None:
    """The first alert of the label's series that overlaps it."""
    hits = [alert for alert in raised if alert.overlaps(label, timedelta(0))]
    return min(hits, key=lambda alert: alert.detected_at, default=None)


def false_alarms(raised: Iterable[Raised], labels: Iterable[Label]) -> list[Raised]:
    """The alerts that overlap no label of their series, 24 h to either side."""
    labels_of: defaultdict[SeriesKey, list[Label]] = defaultdict(list)
    for label in labels:
        labels_of[label.key].append(label)
    return [alert for alert in raised if not any(alert.overlaps(label, NEAR) for label in labels_of[alert.key])]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _percentile(values: Iterable[float], q: float) -> float | None:
    numbers = list(values)
    return float(np.percentile(numbers, q)) if numbers else None
