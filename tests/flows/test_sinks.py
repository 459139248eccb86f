"""One battery that every row of the table of sinks walks through, against real servers on loopback."""

import base64
import contextlib
import functools
import json
import logging
import socket
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.mail import message_id
from alerts.outbox import Sink
from alerts.sinks.outgoing import Outgoing
from alerts.sinks.parcel import Parcel
from alerts.sinks.smtp import Smtp
from billing.errors import WorldError
from flows import settings as settings_file
from flows.sinks import SINKS
from tests.alerts.sinks import jsm_desk, zendesk_desk
from tests.alerts.sinks.http_server import Asked, HttpServer, Reply
from tests.alerts.sinks.letters import KEY, NEXT, SENDER, parcel
from tests.flows.mailbox import Mailbox

HOUR = timedelta(hours=1)
PASSWORD = "smtp-canary-password"
HOOK = "hook-canary-path"
SECRET = base64.b64encode(b"webhook-canary-secret-of-32-bytes").decode()
CANARIES = [
    zendesk_desk.TOKEN,
    zendesk_desk.LOGIN.removeprefix("Basic "),
    jsm_desk.TOKEN,
    jsm_desk.LOGIN.removeprefix("Basic "),
    PASSWORD,
    HOOK,
    SECRET,
    "webhook-canary-secret",
]


@dataclass
class Bench:
    """A sink of the table with what it speaks to. `opened`: the key of each ticket there is; `said`: what was added."""

    name: str
    sink: Sink
    opened: Callable[[], list[str]]
    said: Callable[[], list[str]]
    server: HttpServer = field(default_factory=lambda: HttpServer(lambda _: Reply()))
    again: int = 1  # how many tickets a message makes that is sent twice


def made(name: str, folder: Path, **env: str) -> Sink:
    """The row's sink, of settings as a person would write them."""
    (folder / settings_file.FILE).write_text("")
    named = {f"FLOODMARK_{key}": value for key, value in env.items()}
    common = {"FLOODMARK_TICKETS__SINK": name, "FLOODMARK_OUTGOING__ALLOW": "127.0.0.1"}
    return SINKS[name](folder, settings_file.read(folder, common | named))


class Receiver:
    """A program that takes webhooks; it knows a repeat by its id."""

    def __init__(self) -> None:
        self.taken: dict[str, Any] = {}

    def __call__(self, asked: Asked) -> Reply:
        self.taken[asked.headers["webhook-id"]] = json.loads(asked.body)
        return Reply(202)

    @property
    def opened(self) -> list[str]:
        return [key for key, document in self.taken.items() if document["type"] == "ticket.opened"]

    @property
    def said(self) -> list[str]:
        return [key for key, document in self.taken.items() if document["type"] == "ticket.updated"]


@contextlib.contextmanager
def eml(folder: Path) -> Iterator[Bench]:
    def kept() -> list[str]:
        return sorted(path.stem for path in (folder / "outbox").glob("*.eml"))

    yield Bench("eml", made("eml", folder), lambda: kept()[:1], lambda: kept()[1:])


@contextlib.contextmanager
def smtp(folder: Path) -> Iterator[Bench]:
    keys = {message_id(key, SENDER): key for key in (KEY, NEXT)}
    with Mailbox() as box:

        def came() -> list[str]:
            return [keys[str(letter["Message-ID"])] for letter in box.messages]

        sink = made("smtp", folder, MAIL__URL=box.url)
        yield Bench(
            "smtp", sink, lambda: [k for k in came() if k == KEY], lambda: [k for k in came() if k != KEY], again=2
        )


@contextlib.contextmanager
def zendesk(folder: Path) -> Iterator[Bench]:
    desk = zendesk_desk.ZendeskDesk()
    with HttpServer(desk) as server:
        login = {"ZENDESK__EMAIL": zendesk_desk.EMAIL, "ZENDESK__TOKEN": zendesk_desk.TOKEN}
        sink = made("zendesk", folder, ZENDESK__URL=server.url, **login)
        yield Bench("zendesk", sink, lambda: desk.opened, lambda: desk.said, server)


@contextlib.contextmanager
def jsm(folder: Path) -> Iterator[Bench]:
    desk = jsm_desk.JsmDesk(
        slas=[{"name": "First response", "ongoingCycle": {"breachTime": {"iso8601": "2026-11-28"}}}]
    )
    with HttpServer(desk) as server:
        login = {"JSM__EMAIL": jsm_desk.EMAIL, "JSM__TOKEN": jsm_desk.TOKEN}
        sink = made("jsm", folder, JSM__URL=server.url, JSM__SERVICE_DESK="3", JSM__REQUEST_TYPE="11", **login)
        yield Bench("jsm", sink, lambda: desk.opened, lambda: desk.said, server)


