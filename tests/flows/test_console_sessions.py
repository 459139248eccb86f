"""Sessions: kept over a restart by a key of the workspace, ended for good by who signs out, by time, by a lost role."""

import json
import stat
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from alerts.console.app import create
from alerts.console.done import MOST, told
from alerts.console.session import LASTS
from alerts.console.token_door import TokenDoor
from alerts.console.users import User
from billing.errors import SettingsError, WorldError
from flows.console import door, house
from flows.console_key import FILE, session_key
from flows.console_settings import Console
from flows.wiring import App
from tests.alerts.console.rooms import CSRF, TOKEN
from tests.flows.issuer import CLIENT, SECRET, Issuer, serving
from tests.flows.test_console_oidc import sign_in
from tests.flows.two_partners import NOW, ORIGIN, two_partners

KEY = "k" * 64
PEOPLE = {"248289": "admin"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    made = two_partners(tmp_path_factory.mktemp("two"))
    yield made
    made.engine.dispose()


def console(app: App, at: datetime = NOW, token: str = TOKEN, key: str = KEY, name: str = "kim") -> TestClient:
    """A console that was just started, and a browser that nobody has used."""
    built = create(house(app, lambda: at), TokenDoor(token, User(name, "admin")), key=key)
    return TestClient(built, base_url=ORIGIN, follow_redirects=False)


def enter(browser: TestClient) -> str:
    """The cookie of who came in."""
    answer = browser.get("/login", params={"token": TOKEN})
    assert answer.status_code == 303
    return cookie(answer)


def cookie(answer: Any) -> str:
    return SimpleCookie(answer.headers["set-cookie"])["floodmark"].value


def opens(browser: TestClient, kept: str) -> bool:
    """Whether somebody with that cookie is let in."""
    browser.cookies.clear()
    return browser.get("/runs", headers={"Cookie": f"floodmark={kept}"}).status_code == 200


def test_a_session_outlasts_the_console_and_the_token_does_not(app: App) -> None:
    kept = enter(console(app))
    again = console(app, token="u" * 43)
    assert opens(again, kept)
    assert again.get("/login", params={"token": TOKEN}).status_code == 403
    assert not opens(console(app, key="l" * 64), kept)
    assert not opens(console(app, name="somebody else"), kept)


def test_who_signed_out_is_out_wherever_the_cookie_was_kept(app: App) -> None:
    browser, other = console(app), console(app)
    kept, elsewhere = enter(browser), enter(other)
    token = CSRF.search(browser.get("/").text)
    assert token and opens(console(app), kept)
    assert browser.post("/logout", data={"csrf": token[1]}).status_code == 303
    assert not opens(browser, kept) and not opens(console(app), kept)
    assert opens(other, elsewhere)


def test_a_session_ends_by_itself_however_much_it_is_used(app: App) -> None:
    kept = enter(console(app))
    assert opens(console(app, NOW + LASTS - timedelta(seconds=1)), kept)
    assert not opens(console(app, NOW + LASTS), kept)
    assert not opens(console(app, NOW - timedelta(seconds=1)), kept)  # of a clock that was set back


def test_signing_in_leaves_nothing_of_the_session_before(app: App) -> None:
    """Whoever planted a cookie knows neither the session nor the token of its forms afterwards."""
    browser = console(app)
    planted = browser.get("/login")
    token = CSRF.search(planted.text)
    assert token
    entered = enter(browser)
    assert entered != cookie(planted)
    assert not opens(console(app), cookie(planted))
    assert CSRF.search(browser.get("/").text)[1] != token[1]  # type: ignore[index]


@pytest.mark.parametrize("secure", [True, False])
def test_the_cookie_is_for_the_console_alone(app: App, secure: bool) -> None:
    built = create(house(app, lambda: NOW), TokenDoor(TOKEN, User("kim", "admin")), secure=secure, key=KEY)
    answer = TestClient(built, base_url=ORIGIN, follow_redirects=False).get("/login", params={"token": TOKEN})
    name, _, rest = answer.headers["set-cookie"].partition("=")
    flags = {one.strip().lower() for one in rest.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= flags and not [one for one in flags if one.startswith("domain")]
    assert (name, "secure" in flags) == (("__Host-floodmark", True) if secure else ("floodmark", False))
    assert TOKEN not in answer.headers["set-cookie"] and TOKEN not in answer.headers["location"]


@pytest.mark.parametrize("forged", ["", "x", "e30=.x.y", "null", "\xff", "a.b.c" * 500, "eyJlbnRlcmVkIjp7fX0="])
def test_a_forged_cookie_is_nobodys(app: App, forged: str) -> None:
    answer = console(app).get("/runs", headers=[(b"cookie", f"floodmark={forged}".encode("latin-1"))])
    assert answer.status_code == 303


def by_oidc(app: App, issuer: Issuer, people: Mapping[str, str], at: datetime = NOW) -> TestClient:
    known = {"issuer": issuer.url, "client_id": CLIENT, "client_secret": SECRET, "people": dict(people)}
    made = create(house(app, lambda: at), door(Console(auth="oidc", **known), "", ""), key=KEY)
    return TestClient(made, base_url=ORIGIN, follow_redirects=False)


def test_a_role_is_what_the_table_says_today(app: App) -> None:
    with serving() as issuer:
        kept = cookie(sign_in(by_oidc(app, issuer, PEOPLE)))
        lowered = by_oidc(app, issuer, {"248289": "viewer p1"})
        assert opens(lowered, kept)
        assert "248289, viewer, p1" in lowered.get("/runs", headers={"Cookie": f"floodmark={kept}"}).text
        assert not opens(by_oidc(app, issuer, {"somebody": "admin"}), kept)
        assert not opens(by_oidc(app, issuer, PEOPLE, NOW + LASTS), kept)
        assert not opens(console(app, name="248289"), kept)  # of another door


def test_a_question_that_was_given_up_takes_no_room_in_the_cookie(app: App) -> None:
    with serving() as issuer:
        browser = by_oidc(app, issuer, PEOPLE)
        sizes = [len(cookie(browser.get("/login/start", params={"next": "/" + n * 5000}))) for n in "abcdefgh"]
        assert max(sizes) < 3000
        assert sign_in(browser).status_code == 303


def test_what_was_just_done_fits_the_cookie() -> None:
    """A browser drops one of more than 4,096 bytes; base64 makes four of three, and the session needs 400."""
    for said in (told("🧨" * 4000), told(state="dismissed", ids=["al_0123456789ab"] * MOST)):
        assert len(json.dumps(said)) * 4 / 3 + 400 < 4096
    assert len(told("🧨" * 4000)["said"]) > 100 and told("Noted.")["said"] == "Noted."


def test_the_key_is_made_once_whoever_starts_first(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as starts:
        keys = set(starts.map(session_key, [tmp_path] * 64))
    assert len(keys) == 1 and len(keys.pop()) >= 64
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_key_that_others_may_read_or_that_is_none_is_refused(tmp_path: Path) -> None:
    session_key(tmp_path)
    (tmp_path / FILE).chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        session_key(tmp_path)
    (tmp_path / FILE).chmod(0o600)
    (tmp_path / FILE).write_text("short")
    with pytest.raises(SettingsError, match="delete it"):
        session_key(tmp_path)
    (tmp_path / FILE).write_bytes(b"\xff" * 64)
    with pytest.raises(WorldError, match=FILE):
        session_key(tmp_path)
    with pytest.raises(WorldError, match=FILE):
        session_key(tmp_path / "nowhere")
