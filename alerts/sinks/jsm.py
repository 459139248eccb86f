"""Requests at a Jira Service Management desk: made once, though the desk knows no keys; follow-ups are comments."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

from alerts.mail import Attachment
from alerts.sinks.api import PAGES, Api, bears, each, pick, telling
from alerts.sinks.content import content
from alerts.sinks.outgoing import Outgoing
from alerts.sinks.parcel import Parcel, Receipt
from billing.errors import WorldError

LAG = timedelta(minutes=5)  # after which a search shows what was made; "seconds to minutes", says Atlassian
_REQUEST = re.compile(r"[A-Z][A-Z0-9_]*-[0-9]+")
_DESK = "/rest/servicedeskapi"


class Jsm:
    """The summary of a request ends with its key in brackets; a comment names its own.

    What was tried before is looked for first, and not before the search can show it. The search is the portal's own, so
    that a customer's account will do; it finds words, and which of the found requests is ours is judged here.
    """

    def __init__(
        self, url: str, email: str, token: str, service_desk: str, request_type: str, outgoing: Outgoing
    ) -> None:
        self._api = Api(url, email, token, outgoing)
        self._desk, self._type = service_desk, request_type

    def send(self, parcel: Parcel) -> Receipt:
        """Make the request, or add to the one of the thread. The proof is its address, and by when the desk answers.

        Raises WorldError. A thread that is no request's key is another desk's: a request is made here.
        """
        tried = parcel.tried is not None
        if parcel.tried is not None and parcel.tried < LAG:
            raise WorldError(f"{self._api.place}: it may have arrived, which cannot be seen yet", wait=LAG)
        letter = content(parcel.message)
        if _REQUEST.fullmatch(parcel.thread):
            request = parcel.thread
            self._say(request, f"Message {parcel.key}", letter.text, letter.files)
        else:
            request = (self._find(parcel.key) if tried else None) or self._make(parcel.key, letter.subject, letter.text)
            if letter.files:
                names = ", ".join(file.name for file in letter.files)
                with telling(f"request {request} is open, but for its files"):
                    self._say(request, f"Files of {parcel.key}", f"The evidence: {names}.", letter.files)
        proof = " ".join([f"{self._api.place}/browse/{request}", *self._promises(request)])
        return Receipt("sent", proof, request)

    def probe(self) -> None:
        """Log in and see the kind of request; nothing is written. Raises WorldError."""
        self._api.ask("GET", f"{_DESK}/servicedesk/{self._desk}/requesttype/{self._type}")

    def _make(self, key: str, subject: str, text: str) -> str:
        request = {
            "serviceDeskId": self._desk,
            "requestTypeId": self._type,
            "requestFieldValues": {"summary": f"{subject[:200]} [{key}]", "description": text},
        }
        try:
            made = str(pick(self._api.ask("POST", f"{_DESK}/request", request), "issueKey"))
            if not _REQUEST.fullmatch(made):
                raise self._api.unreadable("request")
        except WorldError as error:
            wait = None if error.permanent else max(LAG, error.wait or LAG)
            raise WorldError(str(error), permanent=error.permanent, wait=wait) from None
        return made

    def _find(self, key: str) -> str:
        """The request that was made with the key; empty if none was."""
        query = {
            "searchTerm": max(re.split(r"\W", key), key=len),  # a search may split the key at its hyphens
            "serviceDeskId": self._desk,
            "requestOwnership": "OWNED_REQUESTS",
            "requestStatus": "ALL_REQUESTS",
        }
        for request in self._pages("/request", query):
            summaries = (field for field in each(request, "requestFieldValues") if pick(field, "fieldId") == "summary")
            found = str(pick(request, "issueKey"))
            if any(f"[{key}]" in str(pick(field, "value")) for field in summaries) and _REQUEST.fullmatch(found):
                return found
        return ""

    def _say(self, request: str, mark: str, text: str, files: tuple[Attachment, ...]) -> None:
        """A comment, with its files, unless it is there."""
        path = f"/request/{request}"
        if any(bears(pick(comment, "body"), mark) for comment in self._pages(f"{path}/comment", {})):
            return
        comment = {"body": f"{text}\n\n{mark}"}
        if not files:
            self._api.ask("POST", f"{_DESK}{path}/comment", comment | {"public": True})
            return
        taken = self._attach(files)
        attachment = {"temporaryAttachmentIds": taken, "public": True, "additionalComment": comment}
        self._api.ask("POST", f"{_DESK}{path}/attachment", attachment)

    def _attach(self, files: tuple[Attachment, ...]) -> list[str]:
        """What the desk calls the files until they are put somewhere."""
        body, kind = multipart(files)
        path = f"{_DESK}/servicedesk/{self._desk}/attachTemporaryFile"
        answer = self._api.hand("POST", path, body, content_type=kind, x_atlassian_token="no-check")  # noqa: S106
        taken = [pick(file, "temporaryAttachmentId") for file in each(answer, "temporaryAttachments")]
        if len(taken) != len(files) or not all(taken):
            raise self._api.unreadable("files")
        return list(map(str, taken))

    def _promises(self, request: str) -> Iterator[str]:
        """By when the desk has promised what, where it tells."""
        with suppress(WorldError):
            for sla in self._pages(f"/request/{request}/sla", {}):
                if by := pick(sla, "ongoingCycle", "breachTime", "iso8601"):
                    yield f"{self._api.told(pick(sla, 'name'))} by {self._api.told(by)}"

    def _pages(self, path: str, query: dict[str, str]) -> Iterator[Any]:
        """Raises WorldError where there are too many for us: what is not among the first may yet be there."""
        start = 0
        for _ in range(PAGES):
            page = self._api.ask("GET", f"{_DESK}{path}?{urlencode(query | {'start': start, 'limit': 50})}")
            values = each(page, "values")
            yield from values
            start += len(values)
            if pick(page, "isLastPage") is not False or not values:
                return
        raise WorldError(f"{self._api.place}: more than {PAGES} pages of {path}: a person must look")


def multipart(files: tuple[Attachment, ...]) -> tuple[bytes, str]:
    """The files as a form's field `file`, and the content type that says where each ends."""
    digest = hashlib.sha256(b"".join(file.content for file in files)).hexdigest()
    parts = []
    for name, content_type, payload in files:
        head = f'Content-Disposition: form-data; name="file"; filename="{quote(name, safe=" ()")}"'
        parts.append(f"--{digest}\r\n{head}\r\nContent-Type: {content_type}\r\n\r\n".encode() + payload + b"\r\n")
    return b"".join([*parts, f"--{digest}--\r\n".encode()]), f"multipart/form-data; boundary={digest}"
