"""Where a process is killed: armed with a point, it sends itself SIGKILL there."""

import os
import signal
import socket
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
BEFORE_SEND, IN_MESSAGE, BEFORE_ANSWER, AFTER_ANSWER = (
    "before the send",
    "in the message (DATA)",
    "after the message, before its answer",
    "after the answer (250)",
)
OUTBOX = (
    "before the claim is committed",
    "after the claim is committed",
    BEFORE_SEND,
    IN_MESSAGE,
    BEFORE_ANSWER,
    AFTER_ANSWER,
    "before the proof is committed",
    "after the proof is committed",
)
CYCLE = tuple(point for point in COMMITS if point not in OUTBOX)
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
    elif point in (IN_MESSAGE, BEFORE_ANSWER):
        _die_in_message(half=point == IN_MESSAGE)


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


def _die_in_message(half: bool) -> None:
    send_all = socket.socket.sendall

    def sendall(self: socket.socket, data: bytes, *flags: int) -> None:
        if b"Message-ID" not in data:
            return send_all(self, data, *flags)
        send_all(self, data[: len(data) // 2] if half else data, *flags)
        return die()

    socket.socket.sendall = sendall  # type: ignore[method-assign]
