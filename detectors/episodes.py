"""Which odd hours belong together. An episode ends after 24 quiet hours."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from billing.hours import DAY, HOUR
from detectors.scan import Finding
from detectors.score import Raised

QUIET = DAY
FIRST_USE, DISAPPEARANCE = "first_use", "disappearance"
APART = (FIRST_USE, DISAPPEARANCE)  # what a newcomer uses, what stops, and what is odd of the rest join only their like


def belongs(first: datetime, last: datetime, finding: Finding) -> bool:
    """Does the finding belong to the episode with odd hours from `first` to `last`?

    It does when fewer than 24 quiet hours lie between them, on either side.
    """
    return finding.hours[0] < last + HOUR + QUIET and finding.hours[-1] + HOUR + QUIET > first


def is_over(last: datetime, at: datetime) -> bool:
    """Have 24 hours passed at `at` since the end of the episode's last odd hour?"""
    return at >= last + HOUR + QUIET


def incidents(findings: Iterable[Finding]) -> list[Raised]:
    """The episodes of the findings, by series and time: each of the kind, and raised, as its first finding was."""
    found: dict[tuple[object, str], list[Raised]] = {}
    for finding in sorted(findings, key=lambda each: (each.key, each.detected)):
        of_series = found.setdefault((finding.key, finding.kind if finding.kind in APART else ""), [])
        if of_series and belongs(of_series[-1].first_hour, of_series[-1].last_hour, finding):
            last = of_series.pop()
            first_hour = min(last.first_hour, finding.hours[0])
            last_hour = max(last.last_hour, finding.hours[-1])
            of_series.append(replace(last, first_hour=first_hour, last_hour=last_hour))
        else:
            span = (finding.hours[0], finding.hours[-1])
            of_series.append(Raised(*finding.key, *span, finding.detected, finding.kind))
    return [raised for of_series in found.values() for raised in of_series]
