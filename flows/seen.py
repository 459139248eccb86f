"""How many false alarms a workspace has really seen."""

from collections.abc import Sequence
from datetime import datetime

from alerts.alert import Alert
from alerts.seen import SPANS, seen
from alerts.store import Judged
from billing.book import Book
from flows.wiring import App


def false_alarms(app: App, book: Book, alerts: Sequence[Alert], mark: Judged | None, at: datetime) -> list[str]:
    """A sentence for each of the last 30 and 90 days. `mark`: how far usage was judged."""
    meters = app.rules.catalog.of_type()
    names = app.lake.names().iter_rows(named=True)
    keys = {
        (name["org_id"], meters[name["product_family"], name["usage_type"]])
        for name in names
        if name["org_id"] in book.orgs and (name["product_family"], name["usage_type"]) in meters
    }
    since = mark.since if mark else at
    budget = app.settings.detection.alerts_per_series_month
    return [seen(alerts, len(keys), since, at, days).sentence(budget) for days in SPANS]
