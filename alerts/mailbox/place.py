"""A mailbox by its URL."""

import re
import ssl
from pathlib import Path
from urllib.parse import unquote, urlsplit

from alerts.mailbox.unread import Mailbox

_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")
HOW = (
    "a mailbox is written maildir:PATH or imaps://user:password@host/INBOX, "
    "with %XX for special characters in the user, the password and the folder"
)


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
