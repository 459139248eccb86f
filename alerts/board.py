"""Tickets out of SQL a few at a time: how many are in each state, the first of a state, what a month's came to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.engine import Connection

from alerts import answer_store, store
from alerts.alert import Alert
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
    """Tickets of a month. partner_id: of the one that was billed for it; None: of all."""

    month: Month
    partner_id: str | None = None

    @property
    def where(self) -> list[ColumnElement[bool]]:
        return [C.month == str(self.month), *_theirs(self.partner_id)]


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


def of_customer(connection: Connection, customer_id: str, most: int, partner_id: str | None = None) -> list[Ticket]:
    """The customer's tickets, those of the newest months."""
    query = select(tickets).where(C.customer_id == customer_id, *_theirs(partner_id)).order_by(C.month.desc(), C.kind)
    return store.tickets_by(connection, query.limit(most))


def of_alert(connection: Connection, alert: Alert, now: str, months: Iterable[Month]) -> list[Ticket]:
    """The tickets of those months that claim the alert or told of it, by month and kind. now: the customer its org has
    today; the alert's own is the one that it had."""
    whose = C.customer_id.in_({alert.customer_id, now}), C.month.in_(map(str, months))
    found = store.tickets_by(connection, select(tickets).where(*whose).order_by(C.month, C.customer_id, C.kind))
    return [one for one in found if alert.alert_id in {claim.alert_id for claim in (*one.claims, *one.told)}]


def left_behind(connection: Connection, before: Month, partner_id: str | None = None) -> dict[Month, int]:
    """The months before that one in which tickets still wait for an answer, and how many."""
    query = select(C.month, func.count()).where(C.month < str(before), C.state.in_(UNSETTLED), *_theirs(partner_id))
    rows = connection.execute(query.group_by(C.month).order_by(C.month)).tuples()
    return {Month.parse(month): count for month, count in rows}


def months(connection: Connection, until: Month, most: int, partner_id: str | None = None) -> list[Month]:
    """The months up to that one that have tickets, the newest first."""
    query: Select[Any] = select(C.month).where(C.month <= str(until), *_theirs(partner_id)).distinct()
    return [Month.parse(month) for month in connection.scalars(query.order_by(C.month.desc()).limit(most))]


def recovered(connection: Connection, months: Iterable[Month], partner_id: str | None = None) -> Outcome:
    """What came of those months' claims."""
    found = store.summed_tickets(connection, C.month.in_(map(str, months)), *_theirs(partner_id))
    answered = [ticket.ticket_id for ticket in found if ticket.state in ("granted", "refused")]
    answers = answer_store.answers_of(connection, answered)
    return together(outcome(ticket, answers.get(ticket.ticket_id, ())) for ticket in found)


def _behind(place: Place) -> ColumnElement[bool]:
    later = C.ticket_id > place.ticket_id
    if place.deadline_at is None:
        return and_(C.deadline_at.is_(None), later)
    same = and_(C.deadline_at == place.deadline_at, later)
    return or_(C.deadline_at > place.deadline_at, C.deadline_at.is_(None), same)


def _theirs(partner_id: str | None) -> Sequence[ColumnElement[bool]]:
    return [] if partner_id is None else [C.partner_id == partner_id]
