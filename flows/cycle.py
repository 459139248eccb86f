"""One cycle, top to bottom: usage in, bill, alerts, tickets, letters out. Running it again changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from billing.hours import HOUR, Month, floor_hour
from flows.bill import bill
from flows.detect import Detected, detect
from flows.digests import owe_digests
from flows.ingest import Ingested, ingest_vendor
from flows.tickets import Settled, deliver, settle_tickets
from flows.usage import Known
from flows.wiring import App


@dataclass(frozen=True)
class Cycle:
    """What a cycle did, for people and for the run's summary."""

    at: datetime
    rows_changed: int
    totals: Sequence[Mapping[str, str]]
    raised: int
    open_alerts: int
    skipped_series: int
    letters: int
    digests: Sequence[str]
    delivered: int
    failures: Sequence[str] = field(default_factory=tuple)


def run(app: App, at: datetime, now: datetime) -> Cycle:
    """The cycle of the hour that `at` lies in. `now`: the present time, for leases and late data only."""
    at = floor_hour(at)
    ingested = ingest(app, at)
    totals = month_to_date(app, at)
    detected = detect(app, at)
    settled = settle_tickets(app, at)
    digests = owe_digests(app, at)
    drained = deliver(app, at, now)
    return summary(at, ingested, totals, detected, settled, digests, drained.delivered, drained.failures)


def ingest(app: App, at: datetime) -> Ingested:
    """The vendor's trailing days, where keys are set."""
    return ingest_vendor(app, at) if app.settings.datadog.has_keys else Ingested()


def month_to_date(app: App, at: datetime) -> list[dict[str, str]]:
    """What the open month costs so far, per partner and currency."""
    return bill(app, Month.of(at - HOUR), at, at).totals


def judge(app: App, at: datetime, now: datetime, usage: Known) -> Detected:
    """The part of a cycle that looks at usage: alerts, tickets, letters. What replay and the demo step through."""
    detected = detect(app, at, usage)
    settle_tickets(app, at, usage)
    deliver(app, at, now)
    return detected


def summary(
    at: datetime,
    ingested: Ingested,
    totals: Sequence[Mapping[str, str]],
    detected: Detected,
    settled: Settled,
    digests: Sequence[str],
    delivered: int,
    failures: Sequence[str],
) -> Cycle:
    return Cycle(
        at=at,
        rows_changed=ingested.changed,
        totals=totals,
        raised=len(detected.raised),
        open_alerts=sum(alert.state == "open" for alert in detected.alerts),
        skipped_series=len(detected.skipped),
        letters=settled.letters,
        digests=digests,
        delivered=delivered,
        failures=failures,
    )
