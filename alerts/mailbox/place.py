"""A mailbox by its URL, and what it gives: mails that were not read yet. Nothing in it is changed."""

import re
import ssl
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

LARGEST = 262_144  # bytes that are read of a mail: headers, a delivery report, what a person wrote first
MOST = 500  # mails a cycle; the others are read by the next ones
_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")
HOW = (
    "a mailbox is written maildir:PATH or imaps://user:password@host/INBOX, "
    "with %XX for special characters in the user, the password and the folder"
)


class Mailbox(Protocol):
    """Mails by their places; a place names the same mail for ever."""

    def unread(self, known: "Known", at: datetime) -> Iterator[tuple[str, bytes]]:
        """At most MOST mails that are not known, oldest first, cut at LARGEST. Raises WorldError."""
        ...


class Known(Protocol):
    """Which of these places were read before."""

    def __call__(self, places: Collection[str]) -> set[str]: ...


def mailbox(url: str, workspace: Path, context: ssl.SSLContext | None = None) -> Mailbox:
    """The mailbox of the URL. Raises ValueError, without the URL in it.

    A password goes over the net encrypted; imap:// reaches this very machine alone. `context`: whose certificates to
    trust, by default the system's.
    """
    scheme, _, path = url.partition(":")
    if scheme == "maildir" and path:
        from alerts.mailbox.maildir import Maildir

        return Maildir(workspace / path.removeprefix("//"))
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(HOW) from None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if parts.scheme not in ("imap", "imaps") or not host or not user or parts.query or parts.fragment:
        raise ValueError(HOW)
    if parts.scheme == "imap" and not _LOOPBACK.fullmatch(host):
        raise ValueError("imap:// sends the password unencrypted and is for this very machine alone: use imaps://")
    folder = unquote(parts.path.strip("/")) or "INBOX"
    if not (user + password + folder).isascii() or not (user + password + folder).isprintable():
        raise ValueError("the user, the password and the folder of a mailbox are printable ASCII")
    from alerts.mailbox.imap import Imap

    secure = (context or ssl.create_default_context()) if parts.scheme == "imaps" else None
    return Imap(host, port or (993 if secure else 143), user, password, folder, secure)
