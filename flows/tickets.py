"""Alerts become claims, tickets and letters, in one transaction; then the outbox is emptied."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.engine import Connection

from alerts import journal, listing, outbox, store, wording_store
from alerts.alert import Alert, Transition, of_book
from alerts.clock import Clock
from alerts.grouping import below
from alerts.letter import Desks, generated_words, ticket_letter
from alerts.mail import Letter
from alerts.moves import moved, opening
from alerts.outbox import Drained
from alerts.pack import Grounds
from alerts.phone import new_calls
from alerts.queue import along, announced, waiting
from alerts.review import review_letter
from alerts.snooze import awake
from alerts.store import Judged
from alerts.ticket import Ticket, ended, settle, written
from alerts.wording import Wording
from billing import book_store, rules_store
from billing.book import Book
from billing.database import reading
from billing.hours import Month, floor_hour
from billing.lake import version_at
from flows.agreed import agreed
from flows.seen import false_alarms
from flows.usage import NEVER, Known, known, open_months
from flows.wiring import App


@dataclass(frozen=True)
class Settled:
    """The tickets of the open months, and how many letters this cycle added to the outbox."""

    tickets: tuple[Ticket, ...]
    letters: int


class Basis(NamedTuple):
    """What tickets are settled from. rules: the number of their version, 0 without one. wordings: what people wrote
    for the next letters, by ticket."""

    mark: Judged | None
    months: list[Month]
    book: Book
    book_version: int
    rules: int
    alerts: list[Alert]
    tickets: list[Ticket]
    wordings: Mapping[str, Wording]


class _Written(NamedTuple):
    """What is to be kept: tickets and what became of them, the letters they owe, the alerts that reviewers are told of,
    and by which mail; the order of the queue, None where it stays."""

    tickets: list[Ticket]
    moves: list[Transition]
    letters: list[tuple[Ticket, Letter]]
    announced: list[Alert]
    review: tuple[str, Letter] | None
    places: Mapping[str, int] | None = None


def settle_tickets(app: App, at: datetime, usage: Known | None = None) -> Settled:
    """Open, correct, withdraw and expire the tickets; owe their letters. Idempotent.

    Months: the open ones, those with a ticket that has no end yet, those of faults of the vendor, which have no clock.
    """

    def read(connection: Connection) -> Basis:
        return _read(app, connection, at)

    def compute(basis: Basis) -> _Written:
        if basis.mark and floor_hour(at) < basis.mark.upto:
            return _Written(basis.tickets, [], [], [], None)
        return _compute(app, basis, usage, at)

    def write(connection: Connection, basis: Basis, done: _Written) -> None:
        store.save_tickets(connection, basis.tickets, done.tickets)
        journal.append(connection, done.moves)
        for ticket, owed in done.letters:
            _owe_letter(app, connection, ticket, owed, at)
        if done.review:
            key, mail = done.review
            outbox.owe(connection, mail, key, "review", app.mail_sink, at)
        store.save_alerts(connection, basis.alerts, [replace(alert, announced_at=at) for alert in done.announced])
        if done.places is not None:
            listing.keep_places(connection, done.places)

    done = agreed(app.engine, read, compute, write)
    return Settled(tuple(done.tickets), len(done.letters))


def deliver(app: App, at: datetime, now: datetime) -> Drained:
    """Send what is owed. `now`: the present time."""
    return outbox.drain(app.engine, app.sinks, at, now)


def _read(app: App, connection: Connection, at: datetime) -> Basis:
    months = settled_months(connection, at)
    book = app.book(connection)
    return Basis(
        mark=store.judged(connection),
        months=months,
        book=book,
        book_version=book_store.newest(connection),
        rules=rules_store.newest(connection),
        alerts=awake(of_book(store.alerts(connection, months[0].start), book, app.rules.catalog.meters), at),
        tickets=store.tickets(connection, months),
        wordings=wording_store.pending(connection),
    )


def settled_months(connection: Connection, at: datetime) -> list[Month]:
    """Those whose tickets are settled at `at`."""
    return sorted({*open_months(at), *store.unsettled_months(connection)})


def _compute(app: App, basis: Basis, usage: Known | None, at: datetime) -> _Written:
    book, alerts, before = basis.book, basis.alerts, basis.tickets
    after: list[Ticket] = []
    owing: list[Ticket] = []
    moves: list[Transition] = []
    for month in basis.months:
        for settled, letters, changes in _of_month(app, book, alerts, before, month, at):
            after += settled
            owing += letters
            moves += changes
    order = app.queue(book, at)
    queue = order.ordered(alerts)
    new = announced(queue, app.loud_alerts_a_day, at)
    told = [*new, *along(queue, new)]
    tells = bool(app.settings.mail.reviewers and (new or new_calls(before, after, at)))
    letters_of, review = [], None
    if owing or tells:
        usage = usage or known(app.lake, app.rules.catalog, at)
        moves += [move for ticket in owing for move in _left_out(app, basis, ticket, at)]
        letters_of = [(ticket, letter(app, basis, ticket, usage, at)) for ticket in owing]
        review = _review(app, basis, new, len(told), after, usage, at) if tells else None
    gone = [t for t in before if t.customer_id not in book.customers]
    after += [ended(t, at) for t in gone]
    moves += [move for t in gone for move in moved(t, ended(t, at), at)]
    after = [written(ticket, at) if ticket in owing else ticket for ticket in after]
    return _Written(after, moves, letters_of, told, review, order.places(queue))


def _of_month(
    app: App, book: Book, alerts: Sequence[Alert], tickets: Sequence[Ticket], month: Month, at: datetime
) -> Iterator[tuple[list[Ticket], list[Ticket], list[Transition]]]:
    alerts_of: dict[str, list[Alert]] = {}
    tickets_of: dict[str, dict[str, Ticket]] = {}
    for alert in alerts:
        if alert.stake_in(month):
            alerts_of.setdefault(alert.customer_id, []).append(alert)
    for ticket in tickets:
        if ticket.month == month:
            tickets_of.setdefault(ticket.customer_id, {})[ticket.kind] = ticket
    for customer_id in sorted((alerts_of.keys() | tickets_of.keys()) & book.customers.keys()):
        partner = book.partner_of(customer_id)
        mine, of_kind = alerts_of.get(customer_id, []), tickets_of.get(customer_id, {})
        clock = app.clock(month, partner)
        settled, owing = settle((partner.partner_id, customer_id), month, mine, of_kind, clock, app.policy, at)
        changes = [
            change
            for t in settled
            for change in moved(of_kind.get(t.kind), t, at, opening(t, mine, clock, app.policy, at))
        ]
        yield settled, owing, changes


def letter(app: App, basis: Basis, ticket: Ticket, usage: Known, at: datetime) -> Letter:
    """The ticket's next letter. basis: at least with its alerts."""
    grounds = Grounds(
        lake=None if usage.seq == NEVER else version_at(usage.seq),
        book=basis.book_version,
        rules=basis.rules or None,
        budget=app.settings.detection.alerts_per_series_month,
        calendar=app.desk.calendar,
    )
    wording = basis.wordings.get(ticket.ticket_id)
    catalog, grid = app.rules.catalog, usage.grid
    return ticket_letter(ticket, basis.alerts, basis.book, catalog, grid, desks(app), at, grounds, wording)


