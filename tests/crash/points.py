"""Where a process is killed: armed with a point, it sends itself SIGKILL there."""

import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.pool import Pool

from alerts.outbox import Sink
from alerts.sinks.parcel import Parcel, Receipt

CLAIM, PROOF = ("UPDATE deliveries", 1), ("UPDATE deliveries", 2)
COMMITS = {  # point -> (how the transaction's statement begins, which of them, whether it is committed by then)
    "before the claim is committed": (*CLAIM, False),
    "after the claim is committed": (*CLAIM, True),
    "before the proof is committed": (*PROOF, False),
    "after the proof is committed": (*PROOF, True),
    "before alerts are committed": ("INSERT INTO alerts", 1, False),
    "after alerts are committed": ("INSERT INTO alerts", 1, True),
    "before tickets are committed": ("UPDATE tickets", 1, False),
    "after tickets are committed": ("UPDATE tickets", 1, True),
}
BEFORE_SEND, IN_MESSAGE, BEFORE_ANSWER, BEFORE_FILES, AFTER_ANSWER = (
    "before the send",
    "in the message",
    "after the message, before its answer",
    "after the files of its ticket, before their answer",
    "after the answer",
)
OUTBOX = (
    "before the claim is committed",
    "after the claim is committed",
    BEFORE_SEND,
    IN_MESSAGE,
    BEFORE_ANSWER,
    BEFORE_FILES,
    AFTER_ANSWER,
    "before the proof is committed",
    "after the proof is committed",
)
CYCLE = tuple(point for point in COMMITS if point not in OUTBOX)
SENDS = {  # point -> (what is in the bytes that are sent, the part of them that still is)
    IN_MESSAGE: (b"Dear desk,", 1 / 2),
    BEFORE_ANSWER: (b"Dear desk,", 1),
    BEFORE_FILES: (b"Files of ", 1),
}
SEND_ALL = socket.socket.sendall
WINDOW = (BEFORE_ANSWER, AFTER_ANSWER, "before the proof is committed")
"""Where the receiver has the message and we have no proof of it: the one window in which it may come twice."""


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Armed:
    """A sink whose process dies before or after it has sent."""

    sink: Sink
    point: str

    def send(self, parcel: Parcel) -> Receipt:
        if self.point == BEFORE_SEND:
            die()
        receipt = self.sink.send(parcel)
        if self.point == AFTER_ANSWER:
            die()
        return receipt


def arm(point: str) -> None:
    """This process dies at the point, if it comes there."""
    if point in COMMITS:
        _die_at_commit(*COMMITS[point])
    elif point in SENDS:
        _die_sending(*SENDS[point])


def _die_at_commit(statement: str, which: int, committed: bool) -> None:
    seen, commits = False, 0

    def executes(connection: Any, cursor: Any, text: str, *_: Any) -> None:
        nonlocal seen
        seen = seen or text.startswith(statement)

    def commit(connection: Any) -> None:
        nonlocal seen, commits
        commits += seen
        if seen and commits == which and not committed:
            die()
        seen = False

    def gives_back(*_: Any) -> None:
        if commits == which:
            die()

    event.listen(Engine, "before_cursor_execute", executes)
    event.listen(Engine, "commit", commit)
    if committed:
        event.listen(Pool, "checkin", gives_back)


def _die_sending(mark: bytes, part: float) -> None:
    for name in ("send", "sendall"):
        setattr(socket.socket, name, _deadly(getattr(socket.socket, name), mark, part))


def _deadly(send: Callable[..., Any], mark: bytes, part: float) -> Callable[..., Any]:
    def sends(self: socket.socket, data: bytes, *flags: int) -> Any:
        if mark not in data:
            return send(self, data, *flags)
        SEND_ALL(self, data[: int(len(data) * part)])
        return die()

    return sends
