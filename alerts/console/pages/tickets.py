"""Tickets: the board by state, and one ticket with its claims, its clocks, its thread and the answers to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation
from itertools import islice, takewhile
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, HTTPException, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from alerts import answer_store, board, outbox
from alerts.answers import WORDS, Answer, Said, granted, proof_of_contact, stated, unanswered
from alerts.board import SETTLED, STATES, Choice, Place
from alerts.clock import Span
from alerts.console.downloads import saved
from alerts.console.paper import page
from alerts.console.session import needs
from alerts.console.view import See, View, looking
from alerts.outbox import Delivery
from alerts.phone import Call, to_call
from alerts.ticket import Ticket
from billing.errors import Fault, FaultyError, SettingsError
from billing.hours import HOUR, Month, parse_time

router = APIRouter()

CARDS, ROWS = 20, 50
CLOCKS = {
    "opened_at": "Opened",
    "latest_email_at": "Latest e-mail that is surely answered",
    "deadline_at": "Deadline",
    "expires_at": "End of the month in every time zone",
}
SHOWN_DAYS = 3  # of the desk's hours


@dataclass(frozen=True)
class Entry:
    """One thing that happened in a ticket's thread: a letter of ours, or what was said to it."""

    at: datetime
    letter: Delivery | None = None
    answer: Answer | None = None


@router.get("/tickets")
def tickets(
    request: Request, view: See, month: str = "", partner: str = "", state: str = "", after: str = ""
) -> Response:
    """All states of a month, a few tickets each; with a state all of its own, some at a time."""
    chosen = _month(month, view.at)
    theirs = view.partner(partner).partner_id if partner else view.user.partner_id
    choice = Choice(chosen, theirs)
    columns = [state] if state in STATES else STATES
    most = ROWS if state else CARDS
    found = {one: board.first(view.connection, choice, one, most + 1, _place(after)) for one in columns}
    counts = board.counts(view.connection, choice)
    cards = {one: [_card(view, ticket) for ticket in some[:most]] for one, some in found.items()}
    return page(
        request,
        "tickets.html",
        shown=chosen,
        counts=counts,
        any_=any(counts.values()),
        cards=cards,
        next={one: _after(some[most - 1]) if len(some) > most else "" for one, some in found.items()},
        settled=SETTLED,
        states=STATES,
        left_behind=board.left_behind(view.connection, chosen, theirs),
        partners=view.book.partners.values(),
        chosen={"partner": partner, "state": state if state in STATES else ""},
        at=view.at,
    )


@router.get("/tickets/{ticket_id}")
def ticket(request: Request, view: See, ticket_id: str, done: str = "") -> Response:
    return _ticket(request, view, ticket_id, done=done if done in WORDS else "")


@router.post("/tickets/{ticket_id}/answers", dependencies=[needs("approver")])
def answer(
    request: Request,
    ticket_id: str,
    what: Annotated[str, Form()] = "",
    amount: Annotated[str, Form()] = "",
    currency: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
    proofs: Annotated[list[UploadFile] | None, Form()] = None,
) -> Response:
    """Record what the desk said; where it makes no sense, the form again with what was written and what is wrong."""
    house, user = request.app.state.house, request.state.user
    with looking(request) as view:
        view.ticket(ticket_id)
    files = [(file.filename, file.file.read()) for file in proofs or () if file.filename]
    try:
        said = Said(what, note.strip(), _amount(ticket_id, amount), currency if what == "granted" and amount else None)
        house.answer(ticket_id, said, files, user.name, view.at)
    except FaultyError as error:
        written = {"what": what, "amount": amount, "currency": currency, "note": note}
        with looking(request) as view:
            return _ticket(request, view, ticket_id, written, error.faults)
    return RedirectResponse(f"/tickets/{ticket_id}?done={said.what}", 303)


@router.get("/tickets/{ticket_id}/proofs/{sha256}")
def proof(view: See, ticket_id: str, sha256: str) -> Response:
    """A file that proves an answer to the ticket, to be saved."""
    view.ticket(ticket_id)
    answers = answer_store.answers_to(view.connection, ticket_id)
    kept = {one.sha256: one for answer in answers for one in answer.proofs}
    if sha256 not in kept:
        raise HTTPException(404)
    return saved(kept[sha256].name, view.house.proof(kept[sha256]))


