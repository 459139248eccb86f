"""What a mailbox gives: mails that were not read yet. Nothing in it is changed."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Protocol

LARGEST = 262_144  # bytes that are read of a mail: headers, a delivery report, what a person wrote first
MOST = 500  # mails a cycle; the others are read by the next ones


class Known(Protocol):
    """Which of these places were read before."""

    def __call__(self, places: Collection[str]) -> set[str]: ...


class Mailbox(Protocol):
    """Mails by their places; a place names the same mail for ever."""

    def unread(self, known: Known, at: datetime) -> Iterator[tuple[str, bytes]]:
        """At most MOST mails that are not known, oldest first, cut at LARGEST. Raises WorldError."""
        ...
