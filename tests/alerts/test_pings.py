"""Calling people: each is told, a failure of one stops no other, and no URL is ever written down."""

import logging
import sys

import pytest

from alerts.pings import ping, unknown
from billing.errors import WorldError
from tests.alerts.sinks.http_server import HttpServer, Reply

CANARY = "ping-canary-token"


def test_everybody_is_told() -> None:
    with HttpServer(lambda _: Reply()) as server:
        urls = [f"json://127.0.0.1:{server.port}/{name}" for name in ("ana", "bo")]
        ping(urls, "Act now: tk_1", "The last safe hour is 14:00 UTC")
    assert sorted(asked.path.strip("/") for asked in server.asked) == ["ana", "bo"]
    assert all(b"The last safe hour is 14:00 UTC" in asked.body for asked in server.asked)


def test_who_was_not_told_is_named_without_the_url_and_the_others_are(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("apprise", "urllib3"):
        caplog.set_level(logging.DEBUG, logger=name)
    with HttpServer(lambda asked: Reply(500 if "down" in asked.path else 200)) as server:
        here = f"json://user:{CANARY}@127.0.0.1:{server.port}"
        with pytest.raises(WorldError) as caught:
            ping([f"{here}/down/{CANARY}", f"nobody://{CANARY}", f"{here}/up/{CANARY}"], "Act now", CANARY[:4])
    assert str(caught.value) == "pings.urls 1 (JSON) took no message; pings.urls 2 is not a URL that Apprise knows"
    assert any("up" in asked.path for asked in server.asked)
    assert CANARY not in caplog.text
    assert logging.getLogger("apprise").level == logging.DEBUG, "as it was before"


def test_a_url_that_apprise_does_not_know_is_found_without_sending() -> None:
    assert unknown(["ntfy://topic", "nobody://x", "", "slack://T/B/too-short"]) == [2, 3, 4]


def test_without_apprise_the_way_to_get_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(WorldError, match=r"install floodmark\[pings\]"):
        ping(["json://127.0.0.1"], "Act now", "")
    ping([], "Act now", "nobody is to be told, so nothing is missing")
