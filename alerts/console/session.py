"""Who asks: the session, the token against forged forms, and what stands before every page."""

import hmac
import secrets
from typing import Protocol
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request, params

from alerts.console.users import User

SAFE = ("GET", "HEAD", "OPTIONS")
FIELD, HEADER = "csrf", "X-CSRF-Token"
LANGUAGE = "language"


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


def csrf(request: Request) -> str:
    """The session's token, which a form has to bring along."""
    token: str = request.session.setdefault(FIELD, secrets.token_urlsafe(32))
    return token


def renew(request: Request) -> None:
    """Forget all of the session but the language that was chosen."""
    kept = {LANGUAGE: request.session[LANGUAGE]} if LANGUAGE in request.session else {}
    request.session.clear()
    request.session.update(kept)


async def own_form(request: Request) -> None:
    """Refuse, with 403, what a page of somebody else made the browser send."""
    if request.method in SAFE:
        return
    site = request.headers.get("sec-fetch-site", "same-origin")
    token = request.headers.get(HEADER) or (await request.form()).get(FIELD)
    known = request.session.get(FIELD)
    told = isinstance(token, str) and known and hmac.compare_digest(token.encode(), known.encode())
    if not told or site not in ("same-origin", "none"):
        raise HTTPException(403, "This form is old or not from here: go back, reload the page and try again.")


async def signed_in(request: Request) -> User:
    """The user, for all that stands behind the door; a form of theirs has to be their own."""
    user: User | None = request.app.state.door.user(request)
    if user is None:
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        raise StrangerError(f"/login?next={quote(path)}" if request.method in SAFE and path != "/" else "/login")
    request.state.user = user
    await own_form(request)
    return user


def here(to: str) -> str:
    """The address, if it is one of the console's own pages; else the first page."""
    own = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable()
    return to if own else "/"


def needs(role: str) -> params.Depends:
    """What only this role and those above it may: `dependencies=[needs("reviewer")]`."""

    def allowed(request: Request) -> None:
        if not request.state.user.may(role):
            raise HTTPException(403, f"This takes the role {role}, or one above it.")

    return params.Depends(allowed)