def _left_out(app: App, basis: Basis, ticket: Ticket, at: datetime) -> Iterator[Transition]:
    """A note for the journal where a letter goes out without the words that somebody wrote for it."""
    wording = basis.wordings.get(ticket.ticket_id)
    if wording and wording.text and not wording.holds(ticket, generated_words(ticket, basis.book, desks(app), at)):
        why = f"letter {wording.letter} goes out as generated: what {wording.who} wrote was written over other claims"
        yield Transition(ticket.ticket_id, at, ticket.state, ticket.state, "floodmark", why)


def desks(app: App) -> Desks:
    """Who writes to whom."""
    tickets, sender = app.settings.tickets, app.settings.mail.sender
    return Desks(sender, (tickets.to,), tickets.vendor_time_zone, tickets.answer_hours, app.mailbox is not None)


def _owe_letter(app: App, connection: Connection, ticket: Ticket, letter: Letter, at: datetime) -> None:
    outbox.owe(
        connection,
        letter,
        f"{ticket.ticket_id}-{ticket.letters + 1}",
        "ticket",
        app.settings.tickets.sink,
        at,
        ticket_id=ticket.ticket_id,
        partner_id=ticket.partner_id,
        expires_at=ticket.expires_at,
    )


def _review(
    app: App, basis: Basis, new: Sequence[Alert], told: int, tickets: Sequence[Ticket], usage: Known, at: datetime
) -> tuple[str, Letter]:
    """The mail to reviewers with its key: what is new, and whom to call. told: how many it tells of."""
    first = min([alert.alert_id for alert in new] or [ticket.ticket_id for ticket in tickets])
    key = f"review-{first}-{at:%Y%m%dt%H%M%S}"
    with reading(app.engine) as connection:
        seen = false_alarms(app, basis.book, store.alerts(connection), basis.mark, at)
    mail = app.settings.mail
    letter = review_letter(
        new,
        basis.book,
        app.rules.catalog,
        usage.grid,
        key,
        mail.sender,
        mail.reviewers,
        app.settings.tickets.vendor_time_zone,
        _clocks(app, basis.book, new),
        at,
        sum(map(waiting, basis.alerts)) - told,
        seen,
        [task for ticket in tickets if (task := app.phone.task(ticket, basis.book))],
        below(basis.alerts),
    )
    return key, letter


def _clocks(app: App, book: Book, alerts: Sequence[Alert]) -> Mapping[tuple[str, Month], Clock]:
    months = {(a.customer_id, stake.month) for a in alerts for stake in a.stakes}
    return {(customer_id, month): app.clock(month, book.partner_of(customer_id)) for customer_id, month in months}
