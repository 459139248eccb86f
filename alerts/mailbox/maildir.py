"""Mails in a Maildir on this machine."""

import os
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from alerts.mailbox.unread import LARGEST, MOST, Known
from billing.errors import WorldError


class Maildir:
    """`directory` with new/ and cur/ in it. A mail is known by its name, whatever flags a mail program adds."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def unread(self, known: Known, at: datetime) -> Iterator[tuple[str, bytes]]:  # noqa: ARG002  what all mailboxes are asked
        """See Mailbox. Links and folders among the mails are left alone."""
        try:
            found = {
                _place(path.name): path
                for folder in ("cur", "new")
                for path in (self.directory / folder).iterdir()
                if not path.name.startswith(".")
            }
        except OSError as error:
            raise WorldError(f"the mailbox {self.directory} cannot be read: {error.strerror or error}") from error
        for place in sorted(found.keys() - known(found.keys()))[:MOST]:
            content = _content(found[place])
            if content is not None:
                yield place, content


def _place(name: str) -> str:
    """By the name without its flags; bytes that are no text are written as such."""
    return f"maildir:{name.partition(':')[0]}".encode("utf-8", "backslashreplace").decode()[:256]


def _content(path: Path) -> bytes | None:
    """The first bytes of a plain file; None for anything else, and for a mail that was just moved away."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        plain = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return os.read(descriptor, LARGEST) if plain else None
    finally:
        os.close(descriptor)
