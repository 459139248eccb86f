"""People whom an OpenID Connect provider has asked who they are."""

from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth
from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from httpx2 import HTTPError
from joserfc.errors import JoseError

from alerts.console import session
from alerts.console.paper import page
from alerts.console.people import People, entry, person
from alerts.console.session import enter, entered, here, own_form
from alerts.console.users import User
from billing.errors import WorldError

KEY, NEXT, BACK = "person", "next", "/login/back"
SIGNED = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Algorithms of whose keys only the provider has the half that signs."""
TIMEOUT = 10.0  # seconds


class OidcDoor:
    """By the code flow with PKCE, state and nonce in the session. `url`: of the console. `claim`: which of the claims
    names the entry in `people`; of e-mail addresses only those that the provider has verified."""

    def __init__(self, url: str, issuer: str, client: tuple[str, str], claim: str, people: People) -> None:
        self._url, self._issuer, self._claim, self._people = url, issuer, claim, people
        self._client_id, secret = client
        self._client = OAuth().register(
            "floodmark",
            client_id=self._client_id,
            client_secret=secret or None,
            server_metadata_url=f"{issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid profile email",
                "code_challenge_method": "S256",
                "timeout": TIMEOUT,
                **({} if secret else {"token_endpoint_auth_method": "none"}),
            },
        )
        self.router = APIRouter(dependencies=[Depends(own_form)])
        self.router.add_api_route("/login", self.ask, methods=["GET"])
        self.router.add_api_route("/login/start", self.start, methods=["GET"])
        self.router.add_api_route(BACK, self.back, methods=["GET"])
        self.router.add_api_route("/logout", self.leave, methods=["POST"])

    def user(self, request: Request) -> User | None:
        """By the table as it is now: who left it is out at once."""
        name, shown = entered(request, KEY) or ("", "")
        return person(self._people, name, shown)

    def ask(self, request: Request, next: str = "/") -> Response:
        return page(request, "login_oidc.html", next=here(next))

    async def start(self, request: Request, next: str = "/") -> Response:
        """To the provider."""
        await self._provider()
        for begun in [name for name in request.session if name.startswith("_state_")]:
            del request.session[begun]  # a cookie holds one question, not every one that was given up
        request.session[NEXT] = here(next)
        away: Response = await self._client.authorize_redirect(request, self._url + BACK)
        return away

    async def back(self, request: Request) -> Response:
        """From the provider, with a code that only we can redeem."""
        await self._provider()
        options = {"iss": {"values": [self._issuer]}, "aud": {"values": [self._client_id]}}
        try:
            claims = (await self._client.authorize_access_token(request, claims_options=options))["userinfo"]
        except HTTPError as error:
            raise WorldError(f"{self._issuer} does not answer: {error}") from error
        except (AuthlibBaseError, JoseError, KeyError, ValueError) as error:
            raise HTTPException(403, "That was no answer to a question of ours: sign in again.") from error
        name, to = entry(self._people, self._names(claims)), here(request.session.get(NEXT, "/"))
        enter(request, KEY, [name, _shown(claims)])
        return RedirectResponse(to, 303)

    def leave(self, request: Request) -> Response:
        session.leave(request)
        return RedirectResponse("/login", 303)

    async def _provider(self) -> None:
        """What the provider says of itself; it must be the one that was meant. Raises WorldError."""
        try:
            said = await self._client.load_server_metadata()
        except (HTTPError, ValueError) as error:
            raise WorldError(f"{self._issuer} does not say how to sign in: {error}") from error
        if said.get("issuer") != self._issuer:
            raise WorldError(f"{self._issuer} says that it is {said.get('issuer')!r}")
        offered = said.get("id_token_signing_alg_values_supported", ())
        said["id_token_signing_alg_values_supported"] = [one for one in offered if one in SIGNED] or ["RS256"]

    def _names(self, claims: dict[str, Any]) -> list[str]:
        said = claims.get(self._claim)
        if self._claim == "email" and claims.get("email_verified") is not True:
            return []
        return [one for one in (said if isinstance(said, list) else [said]) if isinstance(one, str)]


def _shown(claims: dict[str, Any]) -> str:
    """As they stand in journals: an address that was verified, else the provider's own name for them."""
    verified = claims.get("email") if claims.get("email_verified") is True else None
    return str(verified or claims["sub"])
