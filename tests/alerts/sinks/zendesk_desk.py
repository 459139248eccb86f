"""A Zendesk as its documents describe it: idempotency keys, external ids, comments, uploads, safe updates."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from tests.alerts.sinks.http_server import Asked, Reply

EMAIL, TOKEN = "claims@reseller.example", "zd-canary-token"
LOGIN = f"Basic {base64.b64encode(f'{EMAIL}/token:{TOKEN}'.encode()).decode()}"


@dataclass
class ZendeskDesk:
    """`remembers`: idempotency keys are kept; after two hours they are not."""

    remembers: bool = True
    tickets: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    uploads: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    keys: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    seconds: int = 0

    def __call__(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != LOGIN:
            return said({"error": "Couldn't authenticate you"}, 401)
        match [asked.method, *asked.path.removeprefix("/api/v2/").split("/")]:
            case ["POST", "tickets"]:
                return self._create(asked)
            case ["GET", "tickets"]:
                wanted = asked.query["external_id"]
                return said({"tickets": [t for t in self.tickets.values() if t["external_id"] == wanted]})
            case ["GET", "tickets", number]:
                return said({"ticket": self.tickets[int(number)]})
            case ["GET", "tickets", number, "comments"]:
                return self._listed(int(number), asked.query)
            case ["PUT", "tickets", number]:
                return self._change(int(number), json.loads(asked.body)["ticket"])
            case ["POST", "uploads"]:
                token = f"upload{len(self.uploads)}"
                self.uploads[token] = (asked.query["filename"], asked.body)
                return said({"upload": {"token": token}}, 201)
            case ["GET", "users", "me.json"]:
                return said({"user": {"id": 7}})
        return said({"error": "InvalidEndpoint"}, 404)

    @property
    def opened(self) -> list[str]:
        """The external id of every ticket."""
        return [ticket["external_id"] for ticket in self.tickets.values()]

    @property
    def said(self) -> list[str]:
        """The text of every comment but the first of each ticket."""
        return [comment["body"] for comments in self.comments.values() for comment in comments[1:]]

    def _create(self, asked: Asked) -> Reply:
        key = asked.headers.get("idempotency-key", "")
        if self.remembers and key in self.keys:
            body, number = self.keys[key]
            if body != asked.body:
                return said({"error": "IdempotentRequestError"}, 400)
            return said({"ticket": self.tickets[number]}, 201, {"x-idempotency-lookup": "hit"})
        ticket = json.loads(asked.body)["ticket"]
        number = 100 + len(self.tickets)
        self.keys[key] = (asked.body, number)
        kept = {"id": number, "external_id": ticket["external_id"], "subject": ticket["subject"]}
        self.tickets[number] = kept | {"created_at": self._now(), "updated_at": self._now()}
        self.comments[number] = [{"body": ticket["comment"]["body"], "created_at": self._now()}]
        return said({"ticket": self.tickets[number]}, 201)

    def _change(self, number: int, change: dict[str, Any]) -> Reply:
        ticket = self.tickets[number]
        if change.get("safe_update") and change["updated_stamp"] != ticket["updated_at"]:
            return said({"error": "UpdateConflict"}, 409)
        comment = change["comment"]
        files = [self.uploads[token] for token in comment.get("uploads", [])]
        ticket["updated_at"] = self._now()
        self.comments[number].append({"body": comment["body"], "created_at": ticket["updated_at"], "files": files})
        return said({"ticket": ticket})

    def _listed(self, number: int, query: dict[str, str]) -> Reply:
        """Two comments a page, the newest first."""
        assert query["sort"] == "-created_at"
        start = int(query.get("page[after]", 0))
        found = [{"body": c["body"], "created_at": c["created_at"]} for c in reversed(self.comments[number])]
        meta = {"has_more": start + 2 < len(found), "after_cursor": str(start + 2)}
        return said({"comments": found[start : start + 2], "meta": meta})

    def _now(self) -> str:
        self.seconds += 1
        return f"2026-11-27T14:{self.seconds // 60:02}:{self.seconds % 60:02}Z"


def said(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    return Reply(status, json.dumps(document).encode(), {"Content-Type": "application/json"} | (headers or {}))
