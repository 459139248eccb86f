"""What a sink is handed, and what it gives back."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, NamedTuple


@dataclass(frozen=True)
class Parcel:
    """One message for one receiver.

    key: the receiver's way to tell a repeat from a new one. message: RFC 5322. thread: what the receiver calls the
    ticket that this belongs to, as an earlier receipt gave it; empty for the first. tried: how long ago the last
    attempt began, if there was one: it may have arrived.
    """

    key: str
    to: tuple[str, ...]
    message: bytes
    thread: str = ""
    tried: timedelta | None = None


class Receipt(NamedTuple):
    """`written`: kept as a file, nobody was contacted. `sent`: the receiver took it; `proof` is its own answer, and
    `external_id` what it calls the ticket."""

    state: Literal["written", "sent"]
    proof: str
    external_id: str = ""
