"""Many at once: no request fails, what was decided is in the journal, and none holds two connections."""

import os
from pathlib import Path

import pytest
from sqlalchemy import event

from alerts.console.users import User
from flows.wiring import App
from tests.benchmarks.crowd import kept, rush
from tests.benchmarks.full_house import make
from tests.benchmarks.served import served
from tests.flows.two_partners import Ids, Route, address, bearer, client, ids, named, routes, two_partners

CLIENTS, SECONDS = 50, 4.0
PAGES = [route for route in routes() if route.method == "GET"]


def test_fifty_read_and_decide_for_some_seconds(database: str, tmp_path: Path) -> None:
    house = tmp_path / "w", {**os.environ, "FLOODMARK_STORE__DATABASE": database}
    make(*house, alerts=2000, hours=96_000)
    before, _ = kept(*house)
    with served(*house) as console:
        found = rush(console, CLIENTS, SECONDS)
    after, fault = kept(*house)
    assert not found.errors and len(found.taken) > CLIENTS
    assert (after - before, fault) == (found.decided, "") and found.decided


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    return two_partners(tmp_path_factory.mktemp("two"))


@pytest.fixture(scope="module")
def known(app: App) -> Ids:
    return ids(app, "p1")


@pytest.mark.parametrize("route", PAGES, ids=map(named, PAGES))
def test_a_page_holds_one_connection_at_a_time(app: App, known: Ids, route: Route) -> None:
    """With two, as many clients as there are connections would wait for each other."""
    held, most = 0, 0

    def taken(*_: object) -> None:
        nonlocal held, most
        held, most = held + 1, max(most, held + 1)

    def returned(*_: object) -> None:
        nonlocal held
        held -= 1

    browser = client(app, User("kim", "admin"))
    browser.headers |= bearer(app, "admin")
    for name, listener in (("checkout", taken), ("checkin", returned)):
        event.listen(app.engine, name, listener)
    try:
        path = address(route, known)
        assert browser.get(path).status_code in (200, 303, 404, 503)
        assert browser.get(path, params={"month": "1"}).status_code
    finally:
        for name, listener in (("checkout", taken), ("checkin", returned)):
            event.remove(app.engine, name, listener)
    assert (most <= 1, held) == (True, 0)
