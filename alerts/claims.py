"""Who may send a message: a row is claimed for a time before it is sent, and taken over when its sender is gone."""

import os
import socket
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, exists, func, or_, select, tuple_, update

from alerts.tables import deliveries
from billing.database import reading, transaction

LEASE = timedelta(minutes=15)  # longer than a send may take; a dead sender on another machine holds a row no longer
WITHOUT_KEY = frozenset({"smtp"})  # sinks to whose receivers a repeat is a second message


def claim(engine: Engine, at: datetime, now: datetime, without: Collection[str] = ()) -> Any:
    """The next due row, marked as being sent with the attempt counted; None when none is left but for sinks `without`.

    A row that was being sent has lost its sender, who may have sent it; `third`: for the second time. `tried`: how long
    ago the attempt before this one began, None for the first: by the present time, for late cycles, each with a clock
    of its own, come within seconds.
    """
    abandoned = or_(deliveries.c.leased_until < now, deliveries.c.leased_by.in_(_dead(engine)))
    ready = or_(
        and_(deliveries.c.state == "due", deliveries.c.due_at <= at, ~_behind()),
        and_(deliveries.c.state == "sending", abandoned),
    )
    query = (
        select(deliveries)
        .where(ready, deliveries.c.sink.not_in(without))
        .order_by(deliveries.c.due_at, deliveries.c.key)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    with transaction(engine) as connection:
        row = connection.execute(query).mappings().first()
        if row is None:
            return None
        taken_over = row["state"] == "sending" and row["sink"] in WITHOUT_KEY
        claimed = {
            "state": "sending",
            "attempts": row["attempts"] + 1,
            "tried_at": now,
            "leased_until": now + LEASE,
            "leased_by": f"{_machine()}:{os.getpid()}",
            "maybe_twice": row["maybe_twice"] or taken_over,
        }
        connection.execute(update(deliveries).where(deliveries.c.key == row["key"]).values(claimed))
    tried = max(now - row["tried_at"], timedelta()) if row["tried_at"] else None
    return {**row, **claimed, "tried": tried, "third": taken_over and row["maybe_twice"]}


def _behind() -> ColumnElement[bool]:
    """Whether an earlier letter of the same ticket is under way: the desk hears of a ticket in order.

    One that would be tried too late holds up no other.
    """
    mine, first = deliveries.c, deliveries.alias().c
    earlier = tuple_(first.created_at, func.length(first.key), first.key) < tuple_(
        mine.created_at, func.length(mine.key), mine.key
    )
    in_time = or_(mine.expires_at.is_(None), first.due_at < mine.expires_at)
    return exists().where(first.ticket_id == mine.ticket_id, earlier, first.state.in_(("due", "sending")), in_time)


def _dead(engine: Engine) -> list[str]:
    """The senders that hold a row and are processes of this machine that are no more."""
    query = select(deliveries.c.leased_by).where(deliveries.c.state == "sending").distinct()
    with reading(engine) as connection:
        holders = [holder for holder in connection.scalars(query) if holder]
    return [holder for holder in holders if _is_dead(*holder.rsplit(":", 1))]


def _is_dead(machine: str, process: str) -> bool:
    if machine != _machine():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


@cache
def _machine() -> str:
    """Where a process number means the same process: host, start of its system, and container."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{socket.gethostname()}:{boot}:{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return socket.gethostname()