@contextlib.contextmanager
def webhook(folder: Path) -> Iterator[Bench]:
    receiver = Receiver()
    with HttpServer(receiver) as server:
        sink = made("webhook", folder, WEBHOOK__URL=f"{server.url}/{HOOK}", WEBHOOK__SECRETS=f"whsec_{SECRET}")
        yield Bench("webhook", sink, lambda: receiver.opened, lambda: receiver.said, server)


ROWS = {"eml": eml, "smtp": smtp, "zendesk": zendesk, "jsm": jsm, "webhook": webhook}
OVER_HTTP = ["zendesk", "jsm", "webhook"]


@pytest.fixture
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with ROWS[request.param](tmp_path) as found:
        yield found


every_row = pytest.mark.parametrize("bench", list(SINKS), indirect=True)
over_http = pytest.mark.parametrize("bench", OVER_HTTP, indirect=True)


def refusal(bench: Bench, sent: Parcel | None = None) -> WorldError:
    with pytest.raises(WorldError) as caught:
        bench.sink.send(sent or parcel())
    return caught.value


def test_every_row_walks_through_this_and_can_be_chosen() -> None:
    choices = settings_file.Tickets.model_json_schema()["properties"]["sink"]["enum"]
    assert set(ROWS) == set(SINKS) == set(choices)


@every_row
def test_a_message_arrives_once_under_its_key_and_the_proof_says_so(bench: Bench) -> None:
    receipt = bench.sink.send(parcel())
    assert bench.opened() == [KEY]
    assert receipt.state == ("written" if bench.name == "eml" else "sent")
    assert receipt.proof
    if bench.name == "zendesk":
        assert receipt.proof == f"{bench.server.url}/agent/tickets/100 2026-11-27T14:00:01Z"
    if bench.name == "jsm":
        assert receipt.proof == f"{bench.server.url}/browse/HELP-1 First response by 2026-11-28"


@every_row
def test_a_repeat_does_no_harm(bench: Bench) -> None:
    first = bench.sink.send(parcel())
    second = bench.sink.send(parcel(tried=HOUR))
    assert bench.opened() == [KEY] * bench.again
    assert first.external_id == second.external_id
    assert len(bench.said()) == len(set(bench.said()))


@every_row
def test_a_follow_up_joins_the_ticket_once(bench: Bench) -> None:
    thread = bench.sink.send(parcel()).external_id
    before = len(bench.said())
    for tried in (None, HOUR)[: 3 - bench.again]:  # mail cannot tell
        assert bench.sink.send(parcel(NEXT, thread, tried)).external_id == thread
    assert bench.opened() == [KEY]
    added = bench.said()[before:]
    assert len(added) == 1
    assert NEXT in added[0]


@every_row
def test_a_ticket_of_another_desk_is_not_written_to(bench: Bench) -> None:
    """The sink was changed while the ticket was open."""
    bench.sink.send(parcel(thread="elsewhere"))
    assert len(bench.opened() + bench.said()) >= 1


@every_row
def test_a_receiver_that_is_not_there_is_asked_again(bench: Bench, tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"//127.0.0.1:{unused.getsockname()[1]}"
        (tmp_path / "outbox").write_text("a file where the folder should be")
        login = {"EMAIL": "a@b.example", "TOKEN": "token"}
        env = {
            "eml": {},
            "smtp": {"MAIL__URL": f"smtp:{url}"},
            "zendesk": {"ZENDESK__URL": f"http:{url}"} | {f"ZENDESK__{k}": v for k, v in login.items()},
            "jsm": {"JSM__URL": f"http:{url}", "JSM__SERVICE_DESK": "3", "JSM__REQUEST_TYPE": "11"}
            | {f"JSM__{k}": v for k, v in login.items()},
            "webhook": {"WEBHOOK__URL": f"http:{url}", "WEBHOOK__SECRETS": SECRET},
        }[bench.name]
        with pytest.raises(WorldError) as caught:
            made(bench.name, tmp_path, **env).send(parcel())
    assert not caught.value.permanent


@pytest.mark.parametrize("name", ["smtp", *OVER_HTTP])
def test_silence_ends_at_the_time_out_and_is_asked_again(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.sinks.outgoing", lambda settings: Outgoing(settings.outgoing.allow, timeout=0.2))
    monkeypatch.setattr("flows.sinks.Smtp", functools.partial(Smtp, timeout=0.2))
    with ROWS[name](tmp_path) as bench, socket.create_server(("127.0.0.1", 0)) as mute:
        if name == "smtp":
            bench.sink = made("smtp", tmp_path, MAIL__URL=f"smtp://127.0.0.1:{mute.getsockname()[1]}")
        bench.server.stalls = 1
        error = refusal(bench)
    assert not error.permanent
    assert "timed out" in str(error) or "no whole answer in 0.2 seconds" in str(error)


@over_http
def test_every_status_is_final_or_asked_again_by_one_table(bench: Bench) -> None:
    """Right: what the other side could take at another time, or after a mend of the settings. 1xx is no answer."""
    mended_elsewhere = {401, 403, 407, 408, 409, 425, 429}
    wrong = []
    for status in range(100, 600):
        bench.server.instead = lambda _, status=status: Reply(status)  # type: ignore[misc]
        try:
            bench.sink.send(parcel())
        except WorldError as error:
            found = "final" if error.permanent else "again"
        else:
            found = "taken"
        right = "final" if 400 <= status < 500 and status not in mended_elsewhere else "again"
        if 200 <= status < 300 and bench.name == "webhook":  # a desk names the ticket that it made
            right = "taken"
        if found != right:
            wrong.append((status, found, right))
    assert wrong == []


@over_http
@pytest.mark.parametrize(
    ("status", "what"), [(401, "the login must be mended"), (403, "the rights"), (308, "redirects are not followed")]
)
def test_a_refusal_that_is_mended_in_the_settings_says_so(bench: Bench, status: int, what: str) -> None:
    bench.server.instead = lambda _: Reply(status, headers={"Location": "http://127.0.0.1:9/"})
    assert what in str(refusal(bench))


@over_http
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ({"Retry-After": "1200"}, 1200),
        ({"Retry-After": "Fri, 27 Nov 2026 14:20:00 GMT", "Date": "Fri, 27 Nov 2026 14:00:00 GMT"}, 1200),
        ({"Retry-After": "99999999999999999999"}, 86_400),
    ],
)
def test_the_wait_that_is_asked_for_is_kept(bench: Bench, status: int, said: dict[str, str], seconds: int) -> None:
    bench.server.instead = lambda _: Reply(status, headers=said)
    error = refusal(bench)
    assert (error.permanent, error.wait) == (False, timedelta(seconds=seconds))


