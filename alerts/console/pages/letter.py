"""The letter to the vendor's desk before it goes: as it would go out, its words, and sending it."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request, Response
from pydantic import BaseModel

from alerts.alert import Alert
from alerts.console import mails
from alerts.console.alert_bill import tickets_of
from alerts.console.done import go, just_done, told
from alerts.console.paper import page
from alerts.console.session import needs
from alerts.console.view import See, View, looking
from alerts.ticket import Ticket
from alerts.wording import LONGEST
from billing.errors import Fault, FaultyError

router = APIRouter()
MAY = [needs("approver")]


class Edit(BaseModel):
    """The form: words for the letter of a ticket, written for a version of its draft. words: None for no words."""

    ticket_id: str = ""
    words: str | None = None
    version: str = ""
    note: str = ""


@router.get("/alerts/{alert_id}/letter")
def letter(request: Request, view: See, alert_id: str, ticket_id: str = "", earlier: str = "") -> Response:
    """To whom, about what, its words to be edited, and the letter itself in a frame.

    ticket_id: by default the newest that has the alert in it. earlier: the number of words that were written before,
    which come into the box.
    """
    return _page(request, view, view.alert(alert_id), ticket_id, earlier)


@router.get("/alerts/{alert_id}/letter/body")
def body(view: See, alert_id: str, ticket_id: str = "") -> Response:
    return mails.body(_mail(view, view.alert(alert_id), ticket_id))


@router.get("/alerts/{alert_id}/letter/files/{number}")
def file(view: See, alert_id: str, number: str, ticket_id: str = "") -> Response:
    """One of the files that go with it, counted from 0."""
    return mails.download(_mail(view, view.alert(alert_id), ticket_id), number)


@router.post("/alerts/{alert_id}/letter/body", dependencies=MAY)
def preview(request: Request, alert_id: str, form: Annotated[Edit, Form()]) -> Response:
    """The letter with words that are not kept."""
    with looking(request) as view:
        return mails.body(_mail(view, view.alert(alert_id), form.ticket_id, form.words))


@router.post("/alerts/{alert_id}/letter", dependencies=MAY)
def reword(request: Request, alert_id: str, form: Annotated[Edit, Form()]) -> Response:
    """Keep the words; without any the generated ones go out again."""
    with looking(request) as view:
        alert = view.alert(alert_id)
        ticket_id = _ticket(view, alert, form.ticket_id).ticket_id
    if faults := _reworded(request, ticket_id, form):
        return _again(request, alert_id, form, faults)
    said = "The generated words go out." if form.words is None else "These words go out."
    return go(request, f"/alerts/{alert_id}/letter?ticket_id={ticket_id}", told(said))


@router.post("/alerts/{alert_id}/send", dependencies=MAY)
def send(request: Request, alert_id: str, form: Annotated[Edit, Form()]) -> Response:
    """Keep the words, where there are any, confirm the alert and send what is owed now."""
    with looking(request) as view:
        alert = view.alert(alert_id)
        ticket_id = _ticket(view, alert, form.ticket_id).ticket_id if form.words is not None else ""
    if ticket_id and (faults := _reworded(request, ticket_id, form)):
        return _again(request, alert_id, form, faults)
    house = request.app.state.house
    came = house.send(alert_id, request.state.user.name, form.note.strip(), house.now())
    said = "\n".join(came) or "Nothing to send: the vendor knows all of it already."
    return go(request, f"/alerts/{alert_id}", told(said))


def _reworded(request: Request, ticket_id: str, form: Edit) -> Sequence[Fault]:
    """Keep the words; what is wrong with them where they cannot be kept."""
    house = request.app.state.house
    try:
        house.reword(ticket_id, form.words, form.version, request.state.user.name, house.now())
    except FaultyError as error:
        return error.faults
    return ()


def _again(request: Request, alert_id: str, form: Edit, faults: Sequence[Fault]) -> Response:
    """The page with what was written still in the box, and what is wrong with it."""
    with looking(request) as view:
        return _page(request, view, view.alert(alert_id), form.ticket_id, form=form, faults=faults)


def _page(
    request: Request,
    view: View,
    alert: Alert,
    ticket_id: str,
    earlier: str = "",
    form: Edit | None = None,
    faults: Sequence[Fault] = (),
) -> Response:
    tickets = tickets_of(view, alert)
    ticket = _ticket(view, alert, ticket_id) if tickets else None
    draft = view.house.draft(view.connection, ticket.ticket_id, view.at) if ticket else None
    before = {str(one.number): one.text for one in draft.written if one.text} if draft else {}
    if earlier and earlier not in before:
        raise HTTPException(404)
    boxed = before.get(earlier) or (form and form.words) or (draft.words if draft else "")
    return page(
        request,
        "letter_page.html",
        409 if faults else 200,
        alert=alert,
        ticket=ticket,
        tickets=tickets,
        draft=draft,
        mail=_mail(view, alert, ticket_id) if draft else None,
        boxed=boxed,
        note=form.note if form else "",
        longest=LONGEST,
        faults=faults,
        done=just_done(request),
    )


def _ticket(view: View, alert: Alert, ticket_id: str) -> Ticket:
    """Of those with the alert in it the one of that id, or else the newest."""
    mine = [ticket for ticket in tickets_of(view, alert) if ticket_id in ("", ticket.ticket_id)]
    if not mine:
        raise HTTPException(404)
    return mine[-1]


def _mail(view: View, alert: Alert, ticket_id: str, words: str | None = None) -> mails.Mail:
    """The letter as its readers would get it."""
    found = view.house.letter(view.connection, _ticket(view, alert, ticket_id).ticket_id, view.at, words)
    if found is None:
        raise HTTPException(404)
    return mails.read(found)
