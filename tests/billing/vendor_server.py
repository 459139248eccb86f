"""A vendor on loopback: hourly usage and bills over real HTTP, with faults by script.

    with Vendor([record("acme", "infra_hosts", hour, host_count=14)]) as vendor:
        vendor.script += ["429", "503", "cut"]      # what the next requests meet; then all is well
        Datadog(vendor.url, vendor.api_key, vendor.app_key).fetch(...)

Shapes are those of the vendor's recorded bodies: 200 with `data` and at times `meta`, errors as {"errors": [text]}.
"""

import contextlib
import gzip
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

PATH = "/api/v2/usage/hourly_usage"
SUMMARY = "/api/v1/usage/billable-summary"
HISTORICAL, ESTIMATED = "/api/v2/usage/historical_cost", "/api/v2/usage/estimated_cost"
CONNECTED, DESCENDANTS = "filter[include_connected_accounts]", "filter[include_descendants]"


def record(
    org_id: str, family: str, hour: datetime, *, account: str | None = None, **values: int | None
) -> dict[str, Any]:
    """What the vendor says of one org, product family and hour; `account` names a connected (partner's) account."""
    return {
        "type": "usage_timeseries",
        "id": f"{org_id}/{family}/{hour:%Y-%m-%dT%H}",
        "attributes": {
            "org_name": org_id.title(),
            "public_id": org_id,
            "account_public_id": account,
            "region": "us",
            "timestamp": hour.isoformat(),
            "product_family": family,
            "measurements": [{"usage_type": name, "value": value} for name, value in values.items()],
        },
    }


@dataclass(frozen=True)
class Request:
    at: float
    url: str
    params: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Reply:
    """`sent`: how many bytes of the body leave before the line goes dead; None for all, and the line stays."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    sent: int | None = None

    @property
    def octets(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Vendor:
    """The server and what it knows. `requests` are those it got; `script` names what the next ones meet.

    Faults: "429" (X-RateLimit-Reset: 1), "500", "503", "cut" (half a body, then the line goes dead), "dead" (no answer
    at all), "truncated" (half a JSON text), "html", "slow" (answers after `delay` seconds), "round" (the page names
    itself as the next one), "redirect" (to `elsewhere`), "echo" (400 that quotes the keys); "ok" is none.
    """

    def __init__(self, records: Sequence[dict[str, Any]] = (), *, null_at_end: bool = False) -> None:
        self.records = list(records)
        self.null_at_end = null_at_end
        self.api_key, self.app_key = "api-key-0123456789", "app-key-9876543210"
        self.bills: dict[str, Any] = {}  # path -> the body of its answer
        self.script: deque[str] = deque()
        self.requests: list[Request] = []
        self.delay = 1.0
        self.elsewhere = ""
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.vendor = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: Request) -> Reply:
        """What the next request gets, the fault whose turn it is included."""
        self.requests.append(request)
        fault = self.script.popleft() if self.script else "ok"
        return FAULTS[fault](self, request, self._well(request))

    def _well(self, request: Request) -> Reply:
        keys = request.headers.get("dd-api-key"), request.headers.get("dd-application-key")
        if keys != (self.api_key, self.app_key):
            return Reply(403, {"errors": ["Forbidden"]})
        path = urlsplit(request.url).path
        if path in self.bills:
            return Reply(200, self.bills[path])
        if path != PATH:
            return Reply(404, {"errors": ["Not found"]})
        wrong = _wrong(request.params)
        return Reply(400, {"errors": [wrong]}) if wrong else Reply(200, self._usage(request.params))

    def _usage(self, params: dict[str, str]) -> dict[str, Any]:
        start, end = _span(params)
        families = params["filter[product_families]"].split(",")
        found = [
            one
            for one in self.records
            if start <= datetime.fromisoformat(one["attributes"]["timestamp"]) < end
            and ("all" in families or one["attributes"]["product_family"] in families)
            and (params.get(CONNECTED) == "true" or one["attributes"]["account_public_id"] is None)
        ]
        begin, limit = int(params.get("page[next_record_id]", "0"), 16), int(params.get("page[limit]", "500"))
        page: dict[str, Any] = {"data": found[begin : begin + limit]}
        if begin + limit < len(found):
            page["meta"] = {"pagination": {"next_record_id": f"{begin + limit:08x}"}}
        elif self.null_at_end:
            page["meta"] = {"pagination": {"next_record_id": None}}
        return page

    def _slow(self, _: Request, reply: Reply) -> Reply:
        time.sleep(self.delay)
        return reply


def _span(params: dict[str, str]) -> tuple[datetime, datetime]:
    start = datetime.fromisoformat(params["filter[timestamp][start]"])
    end = params.get("filter[timestamp][end]")
    return start, datetime.fromisoformat(end) if end else start + timedelta(days=1)


def _wrong(params: dict[str, str]) -> str | None:
    for needed in ("filter[timestamp][start]", "filter[product_families]"):
        if needed not in params:
            return f"The parameter '{needed}' is required"
    start, end = _span(params)
    if end <= start:
        return "start_hr [YYYY-MM-DDThh] must be before end_hr [YYYY-MM-DDThh]"
    if "true" in (params.get(CONNECTED), params.get(DESCENDANTS)) and end - start > timedelta(hours=24):
        return "Only up to 24 hours of data can be asked for multiple organizations"
    if not 1 <= int(params.get("page[limit]", "500")) <= 500:
        return "page[limit] must be between 1 and 500"
    return None


_RATE = {"X-RateLimit-Limit": "10", "X-RateLimit-Period": "30", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}
_ROUND = {"meta": {"pagination": {"next_record_id": "00000000"}}}

FAULTS: dict[str, Callable[[Vendor, Request, Reply], Reply]] = {
    "ok": lambda _, __, reply: reply,
    "slow": Vendor._slow,
    "429": lambda *_: Reply(429, {"errors": ["Rate limit of 10 requests in 30 seconds reached"]}, _RATE),
    "500": lambda *_: Reply(500, {"errors": ["Internal error"]}),
    "503": lambda *_: Reply(503, {"errors": ["Service unavailable"]}),
    "cut": lambda _, __, reply: replace(reply, sent=len(reply.octets) // 2),
    "dead": lambda *_: Reply(0, b"", sent=0),
    "truncated": lambda _, __, reply: replace(reply, body=reply.octets[: len(reply.octets) // 2]),
    "html": lambda *_: Reply(200, b"<html>a proxy in between</html>", {"Content-Type": "text/html"}),
    "round": lambda _, __, reply: replace(reply, body=reply.body | _ROUND),
    "redirect": lambda vendor, request, _: Reply(302, b"", {"Location": vendor.elsewhere + request.url}),
    "echo": lambda vendor, *_: Reply(
        400, {"errors": [{"status": "400", "detail": f"{vendor.api_key} and {vendor.app_key} will not do"}]}
    ),
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    vendor: Vendor


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(time.monotonic(), self.path, dict(parse_qsl(urlsplit(self.path).query)), headers)
        reply = self.server.vendor.answer(request)
        self.close_connection = reply.sent is not None
        if reply.status:
            self._send(reply, zipped="gzip" in headers.get("accept-encoding", "") and reply.sent is None)

    def _send(self, reply: Reply, zipped: bool) -> None:
        body = gzip.compress(reply.octets) if zipped else reply.octets
        encoding = {"Content-Encoding": "gzip"} if zipped else {}
        self.send_response(reply.status)
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **encoding, **reply.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # a client that did not wait
            self.wfile.write(body[: reply.sent])
            self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing."""
