"""Who asks: the session, the token against forged forms, and what stands before every page."""

import hmac
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request, params
from sqlalchemy import delete, insert, select
from starlette.datastructures import UploadFile

from alerts.console.house import House
from alerts.console.users import User
from alerts.tables import ended_sessions
from billing.database import reading, transaction

SAFE = ("GET", "HEAD", "OPTIONS")
FIELD, HEADER = "csrf", "X-CSRF-Token"
LANGUAGE = "language"
ENTERED = "entered"
LASTS = timedelta(hours=12)
LONGEST = 1000  # characters of an address


class Door(Protocol):
    """How people come in. `router`: its pages under /login, open to everybody."""

    router: APIRouter

    def user(self, request: Request) -> User | None:
        """Who asks; None for a stranger."""
        ...


class StrangerError(Exception):
    """Nobody has signed in; `to` is where that is done."""

    def __init__(self, to: str) -> None:
        self.to = to


def enter(request: Request, by: str, who: Sequence[str]) -> None:
    """Somebody has shown who they are, `by` the door: a new session, with nothing of the cookie's but the language."""
    house: House = request.app.state.house
    _forget(request)
    request.session[ENTERED] = {"id": secrets.token_urlsafe(16), "at": house.now().timestamp(), by: list(who)}


def entered(request: Request, by: str) -> Sequence[str] | None:
    """Who came in by that door in this session; None where nobody did, or it is over, or was ended."""
    house: House = request.app.state.house
    session: dict[str, Any] = request.session.get(ENTERED, {})
    if by not in session or not 0 <= house.now().timestamp() - session["at"] < LASTS.total_seconds():
        return None
    with reading(house.engine) as connection:
        ended = connection.scalar(select(ended_sessions.c.at).where(ended_sessions.c.session_id == session["id"]))
    return None if ended else session[by]


def leave(request: Request) -> None:
    """End the session, wherever else its cookie may be kept."""
    house: House = request.app.state.house
    if session := request.session.get(ENTERED):
        mine, now = ended_sessions.c.session_id == session["id"], house.now()
        with transaction(house.engine) as connection:
            connection.execute(delete(ended_sessions).where(mine | (ended_sessions.c.at < now - LASTS)))
            connection.execute(insert(ended_sessions).values(session_id=session["id"], at=now))
    _forget(request)


def csrf(request: Request) -> str:
    """The session's token, which a form has to bring along."""
    token: str = request.session.setdefault(FIELD, secrets.token_urlsafe(32))
    return token


def signed_in(request: Request) -> User:
    """The user, for all that stands behind the door."""
    user: User | None = request.app.state.door.user(request)
    if user is None:
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        raise StrangerError(f"/login?next={quote(path)}" if request.method in SAFE and path != "/" else "/login")
    request.state.user = user
    return user


async def own_form(request: Request) -> None:
    """Refuse, with 403, what a page of somebody else made the browser send; with 422 what is no text."""
    _legible(request.url.path, *request.path_params.values(), *sum(request.query_params.multi_items(), ()))
    if request.method in SAFE:
        return
    form = await request.form()
    for name, value in form.multi_items():
        _legible(name, (value.filename or "") if isinstance(value, UploadFile) else value)
    site = request.headers.get("sec-fetch-site", "same-origin")
    token = request.headers.get(HEADER) or form.get(FIELD)
    known = request.session.get(FIELD)
    told = isinstance(token, str) and known and hmac.compare_digest(token.encode(), known.encode())
    if not told or site not in ("same-origin", "none"):
        raise HTTPException(403, "This form is old or not from here: go back, reload the page and try again.")


def _legible(*texts: str) -> None:
    """No store keeps a NUL, and no page shows half a letter: charsets such as unicode_escape bring both."""
    for text in texts:
        if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
            raise HTTPException(422)


def _forget(request: Request) -> None:
    """All of the session but the language that was chosen."""
    kept = {name: value for name, value in request.session.items() if name == LANGUAGE}
    request.session.clear()
    request.session.update(kept)


def here(to: str) -> str:
    """The address, if it is one of the console's own pages, and short enough for a cookie; else the first page."""
    own = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable()
    return to if own and len(to) <= LONGEST else "/"


def needs(role: str) -> params.Depends:
    """What only this role and those above it may: `dependencies=[needs("reviewer")]`."""

    def allowed(request: Request) -> None:
        if not request.state.user.may(role):
            raise HTTPException(403, f"This takes the role {role}, or one above it.")

    return params.Depends(allowed)
