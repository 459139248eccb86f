"""Alerts become claims, tickets and letters, in one transaction; then the outbox is emptied."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.engine import Connection

from alerts import outbox, store
from alerts.alert import Alert, of_book
from alerts.clock import Clock
from alerts.letter import Desks, ticket_letter
from alerts.outbox import Drained
from alerts.pack import Grounds
from alerts.queue import announced, waiting
from alerts.review import review_letter
from alerts.ticket import Ticket, ended, settle, written
from billing import book_store, rules_store
from billing.book import Book
from billing.database import transaction
from billing.hours import Month, floor_hour
from billing.lake import version_at
from flows.seen import false_alarms
from flows.usage import NEVER, Known, known, open_months
from flows.wiring import App


@dataclass(frozen=True)
class Settled:
    """The tickets of the open months, and how many letters this cycle added to the outbox."""

    tickets: tuple[Ticket, ...]
    letters: int


def settle_tickets(app: App, at: datetime, usage: Known | None = None) -> Settled:
    """Open, correct, withdraw and expire the tickets; owe their letters. Idempotent.

    Months: the open ones, those with a ticket that has no end yet, those of faults of the vendor, which have no clock.
    """
    with transaction(app.engine) as connection:
        store.lock_cycle(connection)
        mark = store.judged(connection)
        months = sorted({*open_months(at), *store.unsettled_months(connection)})
        if mark and floor_hour(at) < mark.upto:
            return Settled(tuple(store.tickets(connection, months)), 0)
        book = app.book(connection)
        alerts = of_book(store.alerts(connection, months[0].start), book, app.rules.catalog.meters)
        before = store.tickets(connection, months)
        after, owing = [], []
        for month in months:
            for settled, letters in _of_month(app, book, alerts, before, month, at):
                after += settled
                owing += letters
        new = announced(app.queue(book, at).ordered(alerts), app.loud_alerts_a_day, at)
        if owing or (new and app.settings.mail.reviewers):
            usage = usage or known(app.lake, app.rules.catalog, at)
        after += [ended(t, at) for t in before if t.customer_id not in book.customers]
        after = [written(ticket, at) if ticket in owing else ticket for ticket in after]
        store.save_tickets(connection, before, after)
        for ticket in owing:
            assert usage
            _owe_letter(app, connection, ticket, alerts, book, usage, at)
        if new and app.settings.mail.reviewers and usage:
            waits = sum(map(waiting, alerts)) - len(new)
            told = false_alarms(app, book, store.alerts(connection), mark, at)
            _owe_review(app, connection, new, waits, told, book, usage, at)
        store.save_alerts(connection, alerts, [replace(alert, announced_at=at) for alert in new])
    return Settled(tuple(after), len(owing))


def deliver(app: App, at: datetime, now: datetime) -> Drained:
    """Send what is owed. `now`: the present time."""
    return outbox.drain(app.engine, app.sinks, at, now)


def _of_month(
    app: App, book: Book, alerts: Sequence[Alert], tickets: Sequence[Ticket], month: Month, at: datetime
) -> Iterator[tuple[list[Ticket], list[Ticket]]]:
    concerned = {a.customer_id for a in alerts if a.stake_in(month)}
    concerned |= {t.customer_id for t in tickets if t.month == month}
    for customer_id in sorted(concerned & book.customers.keys()):
        partner = book.partner_of(customer_id)
        mine = [alert for alert in alerts if alert.customer_id == customer_id]
        of_kind = {t.kind: t for t in tickets if t.customer_id == customer_id and t.month == month}
        clock = app.clock(month, partner)
        yield settle((partner.partner_id, customer_id), month, mine, of_kind, clock, app.policy, at)


def _owe_letter(
    app: App,
    connection: Connection,
    ticket: Ticket,
    alerts: Sequence[Alert],
    book: Book,
    usage: Known,
    at: datetime,
) -> None:
    tickets = app.settings.tickets
    desks = Desks(app.settings.mail.sender, (tickets.to,), tickets.vendor_time_zone, tickets.answer_hours)
    letter = ticket_letter(
        ticket, alerts, book, app.rules.catalog, usage.grid, desks, at, _grounds(app, connection, usage)
    )
    outbox.owe(
        connection,
        letter,
        f"{ticket.ticket_id}-{ticket.letters + 1}",
        "ticket",
        tickets.sink,
        at,
        ticket_id=ticket.ticket_id,
        partner_id=ticket.partner_id,
        expires_at=ticket.expires_at,
    )


def _grounds(app: App, connection: Connection, usage: Known) -> Grounds:
    """What is known now, by version."""
    return Grounds(
        lake=None if usage.seq == NEVER else version_at(usage.seq),
        book=book_store.newest(connection),
        rules=rules_store.newest(connection) or None,
        budget=app.settings.detection.alerts_per_series_month,
    )


def _owe_review(
    app: App,
    connection: Connection,
    alerts: Sequence[Alert],
    waits: int,
    told: Sequence[str],
    book: Book,
    usage: Known,
    at: datetime,
) -> None:
    key = f"review-{min(alert.alert_id for alert in alerts)}-{at:%Y%m%dt%H%M%S}"
    letter = review_letter(
        alerts,
        book,
        app.rules.catalog,
        usage.grid,
        key,
        app.settings.mail.sender,
        app.settings.mail.reviewers,
        app.settings.tickets.vendor_time_zone,
        _clocks(app, book, alerts),
        at,
        waits,
        told,
    )
    outbox.owe(connection, letter, key, "review", app.mail_sink, at)


def _clocks(app: App, book: Book, alerts: Sequence[Alert]) -> Mapping[tuple[str, Month], Clock]:
    months = {(a.customer_id, stake.month) for a in alerts for stake in a.stakes}
    return {(customer_id, month): app.clock(month, book.partner_of(customer_id)) for customer_id, month in months}
