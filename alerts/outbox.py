"""The outbox: every message owed, claimed before it is sent, its attempt recorded before the act, its proof after."""

import time
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Engine, insert, select, true, update
from sqlalchemy.engine import Connection

from alerts import answer_store
from alerts.claims import WITHOUT_KEY, claim
from alerts.mail import Letter, compose
from alerts.retry import next_try
from alerts.sinks.parcel import Parcel, Receipt
from alerts.store import lock_cycle
from alerts.tables import deliveries, tickets
from billing.database import reading, transaction
from billing.errors import WorldError

LONGEST = timedelta(minutes=15)  # for a drain; the next one comes within the hour
SLOW = 10.0  # seconds after which a failure is one of a receiver that does not answer
PATIENCE = 3  # such failures, until the other messages to that receiver wait for the next drain


class Sink(Protocol):
    """Where messages go."""

    def send(self, parcel: Parcel) -> Receipt:
        """Raises WorldError."""
        ...


@dataclass(frozen=True)
class Delivery:
    """A message owed to one receiver. State: due, sending, sent, written (a file: nobody was contacted) or failed.

    due_at: when it is tried next. leased_until: how long its sender may take. external_id: what the receiver calls the
    ticket. maybe_twice: it may have arrived before it was sent again; both have the same Message-ID.
    """

    key: str
    purpose: str  # ticket, digest or review
    sink: str
    to: tuple[str, ...]
    subject: str
    state: str
    attempts: int
    created_at: datetime
    due_at: datetime
    leased_until: datetime | None = None
    expires_at: datetime | None = None
    ticket_id: str | None = None
    partner_id: str | None = None
    sent_at: datetime | None = None
    proof: str | None = None
    external_id: str | None = None
    maybe_twice: bool = False
    error: str | None = None


@dataclass(frozen=True)
class Drained:
    """What a drain did; `failures` are sentences."""

    delivered: int
    failures: tuple[str, ...]


def owe(
    connection: Connection,
    letter: Letter,
    key: str,
    purpose: str,
    sink: str,
    at: datetime,
    *,
    ticket_id: str | None = None,
    partner_id: str | None = None,
    expires_at: datetime | None = None,
) -> None:
    """Add a message to the outbox, as it is now, in the caller's transaction; a key that is there stays as it is."""
    if connection.execute(select(deliveries.c.key).where(deliveries.c.key == key)).first():
        return
    row = {
        "key": key,
        "purpose": purpose,
        "ticket_id": ticket_id,
        "partner_id": partner_id,
        "sink": sink,
        "to": list(letter.to),
        "subject": letter.subject,
        "message": compose(letter),
        "state": "due",
        "created_at": at,
        "expires_at": expires_at,
        "attempts": 0,
        "due_at": at,
    }
    connection.execute(insert(deliveries).values(row))


def drain(engine: Engine, sinks: Mapping[str, Sink], at: datetime, now: datetime) -> Drained:
    """Try every message that is due at the clock `at` once. `now`: the present time, which leases go by.

    One receiver that does not answer holds up the others for a bearable time.
    """
    delivered, failures, slow = 0, list[str](), Counter[str]()
    started = time.monotonic()
    while (spent := timedelta(seconds=time.monotonic() - started)) < LONGEST:
        silent = {sink for sink, times in slow.items() if times >= PATIENCE}
        row = claim(engine, at, now + spent, silent)
        if row is None:
            waits = [f"{sink} does not answer: its other messages wait for the next cycle" for sink in sorted(silent)]
            return Drained(delivered, (*failures, *waits))
        error = _hopeless(row, at) or _send(engine, sinks, row, at)
        if error is None:
            delivered += 1
        else:
            failures.append(f"{row['subject']}: {error}")
            _failed(engine, row, error, at)
            slow[row["sink"]] += time.monotonic() - started - spent.total_seconds() > SLOW
    return Drained(delivered, (*failures, f"sending took longer than {LONGEST}: the rest waits for the next cycle"))


def retry(connection: Connection, key: str, at: datetime) -> bool:
    """Have a message that failed tried again; False where none of that key has failed."""
    failed = update(deliveries).where(deliveries.c.key == key, deliveries.c.state == "failed")
    return connection.execute(failed.values(state="due", due_at=at)).rowcount > 0


