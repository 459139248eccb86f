"""The letter to the vendor's desk as it would go out now, and sending it."""

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request, Response

from alerts.alert import Alert
from alerts.console.alert_bill import tickets_of
from alerts.console.done import go, told
from alerts.console.mail_view import mail_view
from alerts.console.paper import page
from alerts.console.session import needs
from alerts.console.view import See, View, looking
from alerts.mail import Letter

router = APIRouter()


@router.get("/alerts/{alert_id}/letter")
def letter(request: Request, view: See, alert_id: str) -> Response:
    """To whom, about what, and the letter itself in a frame."""
    alert = view.alert(alert_id)
    return page(request, "letter_page.html", alert=alert, letter=_letter(view, alert), tickets=tickets_of(view, alert))


@router.get("/alerts/{alert_id}/letter/body")
def body(view: See, alert_id: str) -> Response:
    found = _letter(view, view.alert(alert_id))
    if found is None:
        raise HTTPException(404)
    return mail_view(found)


@router.post("/alerts/{alert_id}/send", dependencies=[needs("approver")])
def send(request: Request, alert_id: str, note: Annotated[str, Form()] = "") -> Response:
    """Confirm it and send what is owed now."""
    with looking(request) as view:
        view.alert(alert_id)
    house = request.app.state.house
    came = house.send(alert_id, request.state.user.name, note.strip(), house.now())
    said = "\n".join(came) or "Nothing to send: the vendor knows all of it already."
    return go(request, f"/alerts/{alert_id}", told(said))


def _letter(view: View, alert: Alert) -> Letter | None:
    """Of the newest ticket with the alert in it."""
    tickets = tickets_of(view, alert)
    return view.house.letter(tickets[-1].ticket_id, view.at) if tickets else None
