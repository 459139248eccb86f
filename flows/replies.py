"""The mailbox is read: replies prove contact, bounces take it back. What was granted, a person says.

A mail is handled once, in one transaction with the change that it makes. Mails that name no letter of ours are counted
and left alone; none is ever changed or deleted.
"""

import hashlib
import time
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import insert, or_, select, update
from sqlalchemy.engine import Connection

from alerts import answer_store, outbox, store
from alerts.answers import Answer, granted, heard, stated
from alerts.mail import Letter, message_id
from alerts.mailbox.mail import Mail, read
from alerts.mailbox.match import Letters
from alerts.outbox import Delivery
from alerts.proofs import keep
from alerts.tables import deliveries, mails
from alerts.ticket import Ticket
from billing.database import reading, transaction
from billing.errors import WorldError
from flows.wiring import App

ARRIVED = ("delivered", "relayed", "expanded")  # RFC 3464: a server near the desk took it
CHUNK = 500
LONGEST = 300.0  # seconds for all mails of a cycle: the tickets come after them


class Read(NamedTuple):
    """How many mails were read, how many of them were about a ticket, and what a person has to know."""

    read: int = 0
    matched: int = 0
    failures: tuple[str, ...] = ()


class Handled(NamedTuple):
    """What a mail was taken for, the ticket that it was about, and what a person has to know.

    Without a kind it is not remembered, and is looked at again.
    """

    kind: str
    ticket_id: str | None = None
    failure: str = ""


def read_replies(app: App, at: datetime) -> Read:
    """Handle the mails that are new. A mailbox that fails is among the failures and stops nothing else."""
    if app.mailbox is None:
        return Read()
    with reading(app.engine) as connection:
        letters = Letters.of(outbox.all_deliveries(connection), app.settings.mail.sender, _desks(app))
    handled: list[Handled] = []
    started = time.monotonic()
    try:
        for place, content in app.mailbox.unread(lambda places: _known(app, places), at):
            handled.append(_tried(app, letters, place, content, at))
            if time.monotonic() - started > LONGEST:
                handled.append(Handled("", failure="the mailbox is slow: its other mails wait for the next cycle"))
                break
    except WorldError as error:
        handled.append(Handled("", failure=str(error)))
    read_now = [one for one in handled if one.kind]
    about = sum(one.ticket_id is not None for one in read_now)
    return Read(len(read_now), about, tuple(one.failure for one in handled if one.failure))


def _desks(app: App) -> set[str]:
    """Where the vendor's desk writes from: the domain of its address, the hosts of its ticket systems."""
    settings = app.settings
    hosts = {urlsplit(url).hostname or "" for url in (settings.zendesk.url, settings.jsm.url)}
    return {settings.tickets.to.rpartition("@")[2].lower(), *hosts} - {""}


def _tried(app: App, letters: Letters, place: str, content: bytes, at: datetime) -> Handled:
    """A mail that cannot be handled is tried again by the next cycle, and holds up no other."""
    try:
        return _handle(app, letters, place, content, at)
    except WorldError as error:
        return Handled("", failure=f"{place}: {error}")


def _known(app: App, places: Collection[str]) -> set[str]:
    """Those of the places of which a mail was read."""
    ordered = sorted(places)
    chunks = [ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK)]
    with reading(app.engine) as connection:
        return {
            p for chunk in chunks for p in connection.scalars(select(mails.c.place).where(mails.c.place.in_(chunk)))
        }


def _handle(app: App, letters: Letters, place: str, content: bytes, at: datetime) -> Handled:
    mail, digest = read(content), hashlib.sha256(content).hexdigest()
    with transaction(app.engine) as connection:
        store.lock_cycle(connection)
        same = select(mails.c.place).where(or_(mails.c.digest == digest, mails.c.place == place))
        seen = list(connection.scalars(same))
        done = Handled("seen before") if seen else _act(app, connection, letters, mail, content, at)
        if done.kind and place not in seen:
            row = {"place": place, "digest": digest, "read_at": at, "kind": done.kind, "ticket_id": done.ticket_id}
            connection.execute(insert(mails).values(row))
    return done


