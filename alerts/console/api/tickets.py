"""Tickets of the API: read in pages, one by one, and answered."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from sqlalchemy import select

from alerts import answer_store, answers, outbox, store, tables
from alerts.console.api.bearer import Answers, Letters, Reads
from alerts.console.api.paging import page_of
from alerts.console.api.shapes import (
    After,
    ById,
    LetterDocument,
    Month,
    Most,
    Named,
    Said,
    TicketDocument,
    TicketPage,
    Words,
)
from alerts.console.view import View, view_of
from alerts.documents import ticket_document
from alerts.outbox import Delivery
from alerts.ticket import Ticket
from billing.hours import iso

router = APIRouter(tags=["tickets"])


@router.get("/tickets", responses={200: {"model": TicketPage}})
def tickets(
    view: Reads,
    partner_id: Named = None,
    customer_id: Named = None,
    month: Month | None = None,
    kind: Named = None,
    state: Named = None,
    after: After = None,
    limit: Most = 100,
) -> dict[str, Any]:
    """Tickets by id."""
    wanted = {"partner_id": partner_id, "customer_id": customer_id, "month": month, "kind": kind, "state": state}
    query = page_of(view, select(tables.tickets), tables.tickets.c.ticket_id, wanted, after, limit)
    found = store.tickets_by(view.connection, query)
    shown = _documents(view, [one for one in found[:limit] if one.customer_id in view.book.customers])
    return {"tickets": shown, "next": found[limit - 1].ticket_id if len(found) > limit else None}


@router.get("/tickets/{ticket_id}", responses={200: {"model": TicketDocument}})
def ticket(view: Reads, ticket_id: ById) -> dict[str, Any]:
    """One ticket."""
    return _document(view, ticket_id)


@router.post("/tickets/{ticket_id}/answers", status_code=201, responses={201: {"model": TicketDocument}})
def answer(request: Request, user: Answers, ticket_id: ById, said: Said) -> dict[str, Any]:
    """Record what the vendor's desk answered; a later answer corrects an earlier one."""
    house = request.app.state.house
    with view_of(house, user) as view:
        view.ticket(ticket_id)
    amount = Decimal(said.amount) if said.amount is not None else None
    house.answer(ticket_id, answers.Said(said.what, said.note, amount, said.currency), [], user.name, house.now())
    with view_of(house, user) as view:
        return _document(view, ticket_id)


@router.get("/tickets/{ticket_id}/letter", responses={200: {"model": LetterDocument}})
def letter(view: Reads, ticket_id: ById) -> dict[str, Any]:
    """Its next letter as it would go out now, and its words."""
    return _letter(view, ticket_id)


@router.put("/tickets/{ticket_id}/letter", responses={200: {"model": LetterDocument}})
def reword(request: Request, user: Letters, ticket_id: ById, said: Words) -> dict[str, Any]:
    """Put these words into its next letter. They hold for the claims that it has now."""
    house = request.app.state.house
    with view_of(house, user) as view:
        view.ticket(ticket_id)
    house.reword(ticket_id, said.words, said.version, user.name, house.now())
    with view_of(house, user) as view:
        return _letter(view, ticket_id)


def _letter(view: View, ticket_id: str) -> dict[str, Any]:
    view.ticket(ticket_id)
    draft = view.house.draft(view.connection, ticket_id, view.at)
    mail = view.house.letter(view.connection, ticket_id, view.at, None)
    if draft is None or mail is None:
        raise HTTPException(404)
    return {
        "ticket_id": ticket_id,
        "letter": draft.ticket.letters + 1,
        "to": list(mail.to),
        "subject": mail.subject,
        "text": mail.text,
        "words": draft.words,
        "generated": draft.generated,
        "written": [{"at": iso(one.at), "who": one.who, "words": one.text or None} for one in draft.written],
        "owed": draft.owed,
        "version": draft.version,
    }


def _document(view: View, ticket_id: str) -> dict[str, Any]:
    return _documents(view, [view.ticket(ticket_id)])[0]


def _documents(view: View, found: Sequence[Ticket]) -> list[dict[str, Any]]:
    ids = [one.ticket_id for one in found]
    said = answer_store.answers_of(view.connection, ids)
    sent: dict[str | None, list[Delivery]] = {}
    for delivery in outbox.deliveries_of(view.connection, ids):
        sent.setdefault(delivery.ticket_id, []).append(delivery)
    desk = view.house.desk
    return [ticket_document(one, sent.get(one.ticket_id, ()), desk, said.get(one.ticket_id, ())) for one in found]
