"""A letter of a ticket as it was sent: its headers, the mail in a frame, its files."""

from fastapi import APIRouter, HTTPException, Request, Response

from alerts import outbox
from alerts.console import mails
from alerts.console.paper import page
from alerts.console.view import See, View
from alerts.outbox import Delivery

router = APIRouter()


@router.get("/tickets/{ticket_id}/letters/{key}")
def letter(request: Request, view: See, ticket_id: str, key: str) -> Response:
    delivery, mail = _letter(view, ticket_id, key)
    return page(request, "letter.html", ticket=view.ticket(ticket_id), delivery=delivery, mail=mail)


@router.get("/tickets/{ticket_id}/letters/{key}/body")
def letter_body(view: See, ticket_id: str, key: str) -> Response:
    return mails.body(_letter(view, ticket_id, key)[1])


@router.get("/tickets/{ticket_id}/letters/{key}/files/{number}")
def letter_file(view: See, ticket_id: str, key: str, number: str) -> Response:
    """One of its files, counted from 0."""
    return mails.download(_letter(view, ticket_id, key)[1], number)


def _letter(view: View, ticket_id: str, key: str) -> tuple[Delivery, mails.Mail]:
    """A letter of the ticket, which the user may see."""
    view.ticket(ticket_id)
    mine = {one.key: one for one in outbox.deliveries_of(view.connection, [ticket_id])}
    message = outbox.message(view.connection, key) if key in mine else None
    if message is None:
        raise HTTPException(404)
    return mine[key], mails.taken_apart(message)
