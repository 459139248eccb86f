"""Digests: one letter a partner and period, owed when the partner's morning has come."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from alerts import outbox, store
from alerts.alert import Alert, of_book
from alerts.digest import Standing, digest_letter
from alerts.mail import Letter
from alerts.outbox import Delivery
from alerts.projection import project
from alerts.standing import Sending
from alerts.ticket import Ticket
from billing import book_store, statement
from billing.book import Book, Partner
from billing.database import reading, transaction
from billing.hours import DAY, HOUR, Month, floor_hour
from billing.statement import Statement
from flows.usage import LATE, Known, complete_to, known, known_of, open_months, panel
from flows.wiring import App

MORNING = time(7)  # in the partner's zone; weekly digests on Mondays


def owe_digests(app: App, at: datetime, usage: Known | None = None, zone: str | None = None) -> list[str]:
    """Put the digests that are due at `at` into the outbox, each once; the partners they are for.

    `zone`: only partners of this time zone.
    """
    with reading(app.engine) as connection:
        mark = store.judged(connection)
        if mark and floor_hour(at) < mark.upto:
            return []
        book = book_store.load(connection)
        there = {delivery.key for delivery in outbox.all_deliveries(connection)}
        due = [
            (partner, key)
            for partner in book.partners.values()
            if partner.digest != "none" and partner.emails and zone in (None, partner.time_zone)
            if (key := digest_key(partner, at)) not in there
        ]
        letters = _letters_of(app, connection, book, [partner for partner, _ in due], at, usage) if due else []
    with transaction(app.engine) as connection:
        store.lock_cycle(connection)
        for (partner, key), letter in zip(due, letters, strict=True):
            outbox.owe(connection, letter, key, "digest", app.mail_sink, at, partner_id=partner.partner_id)
    return [partner.partner_id for partner, _ in due]


def digests(app: App, at: datetime, partner_id: str | None = None) -> list[tuple[Partner, Letter]]:
    """The digests that would be sent at `at` to partners with an address; nothing is sent or kept."""
    with reading(app.engine) as connection:
        book = book_store.load(connection)
        partners = [p for p in book.partners.values() if partner_id in (None, p.partner_id) and p.emails]
        return list(zip(partners, _letters_of(app, connection, book, partners, at), strict=True))


def digest(app: App, connection: Connection, partner_id: str, at: datetime) -> Letter | None:
    """The same of one partner, from what is its own alone; None for one without an address."""
    book = app.book(connection)
    partner = book.partners.get(partner_id)
    if partner is None or not partner.emails:
        return None
    orgs = book.of(book.customers_of.get(partner_id, ())).orgs
    usage = known_of(app.lake, app.rules.catalog, at, orgs)
    alerts = store.alerts_beside(connection, orgs, open_months(at)[0].start)
    return _letters(app, connection, book, [partner], at, usage, alerts)[0]


def digest_key(partner: Partner, at: datetime) -> str:
    """The key of the partner's latest period at `at`: its last morning, or its last Monday morning."""
    local = at.astimezone(ZoneInfo(partner.time_zone))
    day = local.date() if local.time() >= MORNING else local.date() - DAY
    if partner.digest == "weekly":
        day -= day.weekday() * DAY
    return f"digest-{slug(partner.partner_id)}-{day.isoformat()}"


def slug(id_: str) -> str:
    """An id as part of a key or a file's name: itself where it can be, else what can be kept of it and a hash."""
    if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,60}", id_):
        return id_
    kept = re.sub(r"[^a-z0-9]+", "-", id_.lower()).strip("-")[:40]
    return f"{kept}-{hashlib.sha256(id_.encode()).hexdigest()[:8]}".strip("-")


def _letters_of(
    app: App, connection: Connection, book: Book, partners: Sequence[Partner], at: datetime, usage: Known | None = None
) -> list[Letter]:
    usage = usage or known(app.lake, app.rules.catalog, at)
    return _letters(app, connection, book, partners, at, usage, store.alerts(connection, open_months(at)[0].start))


def _letters(
    app: App,
    connection: Connection,
    book: Book,
    partners: Sequence[Partner],
    at: datetime,
    usage: Known,
    found: Sequence[Alert],
) -> list[Letter]:
    """usage, found: at least of these partners' orgs, and the alerts that stand above or below theirs."""
    months = open_months(at)
    month = Month.of(at - HOUR)
    alerts = app.queue(book, at).ordered(of_book(found, book, app.rules.catalog.meters))
    until = statement.month_to_date(month, at, at)
    theirs = book.of([one for partner in partners for one in book.customers_of.get(partner.partner_id, ())])
    bill = statement.state(theirs, app.rules, app.lake.current(month.start, until), month, until, "estimate")
    series = panel(usage, theirs, app.rules.catalog, alerts)
    lines = project(theirs, app.rules, usage.grid, series, month, usage.at, LATE, theirs.customers)
    tickets = [
        _of_today(ticket, book) for ticket in store.tickets(connection, months) if ticket.customer_id in book.customers
    ]
    deliveries = _standings(outbox.all_deliveries(connection))
    letters = []
    for partner in partners:
        own = _own(book, partner)
        standing = Standing(
            partner=partner,
            month=month,
            at=at,
            to_date=[line for line in bill.lines if line.partner_id == partner.partner_id],
            projected=[line for line in lines if line.partner_id == partner.partner_id],
            alerts=[alert for alert in alerts if alert.partner_id == partner.partner_id and _concerns(alert, month)],
            tickets=[t for t in tickets if t.customer_id in own.customers and _worth_a_line(t, month)],
            deliveries=deliveries,
            complete_to=complete_to(usage.grid, own),
            **_faults(app, book, bill, own),
        )
        zone = app.settings.tickets.vendor_time_zone
        letters.append(
            digest_letter(standing, book, app.rules.catalog, digest_key(partner, at), app.settings.mail.sender, zone)
        )
    return letters


def _worth_a_line(ticket: Ticket, month: Month) -> bool:
    """Tickets that were never opened and owe nothing are left out, and those of the month before that are settled."""
    if ticket.month != month:
        return ticket.opened_at is not None and ticket.state in ("open", "sent", "acknowledged")
    return ticket.opened_at is not None or ticket.state != "withdrawn"


def _of_today(ticket: Ticket, book: Book) -> Ticket:
    return replace(ticket, partner_id=book.partner_of(ticket.customer_id).partner_id)


def _concerns(alert: Alert, month: Month) -> bool:
    return any(Month.of(hour) == month for hour in (alert.started_at, alert.last_hour))


def _standings(deliveries: Sequence[Delivery]) -> dict[str, Sending]:
    """ticket_id -> how its last letter stands."""
    return {d.ticket_id: Sending(d.state, d.error or d.proof or "", d.sent_at) for d in deliveries if d.ticket_id}


def _own(book: Book, partner: Partner) -> Book:
    """The partner's customers and orgs."""
    customers = {c.customer_id: c for c in book.customers_of.get(partner.partner_id, ())}
    return Book(customers=customers, orgs={k: org for k, org in book.orgs.items() if org.customer_id in customers})


def _faults(app: App, book: Book, bill: Statement, own: Book) -> dict[str, list[dict[str, Any]]]:
    """What could not be billed. An org on no customer may be anybody's: every digest names it."""
    return {
        "unassigned": statement.unassigned(book, bill.usage),
        "unknown_products": statement.unknown_products(app.rules.catalog, bill.usage, own),
        "uncontracted": [dict(row) for row in bill.uncontracted if row["customer_id"] in own.customers],
    }
