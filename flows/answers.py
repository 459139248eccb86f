"""A person's answers to tickets, recorded."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.engine import Connection

from alerts import answer_store, outbox, store
from alerts.answers import Answer, Said, answered
from alerts.outbox import Delivery
from alerts.proofs import keep
from alerts.ticket import Ticket
from billing.database import reading, transaction
from billing.errors import Fault, SettingsError
from billing.money import money_text
from flows.wiring import App

LARGEST = 25_000_000  # bytes of a proof
File = tuple[str, bytes]  # its name and what is in it


class Known(NamedTuple):
    """A ticket with its deliveries and answers, oldest first."""

    ticket: Ticket
    deliveries: list[Delivery]
    answers: list[Answer]


def known(app: App, ticket_id: str) -> Known:
    """The ticket as it stands. Raises SettingsError for an unknown id."""
    with reading(app.engine) as connection:
        return _known(connection, ticket_id)


def give(app: App, ticket_id: str, said: Said, proofs: Iterable[File], who: str, at: datetime) -> Known:
    """Record what the desk said; safe once this returns. Raises SettingsError where it makes no sense."""
    files = [(name, _fitting(name, content)) for name, content in proofs]
    with transaction(app.engine) as connection:
        store.lock_cycle(connection)
        ticket, deliveries, before = _known(connection, ticket_id)
        was_sent = any(delivery.state == "sent" for delivery in deliveries)
        state, answer = answered(ticket, said, before, was_sent, who, at)
        kept = tuple(keep(app.workspace, name, content) for name, content in files)
        answer = Answer(**{**vars(answer), "proofs": kept})
        answer_store.add(connection, answer, ticket.state, state, _why(answer))
    return known(app, ticket_id)


def _known(connection: Connection, ticket_id: str) -> Known:
    ticket = store.ticket(connection, ticket_id)
    if ticket is None:
        what = f"there is no ticket {ticket_id!r}: `floodmark tickets` lists them"
        raise SettingsError([Fault("ticket", 0, "TICKET_ID", what)])
    return Known(ticket, outbox.deliveries_of(connection, [ticket_id]), answer_store.answers_to(connection, ticket_id))


def _why(answer: Answer) -> str:
    """The answer in a line of the journal, with the hashes of its proofs, so that they are sealed with it."""
    sums = " + ".join(money_text(amount, currency) for currency, amount in answer.granted.items())
    parts = [answer.what, sums, answer.note, *(proof.line for proof in answer.proofs)]
    return ": ".join(filter(None, parts))


def proof(path: Path) -> File:
    """A file that proves an answer. Raises SettingsError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return path.name, file.read(LARGEST + 1)
    except OSError as error:
        what = f"{path}: cannot be read: {error.strerror or error}"
        raise SettingsError([Fault("ticket", 0, "--proof", what)]) from error


def _fitting(name: str, content: bytes) -> bytes:
    if len(content) > LARGEST:
        what = f"{name}: is larger than {LARGEST // 1_000_000} MB: keep it elsewhere and say where in --note"
        raise SettingsError([Fault("ticket", 0, "--proof", what)])
    return content
