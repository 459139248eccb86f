"""Another partner's data is not there, at any address of the console or its API."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from alerts import journal, outbox, tables
from alerts.console.app import create
from alerts.console.users import User
from alerts.outbox import Parcel, Receipt, Sink
from billing.book import Book
from billing.database import reading, transaction
from billing.errors import WorldError
from flows.console import house
from flows.wiring import App
from tests.flows.two_partners import (
    NOW,
    ORIGIN,
    OTHERS_NAMES,
    PLAIN,
    Ids,
    OpenDoor,
    Route,
    address,
    bearer,
    body,
    client,
    ids,
    named,
    routes,
    two_partners,
)

ALL = routes()
OPEN = ("/login", "/logout", "/language")  # what stands before the door, or is of the user alone


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    return two_partners(tmp_path_factory.mktemp("two"))


@pytest.fixture(scope="module")
def mine(app: App) -> Ids:
    return ids(app, "p1")


@pytest.fixture(scope="module")
def others(app: App) -> Ids:
    return ids(app, "p-two")


@pytest.fixture(scope="module")
def browser(app: App) -> TestClient:
    """Of one partner's own user, with every right, who also holds a token with every scope."""
    found = client(app, User("lee", "admin", "p1"))
    found.headers |= bearer(app, "admin", partner_id="p1")
    return found


def csrf(browser: TestClient) -> str:
    token = re.search(r'name="csrf" value="([^"]+)"', browser.get("/").text)
    assert token
    return token[1]


def send(browser: TestClient, route: Route, known: Ids) -> tuple[int, str]:
    """The answer to the route with these ids: its status and its text."""
    if route.method == "GET":
        answer = browser.get(address(route, known))
    elif route.is_json:
        answer = browser.request(route.method, address(route, known), json=body(route, known))
    else:
        form = {**body(route, known), "csrf": csrf(browser)}
        answer = browser.request(route.method, address(route, known), data=form)
    return answer.status_code, answer.text


def tells_of(text: str, others: Ids) -> list[str]:
    secret = [*OTHERS_NAMES, *(value for name, value in others.of.items() if name not in PLAIN)]
    return [one for one in secret if one in text]


def moves(app: App) -> int:
    with reading(app.engine) as connection:
        return len(list(journal.rows(connection)))


def test_the_routes_are_all_there() -> None:
    told = {named(route) for route in ALL}
    assert {"GET /", "GET /runs", "GET /alerts/{alert_id}", "GET /api/v1/bills/{month}"} <= told
    assert {"POST /api/v1/alerts/{alert_id}/verdicts", "POST /api/v1/tickets/{ticket_id}/answers"} <= told


@pytest.mark.parametrize("route", [r for r in ALL if r.in_path and r.in_path != ["month"]], ids=named)
def test_what_is_another_partners_is_not_found(app: App, browser: TestClient, others: Ids, route: Route) -> None:
    before = moves(app)
    status, text = send(browser, route, others)
    assert status == 404
    assert tells_of(text, others) == []
    assert moves(app) == before


@pytest.mark.parametrize("route", [r for r in ALL if r.method == "GET" and r.path not in OPEN], ids=named)
def test_what_is_ones_own_is_shown_and_nothing_else(browser: TestClient, mine: Ids, others: Ids, route: Route) -> None:
    status, text = send(browser, route, mine)
    assert status == (403 if route.path == "/api/v1/runs" else 200)
    assert tells_of(text, others) == []


@pytest.mark.parametrize("route", [r for r in ALL if r.method == "GET" and r.in_query], ids=named)
def test_no_question_brings_another_partners(browser: TestClient, mine: Ids, others: Ids, route: Route) -> None:
    for name in route.in_query:
        asked = others.of.get(name) or others["alert_id"]
        answer = browser.get(address(route, mine), params={name: asked})
        assert not any(one in answer.text for one in OTHERS_NAMES), name
        if route.is_api and name in ("partner_id", "customer_id", "org_id"):
            assert answer.status_code == 404


@pytest.mark.parametrize("route", [r for r in ALL if r.method != "GET" and not r.in_path], ids=named)
def test_no_form_changes_another_partners(app: App, browser: TestClient, others: Ids, route: Route) -> None:
    before = moves(app)
    status, text = send(browser, route, others)
    assert status == 404 or route.path in OPEN
    assert tells_of(text, others) == []
    assert moves(app) == before


@pytest.mark.parametrize("route", [r for r in ALL if r.is_api], ids=named)
def test_the_api_opens_to_a_token_alone(app: App, mine: Ids, route: Route) -> None:
    stranger = client(app, User("kim", "admin"))
    stranger.get("/")
    assert send(stranger, route, mine)[0] == 401
    stranger.headers |= {"Authorization": "Bearer fm_" + 43 * "a"}
    assert send(stranger, route, mine)[0] == 401


