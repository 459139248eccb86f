"""The words that people wrote for letters, in SQL; none is ever changed, and each has its row in the journal."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, insert, select
from sqlalchemy.engine import Connection

from alerts import journal, store
from alerts.alert import Transition
from alerts.tables import tickets, wordings
from alerts.ticket import Ticket
from alerts.wording import Draft, Wording

_NEXT = and_(wordings.c.ticket_id == tickets.c.ticket_id, wordings.c.letter == tickets.c.letters + 1)


def pending(connection: Connection) -> dict[str, Wording]:
    """ticket_id -> the newest of its next letter, of all tickets."""
    return {one.ticket_id: one for one in _found(connection, select(wordings).join(tickets, _NEXT))}


def of_next(connection: Connection, ticket: Ticket) -> list[Wording]:
    """What was written for the ticket's next letter, oldest first."""
    columns = wordings.c
    mine = columns.ticket_id == ticket.ticket_id, columns.letter == ticket.letters + 1
    return list(_found(connection, select(wordings).where(*mine)))


def add(connection: Connection, draft: Draft, text: str, who: str, at: datetime) -> None:
    """Keep these words for the letter; empty: the generated ones."""
    ticket, letter = draft.ticket, draft.ticket.letters + 1
    row = {"ticket_id": ticket.ticket_id, "letter": letter, "at": at, "who": who, "text": text}
    basis = {"instead_of": draft.generated, "claims": store.claim_rows(ticket.claims)}
    connection.execute(insert(wordings).values({**row, **basis}))
    seal = hashlib.sha256(text.encode()).hexdigest()
    why = f"words of letter {letter} written, sha256 {seal}" if text else f"words of letter {letter} as generated"
    state = store.ticket(connection, ticket.ticket_id)
    assert state
    journal.append(connection, [Transition(ticket.ticket_id, at, state.state, state.state, who, why)])


def _found(connection: Connection, query: Select[Any]) -> Iterator[Wording]:
    for row in connection.execute(query.order_by(wordings.c.number)).mappings():
        yield Wording(**{**row, "claims": store.claims_in(row["claims"])})
