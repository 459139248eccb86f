"""Zendesk: its key within two hours, its external id after them, comments that do not cross."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from alerts.sinks.outgoing import Outgoing
from alerts.sinks.zendesk import Zendesk
from billing.errors import WorldError
from tests.alerts.sinks.http_server import Asked, HttpServer, Reply
from tests.alerts.sinks.letters import CSV, KEY, NEXT, PNG, SUBJECT, parcel
from tests.alerts.sinks.zendesk_desk import EMAIL, TOKEN, ZendeskDesk, said

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def desk() -> ZendeskDesk:
    return ZendeskDesk()


@pytest.fixture
def server(desk: ZendeskDesk) -> Iterator[HttpServer]:
    with HttpServer(desk) as server:
        yield server


@pytest.fixture
def sink(server: HttpServer) -> Zendesk:
    return Zendesk(server.url, EMAIL, TOKEN, Outgoing(("127.0.0.1",)))


def creates(server: HttpServer) -> list[Asked]:
    return [asked for asked in server.asked if (asked.method, asked.path) == ("POST", "/api/v2/tickets")]


def test_the_ticket_has_the_letter_and_a_comment_has_its_files(sink: Zendesk, desk: ZendeskDesk) -> None:
    receipt = sink.send(parcel())
    assert (receipt.state, receipt.external_id, desk.tickets[100]["subject"]) == ("sent", "100", SUBJECT)
    description, evidence = desk.comments[100]
    assert description["body"] == f"Dear desk, this is {KEY}.\n별빛두더지\n\n\nMessage {KEY}"
    assert sorted(evidence["files"]) == [("claim-1.png", PNG), (CSV.name, CSV.content)]


def test_the_key_goes_with_every_create_and_the_body_never_changes(
    sink: Zendesk, desk: ZendeskDesk, server: HttpServer
) -> None:
    server.loses = lambda asked: asked.method == "POST"
    for tried in (None, MINUTE, 30 * MINUTE):
        desk.tickets.clear()  # not to be found by its external id yet
        desk.keys.clear()
        with pytest.raises(WorldError):
            sink.send(parcel(tried=tried))
    assert {(asked.headers["idempotency-key"], asked.body) for asked in creates(server)} == {
        (KEY, creates(server)[0].body)
    }
    assert len(creates(server)) == 3


def test_after_two_hours_the_ticket_is_found_by_its_external_id(
    sink: Zendesk, desk: ZendeskDesk, server: HttpServer
) -> None:
    server.loses = lambda asked: asked.path == "/api/v2/tickets"
    with pytest.raises(WorldError):
        sink.send(parcel())
    desk.remembers, server.loses = False, lambda _: False
    sink.send(parcel(tried=3 * HOUR))
    assert desk.opened == [KEY]
    assert len(creates(server)) == 1
    assert len(desk.comments[100]) == 2


def test_a_key_that_was_used_for_another_body_leads_to_its_ticket(
    sink: Zendesk, desk: ZendeskDesk, server: HttpServer
) -> None:
    """The text of our letters changed with an update of ours, between two attempts."""
    first = sink.send(parcel())
    desk.keys[KEY] = (b"another body", 100)
    assert sink.send(parcel()).external_id == first.external_id
    assert desk.opened == [KEY]


def test_a_comment_is_not_written_across_a_change_that_was_not_seen(
    sink: Zendesk, desk: ZendeskDesk, server: HttpServer
) -> None:
    """Our first attempt, given up by us and not by the desk, lands between the look and the act of the second."""
    thread = sink.send(parcel()).external_id
    crossed: list[int] = []

    def landing(asked: Asked) -> Reply | None:
        if asked.method == "PUT" and not crossed:
            crossed.append(1)
            late = json.loads(asked.body)["ticket"] | {"safe_update": False}
            desk._change(100, late)
        return None

    server.instead = landing
    sink.send(parcel(NEXT, thread, MINUTE))
    assert crossed == [1]
    assert sum(f"Message {NEXT}" in text for text in desk.said) == 1


def test_a_ticket_that_never_stands_still_is_tried_again_later(sink: Zendesk, server: HttpServer) -> None:
    thread = sink.send(parcel()).external_id
    server.instead = lambda asked: said({"error": "UpdateConflict"}, 409) if asked.method == "PUT" else None
    with pytest.raises(WorldError, match="409") as caught:
        sink.send(parcel(NEXT, thread))
    assert not caught.value.permanent
    assert sum(asked.method == "PUT" for asked in server.asked) == 1 + 3


def test_a_mark_is_not_taken_for_a_longer_one(sink: Zendesk, desk: ZendeskDesk) -> None:
    thread = sink.send(parcel()).external_id
    for key in (f"{NEXT}0", NEXT):
        sink.send(parcel(key, thread, HOUR))
    assert len(desk.said) == 3


def test_every_page_of_comments_is_looked_through(sink: Zendesk, desk: ZendeskDesk) -> None:
    thread = sink.send(parcel()).external_id
    sink.send(parcel(NEXT, thread))
    desk.comments[100] += [{"body": "We are looking into it.", "created_at": "2026"} for _ in range(9)]
    sink.send(parcel(NEXT, thread, HOUR))
    assert sum(f"Message {NEXT}" in text for text in desk.said) == 1


@pytest.mark.parametrize(
    "document", [{}, [], "x", {"ticket": None}, {"ticket": {"id": "../1"}}, {"ticket": {"id": -1}}]
)
def test_an_answer_without_a_ticket_may_hide_one_and_is_asked_again(
    sink: Zendesk, server: HttpServer, document: Any
) -> None:
    server.instead = lambda _: said(document, 201)
    with pytest.raises(WorldError, match="names no ticket") as caught:
        sink.send(parcel())
    assert not caught.value.permanent


def test_an_answer_that_is_not_json_is_asked_again(sink: Zendesk, server: HttpServer) -> None:
    for body in (b"<html>login</html>", b"[" * 200_000, b"\xff"):
        server.instead = lambda _, body=body: Reply(200, body)  # type: ignore[misc]
        with pytest.raises(WorldError, match="not JSON") as caught:
            sink.send(parcel())
        assert not caught.value.permanent


def test_of_comments_without_end_the_newest_are_looked_through(
    sink: Zendesk, desk: ZendeskDesk, server: HttpServer
) -> None:
    thread = sink.send(parcel()).external_id
    endless = said({"comments": [{"body": "We are looking into it."}], "meta": {"has_more": True, "after_cursor": "x"}})
    server.instead = lambda asked: endless if asked.path.endswith("/comments") else None
    sink.send(parcel(NEXT, thread))
    assert sum(f"Message {NEXT}" in text for text in desk.said) == 1
