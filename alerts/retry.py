"""When a message that could not be delivered is tried again: full jitter, bounded by the next safe step. Pure."""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

FIRST = timedelta(minutes=1)
MOST = timedelta(hours=1)
LEAST = timedelta(seconds=1)  # a message is tried once in a drain


def next_try(
    key: str, attempts: int, at: datetime, steps: Iterable[datetime | None], wait: timedelta | None = None
) -> datetime:
    """The time of the next attempt after `attempts` failed ones, the last of them at `at`.

    Anywhere up to FIRST, doubled with each attempt up to MOST and never more than half the way to the next of `steps`,
    so that tries grow dense as it comes near. `wait`: what the receiver asked for at least. The jitter comes from key
    and attempt: messages that failed together come apart, and a past played again has the same attempts.
    """
    longest = min(MOST, FIRST * (1 << min(attempts - 1, 10)))
    longest = min([longest, *((step - at) / 2 for step in steps if step and step > at)])
    jitter = int.from_bytes(hashlib.sha256(f"{key} {attempts}".encode()).digest()[:8]) / 2**64
    return at + max(LEAST, longest * jitter, wait or LEAST)
