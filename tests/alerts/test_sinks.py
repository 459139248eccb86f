# ruff: noqa: N802 - aiosmtpd calls its hooks handle_MAIL, handle_RCPT, ...
"""Sinks: files that are whole or absent, and a mail client against real servers that refuse, stall and hang up."""

import asyncio
import contextlib
import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from alerts.mail import Letter, compose, message_id
from alerts.sinks.eml import Eml
from alerts.sinks.parcel import Parcel, Receipt
from alerts.sinks.smtp import Smtp
from billing.errors import WorldError
from tests.alerts.certificates import Tls, tls_for

SENDER = "Floodmark <floodmark@msp.example>"
DESK, SECOND = "desk@vendor.example", "second@vendor.example"
MESSAGE_ID = message_id("ticket-1", SENDER)
MESSAGE = compose(
    Letter(SENDER, (DESK,), "Usage spike", "Dear desk,\n.\n..dots\n", MESSAGE_ID, datetime(2026, 11, 27, tzinfo=UTC))
)
PASSWORD = "s3cret pass/word%"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return tls_for(tmp_path_factory.mktemp("tls"), "127.0.0.1")


class Inbox:
    """A server's handler that keeps what it accepts; `answers` replaces its reply to a command."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.letters: list[Envelope] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.encrypted: list[bool] = []

    async def handle_MAIL(self, _s: SMTP, _session: Session, envelope: Envelope, address: str, _o: list[str]) -> str:
        if "mail" not in self.answers:
            envelope.mail_from = address
        return self.answers.get("mail", "250 sender ok")

    async def handle_RCPT(self, _s: SMTP, _session: Session, envelope: Envelope, address: str, _o: list[str]) -> str:
        answer = self.answers.get(address, self.answers.get("rcpt", "250 reader ok"))
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        assert server.transport is not None
        if self.answers.get("data") == "hang up":
            server.transport.close()
            return "250 never heard"
        if self.answers.get("data") == "say nothing":
            await asyncio.sleep(1)
        self.letters.append(envelope)
        self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        return self.answers.get("data", "250 2.0.0 queued as 4XyZ")

    def authenticate(
        self, _s: SMTP, _session: Session, _e: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)


class Posted(NamedTuple):
    port: int
    inbox: Inbox


Serve = Callable[..., Posted]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers on free ports of 127.0.0.1: `serve(inbox, wrapped=TLS from the first byte, **options of SMTP)`."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    servers: list[asyncio.Server] = []

    async def listen(inbox: Inbox, wrapped: ssl.SSLContext | None, options: dict[str, Any]) -> asyncio.Server:
        return await loop.create_server(
            lambda: SMTP(inbox, hostname="desk", loop=loop, **options), "127.0.0.1", 0, ssl=wrapped
        )

    def start(inbox: Inbox | None = None, wrapped: ssl.SSLContext | None = None, **options: Any) -> Posted:
        inbox = inbox or Inbox()
        servers.append(asyncio.run_coroutine_threadsafe(listen(inbox, wrapped, options), loop).result())
        return Posted(servers[-1].sockets[0].getsockname()[1], inbox)

    async def close() -> None:
        for server in servers:
            server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    yield start
    asyncio.run_coroutine_threadsafe(close(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def url(port: int, login: str = "", scheme: str = "smtp") -> str:
    return f"{scheme}://{login}127.0.0.1:{port}"


LOGIN = "floodmark:s3cret%20pass%2Fword%25@"


def test_a_letter_arrives_whole_and_the_servers_answer_is_the_proof(serve: Serve) -> None:
    port, inbox = serve()
    receipt = Smtp(url(port)).send(Parcel("ticket-1", (DESK, SECOND), MESSAGE))
    (letter,) = inbox.letters
    assert letter.original_content == MESSAGE
    assert (letter.mail_from, letter.rcpt_tos) == ("floodmark@msp.example", [DESK, SECOND])
    assert receipt == Receipt("sent", f"{MESSAGE_ID} 250 2.0.0 queued as 4XyZ")


def test_the_connection_is_encrypted_where_the_server_offers_it(serve: Serve, tls: Tls) -> None:
    port, inbox = serve(tls_context=tls.server, require_starttls=True)
    assert Smtp(url(port), context=tls.client).send(Parcel("k", (DESK,), MESSAGE)).state == "sent"
    assert inbox.encrypted == [True]


def test_a_server_with_a_strangers_certificate_gets_nothing(serve: Serve, tls: Tls) -> None:
    port, inbox = serve(tls_context=tls.server)
    with pytest.raises(WorldError, match="certificate verify failed") as caught:
        Smtp(url(port)).send(Parcel("k", (DESK,), MESSAGE))
    assert not caught.value.permanent
    assert not inbox.letters


def test_smtps_is_encrypted_from_the_first_byte(serve: Serve, tls: Tls) -> None:
    port, inbox = serve(wrapped=tls.server)
    assert Smtp(url(port, scheme="smtps"), context=tls.client).send(Parcel("k", (DESK,), MESSAGE)).state == "sent"
    assert inbox.encrypted == [True]


def test_smtps_to_a_server_that_speaks_in_the_clear_can_be_tried_again(serve: Serve) -> None:
    port, inbox = serve()
    with pytest.raises(WorldError, match="mail server") as caught:
        Smtp(url(port, scheme="smtps"), timeout=2).send(Parcel("k", (DESK,), MESSAGE))
    assert not caught.value.permanent
    assert not inbox.letters


def test_the_user_of_the_url_logs_in(serve: Serve, tls: Tls) -> None:
    inbox = Inbox()
    port, _ = serve(inbox, tls_context=tls.server, authenticator=inbox.authenticate, auth_required=True)
    Smtp(url(port, LOGIN), context=tls.client).send(Parcel("k", (DESK,), MESSAGE))
    assert inbox.logins == [(b"floodmark", PASSWORD.encode())]
    assert len(inbox.letters) == 1


def test_a_wrong_password_can_be_mended_and_is_not_told(serve: Serve, tls: Tls) -> None:
    inbox = Inbox()
    port, _ = serve(inbox, tls_context=tls.server, authenticator=inbox.authenticate, auth_required=True)
    with pytest.raises(WorldError, match=r"127\.0\.0\.1:\d+ refused the user and password: 535") as caught:
        Smtp(url(port, "floodmark:wr0ng@"), context=tls.client).send(Parcel("k", (DESK,), MESSAGE))
    assert not caught.value.permanent
    assert "wr0ng" not in str(caught.value)
    assert not inbox.letters


def test_a_server_without_a_login_is_an_error_that_can_be_mended(serve: Serve) -> None:
    port, _ = serve(auth_exclude_mechanism=["PLAIN", "LOGIN"])
    with pytest.raises(WorldError, match="offers no login") as caught:
        Smtp(url(port, LOGIN)).send(Parcel("k", (DESK,), MESSAGE))
    assert not caught.value.permanent


def test_a_password_does_not_cross_a_network_unencrypted(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server stands on loopback under a name that is not known to be loopback."""
    inbox = Inbox()
    port, _ = serve(inbox, authenticator=inbox.authenticate)
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *a, **k: real("127.0.0.1" if host == "mail.msp.example" else host, *a, **k)
    )
    with pytest.raises(WorldError, match="offers no encryption: the password was not sent") as caught:
        Smtp(f"smtp://{LOGIN}mail.msp.example:{port}").send(Parcel("k", (DESK,), MESSAGE))
    assert not caught.value.permanent
    assert not inbox.logins


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
@pytest.mark.parametrize(("code", "permanent"), [("451 4.3.0 come back later", False), ("554 5.7.1 never", True)])
def test_a_refusal_is_lasting_or_not_as_the_server_says(serve: Serve, stage: str, code: str, permanent: bool) -> None:
    port, _ = serve(Inbox(**{stage: code}))
    refused = {"mail": "the sender floodmark@msp.example", "rcpt": DESK, "data": "the message"}[stage]
    with pytest.raises(WorldError, match=re.escape(f"127.0.0.1:{port} refused {refused}: {code}")) as caught:
        Smtp(url(port)).send(Parcel("k", (DESK,), MESSAGE))
    assert caught.value.permanent is permanent


