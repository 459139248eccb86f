"""A customer that goes to another partner: what was the first one's stays its own, what comes is the second one's."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import update

from alerts import store, tables
from alerts.alert import Alert
from alerts.console.users import User
from alerts.ticket import Ticket
from billing import book_store
from billing.book import Book
from billing.database import reading, transaction
from billing.hours import HOUR
from flows.cycle import run
from flows.wiring import App
from tests.flows.two_partners import NOW, Ids, address, bearer, client, ids, routes, two_partners

OLD, NEW = User("olga", "viewer", "p1"), User("nils", "viewer", "p-two")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = two_partners(tmp_path)
    yield made
    made.engine.dispose()


def moves(app: App) -> None:
    """The first partner's customer is the second one's from now on."""
    with transaction(app.engine) as connection:
        book = app.book(connection)
        customers = {**book.customers, "c1": replace(book.customers["c1"], partner_id="p-two")}
        book_store.save(connection, Book(book.partners, customers, book.orgs, book.contracts), NOW)


def stored(app: App, alert_id: str, ticket_id: str) -> tuple[Alert, Ticket]:
    with reading(app.engine) as connection:
        alert, ticket = store.alert(connection, alert_id), store.ticket(connection, ticket_id)
    assert alert and ticket
    return alert, ticket


@dataclass(frozen=True)
class Seen:
    """Statuses of the pages of an alert and its ticket, and whether the queue and the board tell of them."""

    pages: tuple[int, int]
    queue: bool
    board: bool


NONE = Seen((404, 404), queue=False, board=False)


def seen(app: App, user: User, known: Ids) -> Seen:
    """As pages and API agree."""
    browser, headers = client(app, user), bearer(app, "read", partner_id=user.partner_id)
    paths = (f"/alerts/{known['alert_id']}", f"/tickets/{known['ticket_id']}")
    alert, ticket = (browser.get(path).status_code for path in paths)
    assert (alert, ticket) == tuple(browser.get(f"/api/v1{path}", headers=headers).status_code for path in paths)
    queue = known["alert_id"] in browser.get("/?state=all").text
    assert queue == (known["alert_id"] in browser.get("/api/v1/alerts", headers=headers).text)
    return Seen((alert, ticket), queue, known["ticket_id"] in browser.get("/tickets?month=2026-11").text)


def test_what_was_one_partners_does_not_become_anothers(app: App) -> None:
    known = ids(app, "p1")
    assert seen(app, OLD, known) == Seen((200, 200), queue=True, board=True)
    assert seen(app, NEW, known) == NONE
    moves(app)
    assert seen(app, OLD, known) == Seen((404, 404), queue=False, board=True)  # a line without a page
    assert seen(app, NEW, known) == NONE
    customer = client(app, NEW).get("/customers/c1")
    assert customer.status_code == 200 and known["ticket_id"] not in customer.text
    assert client(app, OLD).get("/customers/c1").status_code == 404
    assert known["alert_id"] in client(app, User("kim", "viewer")).get("/?state=all").text


def test_what_can_still_be_claimed_goes_along_with_the_next_cycle(app: App) -> None:
    known = ids(app, "p1")
    moves(app)
    run(app, NOW + HOUR, NOW + HOUR)
    assert {one.partner_id for one in stored(app, known["alert_id"], known["ticket_id"])} == {"p-two"}
    assert seen(app, NEW, known) == Seen((200, 200), queue=True, board=True)
    assert seen(app, OLD, known) == NONE


def test_a_past_month_stays_in_the_report_of_who_was_billed(app: App) -> None:
    """The cycle does not rewrite what is settled."""
    _, ticket = stored(app, ids(app, "p1")["alert_id"], ids(app, "p1")["ticket_id"])
    past = replace(ticket, ticket_id="tk_past", month=ticket.month.previous, state="expired")
    with transaction(app.engine) as connection:
        store.save_tickets(connection, [], [past])
    moves(app)
    run(app, NOW + HOUR, NOW + HOUR)
    line = f"{past.month},USD"
    assert line in client(app, OLD).get("/tickets/recovery.csv").text
    assert line not in client(app, NEW).get("/tickets/recovery.csv").text
    assert client(app, NEW).get("/tickets/tk_past").status_code == 404


def test_an_alert_on_a_meter_that_left_the_catalogue_breaks_no_page(app: App) -> None:
    known = ids(app, "p1")
    with transaction(app.engine) as connection:
        gone = update(tables.alerts).where(tables.alerts.c.alert_id == known["alert_id"])
        connection.execute(gone.values(meter="no_longer_sold"))
    kim = client(app, User("kim", "admin"))
    kim.headers |= bearer(app, "admin")
    for route in routes():
        if route.method == "GET":
            assert kim.get(address(route, known)).status_code in (200, 404), route.path
    assert known["alert_id"] not in kim.get("/?state=all").text + kim.get("/api/v1/alerts").text


def test_what_is_left_out_ends_no_list(app: App) -> None:
    """More alerts than a page holds, of a customer that has gone, stand before one that is shown."""
    alert, _ = stored(app, ids(app, "p1")["alert_id"], ids(app, "p1")["ticket_id"])
    gone = [
        replace(alert, alert_id=f"al_zz{n:02d}", org_id="o-gone", state="dismissed", above=None) for n in range(120)
    ]
    with transaction(app.engine) as connection:
        store.save_alerts(connection, [], [*gone, replace(alert, alert_id="al_aa", state="dismissed", above=None)])
    assert "al_aa" in client(app, OLD).get("/?state=dismissed").text