def _ticket(
    request: Request,
    view: View,
    ticket_id: str,
    written: dict[str, str] | None = None,
    faults: Sequence[Fault] = (),
    done: str = "",
) -> Response:
    one = view.ticket(ticket_id)
    deliveries = outbox.deliveries_of(view.connection, [ticket_id])
    answers = answer_store.answers_to(view.connection, ticket_id)
    partner = view.book.partner_of(one.customer_id)
    zones = (view.house.desk.zone, ZoneInfo(partner.time_zone))
    call = view.house.phone.call(one, view.book)
    asked = stated(one)
    return page(
        request,
        "ticket.html",
        422 if faults else 200,
        ticket=one,
        partner=partner,
        customer=view.customer(one.customer_id),
        orgs=view.book.orgs,
        meters=view.house.catalog.meters,
        told={(claim.alert_id, claim.currency): claim for claim in one.told},
        asked=asked,
        granted=granted(answers),
        unanswered=unanswered(one, answers),
        contact=proof_of_contact(answers, [d.external_id for d in deliveries if d.external_id]),
        clocks=[(word, at, _in_zones(at, zones)) for name, word in CLOCKS.items() if (at := getattr(one, name))],
        thread=_thread(deliveries, answers),
        call=call,
        desk_hours=_desk_hours(view, call) if call else [],
        settled=one.state in SETTLED,
        next_letter=_next_letter(view, one),
        answerable=one.state not in ("draft", "withdrawn") and request.state.user.may("approver"),
        written=written or {"what": "", "amount": "", "currency": "", "note": ""},
        faults=faults,
        done=done,
        at=view.at,
        zones=zones,
    )


def _next_letter(view: View, ticket: Ticket) -> str:
    """An alert of the letter that is still to be sent; empty where the last one says all."""
    if ticket.claims == ticket.told or ticket.state == "expired":
        return ""
    claimed = [one.alert_id for one in (*ticket.claims, *ticket.told)]
    seen = view.seen(claimed)
    return next((alert_id for alert_id in claimed if alert_id in seen), "")


def _thread(deliveries: Sequence[Delivery], answers: Sequence[Answer]) -> list[Entry]:
    """Letters and answers as they came, the oldest first."""
    entries = [Entry(one.sent_at or one.created_at, letter=one) for one in deliveries]
    entries += [Entry(one.at, answer=one) for one in answers]
    return sorted(entries, key=lambda entry: entry.at)


def _desk_hours(view: View, call: Call) -> list[list[Span]]:
    """The desk's next open spans until the call must have been made, each on its own clock and on the partner's."""
    ahead = view.house.desk.spans_from(max(call.start, view.at))
    spans = takewhile(lambda span: span[0] < call.end, islice(ahead, SHOWN_DAYS))
    return [
        [(opens.astimezone(zone), min(closes, call.end).astimezone(zone)) for zone in call.zones[:2]]
        for opens, closes in spans
    ]


def _in_zones(at: datetime, zones: Sequence[tzinfo]) -> list[tzinfo]:
    """The zones whose clocks show the instant differently, in their order; UTC last."""
    offsets = {at.astimezone(zone).utcoffset(): zone for zone in (ZoneInfo("UTC"), *reversed(zones))}
    return list(reversed(offsets.values()))


def _card(view: View, one: Ticket) -> dict[str, Any]:
    """What a card of the board says. A customer that left the book has its id for a name, and no page."""
    customer = view.book.customers.get(one.customer_id)
    return {
        "ticket": one,
        "customer": customer.name if customer else one.customer_id,
        "known": customer is not None,
        "asked": stated(one),
        "call": to_call(one),
    }


def _month(text: str, at: datetime) -> Month:
    """The one that is asked for, else the one of the last hour that is over."""
    if not text:
        return Month.of(at - HOUR)
    try:
        return Month.parse(text)
    except ValueError:
        raise HTTPException(404) from None


def _amount(ticket_id: str, text: str) -> Decimal | None:
    try:
        return Decimal(text.strip()) if text.strip() else None
    except InvalidOperation:
        what = f"{text!r} is not an amount: write 1234.50"
        raise SettingsError([Fault(ticket_id, 0, "amount", what)]) from None


def _after(last: Ticket) -> str:
    return f"{last.deadline_at.isoformat() if last.deadline_at else ''}~{last.ticket_id}"


def _place(text: str) -> Place | None:
    at, separator, ticket_id = text.partition("~")
    try:
        return Place(parse_time(at) if at else None, ticket_id) if separator else None
    except ValueError:
        raise HTTPException(404) from None