@pytest.mark.parametrize(("code", "permanent"), [("450 4.2.0 greylisted", False), ("550 5.1.1 unknown", True)])
def test_if_one_reader_is_refused_nobody_is_written_to(serve: Serve, code: str, permanent: bool) -> None:
    port, inbox = serve(Inbox(**{SECOND: code}))
    with pytest.raises(WorldError, match=f"refused {SECOND}: {code}") as caught:
        Smtp(url(port)).send(Parcel("k", (DESK, SECOND), MESSAGE))
    assert caught.value.permanent is permanent
    assert not inbox.letters


def test_a_server_that_hangs_up_on_the_message_can_be_tried_again(serve: Serve) -> None:
    port, _ = serve(Inbox(data="hang up"))
    with pytest.raises(WorldError, match="Connection unexpectedly closed") as caught:
        Smtp(url(port)).send(Parcel("k", (DESK,), MESSAGE))
    assert not caught.value.permanent


def test_a_server_that_says_nothing_is_left_after_the_time_out(serve: Serve) -> None:
    port, _ = serve(Inbox(data="say nothing"))
    with pytest.raises(WorldError, match="timed out") as caught:
        Smtp(url(port), timeout=0.2).send(Parcel("k", (DESK,), MESSAGE))
    assert not caught.value.permanent


