"""The false alarms that were really seen: what reviewers dismissed, of what they decided."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.alert import VERDICTS, Alert
from alerts.queue import UNDECIDED

SERIES_MONTH = timedelta(hours=720)
SPANS = (30, 90)  # days


@dataclass(frozen=True)
class Seen:
    """What became of the alerts that were raised in the last `days`. series_months: of 720 h, in which they were."""

    days: int
    raised: int
    decided: int
    dismissed: int
    undecided: int
    series_months: float

    @property
    def false_per_series_month(self) -> float | None:
        """Those that are known; None where nothing has been judged."""
        return self.dismissed / self.series_months if self.series_months else None

    def sentence(self, budget: float) -> str:
        """In one line, beside the budget that was asked for."""
        if self.false_per_series_month is None:
            return f"last {self.days} days: nothing has been judged yet"
        share = f" ({self.dismissed / self.decided:.0%})" if self.decided else ""
        return (
            f"last {self.days} days: {self.raised} raised, {self.decided} decided, {self.dismissed} dismissed{share}, "
            f"{self.undecided} undecided: {self.false_per_series_month:.3g} false alarms a series-month "
            f"(budget {budget:g})"
        )


def seen(alerts: Iterable[Alert], series: int, since: datetime, at: datetime, days: int) -> Seen:
    """`series`: how many are judged; `since`: the first hour that was. Restated usage withdraws: nobody decided it."""
    start = at - timedelta(days=days)
    recent = [alert for alert in alerts if start < alert.detected_at <= at]
    states = [alert.state for alert in recent]
    return Seen(
        days,
        raised=len(recent),
        decided=sum(state in VERDICTS.values() for state in states),
        dismissed=states.count("dismissed"),
        undecided=sum(state in UNDECIDED for state in states),
        series_months=series * (max(timedelta(), at - max(since, start)) / SERIES_MONTH),
    )