def all_deliveries(connection: Connection) -> list[Delivery]:
    """Every delivery, oldest first, without its message."""
    return _deliveries(connection, true())


def deliveries_of(connection: Connection, ticket_ids: Collection[str]) -> list[Delivery]:
    """Those of these tickets, oldest first, without their messages."""
    return _deliveries(connection, deliveries.c.ticket_id.in_(ticket_ids))


def _deliveries(connection: Connection, which: ColumnElement[bool]) -> list[Delivery]:
    columns = [deliveries.c[field.name] for field in fields(Delivery)]
    query = select(*columns).where(which).order_by(deliveries.c.created_at, deliveries.c.key)
    return [Delivery(**{**row, "to": tuple(row["to"])}) for row in connection.execute(query).mappings()]


def message(connection: Connection, key: str) -> bytes | None:
    """The message of a delivery as it was, or will be, sent."""
    return connection.scalar(select(deliveries.c.message).where(deliveries.c.key == key))


def _hopeless(row: Any, at: datetime) -> WorldError | None:
    """Why a row that was claimed is not sent any more."""
    if row["expires_at"] and at >= row["expires_at"]:
        until = "the month had ended everywhere" if row["ticket_id"] else "it was of no use any more"
        return WorldError(f"not delivered before {until}", permanent=True)
    if row["third"]:
        what = "two senders died with it in their hands, and it may have arrived: it is not sent a third time"
        return WorldError(what, permanent=True)
    return None


def _send(engine: Engine, sinks: Mapping[str, Sink], row: Any, at: datetime) -> WorldError | None:
    if row["sink"] not in sinks:
        return WorldError(f"the sink {row['sink']!r} is not set up: see [tickets] and [mail] in floodmark.toml")
    try:
        receipt = sinks[row["sink"]].send(_parcel(engine, row))
    except WorldError as error:
        return error
    except Exception as error:  # noqa: BLE001  one message that cannot be sent must not hold up the others
        return WorldError(f"{type(error).__name__}: {error}")
    sent_at = at if receipt.state == "sent" else None
    external_id = receipt.external_id or None
    _record(engine, row, state=receipt.state, proof=receipt.proof, external_id=external_id, sent_at=sent_at, error=None)
    return None


def _parcel(engine: Engine, row: Any) -> Parcel:
    """The message of the row, with what the receiver calls the ticket that it belongs to, if it belongs to one."""
    thread, columns = None, deliveries.c
    if row["ticket_id"]:
        query = select(columns.external_id).where(columns.ticket_id == row["ticket_id"])
        known = query.where(columns.external_id.is_not(None)).order_by(columns.created_at, columns.key)
        with reading(engine) as connection:
            thread = connection.scalar(known)
    return Parcel(row["key"], tuple(row["to"]), row["message"], thread or "", row["tried"])


def _failed(engine: Engine, row: Any, error: WorldError, at: datetime) -> None:
    """Record what went wrong, and when it is tried again: what may have arrived twice is not sent a third time."""
    unsure = error.unsure and row["sink"] in WITHOUT_KEY
    with reading(engine) as connection:
        latest = connection.scalar(select(tickets.c.latest_email_at).where(tickets.c.ticket_id == row["ticket_id"]))
    due_at = next_try(row["key"], row["attempts"], at, (latest, row["expires_at"]), error.wait)
    outcome = {"state": "failed" if error.permanent or (unsure and row["maybe_twice"]) else "due", "due_at": due_at}
    _record(engine, row, **outcome, error=str(error), maybe_twice=row["maybe_twice"] or unsure)


def _record(engine: Engine, row: Any, **outcome: Any) -> None:
    """The outcome of an attempt; a ticket whose letter was sent is sent.

    A failure counts only while the attempt is the last one: somebody who took over may have sent the message.
    """
    with transaction(engine) as connection:
        lock_cycle(connection)
        mine = [deliveries.c.key == row["key"]]
        if "proof" not in outcome:
            mine += [deliveries.c.state == "sending", deliveries.c.attempts == row["attempts"]]
        connection.execute(update(deliveries).where(*mine).values(leased_until=None, leased_by=None, **outcome))
        if outcome["state"] == "sent":
            answer_store.sent(connection, row["ticket_id"], outcome["proof"], outcome["sent_at"])
