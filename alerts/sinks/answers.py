"""What an HTTP status means for a message: taken, owed still, or refused for good. One table for every sink."""

import re
from collections.abc import Collection
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime

from alerts.sinks.outgoing import Answer
from billing.errors import WorldError

LONGEST_WAIT = timedelta(days=1)  # whatever the other side asks for
_AGAIN = {408, 409, 425, 429}
_IN_THE_SETTINGS = {401: "the login", 403: "the rights", 407: "the proxy"}


class RefusedError(WorldError):
    """An answer that is not 2xx."""

    def __init__(self, what: str, status: int, *, permanent: bool = False, wait: timedelta | None = None) -> None:
        super().__init__(what, permanent=permanent, wait=wait)
        self.status = status


def accepted(where: str, answer: Answer, secrets: Collection[str] | None = None) -> Answer:
    """The answer, if it is 2xx. Else raises RefusedError with its first words, `secrets` left out; None: no words.

    Permanent: every other 4xx, 410 included. Not permanent: 5xx, 408, 409, 425 and 429; 401, 403, 407 and redirects,
    whose mend is in the settings, so that what is owed goes out by itself once they are mended; and what is no status.
    """
    status = answer.status
    if 200 <= status < 300:
        return answer
    if status in _IN_THE_SETTINGS:  # without its text, which may repeat what it was sent
        raise RefusedError(f"{where}: {status}: refused; {_IN_THE_SETTINGS[status]} must be mended", status)
    if 300 <= status < 400:
        raise RefusedError(f"{where}: {status}: it is elsewhere now; redirects are not followed, mend the URL", status)
    permanent = 400 <= status < 500 and status not in _AGAIN
    text = "" if secrets is None else words(answer.body.decode("utf-8", "replace"), secrets)
    said = f"{where}: {status} {text}".strip()
    raise RefusedError(said, status, permanent=permanent, wait=None if permanent else retry_after(answer))


def retry_after(answer: Answer) -> timedelta | None:
    """How long the other side asks not to be asked: its seconds, or its date by its own clock; a day at the most."""
    said = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+", said):
        return min(timedelta(seconds=int(said[:9])), LONGEST_WAIT)
    try:
        until, now = (parsedate_to_datetime(text) for text in (said, answer.headers.get("date", "")))
        wait = until.replace(tzinfo=until.tzinfo or UTC) - now.replace(tzinfo=now.tzinfo or UTC)
    except (ValueError, OverflowError):
        return None
    return min(max(wait, timedelta()), LONGEST_WAIT)


def words(text: str, secrets: Collection[str]) -> str:
    """What the other side said, on one line of a bearable length, without the secrets."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:200]
