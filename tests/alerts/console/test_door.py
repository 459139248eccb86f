"""Who comes in, what they may do, and what no page gives away."""

import hashlib
import html
import re
from urllib.parse import urljoin

import pytest
from fastapi.testclient import TestClient

from alerts.console.assets import FOLDER, assets, static
from alerts.console.headers import HEADERS
from alerts.console.users import ROLES, User
from billing.errors import SettingsError
from flows.console import door, loopback
from flows.settings import Console
from tests.alerts.console.rooms import BASE, TOKEN, Room, routes
from tests.fuzz.names import NAMES

HTMX = "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"


def stranger(room: Room) -> TestClient:
    return TestClient(room.application(), base_url=BASE, follow_redirects=False)


def test_a_stranger_is_sent_to_the_door_and_back_to_where_they_wanted(room: Room) -> None:
    client = stranger(room)
    asked = client.get("/alerts/al_x?zoom=week")
    assert (asked.status_code, asked.headers["location"]) == (303, "/login?next=/alerts/al_x%3Fzoom%3Dweek")
    entered = client.get("/login", params={"token": TOKEN, "next": "/alerts/al_x?zoom=week"})
    assert entered.headers["location"] == "/alerts/al_x?zoom=week"


@pytest.mark.parametrize("next", ["//evil.example", "https://evil.example", "/\\evil.example", "/\tx\n", "evil"])
def test_the_door_leads_nowhere_else(room: Room, next: str) -> None:
    assert stranger(room).get("/login", params={"token": TOKEN, "next": next}).headers["location"] == "/"


def test_no_name_is_an_address_to_be_led_to(room: Room) -> None:
    """In the form it stands letter by letter; behind the door one is on a page of the console."""
    client = stranger(room)
    for name in NAMES:
        form = client.get("/login", params={"next": name}).text
        shown = re.search(r'<input type="hidden" name="next" value="([^"<>]*)">', form)
        assert shown and html.unescape(shown[1]) == name
        to = client.get("/login", params={"token": TOKEN, "next": name}).headers["location"]
        assert urljoin(BASE, to).startswith(f"{BASE}/"), name


@pytest.mark.parametrize("token", ["wrong", TOKEN[:-1], TOKEN + "t", "t" * 42 + "é"])
def test_another_token_does_not_open_it(room: Room, token: str) -> None:
    client = stranger(room)
    assert client.get("/login", params={"token": token}).status_code == 403
    assert client.get("/").status_code == 303


def test_only_the_door_the_style_and_the_health_are_open_to_a_stranger(room: Room) -> None:
    client = stranger(room)
    open_to_all = {"/login", "/logout", "/language", "/healthz"}
    for path, methods in routes(room.application()).items():
        for method in methods:
            answer = client.request(method.upper(), path.replace("{alert_id}", "al_x"))
            if path not in open_to_all:
                assert answer.headers.get("location", "").startswith("/login"), (method, path)
    assert client.get("/healthz").json() == {"status": "ok", "reasons": []}


def test_every_answer_has_the_headers(room: Room) -> None:
    client = room.visitor().client
    for path in ("/", "/line", f"/alerts/{room.alerts()[0].alert_id}", "/nowhere", "/login", "/healthz"):
        answer = client.get(path)
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS, path
    style = client.get(static("console.css"))
    assert "immutable" in style.headers["cache-control"] and style.headers["x-content-type-options"] == "nosniff"
    assert client.get("/static/0/console.css").status_code == 404


def test_leaving_closes_the_door(room: Room) -> None:
    visitor = room.visitor()
    visitor.post("/logout")
    assert visitor.client.get("/", follow_redirects=False).status_code == 303


def posts(room: Room) -> list[str]:
    alert_id = room.of_org("o1").alert_id
    return [
        path.replace("{alert_id}", alert_id)
        for path, methods in routes(room.application()).items()
        if "post" in methods
    ]


def test_a_form_without_its_token_or_from_elsewhere_does_nothing(room: Room) -> None:
    visitor, before = room.visitor(), room.alerts()
    token = visitor.csrf()
    fields = {"alert": before[0].alert_id, "verdict": "dismiss", "note": "x"}
    for path in posts(room):
        client = visitor.client
        assert client.post(path, data=fields).status_code == 403, path
        assert client.post(path, data=fields | {"csrf": "guess"}).status_code == 403, path
        elsewhere = client.post(path, data=fields | {"csrf": token}, headers={"sec-fetch-site": "cross-site"})
        assert elsewhere.status_code == 403, path
    assert room.alerts() == before


def test_what_a_role_may_not_is_neither_shown_nor_done(room: Room) -> None:
    alert = room.of_org("o1")
    viewer = room.visitor(User("lee", "viewer"))
    for path in posts(room):
        if path not in ("/login", "/logout", "/language"):
            assert viewer.post(path, alert=alert.alert_id, verdict="dismiss", note="x").status_code == 403, path
    assert 'value="confirm"' not in viewer.client.get(f"/alerts/{alert.alert_id}").text
    assert room.visitor(User("lee", "reviewer")).post(f"/alerts/{alert.alert_id}/send").status_code == 403
    assert room.alert(alert.alert_id) == alert


def test_roles_are_ordered() -> None:
    assert [[User("x", one).may(other) for other in ROLES].count(True) for one in ROLES] == [1, 2, 3, 4]


def test_another_partners_alert_is_not_there_on_any_route(room: Room) -> None:
    """Generated from OpenAPI: a route that is added is asked too."""
    theirs, before = room.of_org("o1").alert_id, room.alerts()
    visitor = room.visitor(User("lee", "admin", "p2"))
    asked = 0
    for path, methods in routes(room.application()).items():
        for method in methods:
            if "{" in path:
                answer = visitor.client.request(
                    method.upper(),
                    path.replace("{alert_id}", theirs),
                    data={"csrf": visitor.csrf(), "verdict": "dismiss"},
                )
                assert answer.status_code == 404, (method, path)
                asked += 1
    for path in ("/verdict", "/undo"):
        own = room.of_org("o2").alert_id
        assert visitor.post(path, alert=[own, theirs], verdict="dismiss").status_code == 404
    for query in ("partner=p1", "customer=c1"):
        assert visitor.client.get(f"/?{query}").status_code == 404
    assert asked >= 7 and room.alerts() == before


def test_a_partners_own_users_see_their_partner_alone(room: Room) -> None:
    page = room.visitor(User("lee", "admin", "p2")).client.get("/?state=all").text
    assert "Buyer two" in page and room.of_org("o2").alert_id in page
    assert "Customer</td>" not in page and ">Org<" not in page and room.of_org("o1").alert_id not in page


@pytest.mark.parametrize(
    ("host", "alone"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("10.1.2.3", False)],
)
def test_only_this_machine_comes_in_by_a_token(host: str, alone: bool) -> None:
    assert loopback(host) is alone
    if alone:
        door(Console(host=host), TOKEN, "kim")
    else:
        with pytest.raises(SettingsError, match=r"console\.host"):
            door(Console(host=host), TOKEN, "kim")


def test_htmx_is_the_one_that_was_vetted() -> None:
    assert hashlib.sha256((FOLDER / "htmx.min.js").read_bytes()).hexdigest() == HTMX
    assert (FOLDER / "htmx.LICENSE").is_file()


def test_a_first_load_is_small() -> None:
    assert sum(len(asset.packed) for asset in assets().values()) < 40_000
