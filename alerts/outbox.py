"""The outbox: every message owed, claimed before it is sent, its attempt recorded before the act, its proof after."""

import os
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Engine, and_, insert, or_, select, update
from sqlalchemy.engine import Connection

from alerts import answer_store
from alerts.mail import Letter, compose
from alerts.sinks.parcel import Parcel, Receipt
from alerts.store import lock_cycle
from alerts.tables import deliveries
from billing.database import transaction
from billing.errors import WorldError

LEASE = timedelta(minutes=5)  # longer than a send may take; a sender on another machine that died holds a row no longer


class Sink(Protocol):
    """Where messages go."""

    def send(self, parcel: Parcel) -> Receipt:
        """Raises WorldError."""
        ...


@dataclass(frozen=True)
class Delivery:
    """A message owed to one receiver. State: due, sending, sent, written (a file: nobody was contacted) or failed.

    external_id: what the receiver calls the ticket. maybe_twice: a sender died with the message in its hands.
    """

    key: str
    purpose: str  # ticket, digest or review
    sink: str
    to: tuple[str, ...]
    subject: str
    state: str
    attempts: int
    created_at: datetime
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
    """Try every message that is due at the clock `at` once. `now`: the present time, which leases go by."""
    tried: list[str] = []
    delivered, failures = 0, []
    started = time.monotonic()
    while row := _claim(engine, tried, at, now + timedelta(seconds=time.monotonic() - started)):
        tried.append(row["key"])
        if row["expires_at"] and at >= row["expires_at"]:
            error: WorldError | None = WorldError("not delivered before the month had ended everywhere", permanent=True)
        else:
            error = _send(engine, sinks, row, at)
        if error is None:
            delivered += 1
        else:
            failures.append(f"{row['subject']}: {error}")
            _record(engine, row, state="failed" if error.permanent else "due", error=str(error))
    return Drained(delivered, tuple(failures))


def all_deliveries(connection: Connection) -> list[Delivery]:
    """Every delivery, oldest first, without its message."""
    columns = [deliveries.c[field.name] for field in fields(Delivery)]
    rows = connection.execute(select(*columns).order_by(deliveries.c.created_at, deliveries.c.key)).mappings()
    return [Delivery(**{**row, "to": tuple(row["to"])}) for row in rows]


def message(connection: Connection, key: str) -> bytes | None:
    """The message of a delivery as it was, or will be, sent."""
    return connection.scalar(select(deliveries.c.message).where(deliveries.c.key == key))


def _claim(engine: Engine, tried: Sequence[str], at: datetime, now: datetime) -> Any:
    """The next due row, marked as being sent with the attempt counted; None when none is left."""
    abandoned = or_(deliveries.c.leased_until < now, deliveries.c.leased_by.in_(_dead(engine)))
    ready = or_(
        and_(deliveries.c.state == "due", deliveries.c.due_at <= at),
        and_(deliveries.c.state == "sending", abandoned),
    )
    query = (
        select(deliveries)
        .where(ready, deliveries.c.key.not_in(tried))
        .order_by(deliveries.c.due_at, deliveries.c.key)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    with transaction(engine) as connection:
        row = connection.execute(query).mappings().first()
        if row:
            lease = {"leased_until": now + LEASE, "leased_by": _sender()}
            leased = {"state": "sending", "attempts": row["attempts"] + 1, **lease}
            leased |= {
                "tried_at": row["tried_at"] or at,
                "maybe_twice": row["maybe_twice"] or row["state"] == "sending",
            }
            connection.execute(update(deliveries).where(deliveries.c.key == row["key"]).values(leased))
    return row


def _sender() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _dead(engine: Engine) -> list[str]:
    """The senders that hold a row and are processes of this machine that are no more."""
    query = select(deliveries.c.leased_by).where(deliveries.c.state == "sending").distinct()
    with transaction(engine) as connection:
        holders = [holder for holder in connection.scalars(query) if holder]
    return [holder for holder in holders if _is_dead(*holder.rsplit(":", 1))]


def _is_dead(host: str, process: str) -> bool:
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _send(engine: Engine, sinks: Mapping[str, Sink], row: Any, at: datetime) -> WorldError | None:
    if row["sink"] not in sinks:
        return WorldError(f"the sink {row['sink']!r} is not set up: see [tickets] and [mail] in floodmark.toml")
    try:
        receipt = sinks[row["sink"]].send(_parcel(engine, row, at))
    except WorldError as error:
        return error
    except Exception as error:  # noqa: BLE001  one message that cannot be sent must not hold up the others
        return WorldError(f"{type(error).__name__}: {error}")
    sent_at = at if receipt.state == "sent" else None
    external_id = receipt.external_id or None
    _record(engine, row, state=receipt.state, proof=receipt.proof, external_id=external_id, sent_at=sent_at, error=None)
    return None


def _parcel(engine: Engine, row: Any, at: datetime) -> Parcel:
    """The message of the row, with what the receiver calls the ticket that it belongs to."""
    columns = deliveries.c
    query = select(columns.external_id).where(columns.ticket_id == row["ticket_id"], columns.external_id.is_not(None))
    with transaction(engine) as connection:
        thread = connection.scalar(query.order_by(columns.created_at, columns.key))
    tried = max(at - row["tried_at"], timedelta()) if row["tried_at"] else None
    return Parcel(row["key"], tuple(row["to"]), row["message"], thread or "", tried)


def _record(engine: Engine, row: Any, **outcome: Any) -> None:
    """The outcome of an attempt; a ticket whose letter was sent is sent.

    A failure counts only while the attempt is the last one: somebody who took over may have sent the message.
    """
    with transaction(engine) as connection:
        lock_cycle(connection)
        mine = [deliveries.c.key == row["key"]]
        if "proof" not in outcome:
            mine += [deliveries.c.state == "sending", deliveries.c.attempts == row["attempts"] + 1]
        connection.execute(update(deliveries).where(*mine).values(leased_until=None, leased_by=None, **outcome))
        if outcome["state"] == "sent":
            answer_store.sent(connection, row["ticket_id"], outcome["proof"], outcome["sent_at"])
