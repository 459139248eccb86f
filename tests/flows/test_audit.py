"""`floodmark audit` and the end of a cycle: each fault, planted in a workspace, is told within a tick."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import create_engine, text

from billing.grid import Grid
from billing.hours import DAY, HOUR
from flows.audit import WEEK, holes
from tests.alerts.sinks.http_server import HttpServer, Reply
from tests.flows.command import Workspace
from tests.flows.mailbox import Mailbox
from tests.flows.storms import START, STORM, at, clock

OPENS = STORM + 25 * HOUR
OPERATOR = {"FLOODMARK_MAIL__REVIEWERS": "operator@reseller.example"}


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def opened(stormy: Workspace, mailbox: Mailbox) -> Workspace:
    """The storm's ticket is sent."""
    workspace = Workspace(stormy.path, mailbox.settings | OPERATOR)
    workspace.run(STORM + HOUR)
    workspace.run(STORM + 12 * HOUR)
    workspace.run(OPENS)
    assert [ticket["state"] for ticket in workspace.tickets()] == ["sent"]
    return workspace


def planted(workspace: Workspace, statement: str) -> None:
    engine = create_engine(f"sqlite:///{workspace.path / 'floodmark.db'}")
    with engine.begin() as connection:
        assert connection.execute(text(statement)).rowcount
    engine.dispose()


def test_a_workspace_in_order_is_0_and_says_so(opened: Workspace) -> None:
    assert opened.well("audit", "--at", clock(OPENS)).out == "nothing needs a person\n"
    assert opened.well("audit", "--at", clock(OPENS), "--json").json == {"at": clock(OPENS), "concerns": []}
    assert "needs a person" not in opened.well("alerts").err


