"""A vendor's desk on loopback: one that knows an Idempotency-Key, or one that can be searched."""

import http.client
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from alerts.sinks.parcel import Parcel, Receipt
from billing.errors import WorldError


@dataclass
class HttpDesk:
    """`tickets`: external_id -> how many there are; `requests`: how many asked for one."""

    tickets: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    busy: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def create(self, name: str, idempotent: bool) -> None:
        with self._lock:
            self.requests[name] += 1
            if not (idempotent and self.tickets[name]):
                self.tickets[name] += 1

    def __enter__(self) -> Self:
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                desk.busy += 1
                length = int(self.headers["Content-Length"])
                if len(self.rfile.read(length)) == length:
                    desk.create(self.headers["X-External-Id"], "Idempotency-Key" in self.headers)
                    self.answer(201, {"id": self.headers["X-External-Id"]})
                desk.busy -= 1

            def do_GET(self) -> None:
                (name,) = parse_qs(urlsplit(self.path).query)["external_id"]
                self.answer(200, {"tickets": [{"id": name}] * desk.tickets[name]})

            def answer(self, code: int, document: Any) -> None:
                body = json.dumps(document).encode()
                try:
                    self.send_response(code)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass  # who asked is dead

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.port = self._server.server_address[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def settle(self) -> None:
        """Wait until it has dealt with what a dead sender left behind, as an hour between cycles does."""
        time.sleep(0.05)
        while self.busy:
            time.sleep(0.01)


@dataclass(frozen=True)
class HttpSink:
    """Creates a ticket with an Idempotency-Key, or, of a message that was tried before, looks for it first."""

    port: int
    has_key: bool

    def send(self, parcel: Parcel) -> Receipt:
        headers = {"X-External-Id": parcel.key, **({"Idempotency-Key": parcel.key} if self.has_key else {})}
        if not self.has_key and parcel.tried is not None:
            found = self._ask("GET", f"/tickets?external_id={parcel.key}")["tickets"]
            if found:
                return Receipt("sent", "found", found[0]["id"])
        created = self._ask("POST", "/tickets", parcel.message, headers)
        return Receipt("sent", "created", created["id"])

    def _ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            return json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException) as error:
            raise WorldError(str(error)) from error
        finally:
            connection.close()
