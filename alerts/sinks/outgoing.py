"""HTTP to a URL that a person typed: over TLS, to the open internet alone, to the very address that was checked."""

import ipaddress
import logging
import re
import socket
import ssl
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import httpcore

from billing.errors import WorldError

LONGEST_ANSWER = 1 << 20  # bytes; what comes after them is not read
_PIECE = 1 << 14  # bytes that are written under one look at the clock
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?P<port>:[0-9]{1,5})?"
    r"(?P<target>/[!-\"$-\[\]-~]*)?"
)
_NOT_FOR_US = [
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # relays of 6to4
        "2001::/23",  # Teredo and other assignments
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
]
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")

for _name in ("httpx", "httpcore"):  # they write URLs and headers, and what secrets are in them
    logging.getLogger(_name).setLevel(logging.WARNING)


class Answer(NamedTuple):
    """What came back. `headers`: their names in lower case. `body`: at most LONGEST_ANSWER of it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Place(NamedTuple):
    """A URL in its parts. `str` is all that is ever told of it: the rest of a URL may be a secret."""

    scheme: str
    host: str
    port: int
    target: str

    def __str__(self) -> str:
        return f"{self.scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def place(url: str, allow: Collection[str] = ()) -> Place:
    """The URL, if it can only be read in one way. Raises ValueError, without the URL in it.

    https alone, but for the hosts in `allow`. No user, no fragment; a name of other scripts is written in Punycode.
    """
    match = _URL.fullmatch(url)
    port = int(match["port"][1:]) if match and match["port"] else 0
    if not match or port > 65535:
        raise ValueError("a URL is written https://host/path or https://host:port/path, in ASCII, without a user")
    host = match["host"].strip("[]").lower()
    if match["scheme"] == "http" and host not in allow:
        raise ValueError("the URL is not encrypted: write https://, or name its host in [outgoing] allow")
    return Place(match["scheme"], host, port or {"https": 443, "http": 80}[match["scheme"]], match["target"] or "/")


def is_open(address: str) -> bool:
    """Whether the address is one of the open internet: nobody's own network, nothing that wraps another address."""
    ip = ipaddress.ip_address(address)
    if not ip.is_global or ip.is_multicast or (ip.version == 6 and ip not in _GLOBAL_UNICAST):
        return False
    return not any(ip in network for network in _NOT_FOR_US)


@dataclass(frozen=True)
class Outgoing:
    """How we speak to the outside: no redirects, no proxies or logins from the environment, no cookies.

    `allow`: hosts, as the URL writes them in lower case, that may be in-house and may be spoken to without TLS.
    `timeout`: seconds for all of it, the answer's last byte included (the resolver keeps a time of its own); the most
    that a letter takes, desks of many pages included, is 47 requests, which must fit into the outbox's lease.
    `context`: whose certificates to trust, by default the system's.
    """

    allow: tuple[str, ...] = ()
    timeout: float = 15
    context: ssl.SSLContext | None = None

    def send(self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
        """Ask once; whatever the status is, it is returned. Raises WorldError, which names the host alone."""
        sent = {"user-agent": "floodmark", "accept-encoding": "identity"} | dict(headers or {})
        with self._way(url) as (to, network):
            target = httpcore.URL(scheme=to.scheme, host=to.host, port=to.port, target=to.target)
            with (
                httpcore.ConnectionPool(self._trust(to), max_connections=1, network_backend=network) as pool,
                pool.stream(method, target, headers=list(sent.items()), content=body) as response,
            ):
                told = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
                return Answer(response.status, told, _beginning(response.iter_stream()))

    def reach(self, url: str) -> None:
        """Connect as `send` would, and ask nothing. Raises WorldError."""
        with self._way(url) as (to, network):
            stream = network.connect_tcp(to.host, to.port)
            try:
                if trusted := self._trust(to):
                    stream = stream.start_tls(trusted, to.host)
            finally:
                stream.close()

    @contextmanager
    def _way(self, url: str) -> Iterator[tuple[Place, httpcore.NetworkBackend]]:
        """Where the URL leads, and how to get there; what goes wrong on the way is a WorldError."""
        try:
            to = place(url, self.allow)
        except ValueError as error:
            raise WorldError(str(error)) from None
        ends = time.monotonic() + self.timeout
        try:
            yield to, _Checked(to.host in self.allow, lambda: ends - time.monotonic())
        except httpcore.TimeoutException:
            raise WorldError(f"{to}: no whole answer in {self.timeout:g} seconds") from None
        except httpcore.ProtocolError:  # its text may repeat what was sent
            raise WorldError(f"{to}: hung up, or the answer is not HTTP") from None
        except httpcore.NetworkError as error:
            raise WorldError(f"{to}: {error}") from None

    def _trust(self, to: Place) -> ssl.SSLContext | None:
        return (self.context or _system_trust()) if to.scheme == "https" else None


@cache
def _system_trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _beginning(chunks: Iterable[bytes]) -> bytes:
    read = bytearray()
    for chunk in chunks:
        read += chunk
        if len(read) >= LONGEST_ANSWER:
            break
    return bytes(read[:LONGEST_ANSWER])


class _Checked(httpcore.NetworkBackend):
    """Connections to addresses that were looked up once and found open. `inside`: they need not be."""

    def __init__(self, inside: bool, left: Callable[[], float]) -> None:
        self._inside, self._left = inside, left
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002  the time left counts
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError("the name leads nowhere")
        for address in self._addresses(host, port):
            try:
                left = _positive(self._left(), httpcore.ConnectTimeout)
                stream = self._network.connect_tcp(address, port, left, local_address, socket_options)
                return _Timed(stream, self._left)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    def _addresses(self, host: str, port: int) -> Iterator[str]:
        """All that the name leads to, or none: a name that leads inside as well is not to be trusted."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise httpcore.ConnectError("the name cannot be looked up") from None
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not self._inside and not all(map(is_open, addresses)):
            what = "leads to an address that is not of the open internet: name the host in [outgoing] allow if it may"
            raise httpcore.ConnectError(what)
        return iter(addresses)


class _Timed(httpcore.NetworkStream):
    """A connection every act of which ends when the time for all of them is over."""

    def __init__(self, stream: httpcore.NetworkStream, left: Callable[[], float]) -> None:
        self._stream, self._left = stream, left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002  the time left counts
        return self._stream.read(max_bytes, _positive(self._left(), httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        for start in range(0, len(buffer), _PIECE):
            self._stream.write(buffer[start : start + _PIECE], _positive(self._left(), httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        left = _positive(self._left(), httpcore.ConnectTimeout)
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, left), self._left)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _positive(seconds: float, over: type[httpcore.TimeoutException]) -> float:
    if seconds <= 0:
        raise over
    return seconds
