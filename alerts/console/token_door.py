"""One user of one machine, who comes in by a token that was printed at the start."""

import hmac
from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from alerts.console import session
from alerts.console.paper import page
from alerts.console.session import enter, entered, here, own_form
from alerts.console.users import User

KEY = "token_user"


class TokenDoor:
    """`token`: at least 32 characters nobody can guess."""

    def __init__(self, token: str, user: User) -> None:
        self._token, self._user = token, user
        self.router = APIRouter(dependencies=[Depends(own_form)])
        self.router.add_api_route("/login", self.ask, methods=["GET"])
        self.router.add_api_route("/login", self.enter, methods=["POST"])
        self.router.add_api_route("/logout", self.leave, methods=["POST"])

    def user(self, request: Request) -> User | None:
        return self._user if entered(request, KEY) == [self._user.name] else None

    def ask(self, request: Request, token: str = "", next: str = "/") -> Response:
        """The form; with the right token in the address, as it is printed, straight in."""
        return self._in(request, token, next) if token else page(request, "login.html", next=next)

    def enter(
        self,
        request: Request,
        token: Annotated[str, Form()] = "",
        next: Annotated[str, Form()] = "/",
    ) -> Response:
        return self._in(request, token, next)

    def leave(self, request: Request) -> Response:
        session.leave(request)
        return RedirectResponse("/login", 303)

    def _in(self, request: Request, token: str, to: str) -> Response:
        if not hmac.compare_digest(token.strip().encode(), self._token.encode()):
            raise HTTPException(403, "This is not the token that was printed when the console started.")
        enter(request, KEY, [self._user.name])
        return RedirectResponse(here(to), 303)
