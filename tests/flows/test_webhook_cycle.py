"""`floodmark run` with a webhook for a sink: one signed message each, whatever the receiver does."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from standardwebhooks import Webhook as Verifier

from tests.alerts.sinks.http_server import Asked, HttpServer, Reply
from tests.flows.command import Workspace
from tests.flows.storms import STORM, clock

HOUR = timedelta(hours=1)
OPENS = STORM + 25 * HOUR
SECRET = "whsec_" + base64.b64encode(b"thirty-two bytes for the receiver").decode()


@pytest.fixture
def receiver() -> Iterator[HttpServer]:
    with HttpServer(lambda _: Reply(204)) as server:
        yield server


def settings(receiver: HttpServer) -> dict[str, str]:
    return {
        "FLOODMARK_TICKETS__SINK": "webhook",
        "FLOODMARK_WEBHOOK__URL": f"{receiver.url}/tickets",
        "FLOODMARK_WEBHOOK__SECRETS": SECRET,
        "FLOODMARK_OUTGOING__ALLOW": "127.0.0.1",
    }


def verified(asked: Asked) -> dict[str, object]:
    document: dict[str, object] = Verifier(SECRET).verify(asked.body.decode(), asked.headers)
    return document


def test_a_ticket_is_posted_once_signed_and_with_its_evidence(stored: Workspace, receiver: HttpServer) -> None:
    stored.run(STORM + HOUR)
    stored.run(STORM + 12 * HOUR)
    stored.run(OPENS, **settings(receiver))
    [asked] = receiver.asked
    [ticket] = stored.tickets()
    [delivery] = ticket["deliveries"]
    assert verified(asked)["type"] == "ticket.opened"
    data = json.loads(asked.body)["data"]
    assert (data["key"], data["thread"]) == (delivery["key"], delivery["key"]) == (asked.headers["webhook-id"],) * 2
    assert ticket["ticket_id"] in data["subject"]
    assert "Dear" in data["text"] or ticket["ticket_id"] in data["text"]
    files = {file["name"]: base64.b64decode(file["content"]) for file in data["attachments"]}
    assert any(name.endswith(".csv") and b"hour" in content for name, content in files.items())
    assert any(content.startswith(b"\x89PNG") for content in files.values())
    assert (ticket["state"], delivery["state"], delivery["sink"]) == ("sent", "sent", "webhook")
    assert delivery["proof"].startswith(f"{receiver.url} took {delivery['key']}: 204")
    before = stored.tables()
    stored.run(OPENS, **settings(receiver))
    assert (stored.tables(), len(receiver.asked)) == (before, 1)


def test_a_receiver_that_is_down_is_asked_again_with_the_same_id_and_body(
    stored: Workspace, receiver: HttpServer
) -> None:
    stored.run(STORM + HOUR)
    stored.run(STORM + 12 * HOUR)
    receiver.instead = lambda _: Reply(503, headers={"Retry-After": "60"})
    assert stored.call("run", "--at", clock(OPENS), **settings(receiver)).code == 3
    [ticket] = stored.tickets()
    assert (ticket["state"], ticket["deliveries"][0]["state"]) == ("open", "due")
    assert f"{receiver.url}: 503" in ticket["deliveries"][0]["error"]
    receiver.instead = lambda _: None
    stored.run(OPENS + HOUR, **settings(receiver))
    first, second = receiver.asked
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert stored.tickets()[0]["state"] == "sent"


def test_a_webhook_inside_is_not_spoken_to_unless_it_is_named(stored: Workspace, receiver: HttpServer) -> None:
    stored.run(STORM + HOUR)
    stored.run(STORM + 12 * HOUR)
    inside = settings(receiver) | {"FLOODMARK_OUTGOING__ALLOW": "", "FLOODMARK_WEBHOOK__URL": "https://127.0.0.1/hook"}
    done = stored.call("run", "--at", clock(OPENS), **inside)
    assert (done.code, receiver.asked) == (3, [])
    assert "not of the open internet" in done.err
