"""A ticket's next letter before it is sent: as it would go out, and with the words that people put into it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NoReturn

from sqlalchemy import select
from sqlalchemy.engine import Connection

from alerts import store, tables, wording_store
from alerts.alert import of_book
from alerts.letter import generated_words
from alerts.mail import Letter
from alerts.queue import UNDECIDED
from alerts.snooze import awake
from alerts.ticket import Ticket, settle
from alerts.wording import Draft, faults, figures
from billing import book_store, rules_store
from billing.book import Book
from billing.database import reading, transaction
from billing.errors import Fault, SettingsError
from flows.tickets import Basis, desks, letter, settled_months
from flows.usage import known_of
from flows.wiring import App


def draft_of(app: App, connection: Connection, ticket_id: str, at: datetime) -> Draft | None:
    """The letter that the ticket would send at `at`, without its figures; None where it has none to send."""
    found = _draft(app, connection, ticket_id, at)
    return found and found[1]


def letter_of(
    app: App, connection: Connection, ticket_id: str, at: datetime, words: str | None = None
) -> Letter | None:
    """The very letter, or with these words, which are not kept; None where it has none to send."""
    found = _draft(app, connection, ticket_id, at)
    if found is None:
        return None
    basis, draft = found
    said = draft.newest if words is None else draft.tried(words, at)
    wordings = {ticket_id: said} if said else {}
    usage = known_of(app.lake, app.rules.catalog, at, {alert.org_id for alert in basis.alerts})
    return letter(app, basis._replace(wordings=wordings), draft.ticket, usage, at)


def reword(app: App, ticket_id: str, words: str | None, version: str, who: str, at: datetime) -> None:
    """Keep these words for the ticket's next letter; None puts the generated ones back. Safe to call again.

    version: of the draft that they were written for. Raises SettingsError for words that cannot be said, and where the
    draft is another one meanwhile.
    """
    with reading(app.engine) as connection:
        as_it_is = letter_of(app, connection, ticket_id, at)
    stated = figures(as_it_is.text if as_it_is else "")
    with transaction(app.engine) as connection:
        store.lock_cycle(connection)
        found = _draft(app, connection, ticket_id, at)
        if found is None or not found[1].is_open:
            _refuse(ticket_id, ["No letter of it is to be written: the last one says all that there is to say."])
        draft = found[1]
        text = draft.told(words)
        if changed := draft.changed_since(version, text):
            _refuse(ticket_id, [changed])
        if text is not None and (wrong := list(faults(text, stated))):
            _refuse(ticket_id, wrong)
        if draft.dropped or text != draft.told(draft.words):
            wording_store.add(connection, draft, text or "", who, at)


def _draft(app: App, connection: Connection, ticket_id: str, at: datetime) -> tuple[Basis, Draft] | None:
    ticket = store.ticket(connection, ticket_id)
    book = app.book(connection)
    if ticket is None or ticket.customer_id not in book.customers or not (ticket.claims or ticket.told):
        return None
    if ticket.month not in settled_months(connection, at):
        return None
    basis = _basis(app, connection, book, ticket, at)
    ticket, owed = _confirmed(app, basis, ticket, at)
    generated = generated_words(ticket, book, desks(app), at)
    return basis, Draft(ticket, generated, wording_store.of_next(connection, ticket), owed)


def _basis(app: App, connection: Connection, book: Book, ticket: Ticket, at: datetime) -> Basis:
    """What the cycle settles the ticket from: the same, of its customer's month alone."""
    month = ticket.month
    orgs = {org.org_id for org in book.orgs_of.get(ticket.customer_id, ())}
    orgs |= {claim.org_id for claim in (*ticket.claims, *ticket.told)}
    alerts = of_book(store.alerts_of(connection, orgs, month.start), book, app.rules.catalog.meters)
    columns = tables.tickets.c
    mine = columns.customer_id == ticket.customer_id, columns.month == str(month)
    return Basis(
        mark=store.judged(connection),
        months=[month],
        book=book,
        book_version=book_store.newest(connection),
        rules=rules_store.newest(connection),
        alerts=awake(alerts, at),
        tickets=store.tickets_by(connection, select(tables.tickets).where(*mine)),
        wordings={},
    )


def _confirmed(app: App, basis: Basis, ticket: Ticket, at: datetime) -> tuple[Ticket, bool]:
    """The ticket as it is settled once its claims are confirmed, and whether it owes its letter then."""
    partner = basis.book.partner_of(ticket.customer_id)
    mine = [alert for alert in basis.alerts if alert.customer_id == ticket.customer_id]
    mine = [replace(alert, state="confirmed") if alert.state in UNDECIDED else alert for alert in mine]
    of_kind = {one.kind: one for one in basis.tickets}
    clock = app.clock(ticket.month, partner)
    whose = partner.partner_id, ticket.customer_id
    settled, owing = settle(whose, ticket.month, mine, of_kind, clock, app.policy, at)
    found = next((one for one in settled if one.ticket_id == ticket.ticket_id), ticket)
    return found, found in owing


def _refuse(ticket_id: str, what: Sequence[str]) -> NoReturn:
    raise SettingsError([Fault(ticket_id, 0, "words", one) for one in what])
