"""A desk that is spoken to by JSON over HTTP, as one of its users."""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alerts.sinks.answers import accepted, words
from alerts.sinks.outgoing import Outgoing, place
from billing.errors import WorldError

PAGES = 10  # of what a desk lists that are looked through: a letter's requests must fit into the outbox's lease


class Api:
    """The API under a URL. What it says is told with the login's secrets left out."""

    def __init__(self, url: str, user: str, token: str, outgoing: Outgoing) -> None:
        """Raises ValueError, without the URL in it."""
        self.place = str(place(url, outgoing.allow))
        self._url, self._outgoing = url.rstrip("/"), outgoing
        login = base64.b64encode(f"{user}:{token}".encode()).decode()
        self._headers = {"authorization": f"Basic {login}", "accept": "application/json"}
        self._secrets = (token, login)

    def ask(self, method: str, path: str, document: Any = None, **headers: str) -> Any:
        """Send a JSON document, or nothing, and read the one that comes back; headers are written with_underscores.

        Raises WorldError.
        """
        if document is None:
            return self.hand(method, path, b"", **headers)
        body = json.dumps(document, sort_keys=True).encode()
        return self.hand(method, path, body, content_type="application/json", **headers)

    def hand(self, method: str, path: str, body: bytes, **headers: str) -> Any:
        """The same with bytes."""
        sent = self._headers | {name.replace("_", "-"): value for name, value in headers.items()}
        answer = accepted(self.place, self._outgoing.send(method, self._url + path, sent, body), self._secrets)
        try:
            return json.loads(answer.body) if answer.body.strip() else {}
        except (ValueError, RecursionError):
            raise WorldError(f"{self.place}: {answer.status}, and what it says is not JSON") from None

    def told(self, value: Any) -> str:
        """A word of the desk's, fit to be shown."""
        return words(str(value), self._secrets)

    def unreadable(self, what: str) -> WorldError:
        """For an answer that lacks what it must hold; the act it answers may have been done."""
        return WorldError(f"{self.place}: the answer names no {what}")


def bears(text: Any, mark: str) -> bool:
    """Whether a comment holds the mark, not as the beginning of a longer one; a desk may have escaped what it keeps."""
    return re.search(re.escape(mark) + r"(?![\w-])", str(text).replace("\\", "")) is not None


@contextmanager
def telling(what: str) -> Iterator[None]:
    """What was done already stands before what goes wrong now."""
    try:
        yield
    except WorldError as error:
        raise WorldError(f"{what}: {error}", permanent=error.permanent, wait=error.wait) from None


def pick(document: Any, *path: str) -> Any:
    """What stands there in a JSON document; None where nothing does."""
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document


def each(document: Any, *path: str) -> list[Any]:
    """The list that stands there; empty where none does."""
    found = pick(document, *path)
    return found if isinstance(found, list) else []
