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


@dataclass(frozen=True)
class Raised:
    """An alert: its first and last odd hour, and when it was raised."""

    org_id: str
    meter: str
    first_hour: datetime
    last_hour: datetime
    detected_at: datetime

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
    labels_of: defaultdict[SeriesKey, list[Label]] = defaultdict(list)
    for alert in raised:
        alerts_of[alert.org_id, alert.meter].append(alert)
    for label in labels:
        labels_of[label.org_id, label.meter].append(label)

    delays = []
    for label in labels:
        hits = [alert for alert in alerts_of[label.org_id, label.meter] if alert.overlaps(label, timedelta(0))]
        if hits:
            first = min(alert.detected_at for alert in hits)
            delays.append(max((first - label.start - HOUR) / HOUR, 0.0))
    false = sum(
        not any(alert.overlaps(label, NEAR) for label in labels_of[alert.org_id, alert.meter]) for alert in raised
    )
    return Score(
        recall=_share(len(delays), len(labels)),
        precision=_share(len(raised) - false, len(raised)),
        false_per_series_month=_share(false * MONTH_HOURS, series_hours),
        delay_hours_median=_percentile(delays, 50),
        delay_hours_p90=_percentile(delays, 90),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _percentile(values: Iterable[float], q: float) -> float | None:
    numbers = list(values)
    return float(np.percentile(numbers, q)) if numbers else None
