"""A past span played again, at each step knowing only what had been observed by then. Nobody is written to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from alerts import store
from alerts.alert import Alert
from alerts.outbox import Delivery, all_deliveries
from alerts.schema import METADATA
from alerts.sinks.parcel import Parcel, Receipt
from alerts.ticket import Ticket
from billing import book_store
from billing.database import connect, transaction
from billing.hours import parse_time
from detectors.score import Label, Raised, Score, score
from flows.cycle import judge
from flows.usage import Recording
from flows.wiring import App, scanner


class Kept:
    """A sink that keeps instead of sends."""

    def send(self, parcel: Parcel) -> Receipt:  # noqa: ARG002  a sink's signature
        return Receipt("written", "kept: this is a replay")


@dataclass(frozen=True)
class Replay:
    """What would have been raised, and how it scores against labels."""

    alerts: list[Alert]
    tickets: list[Ticket]
    deliveries: list[Delivery]
    score: Score | None


def replay(
    app: App, start: datetime, end: datetime, every: timedelta, labels: list[Label] | None
) -> Iterator[datetime | Replay]:
    """Yields the clock of each step from `start` to `end`, then the result."""
    apart = _apart(app)
    recording = Recording.of(app.lake, app.rules.catalog, start, end)
    at = start
    while at <= end:
        judge(apart, at, at, recording.at(at))
        yield at
        at += every
    with transaction(apart.engine) as connection:
        alerts, tickets = store.alerts(connection), store.tickets(connection)
        deliveries = all_deliveries(connection)
        result = Replay(alerts, tickets, deliveries, None)
        if labels is not None:
            result = replace(result, score=_score(connection, alerts, labels, recording, start, end))
    apart.engine.dispose()
    yield result


def _apart(app: App) -> App:
    """The workspace's App with a store of its own in memory, the same book, and a sink that keeps."""
    engine = connect("sqlite://")
    METADATA.create_all(engine)
    with transaction(app.engine) as here, transaction(engine) as there:
        book_store.save(there, book_store.load(here), parse_time("2000-01-01"))
    kept: Mapping[str, Kept] = {"eml": Kept(), "smtp": Kept()}
    mail = app.settings.mail.model_copy(update={"reviewers": ()})
    settings = app.settings.model_copy(update={"mail": mail})
    return replace(app, engine=engine, sinks=kept, settings=settings, scanner=scanner(app.settings), books={})


def _score(
    connection: Connection,
    alerts: list[Alert],
    labels: list[Label],
    recording: Recording,
    start: datetime,
    end: datetime,
) -> Score:
    book = book_store.load(connection)
    raised = [
        Raised(a.org_id, a.meter, a.started_at, a.last_hour, a.detected_at, a.kind)
        for a in alerts
        if a.last_hour >= start and a.state != "withdrawn"
    ]
    series = [key for key in recording.tape.keys if key[0] in book.orgs]
    within = [label for label in labels if label.start < end and label.end > start]
    hours = int((end - start) / timedelta(hours=1)) * len(series)
    return score(raised, within, hours)
