"""Who gets in: by the token, by a proxy that is believed, by nobody at a public address; and what forms need."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from alerts.console.app import create
from alerts.console.headers import HEADERS, MAIL_HEADERS
from alerts.console.users import User
from billing.errors import SettingsError
from flows.console import door, house
from flows.console_settings import Console
from flows.wiring import App
from tests.flows.command import Workspace, new_workspace
from tests.flows.two_partners import NOW, ORIGIN, Ids, Route, address, body, client, ids, named, routes, two_partners

PAGES = [route for route in routes() if not route.is_api]
OPEN = ("/login", "/logout", "/language")
PEOPLE = {"kim@us.example": "admin", "lee@p1.example": "reviewer p1"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    return two_partners(tmp_path_factory.mktemp("two"))


@pytest.fixture(scope="module")
def mine(app: App) -> Ids:
    return ids(app, "p1")


def stored(app: App) -> dict[str, list[str]]:
    """Every row of every table."""
    return Workspace(app.workspace).tables()


def through(app: App, peer: str, **settings: Any) -> TestClient:
    """A connection from `peer` to a console behind a proxy."""
    made = Console(auth="proxy", people=PEOPLE, **{"host": "0.0.0.0", "proxies": ("10.0.0.0/24",)} | settings)
    built = create(house(app, lambda: NOW), door(made, "", "me"))
    return TestClient(built, base_url="http://console.example", client=(peer, 5555), follow_redirects=False)


def test_the_proxy_is_believed_and_nobody_else(app: App) -> None:
    said = {"X-Forwarded-User": "kim@us.example"}
    assert through(app, "10.0.0.7").get("/runs", headers=said).status_code == 200
    assert "kim@us.example" in through(app, "10.0.0.7").get("/runs", headers=said).text
    for peer in ("10.0.1.7", "127.0.0.1", "::1", "testclient"):
        forged = said | {"X-Forwarded-For": "10.0.0.7", "Forwarded": "for=10.0.0.7"}
        answer = through(app, peer).get("/runs", headers=forged)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/runs"), peer
    assert through(app, "::ffff:10.0.0.7").get("/runs", headers=said).status_code == 200


def test_the_proxy_names_one_person_whom_the_table_knows(app: App) -> None:
    by_proxy = through(app, "10.0.0.7")
    assert by_proxy.get("/runs").status_code == 303
    assert by_proxy.get("/login").status_code == 403
    assert by_proxy.get("/runs", headers={"X-Forwarded-User": "eve@else.example"}).status_code == 403
    twice = [("X-Forwarded-User", "kim@us.example"), ("X-Forwarded-User", "lee@p1.example")]
    assert by_proxy.get("/runs", headers=twice).status_code == 303


@pytest.mark.parametrize(
    ("host", "let_in"),
    [
        ("console.example", True),
        ("CONSOLE.example:443", True),
        ("127.0.0.1:8787", True),
        ("[::1]:8787", True),
        ("localhost:8787", True),
        ("evil.example", False),
        ("console.example.evil.example", False),
        ("evil.example:8787", False),
        ("[::1", False),
        ("", False),
    ],
)
def test_a_page_elsewhere_whose_name_leads_here_is_not_the_proxy(app: App, host: str, let_in: bool) -> None:
    """DNS rebinding: its requests come from this machine, and with any header that it likes."""
    local = through(app, "127.0.0.1", proxies=("127.0.0.1", "::1"), url="https://console.example")
    said = {"X-Forwarded-User": "kim@us.example", "Host": host}
    assert (local.get("/runs", headers=said).status_code == 200) is let_in
    remote = through(app, "10.0.0.7", url="https://console.example")
    assert remote.get("/runs", headers=said).status_code == 200


def test_who_came_by_the_proxy_is_told_where_to_sign_out(app: App) -> None:
    said = {"X-Forwarded-User": "kim@us.example"}
    answer = through(app, "10.0.0.7").post("/logout", headers=said)
    assert answer.status_code == 403 and "sign out there" in answer.text


def test_a_person_of_a_partner_sees_that_partner(app: App) -> None:
    text = through(app, "10.0.0.7").get("/runs", headers={"X-Forwarded-User": "lee@p1.example"}).text
    assert "lee@p1.example, reviewer, p1" in text
    assert "Zebra" not in text


@pytest.mark.parametrize(
    ("settings", "keys"),
    [
        ({"host": "0.0.0.0"}, ["host"]),
        ({"host": "::"}, ["host"]),
        ({"host": "192.0.2.1"}, ["host"]),
        ({"host": "console.example"}, ["host"]),
        ({"auth": "proxy", "host": "0.0.0.0"}, ["proxies", "people"]),
        ({"auth": "proxy", "host": "127.0.0.1", "people": PEOPLE}, ["proxies"]),
        ({"auth": "oidc", "host": "0.0.0.0"}, ["issuer", "client_id", "people", "url"]),
    ],
)
def test_a_door_that_does_not_close_is_refused_with_every_fault(settings: dict[str, Any], keys: list[str]) -> None:
    with pytest.raises(SettingsError) as refused:
        door(Console(**settings), "t" * 43, "me")
    assert [fault.column for fault in refused.value.faults] == [f"console.{key}" for key in keys]


def test_a_public_address_without_a_door_refuses_to_start(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path / "w", FLOODMARK_CONSOLE__HOST="0.0.0.0")
    done = workspace.process("console")
    assert (done.code, done.out) == (2, "")
    assert "console.host: 0.0.0.0 is not this machine alone" in done.err


@pytest.mark.parametrize(
    "settings",
    [
        {"proxies": ("0.0.0.0/0",)},
        {"proxies": ("::/0",)},
        {"proxies": ("proxy.example",)},
        {"url": "http://console.example"},
        {"issuer": "http://login.example"},
        {"issuer": "https://login.example/?x=1"},
        {"people": {"kim": "boss"}},
        {"people": {"kim": "admin  p1"}},
        {"people": {"kim": "viewer "}},
        {"people": {"kim": " viewer"}},
        {"header": "X User"},
    ],
)
def test_settings_that_would_let_anybody_in_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Console(**settings)


def test_check_names_what_is_wrong_with_the_door(tmp_path: Path) -> None:
    env = {"HOST": "0.0.0.0", "AUTH": "proxy", "PEOPLE": '{ "kim" = "viewer p9" }'}
    workspace = new_workspace(tmp_path / "w", **{f"FLOODMARK_CONSOLE__{key}": value for key, value in env.items()})
    done = workspace.call("check")
    assert "console.proxies: console.auth is proxy, and this is not set" in done.err
    assert "console.people.kim: the partner 'p9' is not in the book" in done.err


def test_people_can_be_set_from_the_environment(tmp_path: Path) -> None:
    env = {"AUTH": "proxy", "PROXIES": "10.0.0.5, 10.0.1.0/24", "PEOPLE": '{ "kim" = "admin" }'}
    workspace = new_workspace(tmp_path / "w", **{f"FLOODMARK_CONSOLE__{key}": value for key, value in env.items()})
    assert workspace.call("tickets", "--json").json == []


@pytest.mark.parametrize("route", PAGES, ids=named)
def test_every_page_has_the_headers(app: App, mine: Ids, route: Route) -> None:
    browser = client(app, User("kim", "admin"))
    answer = browser.request(route.method, address(route, mine), data=body(route, mine))
    found = {name: answer.headers.get(name) for name in HEADERS}
    assert found in (HEADERS, HEADERS | MAIL_HEADERS)
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe-eval" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("route", [route for route in PAGES if route.method != "GET"], ids=named)
def test_a_form_of_somebody_else_is_refused_and_does_nothing(app: App, mine: Ids, route: Route) -> None:
    browser, before = client(app, User("kim", "admin")), stored(app)
    form, where = body(route, mine), address(route, mine)
    found = re.search(r'name="csrf" value="([^"]+)"', browser.get("/").text)
    assert found
    for token in ({}, {"csrf": ""}, {"csrf": found[1][:-1] + "?"}):
        assert browser.request(route.method, where, data=form | token).status_code == 403
    for site in ("cross-site", "same-site"):
        there = {"Sec-Fetch-Site": site}
        assert browser.request(route.method, where, data=form | {"csrf": found[1]}, headers=there).status_code == 403
    assert stored(app) == before


@pytest.mark.parametrize("route", [r for r in PAGES if r.path not in OPEN], ids=named)
def test_a_stranger_is_sent_to_the_door(app: App, mine: Ids, route: Route) -> None:
    built = create(house(app, lambda: NOW), door(Console(), "t" * 43, "me"))
    stranger = TestClient(built, base_url=ORIGIN, follow_redirects=False)
    answer = stranger.request(route.method, address(route, mine), data=body(route, mine))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize("route", [r for r in PAGES if r.method != "GET" and r.path not in OPEN], ids=named)
def test_who_may_only_look_changes_nothing(app: App, mine: Ids, route: Route) -> None:
    browser, before = client(app, User("vi", "viewer")), stored(app)
    found = re.search(r'name="csrf" value="([^"]+)"', browser.get("/").text)
    assert found
    form = body(route, mine) | {"csrf": found[1]}
    assert browser.request(route.method, address(route, mine), data=form).status_code == 403
    assert stored(app) == before


DOORS = {
    "token": Console(),
    "proxy": Console(auth="proxy", proxies=("10.0.0.5",), people=PEOPLE),
    "oidc": Console(auth="oidc", issuer="https://login.example", client_id="x", people=PEOPLE),
}


@pytest.mark.parametrize("kind", DOORS)
def test_the_pages_of_a_door_are_as_guarded_as_those_behind_it(app: App, kind: str) -> None:
    way_in = door(DOORS[kind], "t" * 43, "me")
    stranger = TestClient(create(house(app, lambda: NOW), way_in), base_url=ORIGIN, follow_redirects=False)
    for route in way_in.router.routes:
        for method in getattr(route, "methods", ()):
            path = getattr(route, "path", "")
            if path == "/login/start":  # asks the provider, which is not there
                continue
            answer = stranger.request(method, path, params={"next": "https://evil.example", "code": "x", "state": "y"})
            assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, path
            assert "evil.example" not in answer.headers.get("location", "")
            if method == "POST":
                assert answer.status_code == 403
