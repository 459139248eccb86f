"""Tickets out of SQL a few at a time: how many are in each state, the first of a state, what a month's came to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.engine import Connection

from alerts import answer_store, store
from alerts.recovery import Outcome, outcome, together
from alerts.tables import tickets
from alerts.ticket import Ticket
from billing.hours import Month

STATES = ("draft", "open", "sent", "acknowledged", "granted", "refused", "expired", "withdrawn")
SETTLED = STATES[4:]
UNSETTLED = ("open", "sent", "acknowledged")
C = tickets.c


class Place(NamedTuple):
    """Where a page of tickets ends: the next one starts behind it."""

    deadline_at: datetime | None
    ticket_id: str


@dataclass(frozen=True)
class Choice:
    """Tickets of a month. customers: none but theirs; None: of all."""

    month: Month
    customers: Collection[str] | None = None

    @property
    def where(self) -> list[ColumnElement[bool]]:
        return [C.month == str(self.month), *_theirs(self.customers)]


def counts(connection: Connection, choice: Choice) -> dict[str, int]:
    """state -> how many, of every state."""
    query = select(C.state, func.count()).where(*choice.where).group_by(C.state)
    return dict.fromkeys(STATES, 0) | dict(connection.execute(query).tuples().all())


def first(connection: Connection, choice: Choice, state: str, most: int, after: Place | None = None) -> list[Ticket]:
    """The tickets in the state, the next deadline first, those without one last."""
    query = select(tickets).where(*choice.where, C.state == state)
    if after:
        query = query.where(_behind(after))
    query = query.order_by(C.deadline_at.is_(None), C.deadline_at, C.ticket_id).limit(most)
    return store.tickets_by(connection, query)


def of_customer(connection: Connection, customer_id: str, most: int) -> list[Ticket]:
    """The customer's tickets, those of the newest months."""
    query = select(tickets).where(C.customer_id == customer_id).order_by(C.month.desc(), C.kind)
    return store.tickets_by(connection, query.limit(most))


def left_behind(connection: Connection, before: Month, customers: Collection[str] | None = None) -> dict[Month, int]:
    """The months before that one in which tickets still wait for an answer, and how many."""
    query = select(C.month, func.count()).where(C.month < str(before), C.state.in_(UNSETTLED), *_theirs(customers))
    rows = connection.execute(query.group_by(C.month).order_by(C.month)).tuples()
    return {Month.parse(month): count for month, count in rows}


def months(connection: Connection, until: Month, most: int, customers: Collection[str] | None = None) -> list[Month]:
    """The months up to that one that have tickets, the newest first."""
    query: Select[Any] = select(C.month).where(C.month <= str(until), *_theirs(customers)).distinct()
    return [Month.parse(month) for month in connection.scalars(query.order_by(C.month.desc()).limit(most))]


def recovered(connection: Connection, choice: Choice) -> Outcome:
    """What came of the month's claims."""
    found = store.tickets(connection, [choice.month])
    if choice.customers is not None:
        found = [ticket for ticket in found if ticket.customer_id in choice.customers]
    answered = [ticket.ticket_id for ticket in found if ticket.state in ("granted", "refused")]
    answers = answer_store.answers_of(connection, answered)
    return together(outcome(ticket, answers.get(ticket.ticket_id, ())) for ticket in found)


def _behind(place: Place) -> ColumnElement[bool]:
    later = C.ticket_id > place.ticket_id
    if place.deadline_at is None:
        return and_(C.deadline_at.is_(None), later)
    same = and_(C.deadline_at == place.deadline_at, later)
    return or_(C.deadline_at > place.deadline_at, C.deadline_at.is_(None), same)


def _theirs(customers: Collection[str] | None) -> Sequence[ColumnElement[bool]]:
    return [] if customers is None else [C.customer_id.in_(sorted(customers))]
