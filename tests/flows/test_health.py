"""The cycles that ran, the probe that anybody may send, the figures, and the page that shows them."""

from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert, update
from starlette.testclient import TestClient

from alerts import cycles, tables
from alerts.console.app import create
from alerts.console.users import User
from billing.database import reading, transaction
from billing.hours import DAY, HOUR
from flows.console import house
from flows.cycle import run
from flows.wiring import App
from tests.flows.small import END, small_workspace, small_world
from tests.flows.two_partners import ORIGIN, OpenDoor, bearer

MINUTE = timedelta(minutes=1)


@pytest.fixture
def app(tmp_path: Path) -> App:
    found = small_workspace(tmp_path / "w")
    run(found, END, END)
    return found


def at(app: App, now: object) -> TestClient:
    """A browser at that clock."""
    return TestClient(create(house(app, lambda: now), OpenDoor(User("kim", "viewer"))), base_url=ORIGIN)  # type: ignore[arg-type,return-value]


def kept(app: App) -> list[cycles.Ran]:
    with reading(app.engine) as connection:
        return cycles.latest(connection, 10)


def test_a_cycle_is_kept_once_an_hour(app: App) -> None:
    first = kept(app)
    assert [(one.at, one.raised, one.judged_upto) for one in first] == [(END, 1, END)]
    run(app, END, END)
    run(app, END + 59 * MINUTE, END)
    run(app, END - DAY, END)
    assert kept(app) == first
    run(app, END + HOUR, END + HOUR)
    assert [one.at for one in kept(app)] == [END + HOUR, END]


def test_what_cycles_of_one_hour_did_adds_up_and_how_things_stand_is_the_last_ones(app: App) -> None:
    [first] = kept(app)
    with transaction(app.engine) as connection:
        cycles.note(connection, cycles.Ran(**vars(first) | {"raised": 2, "open_alerts": 7, "failures": ["mail"]}))
    [after] = kept(app)
    assert (after.raised, after.open_alerts, after.failures) == (3, 7, ["mail"])


def test_a_cycle_that_is_overdue_is_told_to_anybody(app: App) -> None:
    assert at(app, END + 2 * HOUR - MINUTE).get("/healthz").json() == {"status": "ok", "reasons": []}
    answer = at(app, END + 2 * HOUR).get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["a cycle is overdue: the last one was that of 2026-11-13T10:00:00Z"]


def test_senders_that_died_and_messages_that_wait_are_told_without_their_names(app: App) -> None:
    columns = tables.deliveries.c
    with transaction(app.engine) as connection:
        lost = {"state": "sending", "leased_until": END, "subject": "Zebra", "to": ["z@zebra.example"]}
        assert connection.execute(update(tables.deliveries).values(lost)).rowcount == 1
    assert at(app, END).get("/healthz").status_code == 200
    answer = at(app, END + MINUTE).get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["a sender is stuck: one died with messages in its hands, 1 in all"]
    with transaction(app.engine) as connection:
        connection.execute(update(tables.deliveries).values(state="due", due_at=END).where(columns.state == "sending"))
    answer = at(app, END + HOUR)
    assert "the outbox is not emptied" in answer.get("/healthz").text
    assert "ebra" not in answer.get("/healthz").text


def test_a_store_that_is_gone_is_told(tmp_path: Path) -> None:
    app = small_workspace(tmp_path / "w", small_world(0))
    with transaction(app.engine) as connection:
        tables.judged.drop(connection)
    answer = at(app, END).get("/healthz")
    assert (answer.status_code, answer.json()["reasons"]) == (503, ["the store does not answer"])


def test_the_figures_are_read_by_prometheus_own_parser(app: App) -> None:
    browser = at(app, END + 3 * HOUR)
    assert browser.get("/metrics").status_code == 401
    assert browser.get("/metrics", headers=bearer(app, "read", partner_id="p1")).status_code == 403
    assert browser.get("/metrics", headers=bearer(app, "review")).status_code == 403
    answer = browser.get("/metrics", headers=bearer(app, "read"))
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert found["floodmark_ailments",] == 1
    assert found["floodmark_judged_upto_timestamp_seconds",] == END.timestamp()
    assert found["floodmark_alerts", "over"] == 1
    assert found["floodmark_tickets", "draft"] == 1
    assert found["floodmark_quarantined_rows",] == 0


def test_the_page_shows_what_was_refused_and_what_is_not_understood(app: App) -> None:
    row = {
        "id": "q",
        "file": "<b>.csv",
        "line": 7,
        "column": "hour",
        "why": "no time",
        "row": "<script>",
        "seen_at": END,
    }
    with transaction(app.engine) as connection:
        connection.execute(insert(tables.quarantine).values(row))
        [last] = cycles.latest(connection, 1)
        cycles.note(connection, cycles.Ran(**vars(last) | {"failures": ["the vendor"], "concerns": ["tk_1: call"]}))
    text = at(app, END + 3 * HOUR).get("/runs").text
    for there in (
        "&lt;b&gt;.csv:7",
        "&lt;script&gt;",
        "the vendor",
        "tk_1: call",
        "a cycle is overdue",
        "13 Nov 10:00",
    ):
        assert there in text
    assert "<script>" not in text


def test_a_new_workspace_has_a_page_too(tmp_path: Path) -> None:
    world = small_world(0)
    world.usage.clear()
    text = at(small_workspace(tmp_path / "w", world), END).get("/runs").text
    assert "Nothing has run yet" in text
    assert "no data" in text
