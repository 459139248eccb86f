"""Signing in by OpenID Connect, against a provider on loopback; and the answers that are none."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from joserfc.jwk import RSAKey
from starlette.testclient import TestClient

from alerts.console.app import create
from flows.console import door, house
from flows.console_settings import Console
from flows.wiring import App
from tests.flows.issuer import CLIENT, SECRET, Issuer, serving
from tests.flows.two_partners import NOW, ORIGIN, two_partners

PEOPLE = {"248289": "admin", "p1-people": "viewer p1", "kim@us.example": "reviewer"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    return two_partners(tmp_path_factory.mktemp("two"))


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with serving() as found:
        yield found


def browser(app: App, issuer: Issuer, **settings: Any) -> TestClient:
    known = {"issuer": issuer.url, "client_id": CLIENT, "client_secret": SECRET, "people": PEOPLE}
    made = Console(auth="oidc", **known | settings)
    return TestClient(create(house(app, lambda: NOW), door(made, "", "")), base_url=ORIGIN, follow_redirects=False)


def to_provider(console: TestClient, to: str = "/runs") -> str:
    """The address with which the provider sends the browser back."""
    away = console.get("/login/start", params={"next": to})
    assert away.status_code == 302
    return httpx2.get(away.headers["location"]).headers["location"]


def sign_in(console: TestClient, to: str = "/runs") -> httpx2.Response:
    return console.get(to_provider(console, to))


def test_signing_in_leads_back_to_the_page_that_was_asked_for(app: App, issuer: Issuer) -> None:
    console = browser(app, issuer)
    assert console.get("/runs").headers["location"] == "/login?next=/runs"
    assert 'name="next" value="/runs"' in console.get("/login?next=/runs").text
    back = sign_in(console)
    assert (back.status_code, back.headers["location"]) == (303, "/runs")
    assert "248289, admin" in console.get("/runs").text


def test_a_group_of_a_partner_sees_that_partner(app: App, issuer: Issuer) -> None:
    issuer.claims = {"groups": ["everybody", "p1-people"], "email": "lee@p1.example", "email_verified": True}
    console = browser(app, issuer, claim="groups")
    assert sign_in(console).status_code == 303
    text = console.get("/runs").text
    assert "lee@p1.example, viewer, p1" in text
    assert "Zebra" not in text


@pytest.mark.parametrize(("verified", "status"), [(True, 303), (False, 403), ("true", 403), (None, 403)])
def test_an_address_counts_only_when_it_was_verified(app: App, issuer: Issuer, verified: Any, status: int) -> None:
    issuer.claims = {"email": "kim@us.example", "email_verified": verified}
    assert sign_in(browser(app, issuer, claim="email")).status_code == status


def test_who_is_in_no_table_stays_out(app: App, issuer: Issuer) -> None:
    issuer.claims = {"sub": "somebody"}
    console = browser(app, issuer)
    assert sign_in(console).status_code == 403
    assert console.get("/runs").status_code == 303


def test_signing_out_ends_it(app: App, issuer: Issuer) -> None:
    console = browser(app, issuer)
    sign_in(console)
    token = console.get("/runs").text.partition('name="csrf" value="')[2].partition('"')[0]
    assert console.post("/logout", data={"csrf": token}).status_code == 303
    assert console.get("/runs").status_code == 303


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_leads_nowhere_else(app: App, issuer: Issuer, to: str) -> None:
    assert sign_in(browser(app, issuer), to).headers["location"] == "/"


FORGERIES: dict[str, Callable[[Issuer], None]] = {
    "signed by another key": lambda issuer: setattr(issuer, "key", RSAKey.generate_key(2048, {"kid": "one"})),
    "not signed": lambda issuer: issuer.header.update(alg="none"),
    "not signed, which the provider offers": lambda issuer: (
        issuer.header.update(alg="none"),
        issuer.said.update(id_token_signing_alg_values_supported=["none", "RS256"]),
    )[0],
    "signed with the public key as a secret": lambda issuer: (
        issuer.header.update(alg="HS256"),
        issuer.said.update(id_token_signing_alg_values_supported=["HS256", "RS256"]),
    )[0],
    "for another client": lambda issuer: issuer.claims.update(aud="else"),
    "for another client too, authorised for us": lambda issuer: issuer.claims.update(aud=["else"], azp=CLIENT),
    "of another provider": lambda issuer: issuer.claims.update(iss="https://else.example"),
    "ended": lambda issuer: issuer.claims.update(exp=1_700_000_001),
    "without an end": lambda issuer: issuer.claims.update(exp=None),
    "of another sign-in": lambda issuer: issuer.claims.update(nonce="n"),
    "without a nonce": lambda issuer: issuer.claims.update(nonce=None),
    "of nobody": lambda issuer: issuer.claims.update(sub=None),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_an_id_token_that_is_not_for_this_sign_in_opens_nothing(
    app: App, issuer: Issuer, forge: Callable[[Issuer], None]
) -> None:
    forge(issuer)
    console = browser(app, issuer)
    assert sign_in(console).status_code == 403
    assert console.get("/runs").status_code == 303


def test_a_code_is_good_once_and_in_the_browser_that_asked(app: App, issuer: Issuer) -> None:
    console = browser(app, issuer)
    back = to_provider(console)
    victim = browser(app, issuer)
    victim.get("/login/start")
    assert victim.get(back).status_code == 403
    assert victim.get("/runs").status_code == 303
    assert console.get(back).status_code == 303
    assert console.get(back).status_code == 403


def test_what_the_provider_refuses_is_told(app: App, issuer: Issuer) -> None:
    answer = browser(app, issuer).get("/login/back?error=access_denied&error_description=<b>no</b>")
    assert answer.status_code == 403
    assert "<b>no</b>" not in answer.text


def test_a_new_key_of_the_provider_is_fetched(app: App, issuer: Issuer) -> None:
    console = browser(app, issuer)
    sign_in(console)
    issuer.published = [RSAKey.generate_key(2048, {"kid": "two"})]
    assert sign_in(console).status_code == 303


def test_a_provider_that_says_it_is_another_is_not_asked(app: App, issuer: Issuer) -> None:
    issuer.said = {"issuer": "https://else.example"}
    console = browser(app, issuer)
    answer = console.get("/login/start")
    assert answer.status_code == 503
    assert "says that it is" in answer.text


def test_a_provider_that_does_not_answer_is_a_broken_world(app: App) -> None:
    with serving() as gone:
        pass
    console = browser(app, gone)
    assert console.get("/login/start").status_code == 503
    assert console.get("/login").status_code == 200
