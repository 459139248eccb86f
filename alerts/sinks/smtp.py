"""Messages to a mail server. Its own words on taking one are the proof of contact."""

import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from email.parser import BytesHeaderParser
from email.policy import SMTP as SMTP_POLICY
from urllib.parse import unquote, urlsplit

from alerts.sinks.parcel import Parcel, Receipt
from billing.addresses import valid_address
from billing.errors import WorldError

_PORTS = {"smtp": 25, "smtps": 465}
_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")


class Smtp:
    """A mail server: one connection a message, TLS from the start (smtps) or where it is offered (smtp).

    It is logged in to where the URL names a user; a password goes unencrypted to this very machine alone.
    """

    def __init__(
        self, url: str, timeout: float = 30, context: ssl.SSLContext | None = None, longest: float = 300
    ) -> None:
        """`url`: smtp://host:port or smtps://user:password@host:port, user and password percent-encoded.

        `timeout`: seconds to wait for each piece of an answer. `longest`: seconds for all that is said, from the
        greeting on, well within the outbox's lease. `context`: whose certificates to trust, by default the system's.
        Raises ValueError, without the URL in it.
        """
        try:
            parts = urlsplit(url)
            self.host, port = parts.hostname or "", parts.port
        except ValueError:
            parts, self.host, port = urlsplit(""), "", None
        if parts.scheme not in _PORTS or not self.host or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError(
                "a mail server is written smtp://host:port or smtps://user:password@host:port, "
                "with %XX for special characters in the user and the password"
            )
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        if not (self._user + self._password).isascii():
            raise ValueError("the user and the password of a mail server are ASCII: its login knows nothing else")
        self.port = port or _PORTS[parts.scheme]
        self._wrapped = parts.scheme == "smtps"
        self._timeout, self._longest = timeout, longest
        self._context = context or ssl.create_default_context()

    def send(self, parcel: Parcel) -> Receipt:
        """Hand the message to all of its readers or to nobody; the proof is its Message-ID and the server's answer.

        Raises WorldError: permanent where the server refused for good (5xx), else not (4xx, no connection, silence).
        A server that falls silent with the message in its hands may have taken it: the next try brings a second copy
        with the same Message-ID.
        """
        headers = BytesHeaderParser(policy=SMTP_POLICY).parsebytes(parcel.message)
        sender = headers["From"].addresses[0]
        if not parcel.to or not all(map(valid_address, parcel.to)):
            raise WorldError(f"not a list of e-mail addresses: {', '.join(parcel.to) or 'empty'}", permanent=True)
        with self._session(sender.domain) as server:
            answer = self._hand_over(server, sender.addr_spec, parcel.to, parcel.message)
        return Receipt("sent", f"{headers['Message-ID']} {answer}")

    def probe(self) -> None:
        """Reach the server and log in; nothing is sent. Raises WorldError."""
        with self._session("localhost.localdomain"):
            pass

    @contextmanager
    def _session(self, our_name: str) -> Iterator[smtplib.SMTP]:
        """A connection that is ready for a message; what goes wrong with it is a WorldError."""
        try:
            with closing(self._connect(our_name)) as server, _cut_off(server, self._longest):
                self._secure(server)
                yield server
                with suppress(OSError):
                    server.quit()
        except smtplib.SMTPResponseException as error:
            raise self._refusal("the connection", error.smtp_code, error.smtp_error) from error
        except OSError as error:
            raise WorldError(f"mail server {self.host}:{self.port}: {error}") from error

    def _connect(self, our_name: str) -> smtplib.SMTP:
        if self._wrapped:
            return smtplib.SMTP_SSL(self.host, self.port, our_name, timeout=self._timeout, context=self._context)
        return smtplib.SMTP(self.host, self.port, our_name, timeout=self._timeout)

    def _secure(self, server: smtplib.SMTP) -> None:
        """Encrypt where the server can, then log in where there is a user.

        A login that fails is not permanent: the mend is in the settings, and the message is still owed.
        """
        server.ehlo_or_helo_if_needed()
        encrypted = self._wrapped or server.has_extn("starttls")
        if encrypted and not self._wrapped:
            server.starttls(context=self._context)
            server.ehlo_or_helo_if_needed()
        if not self._user:
            return
        if not encrypted and not _LOOPBACK.fullmatch(self.host):
            what = "offers no encryption: the password was not sent; use smtps://"
            raise WorldError(f"mail server {self.host}:{self.port} {what}")
        try:
            server.login(self._user, self._password)
        except smtplib.SMTPAuthenticationError as error:
            # Without the server's text, which may repeat what it was sent.
            what = f"refused the user and password: {error.smtp_code}"
            raise WorldError(f"mail server {self.host}:{self.port} {what}") from None
        except smtplib.SMTPNotSupportedError:
            raise WorldError(f"mail server {self.host}:{self.port} offers no login") from None

    def _hand_over(self, server: smtplib.SMTP, sender: str, to: tuple[str, ...], message: bytes) -> str:
        """The server's answer to the whole message. Nobody gets it unless every reader was accepted."""
        code, text = server.mail(sender)
        if code != 250:
            raise self._refusal(f"the sender {sender}", code, text)
        answers = {address: server.rcpt(address) for address in to}
        refused = {address: answer for address, answer in answers.items() if answer[0] not in (250, 251)}
        if refused:
            code, text = max(refused.values())
            raise self._refusal(", ".join(refused), code, text)
        try:
            code, text = server.data(message)
        except smtplib.SMTPDataError as error:
            raise self._refusal("the message", error.smtp_code, error.smtp_error) from error
        except OSError as error:
            what = f"mail server {self.host}:{self.port}: {error}: it fell silent with the message in its hands"
            raise WorldError(what, unsure=True) from error
        if code != 250:
            raise self._refusal("the message", code, text, unsure=not 400 <= code < 600)
        return f"{code} {_line(text)}"

    def _refusal(self, what: str, code: int, text: bytes | str, *, unsure: bool = False) -> WorldError:
        said = f"mail server {self.host}:{self.port} refused {what}: {code} {_line(text)}"
        return WorldError(said.strip(), permanent=500 <= code < 600, unsure=unsure)


@contextmanager
def _cut_off(server: smtplib.SMTP, seconds: float) -> Iterator[None]:
    """The connection breaks after so many seconds, however little by little the other side goes on talking."""

    def cut() -> None:
        with suppress(OSError):
            if server.sock:
                socket.socket.shutdown(server.sock, socket.SHUT_RDWR)  # and not to plain text, as TLS's own would

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _line(text: bytes | str) -> str:
    """What a server said, on one line of a bearable length."""
    return " ".join((text if isinstance(text, str) else text.decode("utf-8", "replace")).split())[:300]
