"""Mails on an IMAP server. The folder is opened read-only: nothing is marked, moved or deleted."""

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from alerts.mailbox.unread import LARGEST, MOST, Known
from billing.errors import WorldError

BACK = timedelta(days=62)  # how old a mail may be: a ticket's month, and the one after
TIMEOUT = 30  # seconds to wait for each answer
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_NUMBER = re.compile(rb"\d{1,10}")


class Imap:
    """A folder of a user's. Encrypted where `context` is given."""

    def __init__(
        self, host: str, port: int, user: str, password: str, folder: str, context: ssl.SSLContext | None
    ) -> None:
        self.host, self.port = host, port
        self._login, self._folder, self._context = (user, password), folder, context

    def unread(self, known: Known, at: datetime) -> Iterator[tuple[str, bytes]]:
        """See Mailbox. A mail is known by its UID and the folder's UIDVALIDITY."""
        since = at - BACK
        with self._opened() as (server, validity):
            lines = _told(server.uid("SEARCH", f"SINCE {since.day}-{_MONTHS[since.month - 1]}-{since.year}"))
            found = [int(uid) for line in lines if isinstance(line, bytes) for uid in _NUMBER.findall(line)]
            uids = {f"imap:{validity}:{uid}": uid for uid in found}
            new = uids.keys() - known(uids.keys())
            for place in sorted(new, key=uids.__getitem__)[:MOST]:
                parts = _told(server.uid("FETCH", str(uids[place]), f"(BODY.PEEK[]<0.{LARGEST}>)"))
                content = next((part[1] for part in parts if isinstance(part, tuple)), None)
                if content is not None:
                    yield place, content[:LARGEST]

    @contextmanager
    def _opened(self) -> Iterator[tuple[imaplib.IMAP4, str]]:
        """The server with the folder open, and the folder's UIDVALIDITY; what goes wrong with it is a WorldError."""
        where = f"the mailbox {self._folder} on {self.host}:{self.port}"
        try:
            server = self._connect()
        except (OSError, imaplib.IMAP4.error) as error:
            raise WorldError(f"{where}: {error}") from error
        try:
            self._log_in(server, where)
            folder = self._folder.replace("\\", "\\\\").replace('"', '\\"')
            _told(server.select(f'"{folder}"', readonly=True))
            validity = next(iter(server.response("UIDVALIDITY")[1] or [])) or b"0"
            yield server, validity.decode("ascii", "replace")
        except (OSError, imaplib.IMAP4.error, ValueError) as error:
            raise WorldError(f"{where}: {str(error)[:300]}") from error
        finally:
            for leave in (server.logout, server.shutdown):  # a connection that broke is not closed by the first
                with suppress(OSError, imaplib.IMAP4.error):
                    leave()

    def _connect(self) -> imaplib.IMAP4:
        if self._context:
            return imaplib.IMAP4_SSL(self.host, self.port, ssl_context=self._context, timeout=TIMEOUT)
        return imaplib.IMAP4(self.host, self.port, timeout=TIMEOUT)

    def _log_in(self, server: imaplib.IMAP4, where: str) -> None:
        """Without the server's text in the error, which may repeat what it was sent."""
        try:
            server.login(*self._login)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error:
            raise WorldError(f"{where} refused the user and password") from None


def _told(answer: tuple[str, list[Any]]) -> list[Any]:
    """What the server answered. Raises imaplib's error for a refusal."""
    status, parts = answer
    if status != "OK":
        raise imaplib.IMAP4.error(f"the server said {status}: {parts}")
    return parts