def test_nothing_listening_can_be_tried_again() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(WorldError, match=rf"mail server 127\.0\.0\.1:{port}: .*refused") as caught:
            Smtp(url(port)).send(Parcel("k", (DESK,), MESSAGE))
    assert not caught.value.permanent


@contextlib.contextmanager
def saying(script: list[str]) -> Iterator[int]:
    """A server that says its lines one by one and hangs up, for the stages at which aiosmtpd has no hook; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def play() -> None:
            connection, _ = listener.accept()
            with connection:
                for position, line in enumerate(script):
                    if position:
                        connection.recv(4096)
                    connection.sendall(line.encode())
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):
                    pass

        player = threading.Thread(target=play, daemon=True)
        player.start()
        yield listener.getsockname()[1]
        player.join()


@pytest.mark.parametrize(
    ("script", "said", "permanent"),
    [
        (["554 no mail today\r\n"], "refused the connection: 554 no mail today", True),
        (["421 too busy\r\n"], "refused the connection: 421 too busy", False),
        (["HTTP/1.1 400 Bad Request\r\n"], "refused the connection: -1", False),
        (
            ["220 hello\r\n", "250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "554 no data\r\n"],
            "the message: 554 no data",
            True,
        ),
        (["220 hello\r\n", "250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"], "unexpectedly closed", False),
        (["220 hello\r\n", "502 no\r\n", "502 no\r\n"], "refused the connection: 502 no", True),
    ],
)
def test_a_server_may_refuse_at_any_other_line(script: list[str], said: str, permanent: bool) -> None:
    with saying(script) as port, pytest.raises(WorldError, match=re.escape(said)) as caught:
        Smtp(url(port)).send(Parcel("k", (DESK,), MESSAGE))
    assert caught.value.permanent is permanent


def test_a_message_that_was_taken_stays_taken_even_without_a_goodbye() -> None:
    lines = ["220 hello\r\n", "250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250-taken\r\n250 as 7\r\n"]
    with saying(lines) as port:
        assert Smtp(url(port)).send(Parcel("k", (DESK,), MESSAGE)) == Receipt("sent", f"{MESSAGE_ID} 250 taken as 7")


@pytest.mark.parametrize(
    "to", [(), ("Desk <desk@vendor.example>",), ("desk@vendor.example\r\nRCPT TO:<x@evil.example>",)]
)
def test_a_reader_that_is_no_address_is_not_tried(to: tuple[str, ...]) -> None:
    with pytest.raises(WorldError, match="not a list of e-mail addresses") as caught:
        Smtp("smtp://127.0.0.1:9").send(Parcel("k", to, MESSAGE))
    assert caught.value.permanent


@pytest.mark.parametrize(
    "faulty",
    [
        "",
        "mail.msp.example",
        "http://mail.msp.example",
        "smtp://",
        "smtp://user:s3cret/pass@mail.msp.example",
        "smtp://user:s3cret#pass@mail.msp.example",
        "smtp://user:1?s3cret@mail.msp.example",
        "smtp://user:s3cret@mail.msp.example:port",
        "smtp://user:s3cret@mail.msp.example:99999",
        "smtp://user:s3cret@[mail",
        "smtps://user:s3crét@mail.msp.example",
    ],
)
def test_a_faulty_url_is_refused_without_being_repeated(faulty: str) -> None:
    with pytest.raises(ValueError, match="mail server") as caught:
        Smtp(faulty)
    assert "s3cr" not in str(caught.value)


def test_ports_are_the_usual_ones() -> None:
    assert [Smtp(f"{scheme}://mail.msp.example").port for scheme in ("smtp", "smtps")] == [25, 465]


def test_a_message_is_a_file_named_by_its_key(tmp_path: Path) -> None:
    sink = Eml(tmp_path / "a" / "outbox")
    receipt = sink.send(Parcel("ticket-7f.3_x", (DESK,), MESSAGE))
    assert receipt == Receipt("written", "outbox/ticket-7f.3_x.eml")
    assert (tmp_path / "a" / receipt.proof).read_bytes() == MESSAGE


def test_the_same_key_is_the_same_file_and_nothing_else_is_left(tmp_path: Path) -> None:
    sink = Eml(tmp_path)
    for message in (b"first", MESSAGE):
        sink.send(Parcel("key", (DESK,), message))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"key.eml": MESSAGE}


def test_a_crash_before_the_last_step_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = Eml(tmp_path)
    sink.send(Parcel("key", (DESK,), b"old"))

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WorldError, match=r"key\.eml: cannot write the message: No space left") as caught:
        sink.send(Parcel("key", (DESK,), b"new"))
    assert not caught.value.permanent
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"key.eml": b"old"}


def test_a_folder_that_is_a_file_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_bytes(b"")
    with pytest.raises(WorldError, match="cannot write the message"):
        Eml(tmp_path / "outbox").send(Parcel("key", (DESK,), MESSAGE))


@pytest.mark.parametrize("key", ["", "../key", "a/b", "Key", "key\n", "k" * 201])
def test_a_key_that_is_no_file_name_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="cannot name a file"):
        Eml(tmp_path).send(Parcel(key, (DESK,), MESSAGE))


@pytest.mark.parametrize("part", ["greeting to EHLO", "the answer to the message"])
def test_a_server_that_talks_little_by_little_and_without_end_is_left(part: str) -> None:
    """Each byte comes in time, and none of its answers ever ends; the lease would run out meanwhile."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip(client: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while True:
                    client.sendall(b"2")
                    time.sleep(0.02)

        def serve() -> None:
            client, _ = server.accept()
            with client, client.makefile("rb") as lines:
                client.sendall(b"220 here\r\n")
                for line in map(bytes.upper, lines):
                    if part.endswith("EHLO"):
                        drip(client)
                    elif line.startswith(b"DATA"):
                        client.sendall(b"354 go on\r\n")
                    elif line == b".\r\n":
                        drip(client)
                    elif line[:4] in (b"EHLO", b"MAIL", b"RCPT"):
                        client.sendall(b"250 yes\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        started = time.monotonic()
        sink = Smtp(f"smtp://127.0.0.1:{server.getsockname()[1]}", timeout=5, longest=0.5)
        with pytest.raises(WorldError) as caught:
            sink.send(Parcel("ticket-1", (DESK,), MESSAGE))
        assert time.monotonic() - started < 3
        assert caught.value.unsure == (not part.endswith("EHLO")), "then it may have arrived"
        thread.join()
