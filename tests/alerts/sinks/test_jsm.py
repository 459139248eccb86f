"""Jira Service Management: no request is made while one may be there unseen, and files go in two steps."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from alerts.sinks.jsm import LAG, Jsm
from alerts.sinks.outgoing import Outgoing
from billing.errors import WorldError
from tests.alerts.sinks.http_server import HttpServer, Reply
from tests.alerts.sinks.jsm_desk import EMAIL, TOKEN, JsmDesk, summary
from tests.alerts.sinks.letters import CSV, KEY, NEXT, PNG, SUBJECT, parcel
from tests.alerts.sinks.zendesk_desk import said

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def desk() -> JsmDesk:
    return JsmDesk()


@pytest.fixture
def server(desk: JsmDesk) -> Iterator[HttpServer]:
    with HttpServer(desk) as server:
        yield server


@pytest.fixture
def sink(server: HttpServer) -> Jsm:
    return Jsm(server.url, EMAIL, TOKEN, "3", "11", Outgoing(("127.0.0.1",)))


def test_the_request_has_the_letter_and_a_comment_has_its_files(sink: Jsm, desk: JsmDesk) -> None:
    receipt = sink.send(parcel())
    assert (receipt.state, receipt.external_id) == ("sent", "HELP-1")
    [request] = desk.requests
    assert summary(request) == f"{SUBJECT} [{KEY}]"
    [evidence] = desk.comments["HELP-1"]
    assert sorted(evidence["files"]) == [("claim-1.png", PNG), (CSV.name, CSV.content)]


def test_what_may_be_there_unseen_is_waited_for_and_then_found(sink: Jsm, desk: JsmDesk, server: HttpServer) -> None:
    """The search shows nothing yet: whoever searches at once makes a second request."""
    server.loses = lambda asked: asked.method == "POST"
    with pytest.raises(WorldError) as lost:
        sink.send(parcel())
    assert lost.value.wait == LAG
    server.loses, desk.indexed = lambda _: False, 0
    before = len(server.asked)
    for tried in (timedelta(), MINUTE, LAG - timedelta(seconds=1)):
        with pytest.raises(WorldError, match="cannot be seen yet") as early:
            sink.send(parcel(tried=tried))
        assert (early.value.permanent, early.value.wait) == (False, LAG)
    assert len(server.asked) == before, "nothing was even asked"
    desk.indexed = None
    assert sink.send(parcel(tried=LAG)).external_id == "HELP-1"
    assert desk.opened == [KEY]
    assert len(desk.said) == 1


def test_what_never_arrived_is_made_after_the_wait(sink: Jsm, desk: JsmDesk, server: HttpServer) -> None:
    server.instead = lambda _: Reply(502)
    with pytest.raises(WorldError):
        sink.send(parcel())
    server.instead = lambda _: None
    sink.send(parcel(tried=LAG))
    assert desk.opened == [KEY]


def test_of_the_requests_that_a_search_shows_only_the_one_with_the_whole_key_is_ours(sink: Jsm, desk: JsmDesk) -> None:
    for key in (f"{KEY}0", NEXT, f"x{KEY}", f"{KEY}9"):
        sink.send(parcel(key))
    assert sink.send(parcel(tried=HOUR)).external_id == "HELP-5"
    assert sink.send(parcel(tried=HOUR)).external_id == "HELP-5"
    assert len(desk.requests) == 5


def test_a_follow_up_without_files_is_a_plain_comment(sink: Jsm, desk: JsmDesk, server: HttpServer) -> None:
    from alerts.sinks.parcel import Parcel

    plain = b"Subject: Withdrawn\r\nDate: Fri, 27 Nov 2026 00:00:00 +0000\r\n\r\nIt is withdrawn.\r\n"
    thread = sink.send(parcel()).external_id
    for tried in (None, HOUR):
        sink.send(Parcel(NEXT, ("desk@vendor.example",), plain, thread, tried))
    assert desk.said[1:] == [f"It is withdrawn.\n\n\nMessage {NEXT}"]


def test_promises_of_the_desk_are_in_the_proof_and_without_them_there_is_one_too(
    sink: Jsm, desk: JsmDesk, server: HttpServer
) -> None:
    assert sink.send(parcel()).proof == f"{server.url}/browse/HELP-1"
    for name in ("First response", "Resolution", "Paused"):
        cycle = {} if name == "Paused" else {"ongoingCycle": {"breachTime": {"iso8601": "2026-11-28T09:00:00-0500"}}}
        desk.slas.append({"name": name} | cycle)
    due = "2026-11-28T09:00:00-0500"
    expected = f"{server.url}/browse/HELP-1 First response by {due} Resolution by {due}"
    assert sink.send(parcel(tried=HOUR)).proof == expected
    server.instead = lambda asked: Reply(403) if asked.path.endswith("/sla") else None
    assert sink.send(parcel(tried=HOUR)).proof == f"{server.url}/browse/HELP-1"


def test_a_comment_that_the_desk_keeps_in_its_own_markup_is_known_again(sink: Jsm, desk: JsmDesk) -> None:
    thread = sink.send(parcel()).external_id
    sink.send(parcel(f"{NEXT}0", thread))
    sink.send(parcel(NEXT, thread))
    for comment in desk.comments["HELP-1"]:
        comment["body"] = comment["body"].replace("_", "\\_").replace("-", "\\-")
    sink.send(parcel(NEXT, thread, HOUR))
    assert len(desk.said) == 3


def test_a_request_without_its_files_is_said_to_be_open(sink: Jsm, server: HttpServer) -> None:
    server.instead = lambda asked: Reply(413, b"too large") if "attach" in asked.path else None
    with pytest.raises(WorldError, match=r"request HELP-1 is open, but for its files: .*413 too large") as caught:
        sink.send(parcel())
    assert caught.value.permanent


def test_a_desk_whose_pages_never_end_is_given_up(sink: Jsm, server: HttpServer) -> None:
    endless = said({"values": [{}], "isLastPage": False})
    server.instead = lambda asked: endless if asked.method == "GET" else None
    with pytest.raises(WorldError, match="more than 10 pages of /request: a person must look") as caught:
        sink.send(parcel(tried=HOUR))
    assert not caught.value.permanent
    assert len(server.asked) == 10
