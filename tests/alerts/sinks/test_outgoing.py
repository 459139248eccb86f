"""The guarded client: no spelling, resolver, redirect or environment leads it inside. Loopback stands in for all."""

import contextlib
import ipaddress
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alerts.sinks import outgoing
from alerts.sinks.outgoing import LONGEST_ANSWER, Outgoing, is_open, place
from billing.errors import WorldError
from tests.alerts.certificates import tls_for
from tests.alerts.sinks.http_server import HttpServer, Reply

HOSTILE = """
0.0.0.0 0.0.0.1 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 127.0.0.1 127.0.0.53 127.255.255.254 169.254.0.1
169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.170 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1
192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
:: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1
64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b::808:808 64:ff9b:1::a00:1 100::1 2001::1 2001:0:7f00:1:: 2001:10::1
2001:20::1 2001:db8::1 2002:7f00:1:: 2002:a9fe:a9fe:: 2002:808:808:: 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1
fec0::1 ff02::1 ff0e::1 4000::1
""".split()
OPEN = (
    "1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.1 172.32.0.1 192.0.1.1 198.20.0.1 223.255.255.254 2606:4700::1111".split()
)
SPELLINGS = """
https://127.0.0.1/ https://127.1/ https://127.0.1/ https://0/ https://0.0.0.0/ https://2130706433/ https://0x7f000001/
https://0x7f.1/ https://0177.0.0.1/ https://0177.1/ https://127.0.0.1./ https://localhost/ https://LOCALHOST/
https://localhost./ https://[::1]/ https://[0:0:0:0:0:0:0:1]/ https://[::ffff:127.0.0.1]/ https://[::ffff:7f00:1]/
https://[::127.0.0.1]/ https://[::]/ https://127。0。0。1/ https://①②⑦.⓪.⓪.①/ https://１２７.0.0.1/ https://%31%32%37.0.0.1/
https://good.example@127.0.0.1/ https://good.example%40127.0.0.1/ https://good.example\\@127.0.0.1/ https://127.0.0.1\\/
https://good.example#@127.0.0.1/ https://good.example:443@127.0.0.1/ https:/127.0.0.1/ https:127.0.0.1 //127.0.0.1/
127.0.0.1 http://127.0.0.1/ http://localhost/ ftp://127.0.0.1/ file:///etc/passwd gopher://127.0.0.1/ HTTPS://127.0.0.1/
https://127.0.0.1:port/ https://127.0.0.1:99999999/ https://[::1%25lo]/ https://[127.0.0.1]/ https://[::1/ https:///
""".split()
SPACED = [
    "https://127.0.0.1 /",
    "https://good.example\t@127.0.0.1/",
    "https://127.0.0.1/\r\nHost: good.example",
    " https://127.0.0.1/",
]


