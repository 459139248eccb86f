"""What a sink gives back when a message has left the house."""

from typing import Literal, NamedTuple


class Receipt(NamedTuple):
    """`written`: kept as a file, nobody was contacted. `sent`: the receiver took it; `proof` is its own answer."""

    state: Literal["written", "sent"]
    proof: str
