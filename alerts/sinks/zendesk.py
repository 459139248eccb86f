"""Tickets at a Zendesk desk: one is created once, follow-ups are comments on it."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

from alerts.mail import Attachment
from alerts.sinks.answers import RefusedError
from alerts.sinks.api import PAGES, Api, bears, each, pick, telling
from alerts.sinks.content import content
from alerts.sinks.outgoing import Outgoing
from alerts.sinks.parcel import Parcel, Receipt
from billing.errors import WorldError

_NUMBER = re.compile(r"[0-9]{1,20}")


class Zendesk:
    """Zendesk remembers an Idempotency-Key for two hours if the body is the same, so files, whose names at the desk are
    new each time, come in a comment of their own. What was tried before is looked for first, by its external id.

    A comment names its key, and is written only if the ticket has not changed since its comments were
    read: of two that cross, Zendesk refuses the later one.
    """

    def __init__(self, url: str, email: str, token: str, outgoing: Outgoing) -> None:
        self._api = Api(url, f"{email}/token", token, outgoing)

    def send(self, parcel: Parcel) -> Receipt:
        """Open the ticket, or add to the one of the thread. The proof is its address and Zendesk's time.

        Raises WorldError. A thread that is no number is another desk's: a ticket is opened here.
        """
        letter = content(parcel.message)
        if _NUMBER.fullmatch(parcel.thread):
            number = parcel.thread
            moment = self._comment(number, f"Message {parcel.key}", letter.text, letter.files)
        else:
            tried = parcel.tried is not None
            ticket = (self._find(parcel.key) if tried else None) or self._open(parcel.key, letter.subject, letter.text)
            number, moment = _number(ticket), pick(ticket, "created_at")
            if letter.files:
                names = ", ".join(file.name for file in letter.files)
                with telling(f"ticket {number} is open, but for its files"):
                    self._comment(number, f"Files of {parcel.key}", f"The evidence: {names}.", letter.files)
        proof = f"{self._api.place}/agent/tickets/{number} {self._api.told(moment)}"
        return Receipt("sent", proof, number)

    def probe(self) -> None:
        """Log in; nothing is written. Raises WorldError."""
        if (
            pick(self._api.ask("GET", "/api/v2/users/me.json"), "user", "id") is None
        ):  # nobody's, where the login is wrong
            raise WorldError(f"{self._api.place}: the login must be mended")

    def _open(self, key: str, subject: str, text: str) -> Any:
        """The new ticket. A refusal may mean that the key was used: then the ticket is there."""
        comment = {"body": f"{text}\n\nMessage {key}"}
        ticket = {"subject": subject, "comment": comment, "external_id": key, "tags": ["floodmark"]}
        try:
            made = self._api.ask("POST", "/api/v2/tickets", {"ticket": ticket}, idempotency_key=key)
        except WorldError as refusal:
            found = self._find(key) if refusal.permanent else None
            if not found:
                raise
            return found
        if not _number(pick(made, "ticket")):
            raise self._api.unreadable("ticket")
        return pick(made, "ticket")

    def _find(self, key: str) -> Any:
        found = self._api.ask("GET", f"/api/v2/tickets?{urlencode({'external_id': key})}")
        ours = (ticket for ticket in each(found, "tickets") if pick(ticket, "external_id") == key and _number(ticket))
        return next(ours, None)

    def _comment(self, number: str, mark: str, text: str, files: tuple[Attachment, ...], chances: int = 3) -> str:
        """Say it unless it was said; when. `chances`: of doing so while somebody else changes the ticket."""
        path = f"/api/v2/tickets/{number}"
        stamp = pick(self._api.ask("GET", path), "ticket", "updated_at")
        for comment in self._comments(number):
            if bears(pick(comment, "body"), mark):
                return str(pick(comment, "created_at"))
        said: dict[str, Any] = {"body": f"{text}\n\n{mark}", "public": True}
        if files:
            said["uploads"] = self._upload(files)
        change = {"comment": said, "safe_update": True, "updated_stamp": stamp}
        try:
            return str(pick(self._api.ask("PUT", path, {"ticket": change}), "ticket", "updated_at"))
        except RefusedError as refusal:
            if refusal.status != 409 or chances == 1:
                raise
        return self._comment(number, mark, text, files, chances - 1)

    def _comments(self, number: str) -> Iterator[Any]:
        """The newest first, as many as may have come since we spoke last."""
        query = {"sort": "-created_at", "page[size]": "100"}
        for _ in range(PAGES):
            page = self._api.ask("GET", f"/api/v2/tickets/{number}/comments?{urlencode(query)}")
            yield from each(page, "comments")
            if not pick(page, "meta", "has_more"):
                return
            query["page[after]"] = str(pick(page, "meta", "after_cursor"))

    def _upload(self, files: tuple[Attachment, ...]) -> list[str]:
        """The tokens of the files; those that no comment takes are dropped by Zendesk within the hour."""
        tokens = []
        for file in files:
            path = f"/api/v2/uploads?filename={quote(file.name, safe='')}"
            token = pick(self._api.hand("POST", path, file.content, content_type=file.content_type), "upload", "token")
            if not token:
                raise self._api.unreadable("upload")
            tokens.append(str(token))
        return tokens


def _number(ticket: Any) -> str:
    found = str(pick(ticket, "id"))
    return found if _NUMBER.fullmatch(found) else ""