def _act(app: App, connection: Connection, letters: Letters, mail: Mail, content: bytes, at: datetime) -> Handled:
    """What the mail changes."""
    letter, ticket_id = letters.letter(mail), letters.ticket(mail)
    ticket = store.ticket(connection, ticket_id) if ticket_id else None
    if ticket is None or mail.kind == "unreadable":
        return Handled("unreadable" if mail.kind == "unreadable" else "unmatched")
    if _is_ours(app, mail):
        return Handled("ours")
    if not _left(connection, ticket.ticket_id):
        what = f"{ticket.ticket_id}: a mail from {mail.sender or 'nobody'} answers it, and no letter of it has left"
        return Handled("unmatched", failure=f"{what}: it changes nothing")
    if mail.kind == "complaint":
        what = f"{ticket.ticket_id}: a mail server complains, see the mailbox: {mail.subject}"
        return Handled("complaint", ticket.ticket_id, what)
    if mail.report is None:
        what = {"reply": "replied", "auto-reply": "auto-replied"}[mail.kind]
        return _reached(app, connection, ticket, what, mail, content, at)
    if letter is None or (mail.report.reader and mail.report.reader not in map(str.lower, letter.to)):
        return Handled("unmatched")
    if mail.report.action in ARRIVED:
        return _reached(app, connection, ticket, "delivered", mail, content, at)
    if mail.report.action == "failed":
        return _bounced(app, connection, ticket, letter, mail, at)
    return Handled(f"report {mail.report.action}"[:32], ticket.ticket_id)


def _is_ours(app: App, mail: Mail) -> bool:
    """Whether it is our own letter, or one of us wrote in the thread, or is away: no proof that the desk has it."""
    if mail.sender in map(str.lower, app.settings.mail.reviewers):
        return True
    sender = app.settings.mail.sender.lower()
    domain, desk = (address.rpartition("@")[2] for address in (sender, app.settings.tickets.to.lower()))
    same_house = mail.kind in ("reply", "auto-reply") and domain != desk and mail.sender.endswith(f"@{domain}")
    return mail.sender == sender or same_house


def _left(connection: Connection, ticket_id: str) -> bool:
    """Whether a letter of the ticket may have reached anybody: who knows a customer can make up its tickets' ids."""
    columns = deliveries.c
    may_have = or_(columns.state.in_(("sending", "sent", "written")), columns.sent_at.is_not(None), columns.maybe_twice)
    return connection.scalar(select(columns.key).where(columns.ticket_id == ticket_id, may_have)) is not None


def _reached(
    app: App, connection: Connection, ticket: Ticket, what: str, mail: Mail, content: bytes, at: datetime
) -> Handled:
    """The desk has it. A ticket that waited for that is acknowledged; an answer of a person stands."""
    before = answer_store.answers_to(connection, ticket.ticket_id)
    proof = keep(app.workspace, "mail.eml", content)
    who = f"mail from {mail.sender or 'nobody'}"
    answer = Answer(ticket.ticket_id, at, what, who, mail.subject, stated(ticket), granted(before), (proof,))
    now = ticket.state if what == "delivered" else heard(ticket.state)
    answer_store.add(connection, answer, ticket.state, now, f"{what}: {mail.subject}: {proof.line}")
    return Handled(what, ticket.ticket_id)


def _bounced(app: App, connection: Connection, ticket: Ticket, letter: Delivery, mail: Mail, at: datetime) -> Handled:
    """The letter did not arrive. The ticket is open again if no other letter of it stands as sent."""
    assert mail.report
    error = f"bounced: {mail.report.diagnostic or 'without a reason'}"
    mine, columns = deliveries.c.key == letter.key, deliveries.c
    changed = connection.execute(
        update(deliveries).where(mine, columns.state == "sent").values(state="failed", error=error)
    )
    if not changed.rowcount:
        under_way = connection.scalar(select(columns.state).where(mine)) in ("due", "sending")
        return Handled("" if under_way else "bounce again", ticket.ticket_id)
    stands = connection.scalar(
        select(columns.key).where(columns.ticket_id == ticket.ticket_id, columns.state == "sent")
    )
    now = "open" if ticket.state == "sent" and not stands else ticket.state
    why = f"{letter.key} to {', '.join(letter.to)} {error}"
    answer_store.move(connection, ticket.ticket_id, ticket.state, now, f"mail from {mail.sender or 'nobody'}", why, at)
    what = f"{ticket.ticket_id} is {now}: its letter {why}"
    if app.settings.mail.reviewers:
        _tell(app, connection, letter, what, at)
    return Handled("bounce", ticket.ticket_id, what)


def _tell(app: App, connection: Connection, letter: Delivery, what: str, at: datetime) -> None:
    """Reviewers get the sentence by mail."""
    key, sender = f"bounce-{letter.key}", app.settings.mail.sender
    text = (
        f"{what}\n\nThe letter: {letter.subject}\nReach the desk another way, and see [tickets] to in floodmark.toml.\n"
    )
    subject = f"Not delivered: {letter.subject}"
    notice = Letter(sender, app.settings.mail.reviewers, subject, text, message_id(key, sender), at)
    outbox.owe(connection, notice, key, "review", app.mail_sink, at)