FAULTS: dict[str, tuple[str, str]] = {
    "a claim on no ticket": ("DELETE FROM deliveries; DELETE FROM tickets", "is on no ticket"),
    "a letter never written": ("UPDATE tickets SET state = 'open'; DELETE FROM deliveries", "no letter was ever"),
    "a draft that never opens": ("UPDATE tickets SET state = 'draft', opened_at = NULL", "still a draft"),
    "a message nobody tries": ("UPDATE deliveries SET state = 'due'", "was not tried"),
    "a lease that is stuck": ("UPDATE deliveries SET state = 'sending', leased_until = NULL", "died with it"),
    "a dead letter": ("UPDATE deliveries SET state = 'failed', error = '550'", "could not be delivered"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_1_with_what_to_do_within_a_tick(opened: Workspace, fault: str) -> None:
    statements, said = FAULTS[fault]
    for statement in statements.split(";"):
        planted(opened, statement)
    done = opened.call("audit", "--at", clock(OPENS + HOUR))
    assert (done.code, said in done.out) == (1, True), done.out
    told = opened.call("audit", "--at", clock(OPENS + HOUR), "--json")
    assert (told.code, said in told.out) == (1, True)
    assert said in opened.well("alerts", "--at", clock(OPENS + HOUR), "--json").err


def test_a_cycle_that_does_not_come_is_told(opened: Workspace) -> None:
    done = opened.call("audit", "--at", clock(OPENS + 2 * HOUR))
    assert (done.code, "the last cycle was that of" in done.out) == (1, True)


def test_the_operator_is_told_once_a_day_and_the_letter_can_be_tried_again(opened: Workspace, mailbox: Mailbox) -> None:
    key = opened.tickets()[0]["deliveries"][0]["key"]
    planted(opened, f"UPDATE deliveries SET state = 'failed', error = '550 full' WHERE key = '{key}'")
    mailbox.messages.clear()
    for hours in (1, 2, 3):
        done = opened.run(OPENS + hours * HOUR)
        assert f"needs a person: {key}: " in done.err
    (mail,) = [m for m in mailbox.to("operator@reseller.example") if "Needs a person" in m["Subject"]]
    assert f"floodmark retry {key}" in mail.get_body(("plain",)).get_content()
    opened.run(OPENS + DAY)
    assert len([m for m in mailbox.messages if "Needs a person" in m["Subject"]]) == 2
    opened.well("retry", key, "--at", clock(OPENS + DAY))
    assert opened.call("retry", key).code == 2
    assert opened.run(OPENS + DAY + HOUR).err == ""
    assert len(mailbox.to("partner-cs@vendor.example")) == 1


def test_past_the_latest_e_mail_with_the_server_down_a_person_is_told_to_call(stormy: Workspace) -> None:
    workspace = Workspace(stormy.path, Mailbox().settings | OPERATOR)
    workspace.call("run", "--at", clock(STORM + HOUR))
    workspace.call("run", "--at", clock(STORM + 12 * HOUR))
    assert "in time" not in workspace.call("run", "--at", clock(OPENS)).err
    done = workspace.call("run", "--at", clock(at("11-27 14")))
    assert done.code == 3
    assert "the latest safe e-mail was due at 2026-11-27T14:00:00Z and nobody has been contacted" in done.err
    assert "call the vendor's desk by 2026-12-01T00:00:00Z" in done.err


PINGED = "ping-canary"


@pytest.fixture
def phones() -> Iterator[HttpServer]:
    """What two people carry, of the kind that Apprise calls json://."""
    with HttpServer(lambda _: Reply()) as server:
        yield server


def carried(phones: HttpServer) -> dict[str, str]:
    urls = (f"json://user:{PINGED}@127.0.0.1:{phones.port}/{who}" for who in ("ana", "bo"))
    return {"FLOODMARK_PINGS__URLS": ",".join(urls)}


@pytest.mark.parametrize("reviewers", ["operator@reseller.example", ""])
def test_people_are_called_once_a_day_and_whoever_was_not_is_called_again(
    opened: Workspace, phones: HttpServer, reviewers: str
) -> None:
    """Bo's is down at first: Ana hears of it once nevertheless."""
    workspace = Workspace(opened.path, opened.env | carried(phones) | {"FLOODMARK_MAIL__REVIEWERS": reviewers})
    key = workspace.tickets()[0]["deliveries"][0]["key"]
    planted(workspace, f"UPDATE deliveries SET state = 'failed', error = '550 full' WHERE key = '{key}'")

    def called() -> list[str]:
        return sorted(asked.path.strip("/") for asked in phones.asked if asked.method == "POST")

    phones.instead = lambda asked: Reply(500) if "bo" in asked.path else None
    done = workspace.call("run", "--at", clock(OPENS + HOUR))
    assert (done.code, "pings.urls 2 (JSON) took no message" in done.err) == (3, True)
    phones.instead = lambda _: None
    before = called().count("bo")
    for hours in (2, 3, 4):
        workspace.run(OPENS + hours * HOUR)
    assert (called().count("ana"), called().count("bo")) == (1, before + 1)
    assert all(key in json.loads(asked.body)["message"] for asked in phones.asked)
    workspace.run(OPENS + DAY)
    assert (called().count("ana"), called().count("bo")) == (2, before + 2)
    rows = [row for row in workspace.tables()["deliveries"] if "'ping-" in row]
    assert len(rows) == 4 and sum("-ping-2'" in row for row in rows) == 2
    assert not [name for name, content in workspace.files().items() if PINGED.encode() in content]
    assert PINGED not in done.out + done.err


def test_a_call_that_could_not_be_made_in_a_day_is_not_made_any_more(opened: Workspace, phones: HttpServer) -> None:
    workspace = Workspace(opened.path, opened.env | carried(phones))
    planted(workspace, "UPDATE deliveries SET state = 'failed', error = '550 full' WHERE purpose = 'ticket'")
    phones.instead = lambda _: Reply(500)
    workspace.call("run", "--at", clock(OPENS + HOUR))
    phones.instead = lambda _: None
    planted(workspace, "UPDATE deliveries SET state = 'sent' WHERE purpose = 'ticket'")
    phones.asked.clear()
    done = workspace.call("run", "--at", clock(OPENS + 2 * DAY))
    assert "not delivered before it was of no use any more" in done.err
    assert phones.asked == []


@pytest.fixture
def switch() -> Iterator[tuple[str, list[str]]]:
    """A dead man's switch, and what it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(500 if self.path == "/broken" else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_dead_mans_switch_hears_of_nothing_but_well_being(opened: Workspace, switch: tuple[str, list[str]]) -> None:
    url, asked = switch
    ours = {"FLOODMARK_OUTGOING__ALLOW": "127.0.0.1"}
    opened.run(OPENS + HOUR, FLOODMARK_AUDIT__DEAD_MAN_URL=f"{url}/secret", **ours)
    assert asked == ["/secret"]
    broken = ours | {"FLOODMARK_AUDIT__DEAD_MAN_URL": f"{url}/broken"}
    done = opened.call("run", "--at", clock(OPENS + 2 * HOUR), **broken)
    assert (done.code, "dead man's switch" in done.err, url in done.err) == (3, True, False)
    planted(opened, "UPDATE deliveries SET state = 'failed', error = '550'")
    opened.run(OPENS + 3 * HOUR, FLOODMARK_AUDIT__DEAD_MAN_URL=f"{url}/secret", **ours)
    assert asked == ["/secret", "/broken"]


def said(weeks: Callable[[int], bool], hours: int = 336) -> Grid:
    seen = np.array([[weeks(hour) for hour in range(hours)], [True] * hours])
    return Grid((("o1", "logs"), ("o2", "logs")), START, seen.astype(np.int64), seen)


END = START + 2 * WEEK


@pytest.mark.parametrize(
    ("heard", "said_of"),
    [
        (lambda _: True, 0),
        (lambda hour: not 200 <= hour < 224, 1),
        (lambda hour: not 200 <= hour < 203, 1),
        (lambda hour: not 200 <= hour < 202, 0),
        (lambda hour: hour < 300, 0),  # it stopped, or it is late: the vendor has three days
        (lambda hour: hour % 24 < 12 and hour != 200, 0),  # never heard of at night
        (lambda hour: hour % 168 < 150 and not 200 <= hour < 224, 0),  # not heard of steadily
    ],
)
def test_a_hole_is_hours_missing_before_others_that_are_there(heard: Callable[[int], bool], said_of: int) -> None:
    found = list(holes(said(heard), {"o1", "o2"}, END))
    assert [one.where for one in found] == ["o1"] * said_of
    assert not list(holes(said(heard), {"o2"}, END))


def test_a_hole_says_which_hours_to_ask_for() -> None:
    (one,) = holes(said(lambda hour: not 200 <= hour < 224), {"o1"}, END)
    assert one.what.startswith("nothing is known of 24 hours from 2026-09-23T08:00:00Z to 2026-09-24T08:00:00Z")
    assert one.todo == "`floodmark ingest datadog --from 2026-09-23T08:00:00Z --to 2026-09-24T08:00:00Z`"


def test_a_lake_into_which_nothing_comes_is_told_when_the_vendors_three_days_are_over() -> None:
    grid = said(lambda _: True)
    assert not list(holes(grid, {"o1"}, END + 72 * HOUR - timedelta(seconds=1)))
    (one,) = holes(grid, {"o1"}, END + 72 * HOUR)
    assert one.what == "nothing is known of any hour since 2026-09-29T00:00:00Z"


def test_a_day_missing_from_the_lake_is_told(opened: Workspace) -> None:
    """The day is overwritten with nothing said: an empty quantity."""
    rows = [f"cello-org,infra_hosts,host_count,{clock(at('11-11 00') + n * HOUR)},\n" for n in range(24)]
    file = opened.path / "nothing.csv"
    file.write_text("org_id,product_family,usage_type,hour,quantity\n" + "".join(rows))
    opened.well("ingest", "files", file, "--at", "2026-12-02T00:00:00Z")
    done = opened.call("audit", "--at", clock(at("11-13 00")))
    assert "cello-org: nothing is known of 24 hours from 2026-11-11T00:00:00Z" in done.out


def test_an_undisturbed_month_needs_nobody(opened: Workspace) -> None:
    """Over the review, the blind window, the latest e-mail, the deadline and the end: not one false word."""
    for moment in ("11-15 00", "11-24 13", "11-24 14", "11-27 13", "11-27 15", "11-30 23", "12-01 00", "12-01 06"):
        assert opened.run(at(moment)).err == ""
        assert opened.well("audit", "--at", clock(at(moment))).out == "nothing needs a person\n"