@over_http
@pytest.mark.parametrize("said", ["", "soon", "-5", "1.5", "²", "Fri, 99 Nov 2026 14:20:00 GMT"])
def test_a_wait_that_cannot_be_read_is_none(bench: Bench, said: str) -> None:
    bench.server.instead = lambda _: Reply(500, headers={"Retry-After": said.encode("utf-8").decode("latin-1")})
    assert refusal(bench).wait == (timedelta(minutes=5) if bench.name == "jsm" else None)


@over_http
@pytest.mark.parametrize("lost", ["the request", "the answer", "refused"])
@pytest.mark.parametrize("thread", [False, True])
def test_whichever_call_fails_a_repeat_mends_it_and_nothing_is_there_twice(
    bench: Bench, tmp_path: Path, lost: str, thread: bool
) -> None:
    """A send is a few calls. Each in its turn does not arrive, or arrives and its answer is lost, or is refused."""
    opening = bench.sink.send(parcel()).external_id
    calls = len(bench.server.asked)
    if thread:
        bench.sink.send(parcel(NEXT, opening))
        calls = len(bench.server.asked) - calls
    for turn in range(calls):
        with ROWS[bench.name](tmp_path) as fresh:
            server = fresh.server
            known = fresh.sink.send(parcel()).external_id if thread else ""
            before, key = len(server.asked), NEXT if thread else KEY

            def now(_: Asked, server: HttpServer = server, turn: int = turn + before) -> bool:
                return len(server.asked) == turn + 1

            if lost == "the answer":
                server.loses = now
            else:
                server.loses = now if lost == "the request" else server.loses
                server.instead = lambda asked, now=now: Reply(503) if now(asked) else None  # type: ignore[misc]
            with contextlib.suppress(WorldError):
                fresh.sink.send(parcel(key, known))
            fresh.sink.send(parcel(key, known, HOUR))
            assert fresh.opened() == [KEY], turn
            once = [said for said in fresh.said() if said.endswith(f"Message {key}") or said == key]
            files = [said for said in fresh.said() if said.endswith(f"Files of {KEY}")]
            assert len(once) == int(thread), turn
            assert len(files) == int(bench.name != "webhook"), turn


@every_row
def test_no_secret_is_ever_told(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """A receiver that says back all it was sent, and every logger at its most talkative."""

    def echo(status: int) -> Callable[[Asked], Reply]:
        def answer(asked: Asked) -> Reply:
            body = json.dumps([asked.path, asked.headers, asked.body.decode("latin-1")]).encode()
            return Reply(status, body, {"X-Echo": asked.headers.get("authorization", "")})

        return answer

    caplog.set_level(logging.DEBUG)
    told = [bench.sink.send(parcel()).proof, repr(bench.sink)]
    for status in (101, 200, 302, 400, 401, 404, 409, 422, 429, 500):
        bench.server.instead = echo(status)
        with contextlib.suppress(WorldError):
            told.append(repr(bench.sink.send(parcel(tried=HOUR))))
        try:
            bench.sink.send(parcel())
        except WorldError as error:
            told += [repr(error), *traceback.format_exception(error)]
    everything = "\n".join([*told, caplog.text])
    assert [canary for canary in CANARIES if canary in everything] == []
