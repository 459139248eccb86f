"""The console as a web application: its pages behind the door, put together from a House."""

import secrets
from types import ModuleType

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException
from starlette.middleware.sessions import SessionMiddleware
from starlette.types import ASGIApp

from alerts.console import assets, probes, readers
from alerts.console.api import app as api
from alerts.console.headers import Headed
from alerts.console.house import House
from alerts.console.intake import Intake
from alerts.console.packed import Packed
from alerts.console.pages import alert, customers, letter, queue, recovery, runs, sent_letter, tickets
from alerts.console.paper import page
from alerts.console.session import LASTS, Door, StrangerError, own_form, signed_in
from billing.errors import FaultyError, WorldError

PAGES: tuple[ModuleType, ...] = (queue, alert, letter, recovery, tickets, sent_letter, customers, runs)
"""A page is one file with a `router`, and its row here."""

PROGRAMS = (api.PATH, probes.METRICS)
FAULTS = {
    403: "You may not do this.",
    404: "There is no such page, or nothing of this name that you may see.",
    405: "This address does not do that.",
    413: "This is more than can be taken in: files come to 40 MB at most, all else to 400 kB.",
    422: "The address has a part that makes no sense.",
    503: "The store does not answer.",
}


def create(house: House, door: Door, *, secure: bool = False, key: str = "") -> ASGIApp:
    """The application. secure: it is reached by https alone. key: of the sessions; without one they end with it."""
    app = FastAPI(title="Floodmark", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.house, app.state.door = house, door
    name = "__Host-floodmark" if secure else "floodmark"
    key = key or secrets.token_hex(32)
    app.add_middleware(SessionMiddleware, key, name, int(LASTS.total_seconds()), same_site="lax", https_only=secure)
    app.add_middleware(Intake)
    app.add_middleware(Packed)
    app.include_router(assets.router)
    app.include_router(door.router)
    app.include_router(readers.router)
    for module in PAGES:
        app.include_router(module.router, dependencies=[Depends(signed_in), Depends(own_form)])
    app.include_router(probes.router)
    app.mount(api.PATH, api.create(house))
    app.add_exception_handler(StrangerError, _sign_in)
    for kind in (HTTPException, RequestValidationError, FaultyError, WorldError, Exception):
        app.add_exception_handler(kind, _fault)
    return Headed(app)


def _sign_in(request: Request, error: Exception) -> Response:
    """To the door. A part of a page that is fetched makes the whole page go there."""
    assert isinstance(error, StrangerError)
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": "/login"})
    return RedirectResponse(error.to, 303)


def _fault(request: Request, error: Exception) -> Response:
    """What went wrong, as a page, or as a line where a part of a page was asked for; to programs as they are told."""
    if request.url.path.startswith(PROGRAMS):
        return api.problem(request, error)
    status, sentences = _told(request, error)
    tongue = readers.tongue(request)
    what = "; ".join(tongue.retold(tongue.say(one)) for one in sentences)
    headers = getattr(error, "headers", None)
    if request.headers.get("hx-request"):
        answer = page(request, "fault_line.html", status, what=what)
    else:
        answer = page(request, "fault.html", status, what=what, code=status)
    answer.headers.update(headers or {})
    return answer


def _told(request: Request, error: Exception) -> tuple[int, list[str]]:
    """The status, and sentences for people; where the store lives is for those of the house."""
    if isinstance(error, HTTPException):
        written = error.detail if error.status_code == 403 else ""
        return error.status_code, [written or FAULTS.get(error.status_code, "This could not be done.")]
    if isinstance(error, RequestValidationError):
        return 422, [FAULTS[422]]
    if isinstance(error, FaultyError):
        return 409, [fault.what for fault in error.faults]
    if isinstance(error, WorldError):
        user = getattr(request.state, "user", None)
        told = request.url.path.startswith("/login") or (user is not None and user.partner_id is None)
        return 503, [str(error) if told else FAULTS[503]]
    return 500, ["Something broke here. It is in the console's log; nothing was changed."]
