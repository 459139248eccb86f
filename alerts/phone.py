"""The phone task: whom to call for a ticket, when, what to say, and how to write down what came of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from alerts.languages.en import ENGLISH
from alerts.ticket import Ticket, asked
from billing.book import Book
from billing.money import money_text

WAITS = ("open", "sent")  # nobody has answered


class Call(NamedTuple):
    """One telephone call. zones: the vendor's, the partner's and UTC; script: what to say."""

    number: str
    start: datetime
    end: datetime
    zones: tuple[ZoneInfo, ZoneInfo, ZoneInfo]
    script: str


@dataclass(frozen=True)
class Phone:
    """The vendor's desk. number: empty where the settings have none; calendar: its days and hours, in words."""

    number: str
    zone: ZoneInfo
    calendar: str

    def call(self, ticket: Ticket, book: Book) -> Call | None:
        """Whom to call, when, and what to say; None for a ticket that needs no call, or when it is too late for one."""
        call_by = ticket.call_by or ticket.deadline_at
        if not (to_call(ticket) and ticket.call_from and call_by and ticket.deadline_at):
            return None
        zones = (self.zone, ZoneInfo(book.partner_of(ticket.customer_id).time_zone), ZoneInfo("UTC"))
        customer, month = book.customers[ticket.customer_id].name, ENGLISH.month(ticket.month)
        amount = " + ".join(money_text(sum_, currency) for currency, sum_ in asked(ticket.claims).items())
        script = (
            f"Our request {ticket.ticket_id} for {customer} asks you to waive {amount} of {month}. The month ends "
            f"on {ENGLISH.moments(ticket.deadline_at, *zones)}. Please confirm that we contacted you today, and tell "
            "me your case number."
        )
        return Call(self.number, ticket.call_from, call_by, zones, script)

    def task(self, ticket: Ticket, book: Book) -> list[str]:
        """What is to be done, a line each; nothing where there is no call to make."""
        call = self.call(ticket, book)
        if call is None:
            return []
        start, end = (ENGLISH.moments(at, *call.zones) for at in (call.start, call.end))
        return [
            f"Call {self.number or 'the desk (no number is set: tickets.phone)'} about {ticket.ticket_id}",
            f"From {start}",
            f"To {end}",
            f"Desk: {self.calendar}",
            f"Say: {call.script}",
            f"Then: floodmark ticket {ticket.ticket_id} called --note WHOM_YOU_SPOKE_TO_AND_WHAT_THEY_SAID",
        ]


def to_call(ticket: Ticket) -> bool:
    """Whether somebody has to be called."""
    return ticket.call_after_email and ticket.call_from is not None and ticket.state in WAITS


def new_calls(before: Iterable[Ticket], after: Iterable[Ticket], at: datetime) -> list[Ticket]:
    """The tickets that have to be called about since this moment."""
    known = {ticket.ticket_id for ticket in before if to_call(ticket)}
    return [ticket for ticket in after if to_call(ticket) and ticket.opened_at == at and ticket.ticket_id not in known]
