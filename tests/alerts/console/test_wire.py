"""The console on the wire: bytes that no client of good faith sends."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from alerts.console.intake import FILES, WORDS
from tests.alerts.console.browser import served
from tests.alerts.console.rooms import Room

FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture
def port(room: Room) -> Iterator[int]:
    with served(room) as base:
        yield urlsplit(base).port or 0


@contextmanager
def line(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as found:
        yield found


def heard(connection: socket.socket) -> bytes:
    """All that comes until the other side hangs up."""
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except (ConnectionResetError, TimeoutError):
        pass
    return b"".join(parts)


def said(port: int, text: str) -> bytes:
    with line(port) as connection:
        connection.sendall(text.encode("latin-1"))
        return heard(connection)


def get(path: str, *headers: str) -> str:
    return "".join(f"{one}\r\n" for one in (f"GET {path} HTTP/1.1", "Host: h", "Connection: close", *headers, ""))


@pytest.mark.parametrize(
    "path",
    ["/alerts/../../etc/passwd", "/static/../app.py", "/customers/%00/../c1", "//evil.example/%2f..", "/login/../runs"],
)
def test_no_step_of_a_path_is_taken_back(port: int, path: str) -> None:
    answer = said(port, get(path))
    assert answer.split()[1] in (b"303", b"404", b"422")
    assert b"\r\nlocation: /login" in answer or b"\r\nlocation:" not in answer
    assert b"root:" not in answer and b"import " not in answer


def test_what_is_smuggled_behind_a_request_is_no_request(port: int) -> None:
    """Two lengths, or a length and chunks, are refused, and nothing that follows is answered."""
    hidden = get("/healthz")
    for lengths in (
        "Content-Length: 4\r\nContent-Length: 5\r\n",
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Content-Length: +4\r\n",
        "Content-Length : 4\r\n",
    ):
        answer = said(port, f"POST /verdict HTTP/1.1\r\nHost: h\r\n{FORM}{lengths}\r\n0\r\n\r\n{hidden}")
        assert answer.count(b"HTTP/1.1 ") == 1 and b'"status"' not in answer, lengths


def test_a_header_that_never_ends_is_refused(port: int) -> None:
    for one in (get("/" + "a" * 200_000), get("/", "X: " + "a" * 200_000)):
        assert said(port, one).startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))


def test_nobody_talks_but_http(port: int) -> None:
    asked = get("/", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
    answer = said(port, asked.replace("Connection: close", "Connection: Upgrade, close"))
    assert b" 101 " not in answer and b"location: /login" in answer
    assert b"Invalid HTTP" in said(port, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")


FILE = '--b\r\nContent-Disposition: form-data; name="token"; filename="x"\r\n\r\n'
KINDS = [(FORM, "", WORDS), ("Content-Type: multipart/form-data; boundary=b\r\n", FILE, FILES)]


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize(("kind", "first", "most"), KINDS, ids=["words", "files"])
def test_who_sends_too_much_hears_so(port: int, kind: str, first: str, most: int, announced: bool) -> None:
    """Though they send all of it before they listen, as browsers do."""
    blocks = [first.encode(), *[b"x" * 50_000] * (most // 50_000 + 10)]
    length = f"Content-Length: {sum(map(len, blocks))}" if announced else "Transfer-Encoding: chunked"
    with line(port) as connection:
        connection.sendall(f"POST /login HTTP/1.1\r\nHost: h\r\n{kind}{length}\r\n\r\n".encode())
        for block in filter(None, blocks):
            connection.sendall(block if announced else f"{len(block):x}\r\n".encode() + block + b"\r\n")
        if not announced:
            connection.sendall(b"0\r\n\r\n")
        answer = b""
        while not answer.endswith(b"</html>"):
            answer += connection.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 413") and b"more than can be taken in" in answer


def test_slow_clients_keep_nobody_waiting(port: int) -> None:
    begun = f"POST /login HTTP/1.1\r\nHost: h\r\n{FORM}Content-Length: 100\r\n\r\ntoken=".encode()
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(60)]
    try:
        for number, one in enumerate(slow):
            one.sendall(begun if number % 2 else b"GET /")
        start = time.monotonic()
        assert said(port, get("/healthz")).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - start < 5
    finally:
        for one in slow:
            one.close()
