"""The receivers of the trials: a mail server and the stand-ins of desks, each spoken to by its real sink."""

import base64
import json
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from alerts.mail import message_id
from alerts.outbox import Sink
from alerts.sinks.jsm import LAG, Jsm
from alerts.sinks.outgoing import Outgoing
from alerts.sinks.smtp import Smtp
from alerts.sinks.webhook import Webhook
from alerts.sinks.zendesk import Zendesk
from tests.alerts.sinks import jsm_desk, zendesk_desk
from tests.alerts.sinks.http_server import Asked, HttpServer, Reply
from tests.flows.mailbox import Mailbox

SENDER = "claims@reseller.example"
SINKS = ("smtp", "zendesk", "jsm", "webhook")
WITH_FILES = ("zendesk", "jsm")
"""Sinks that bring the files of a ticket after the ticket."""
KEYS_KEPT = timedelta(hours=2)  # by Zendesk
SECRET = f"whsec_{base64.b64encode(bytes(32)).decode()}"


@dataclass(frozen=True)
class Ways:
    """Where the receivers are: what a process needs to make the sinks of its own."""

    mail: str
    zendesk: str
    jsm: str
    webhook: str

    def sinks(self) -> dict[str, Sink]:
        here = Outgoing(("127.0.0.1",))
        return {
            "smtp": Smtp(self.mail),
            "zendesk": Zendesk(self.zendesk, zendesk_desk.EMAIL, zendesk_desk.TOKEN, here),
            "jsm": Jsm(self.jsm, jsm_desk.EMAIL, jsm_desk.TOKEN, "3", "11", here),
            "webhook": Webhook(f"{self.webhook}/hook", [SECRET], here, lambda: datetime.now(UTC)),
        }


class Desks:
    """All of them, up inside `with`."""

    def __init__(self) -> None:
        self.mailbox, self._zendesk, self._jsm = Mailbox(), zendesk_desk.ZendeskDesk(), jsm_desk.JsmDesk()
        self._posts: dict[str, set[tuple[str, bytes]]] = {}
        self._servers = [HttpServer(act) for act in (self._zendesk, self._jsm, self._post)]

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for server in (self.mailbox, *self._servers):
                stack.enter_context(server)
            self._leave = stack.pop_all()
        self.ways = Ways(self.mailbox.url, *(server.url for server in self._servers))
        return self

    def __exit__(self, *_: object) -> None:
        self._leave.close()

    def crash(self) -> None:
        """A sender is about to die: what JSM makes from now on, its search does not show yet."""
        self._jsm.indexed = len(self._jsm.requests)

    def settle(self) -> None:
        """Wait until they have dealt with what a dead sender left behind, as the time between cycles does."""
        time.sleep(0.05)
        while any(server.busy for server in self._servers):
            time.sleep(0.01)

    def later(self, since: timedelta) -> None:
        """That long after the crash."""
        if since >= LAG:
            self._jsm.indexed = None
        self._zendesk.remembers = since < KEYS_KEPT

    def copies(self, sink: str, key: str) -> tuple[int, ...]:
        """How many there are of the message, and, where they come after it, of its files."""
        if sink == "smtp":
            name = message_id(key, SENDER)
            return (sum(str(message["Message-ID"]) == name for message in self.mailbox.messages),)
        if sink == "webhook":
            return (len(self._posts.get(key, ())),)
        desk = self._zendesk if sink == "zendesk" else self._jsm
        files = sum(text.endswith(f"Files of {key}") for text in desk.said)
        return desk.opened.count(key), files

    def _post(self, asked: Asked) -> Reply:
        """A receiver knows a repeat by its id, if it is one to the byte."""
        key = json.loads(asked.body)["data"]["key"]
        self._posts.setdefault(key, set()).add((asked.headers["webhook-id"], asked.body))
        return Reply(202)
