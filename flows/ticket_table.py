"""One ticket for people: its claims, its clocks in every zone that matters, its thread and its answers."""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from rich.text import Text

from alerts.answers import Answer, granted, proof_of_contact, unanswered
from alerts.clock import shown
from alerts.outbox import Delivery
from alerts.ticket import Ticket, asked
from billing.book import Book
from billing.hours import iso
from billing.money import money_text
from flows.answers import Known

CLOCKS = {
    "opened_at": "opened",
    "deadline_at": "deadline",
    "expires_at": "ends everywhere",
    "latest_email_at": "latest e-mail",
    "call_from": "call from",
    "call_by": "call by",
}


def lines(known: Known, book: Book, vendor_zone: str) -> list[Text]:
    """The ticket top to bottom."""
    ticket, deliveries, answers = known
    partner, customer = book.partners.get(ticket.partner_id), book.customers.get(ticket.customer_id)
    zones = [ZoneInfo(vendor_zone), ZoneInfo(partner.time_zone if partner else "UTC")]
    name = customer.name if customer else ticket.customer_id
    head = f"{ticket.ticket_id} {ticket.kind} {ticket.month}, {name}: {ticket.state}"
    found = [Text(head, style="bold"), *map(Text, _money(ticket, answers))]
    for field, word in CLOCKS.items():
        if at := getattr(ticket, field):
            found.append(Text(f"  {word}: {shown(at, zones)}"))
    for claim in ticket.claims:
        amount = money_text(claim.amount, claim.currency)
        found.append(Text(f"  claim {claim.alert_id}: {claim.meter}, org {claim.org_id}, {amount}"))
    found += map(Text, _thread(deliveries))
    found += [Text(f"  {_answer(answer)}") for answer in answers]
    return [*found, Text(f"  {contact(proof_of_contact(answers, desk_numbers(deliveries)))}")]


def _money(ticket: Ticket, answers: Sequence[Answer]) -> Iterator[str]:
    sums = {"asked": asked(ticket.claims), "granted": granted(answers), "not answered": unanswered(ticket, answers)}
    for word, money in sums.items():
        if money:
            yield f"  {word}: {' + '.join(money_text(amount, currency) for currency, amount in money.items())}"


def _thread(deliveries: Sequence[Delivery]) -> Iterator[str]:
    for one in deliveries:
        told = one.error or one.proof
        yield f"  {iso(one.sent_at or one.created_at)} {one.state} by {one.sink} to {', '.join(one.to)}: {one.subject}"
        if told:
            yield f"    {told}"


def _answer(answer: Answer) -> str:
    sums = " + ".join(money_text(amount, currency) for currency, amount in answer.granted.items())
    said = ": ".join(filter(None, (answer.what, sums if answer.what == "granted" else "", answer.note)))
    proofs = "".join(f"\n    proof {one.path} ({one.name})" for one in answer.proofs)
    return f"{iso(answer.at)} {answer.who}: {said}{proofs}"


def contact(proof: str) -> str:
    """What is said of a proof of contact."""
    return f"contact proven: {proof}" if proof else "contact not proven: nobody at the desk has answered"


def desk_numbers(deliveries: Sequence[Delivery]) -> list[str]:
    """What the desk calls the ticket of these deliveries."""
    return [one.external_id for one in deliveries if one.external_id]
