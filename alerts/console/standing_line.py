"""The line that every page of the queue has at its top: how far usage is known, when the month ends, the money."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from alerts.answer_store import answers_of
from alerts.answers import granted, stated
from alerts.clock import BLIND
from alerts.console.view import View
from alerts.ticket import Ticket, asked
from billing.book import Partner
from billing.hours import Month

Sums = Mapping[str, Decimal]  # by currency


@dataclass(frozen=True)
class StandingLine:
    """Money by currency, of the months that may still be claimed, each amount in one of the four.

    at_stake: of tickets that nobody was sent; claimed: sent and not answered; lost: refused, expired, not granted.
    """

    data_to: datetime | None
    ends_at: datetime | None
    at_stake: Sums
    claimed: Sums
    granted: Sums
    lost: Sums


def standing_line(view: View) -> StandingLine:
    """For what the user may see."""
    months = {Month.of(view.at - BLIND), Month.of(view.at)}
    tickets = view.summed_tickets(months)
    answers = answers_of(view.connection, [one.ticket_id for one in tickets if one.state in ("granted", "refused")])
    money: dict[str, dict[str, Decimal]] = {name: {} for name in ("at_stake", "claimed", "granted", "lost")}
    for ticket in tickets:
        for where, amounts in _places(ticket, granted(answers.get(ticket.ticket_id, ()))):
            _add(money[where], amounts)
    ends = [view.house.clock(Month.of(view.at), partner).deadline_at for partner in _partners(view)]
    return StandingLine(view.house.data_to(), min((end for end in ends if end > view.at), default=None), **money)


def _places(ticket: Ticket, grant: Sums) -> Iterable[tuple[str, Sums]]:
    """Where the ticket's money is."""
    if ticket.state in ("draft", "open"):
        yield "at_stake", asked(ticket.claims)
    elif ticket.state in ("sent", "acknowledged"):
        yield "claimed", stated(ticket)
    elif ticket.state in ("granted", "refused"):
        rest = {code: amount - grant.get(code, Decimal(0)) for code, amount in stated(ticket).items()}
        yield "granted", grant
        yield "lost", {code: max(Decimal(0), amount) for code, amount in rest.items()}
    elif ticket.state == "expired":
        yield "lost", asked(ticket.claims)


def _partners(view: View) -> Iterable[Partner]:
    """One of each time zone."""
    return {partner.time_zone: partner for partner in view.book.partners.values()}.values()


def _add(sums: dict[str, Decimal], amounts: Sums) -> None:
    for code, amount in amounts.items():
        if amount:
            sums[code] = sums.get(code, Decimal(0)) + amount
