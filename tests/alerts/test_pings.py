"""Calling people: they are told what the letter says, and no URL is ever written down."""

import json
import logging
import sys

import pytest

from alerts.pings import Ping, unknown
from billing.errors import WorldError
from tests.alerts.sinks.http_server import HttpServer, Reply
from tests.alerts.sinks.letters import SUBJECT, parcel

CANARY = "ping-canary-token"


def test_a_person_is_told_the_subject_and_the_text() -> None:
    with HttpServer(lambda _: Reply()) as server:
        receipt = Ping(2, f"json://127.0.0.1:{server.port}/{CANARY}").send(parcel())
    [asked] = server.asked
    told = json.loads(asked.body)
    assert (asked.path.strip("/"), told["title"]) == (CANARY, SUBJECT)
    assert "this is tk_7bb28ee4b4c6-1" in told["message"]
    assert (receipt.state, receipt.proof) == ("sent", "pings.urls 2 (JSON) took it")


@pytest.mark.parametrize(
    ("url", "what"),
    [
        (f"json://user:{CANARY}@127.0.0.1:{{port}}/{CANARY}", "pings.urls 1 (JSON) took no message"),
        (f"nobody://{CANARY}", "pings.urls 1 is not a URL that Apprise knows"),
    ],
)
def test_who_was_not_told_is_named_without_the_url(caplog: pytest.LogCaptureFixture, url: str, what: str) -> None:
    for name in (None, "apprise", "urllib3"):
        caplog.set_level(logging.DEBUG, logger=name)
    with HttpServer(lambda _: Reply(500)) as server, pytest.raises(WorldError) as caught:
        Ping(1, url.format(port=server.port)).send(parcel())
    assert (str(caught.value), caught.value.permanent) == (what, False)
    assert CANARY not in caplog.text
    assert logging.getLogger("apprise").level == logging.DEBUG, "as it was before"


def test_a_url_that_apprise_does_not_know_is_found_without_sending() -> None:
    assert unknown(["ntfy://topic", "nobody://x", "", "slack://T/B/too-short"]) == [2, 3, 4]


def test_without_apprise_the_way_to_get_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(WorldError, match=r"install floodmark\[pings\]"):
        Ping(1, "json://127.0.0.1").send(parcel())
