"""An alert: the odd hours of one series that belong together, with a life and a price of its own."""

import hashlib
from collections.abc import Container, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from alerts.bill_step import BillStep
from billing.book import Book
from billing.grid import SeriesKey
from billing.hours import Month, hour_of_week
from billing.rollups import LIMIT
from detectors.episodes import DISAPPEARANCE

NOT_LIVE = ("dismissed", "planned", "withdrawn")
VERDICTS = {"confirm": "confirmed", "dismiss": "dismissed", "planned": "planned", "vendor-fault": "vendor_fault"}


@dataclass(frozen=True)
class Stake:
    """What an alert costs in one month, in exact money of an estimated bill.

    low: what it costs at least, when the excess is less by what its hours usually stray; 0 or more.
    steps: the lines of the bill that it is the difference of.
    """

    month: Month
    amount: Decimal
    currency: str
    low: Decimal = Decimal(0)
    steps: tuple[BillStep, ...] = ()


@dataclass(frozen=True)
class Ahead:
    """What `hours` more hours at an alert's level will add to the month's bill: one more than the free ones.

    untold: how many hours have passed already of which the series has not told yet.
    """

    hours: int
    amount: Decimal
    currency: str
    untold: int = 0


@dataclass(frozen=True)
class Transition:
    """One change of an alert or a ticket, its id being the subject: was, now, who, why, at."""

    subject: str
    at: datetime
    was: str
    now: str
    who: str
    why: str


@dataclass(frozen=True)
class Alert:
    """`hours`: the anomalous hours, ascending. `profile`: [168] whole base units by hour of week, frozen at its start.

    `expected`, `actual`: base units, sums over the hours; the peak hour for percentile and maximum meters.
    `excess`: the sum by which the hours are odd, upwards, or downwards for usage that stopped. `scale`: how far an hour
    usually strays, base units. `provisional`: how many of its hours may still be restated. `snoozed_until`: when
    reviewers want to hear of it again. `above`: the alert on top, where many orgs jumped at once.
    """

    alert_id: str
    partner_id: str
    customer_id: str
    org_id: str
    meter: str
    kind: str
    state: str
    detected_at: datetime
    hours: tuple[datetime, ...]
    profile: NDArray[np.int64] = field(compare=False)
    reasons: tuple[str, ...] = ()
    quiet: bool = True
    expected: int = 0
    actual: int = 0
    excess: float = 0.0
    largest_excess: float = 0.0
    scale: float = 0.0
    provisional: int = 0
    stakes: tuple[Stake, ...] = ()
    free_hours_left: int | None = None
    next_cost: Ahead | None = None
    announced_at: datetime | None = None
    snoozed_until: datetime | None = None
    above: str | None = None

    @property
    def key(self) -> SeriesKey:
        return (self.org_id, self.meter)

    @property
    def started_at(self) -> datetime:
        return self.hours[0]

    @property
    def last_hour(self) -> datetime:
        return self.hours[-1]

    @property
    def live(self) -> bool:
        """Its claim stands: nobody dismissed or planned it, no restatement withdrew it."""
        return self.state not in NOT_LIVE

    @property
    def stake(self) -> Stake | None:
        """That of the month of the last hour."""
        return self.stake_in(Month.of(self.last_hour))

    def stakes_in(self, month: Month) -> list[Stake]:
        """One a currency; more than one where two contracts share the month."""
        return [stake for stake in self.stakes if stake.month == month]

    def stake_in(self, month: Month) -> Stake | None:
        return next((stake for stake in self.stakes if stake.month == month), None)

    def expected_at(self, hour: datetime) -> int:
        """What the frozen baseline expects of the hour."""
        return int(self.profile[hour_of_week(hour)])


def alert_id(key: SeriesKey, first_hour: datetime, kind: str = "") -> str:
    """The identity: org, meter and first hour, fixed when it is raised. What stopped is another one than what rose."""
    parts = (*key, first_hour.isoformat(), *([kind] if kind == DISAPPEARANCE else []))
    return "al_" + hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def whole(profile: NDArray[np.float64]) -> NDArray[np.int64]:
    """A baseline in whole base units; 0 where it has no opinion."""
    rounded: NDArray[np.int64] = np.rint(np.clip(np.nan_to_num(profile), 0.0, LIMIT)).astype(np.int64)
    return rounded


def of_book(alerts: Iterable[Alert], book: Book, meters: Container[str]) -> list[Alert]:
    """The alerts whose org and meter are still known, under the customer and the partner that the book names today."""
    found = []
    for alert in alerts:
        org = book.orgs.get(alert.org_id)
        if org and alert.meter in meters:
            partner_id = book.partner_of(org.customer_id).partner_id
            found.append(replace(alert, customer_id=org.customer_id, partner_id=partner_id))
    return found


def decide(alert: Alert, verdict: str, who: str, note: str, at: datetime) -> tuple[Alert, Transition]:
    """A reviewer's verdict, a key of VERDICTS."""
    now = VERDICTS[verdict]
    return replace(alert, state=now, snoozed_until=None), Transition(alert.alert_id, at, alert.state, now, who, note)


def take_back(alert: Alert, verdict: Transition, who: str, at: datetime) -> tuple[Alert, Transition]:
    """The alert as it was before that verdict, its latest."""
    why = f"taken back: {verdict.now}"
    return replace(alert, state=verdict.was), Transition(alert.alert_id, at, alert.state, verdict.was, who, why)
