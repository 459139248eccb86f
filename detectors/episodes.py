"""Which odd hours belong together. An episode ends after 24 quiet hours."""

from datetime import datetime

from billing.hours import DAY, HOUR
from detectors.scan import Finding

QUIET = DAY


def belongs(first: datetime, last: datetime, finding: Finding) -> bool:
    """Does the finding belong to the episode with odd hours from `first` to `last`?

    It does when fewer than 24 quiet hours lie between them, on either side.
    """
    return finding.hours[0] < last + HOUR + QUIET and finding.hours[-1] + HOUR + QUIET > first


def is_over(last: datetime, at: datetime) -> bool:
    """Have 24 hours passed at `at` since the end of the episode's last odd hour?"""
    return at >= last + HOUR + QUIET
