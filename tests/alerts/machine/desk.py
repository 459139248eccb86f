"""A desk that does with each message what it is told to, and a mailbox with what the desk writes back."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from alerts.mailbox.unread import Known
from alerts.sinks.parcel import Parcel, Receipt
from billing.errors import WorldError

ACTS = (
    "takes",
    "refuses",  # for good
    "later",  # refuses for now
    "busy",  # refuses for now, and says how long
    "silent",  # takes it, and says nothing
    "dies before",  # the sender does, before the desk has it
    "dies after",
    "watched",  # a second worker drains meanwhile
    "overtaken",  # a second worker drains when the lease is over; the first one's message arrives too
    "overtaken, fails",
)
START = datetime(2026, 11, 1, tzinfo=UTC)
WAIT = timedelta(hours=3)


class Killed(BaseException):
    """The process that sent is no more."""


class Came(NamedTuple):
    """A message that the desk took."""

    key: str
    message: bytes
    at: datetime


class Desk:
    """`plan`: the next acts, then it takes everything. `by_key`: a key that it knows has no second effect.

    `second`: another worker's drain, at this moment (False) or when the lease is over (True).
    """

    def __init__(self, by_key: bool) -> None:
        self.by_key = by_key
        self.plan: list[str] = []
        self.second: Callable[[bool], None] = lambda _: None
        self.at = START
        self.came: list[Came] = []
        self.tries: Counter[tuple[str, int]] = Counter()  # by key and drain
        self.drain = 0
        self.held: dict[str, int] = defaultdict(int)  # by how many senders whose lease has not run out
        self.most_held = 0
        self.refused: set[str] = set()

    def send(self, parcel: Parcel) -> Receipt:
        act = self.plan.pop(0) if self.plan else "takes"
        self.tries[parcel.key, self.drain] += 1
        if self.tries[parcel.key, self.drain] > 1:
            raise Killed
        self.held[parcel.key] += 1
        self.most_held = max(self.most_held, self.held[parcel.key])
        try:
            return self._do(act, parcel)
        finally:
            self.held[parcel.key] = max(0, self.held[parcel.key] - 1)

    def _do(self, act: str, parcel: Parcel) -> Receipt:
        if act in ("watched", "overtaken", "overtaken, fails"):
            over = act != "watched"
            if over:
                self.held.clear()
            self.second(over)
        if act == "refuses":
            self.refused.add(parcel.key)
            raise WorldError("550 no such desk", permanent=True)
        if act in ("later", "overtaken, fails"):
            raise WorldError("451 come back later")
        if act == "busy":
            raise WorldError("429 too many", wait=WAIT)
        if act == "dies before":
            raise Killed
        if not (self.by_key and parcel.key in self.keys):
            self.came.append(Came(parcel.key, parcel.message, self.at))
        if act == "dies after":
            raise Killed
        if act == "silent":
            raise WorldError("silence", unsure=True)
        return Receipt("sent", f"250 {parcel.key}", f"#{parcel.key}" if self.by_key else "")

    @property
    def keys(self) -> list[str]:
        return [one.key for one in self.came]


class Mailbox:
    """What was written back, by place."""

    def __init__(self) -> None:
        self.mails: dict[str, bytes] = {}

    def get(self, mail: bytes) -> None:
        self.mails[f"mail-{len(self.mails)}"] = mail

    def unread(self, known: Known, at: datetime) -> Iterator[tuple[str, bytes]]:
        seen = known(self.mails)
        yield from ((place, mail) for place, mail in self.mails.items() if place not in seen)
