"""Who asks the API: the bearer of a token, and what that lets them see."""

from collections.abc import Callable, Iterator
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from alerts import tokens
from alerts.console.house import House
from alerts.console.users import User
from alerts.console.view import View, view_of
from alerts.tokens import Token
from billing.database import reading

BEARER = HTTPBearer(auto_error=False, description="Made by `floodmark token new`.")
Given = Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]


def user_of(house: House, given: HTTPAuthorizationCredentials | None, scope: str, *, whole: bool = False) -> User:
    """Whose token it is. Raises HTTPException: 401 for none that holds, 403 for one without the scope.

    whole: it must be of no partner.
    """
    found = _token(house, given.credentials) if given else None
    if found is None:
        what = "Bring a token that holds along, as `Authorization: Bearer fm_...`."
        raise HTTPException(401, what, {"WWW-Authenticate": "Bearer"})
    if not found.may(scope):
        raise HTTPException(403, f"This needs a token with the scope {scope}.")
    if whole and found.partner_id is not None:
        raise HTTPException(403, "This is of all partners, the token of one.")
    return User(f"{found.name} ({found.token_id})", "viewer", found.partner_id)


def _token(house: House, secret: str) -> Token | None:
    with reading(house.engine) as connection:
        return tokens.find(connection, secret, house.now())


def bearer(scope: str) -> Callable[[Request, Given], User]:
    """The dependency by which a route gets its user, for routes that write."""

    def asking(request: Request, given: Given) -> User:
        return user_of(request.app.state.house, given, scope)

    return asking


def _view(request: Request, user: Annotated[User, Depends(bearer("read"))]) -> Iterator[View]:
    with view_of(request.app.state.house, user) as view:
        yield view


Reads = Annotated[View, Depends(_view, scope="function")]
Reviews = Annotated[User, Depends(bearer("review"))]
Answers = Annotated[User, Depends(bearer("answer"))]
Letters = Annotated[User, Depends(bearer("letter"))]