@contextlib.contextmanager
def counted(host: str, port: int = 0) -> Iterator[tuple[int, Callable[[], int]]]:
    """A listener on loopback: its port, and how many have connected."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:
        listener.setblocking(False)
        held = []

        def reached() -> int:
            with contextlib.suppress(BlockingIOError):
                while True:
                    held.append(listener.accept()[0])
            return len(held)

        yield listener.getsockname()[1], reached
        for connection in held:
            connection.close()


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every address that a connection was tried to; none is made."""
    tried: list[Any] = []

    def refuse(address: Any, *_: Any, **__: Any) -> None:
        tried.append(address)
        raise OSError("no connection in this test")

    monkeypatch.setattr(socket, "create_connection", refuse)
    return tried


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
    """Names lead to the first answer, then to the second, ...; the last one stays."""
    real, left = socket.getaddrinfo, list(answers)

    def getaddrinfo(host: str, port: int, *rest: Any, **more: Any) -> list[Any]:
        try:
            ipaddress.ip_address(host)
            found = [host]
        except ValueError:
            found = left.pop(0) if len(left) > 1 else left[0]
        return [entry for address in found for entry in real(address, port, *rest, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize("address", HOSTILE)
def test_an_address_that_is_not_of_the_open_internet_is_not_connected_to(
    address: str, connected: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, [address])
    literal = f"[{address}]" if ":" in address else address
    for url in (f"https://{literal}/", "https://hostile.example/"):
        with pytest.raises(WorldError, match="not of the open internet"):
            Outgoing(timeout=1).send("GET", url)
        with pytest.raises(WorldError, match="not of the open internet"):
            Outgoing(timeout=1).reach(url)
    assert connected == []


@pytest.mark.parametrize("address", OPEN)
def test_an_address_of_the_open_internet_is(
    address: str, connected: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, [address])
    with pytest.raises(WorldError, match="no connection in this test"):
        Outgoing(timeout=1).send("GET", "https://hooks.example/")
    assert connected == [(address, 443)]


def test_there_are_enough_of_them() -> None:
    assert len(set(HOSTILE)) >= 40
    assert len(set(SPELLINGS)) >= 40
    assert not any(map(is_open, HOSTILE))


@pytest.mark.parametrize("url", [*SPELLINGS, *SPACED])
def test_no_spelling_of_loopback_reaches_it(url: str) -> None:
    with counted("127.0.0.1") as (port, reached), counted("::1", port) as (_, reached6):
        head, slash, tail = url.partition("://")
        host, more, path = tail.partition("/")
        with_port = f"{head}{slash}{host}:{port}{more}{path}"
        for spelled in (url, with_port):
            with pytest.raises(WorldError):
                Outgoing(timeout=1).send("GET", spelled)
        assert (reached(), reached6()) == (0, 0)


@pytest.mark.parametrize("second", ["127.0.0.1", "::1"])
def test_a_name_that_also_leads_inside_is_not_spoken_to(monkeypatch: pytest.MonkeyPatch, second: str) -> None:
    monkeypatch.setattr(outgoing, "is_open", lambda address: address == "127.0.0.2")
    for answer in (["127.0.0.2", second], [second, "127.0.0.2"]):
        resolving(monkeypatch, answer)
        with counted("127.0.0.2") as (port, outside), counted(second, port) as (_, inside):
            with pytest.raises(WorldError, match="not of the open internet"):
                Outgoing(timeout=1).send("GET", f"https://hooks.example:{port}/")
            assert (outside(), inside()) == (0, 0)


def test_a_name_that_leads_elsewhere_at_the_second_look_is_looked_up_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """127.0.0.2 stands for the open internet. Who checks and then fetches is led inside."""
    monkeypatch.setattr(outgoing, "is_open", lambda address: address == "127.0.0.2")
    tls = tls_for(tmp_path, "hooks.example")
    with (
        HttpServer(lambda _: Reply(200, b"outside"), host="127.0.0.2", tls=tls.server) as outside,
        counted("127.0.0.1", outside.port) as (port, inside),
    ):
        url = f"https://hooks.example:{port}/"
        resolving(monkeypatch, ["127.0.0.2"], ["127.0.0.1"])
        assert Outgoing(context=tls.client).send("GET", url).body == b"outside"
        assert inside() == 0
        resolving(monkeypatch, ["127.0.0.2"], ["127.0.0.1"])
        assert socket.getaddrinfo("hooks.example", port)[0][4][0] == "127.0.0.2"
        with pytest.raises(OSError, match="timed out"):
            urllib.request.urlopen(url, timeout=0.2)
        assert inside() == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_not_followed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int) -> None:
    monkeypatch.setattr(outgoing, "is_open", lambda address: address == "127.0.0.2")
    resolving(monkeypatch, ["127.0.0.2"])
    tls = tls_for(tmp_path, "hooks.example")
    with counted("127.0.0.1") as (port, inside):
        leading = {"Location": f"https://127.0.0.1:{port}/", "Refresh": f"0; url=https://127.0.0.1:{port}/"}
        with HttpServer(lambda _: Reply(status, headers=leading), host="127.0.0.2", tls=tls.server) as outside:
            answer = Outgoing(context=tls.client).send("POST", f"https://hooks.example:{outside.port}/", body=b"x")
        assert (answer.status, inside(), len(outside.asked)) == (status, 0, 1)


def test_the_certificate_must_be_of_the_name_although_the_connection_is_to_an_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    resolving(monkeypatch, ["127.0.0.1"])
    tls = tls_for(tmp_path, "other.example")
    with HttpServer(lambda _: Reply(), tls=tls.server) as server:
        allowed = Outgoing(("hooks.example", "other.example"), context=tls.client)
        with pytest.raises(WorldError, match="certificate verify failed"):
            allowed.send("GET", f"https://hooks.example:{server.port}/")
        with pytest.raises(WorldError, match="certificate verify failed"):
            allowed.reach(f"https://hooks.example:{server.port}/")
        allowed.reach(f"https://other.example:{server.port}/")
        assert server.asked == []
        assert allowed.send("GET", f"https://other.example:{server.port}/").status == 200
        [asked] = server.asked
        assert asked.headers["host"] == f"other.example:{server.port}"
        with pytest.raises(WorldError, match="certificate verify failed"):
            Outgoing(("other.example",)).send("GET", f"https://other.example:{server.port}/")


def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with counted("127.0.0.1") as (port, proxied), HttpServer(lambda _: Reply()) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        (tmp_path / "netrc").write_text("machine 127.0.0.1 login floodmark password canary\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        Outgoing(("127.0.0.1",)).send("GET", f"{server.url}/")
        assert proxied() == 0
        assert "authorization" not in server.asked[0].headers


def test_a_host_that_is_named_may_be_inside_and_no_other(connected: list[Any]) -> None:
    trusting = Outgoing(("desk.corp.example", "10.0.0.5", "::1"))
    for url in ("http://10.0.0.5/", "https://10.0.0.5/x", "http://[::1]/"):
        with pytest.raises(WorldError, match="no connection in this test"):
            trusting.send("GET", url)
    for url in ("http://10.0.0.6/", "https://10.0.0.6/", "http://desk.corp.example.evil.example/"):
        with pytest.raises(WorldError, match=r"open internet|not encrypted"):
            trusting.send("GET", url)
    assert connected == [("10.0.0.5", 80), ("10.0.0.5", 443), ("::1", 80)]


@contextlib.contextmanager
def pouring(start: bytes, piece: bytes, pause: float) -> Iterator[str]:
    """A server that says `start`, then `piece` for ever; its URL."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def pour() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(4096)
                connection.sendall(start)
                while not done.wait(pause):
                    connection.sendall(piece)

        thread = threading.Thread(target=pour)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        done.set()
        thread.join()


@pytest.mark.parametrize(
    "start", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"]
)
def test_a_server_that_says_a_little_at_a_time_has_no_more_time_for_it(start: bytes) -> None:
    with pouring(start, b"H" if start else b"HTTP", 0.02) as url:
        before = time.monotonic()
        with pytest.raises(WorldError, match=r"no whole answer in 0\.3 seconds|not HTTP"):
            Outgoing(("127.0.0.1",), timeout=0.3).send("GET", url)
        assert time.monotonic() - before < 1


def test_an_endless_answer_is_cut() -> None:
    with pouring(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n", 0
    ) as url:
        assert Outgoing(("127.0.0.1",), timeout=5).send("GET", url).body == b"x" * LONGEST_ANSWER


@pytest.mark.parametrize(
    "answer",
    [b"220 canary\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nBad\x00: canary\r\n\r\n"],
)
def test_what_is_not_http_is_not_repeated(answer: bytes) -> None:
    with pouring(answer, b"", 0.01) as url, pytest.raises(WorldError, match="not HTTP") as caught:
        Outgoing(("127.0.0.1",), timeout=2).send("GET", url)
    assert not caught.value.permanent
    assert "canary" not in str(caught.value)


def test_no_more_than_the_host_of_a_url_is_told(connected: list[Any]) -> None:
    secret = "https://10.0.0.5/hooks/canary?token=canary"
    assert str(place(secret)) == "https://10.0.0.5:443"
    for url in (secret, f"{secret}#canary", "http://canary:canary@10.0.0.5/", f"{secret} canary"):
        with pytest.raises(WorldError) as caught:
            Outgoing().send("GET", url, {"authorization": "canary"})
        assert "canary" not in str(caught.value)
