"""A real HTTP server on loopback that can be told to refuse, to stall, to hang up and to lose its answer."""

import ssl
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit


class Asked(NamedTuple):
    """A request as it came; names of headers in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class Reply(NamedTuple):
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}


@dataclass
class HttpServer:
    """Inside `with` it answers what `act` says, on a port of its own.

    `instead`: answers in the place of `act` where it says something. `loses`: acts, and hangs up without an answer on
    as many requests. `stalls`: seconds of silence before every answer.
    """

    act: Callable[[Asked], Reply]
    instead: Callable[[Asked], Reply | None] = lambda _: None
    loses: Callable[[Asked], bool] = lambda _: False
    stalls: float = 0
    tls: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    asked: list[Asked] = field(default_factory=list)

    def __enter__(self) -> Self:
        outer = self
        turn = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                parts = urlsplit(self.path)
                length = int(self.headers.get("content-length", 0))
                self.close_connection = True
                if len(body := self.rfile.read(length)) < length:
                    return  # who asked is dead
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body)
                with turn:
                    outer.asked.append(asked)
                    reply = outer.instead(asked) or outer.act(asked)
                time.sleep(outer.stalls)
                if outer.loses(asked):
                    return
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

            do_GET = do_POST = do_PUT = _answer  # noqa: N815  the standard library's names

            def log_message(self, *_: Any) -> None:
                pass

        self._server = _Server((self.host, 0), Handler)
        if self.tls:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        assert self._server.faults == [], "the server itself is at fault"

    @property
    def busy(self) -> bool:
        """Whether it has a connection in hand."""
        return self._server.busy > 0

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"


class _Server(ThreadingHTTPServer):
    """Each connection in a thread of its own, and counted."""

    daemon_threads = True

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.busy, self._counting = 0, threading.Lock()
        self.faults: list[BaseException | None] = []

    def process_request(self, request: Any, client_address: Any) -> None:
        self._count(1)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self._count(-1)

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        if not isinstance(error, OSError):  # a client that went away
            self.faults.append(error)

    def _count(self, change: int) -> None:
        with self._counting:
            self.busy += change