@pytest.mark.parametrize("route", [r for r in ALL if r.is_api and r.method != "GET"], ids=named)
def test_reading_is_not_writing(app: App, mine: Ids, route: Route) -> None:
    reader = client(app, User("kim", "admin"))
    reader.headers |= bearer(app, "read")
    before = moves(app)
    assert send(reader, route, mine)[0] == 403
    assert moves(app) == before


class Broken:
    """A sink that takes nothing."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def __getattr__(self, name: str) -> object:
        return getattr(self._sink, name)

    def send(self, parcel: Parcel) -> Receipt:
        raise WorldError(f"the desk does not want {parcel.message[:4000]!r}")


def test_what_failed_for_another_partner_is_told_to_none_who_sends(tmp_path: Path) -> None:
    """Sending sends what all owe; what came of it is of one's own letters alone."""
    made = two_partners(tmp_path)
    with transaction(made.engine) as connection:
        connection.execute(update(tables.deliveries).values(state="due", sent_at=None, due_at=NOW))
    broken = replace(made, sinks={name: Broken(sink) for name, sink in made.sinks.items()})
    approver = client(broken, User("lee", "approver", "p1"))
    own, others = ids(made, "p1"), ids(made, "p-two")
    answer = approver.post(f"/alerts/{own['alert_id']}/send", data={"csrf": csrf(approver)}, follow_redirects=True)
    with reading(made.engine) as connection:
        tried = {one.ticket_id for one in outbox.all_deliveries(connection) if one.error}
    assert tried >= {own["ticket_id"], others["ticket_id"]}
    assert "Not sent yet" in answer.text and tells_of(answer.text, others) == []
    made.engine.dispose()


def test_an_alert_below_another_partners_tells_nothing_of_it(tmp_path: Path) -> None:
    """One jump of the vendor's in many orgs stands under one alert, whosever it is."""
    made = two_partners(tmp_path)
    own, others = ids(made, "p1"), ids(made, "p-two")
    with transaction(made.engine) as connection:
        mine = update(tables.alerts).where(tables.alerts.c.alert_id == own["alert_id"])
        connection.execute(mine.values(above=others["alert_id"]))
    lee = client(made, User("lee", "admin", "p1"))
    lee.headers |= bearer(made, "admin", partner_id="p1")
    for route in ALL:
        if route.method == "GET" and route.path not in OPEN:
            assert tells_of(lee.get(address(route, own)).text, others) == [], route.path
    assert own["alert_id"] in lee.get("/").text
    top = client(made, User("leo", "admin", "p-two"))
    top.headers |= bearer(made, "admin", partner_id="p-two")
    assert own["alert_id"] not in top.get(f"/alerts/{others['alert_id']}").text
    assert own["alert_id"] not in top.get(f"/api/v1/alerts/{others['alert_id']}").text
    form = {"csrf": csrf(top), "verdict": "dismiss", "below": "yes"}
    top.post(f"/alerts/{others['alert_id']}/verdict", data=form)
    with reading(made.engine) as connection:
        states = dict(connection.execute(select(tables.alerts.c.alert_id, tables.alerts.c.state)).tuples().all())
    assert (states[own["alert_id"]] == "dismissed", states[others["alert_id"]]) == (False, "dismissed")
    made.engine.dispose()


def test_where_the_store_lives_is_told_to_those_of_the_house(app: App, mine: Ids) -> None:
    def gone(*_: object) -> Book:
        raise WorldError("the database postgresql+psycopg://db.internal:5432 failed")

    for user, told in ((User("lee", "admin", "p1"), False), (User("kim", "viewer"), True)):
        made = create(replace(house(app, lambda: NOW), book=gone), OpenDoor(user))
        answer = TestClient(made, base_url=ORIGIN).get(f"/alerts/{mine['alert_id']}")
        assert answer.status_code == 503 and ("db.internal" in answer.text) is told


def test_a_bill_tells_of_no_other_org(browser: TestClient, others: Ids) -> None:
    document = browser.get("/api/v1/bills/2026-11").json()
    assert {line["partner_id"] for line in document["lines"]} == {"p1"}
    assert [total["partner_id"] for total in document["totals"]] == ["p1"]
    assert document["unassigned"] == []


def test_the_picture_of_usage_has_ones_own_orgs_alone(browser: TestClient, app: App) -> None:
    own, all_ = browser.get("/runs").text, client(app, User("kim", "viewer")).get("/runs").text
    assert "Zebra Org" in all_ and "Last runs" in all_
    assert "Zebra Org" not in own and "Last runs" not in own and "Quarantine" not in own
