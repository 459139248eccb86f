"""A Jira Service Management as its documents describe it: no keys, a search that lags, files in two steps."""

import base64
import json
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import Any

from tests.alerts.sinks.http_server import Asked, Reply
from tests.alerts.sinks.zendesk_desk import said

EMAIL, TOKEN = "claims@reseller.example", "jsm-canary-token"
LOGIN = f"Basic {base64.b64encode(f'{EMAIL}:{TOKEN}'.encode()).decode()}"
PAGE = 2


@dataclass
class JsmDesk:
    """`indexed`: how many of the requests the search shows yet; None: all."""

    indexed: int | None = None
    slas: list[dict[str, Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    comments: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def __call__(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != LOGIN:
            return said({"errorMessage": "Client must be authenticated"}, 401)
        match [asked.method, *asked.path.removeprefix("/rest/servicedeskapi/").split("/")]:
            case ["POST", "request"]:
                return self._make(json.loads(asked.body))
            case ["GET", "request"]:
                assert (asked.query["requestOwnership"], asked.query["serviceDeskId"]) == ("OWNED_REQUESTS", "3")
                seen = self.requests[: self.indexed]
                return page([r for r in seen if asked.query["searchTerm"] in summary(r)], asked.query)
            case ["GET", "request", key, "comment"]:
                return page([{"body": comment["body"]} for comment in self.comments[key]], asked.query)
            case ["POST", "request", key, "comment"]:
                self.comments[key].append({"body": json.loads(asked.body)["body"]})
                return said({}, 201)
            case ["POST", "request", key, "attachment"]:
                document = json.loads(asked.body)
                files = [self.files[name] for name in document["temporaryAttachmentIds"]]
                self.comments[key].append({"body": document["additionalComment"]["body"], "files": files})
                return said({}, 201)
            case ["GET", "request", _, "sla"]:
                return page(self.slas, asked.query)
            case ["POST", "servicedesk", "3", "attachTemporaryFile"]:
                return self._hold(asked)
            case ["GET", "servicedesk", "3", "requesttype", "11"]:
                return said({"id": "11"})
        return said({"errorMessage": "no such thing"}, 404)

    @property
    def opened(self) -> list[str]:
        """The key at the end of each summary."""
        return [summary(request).rpartition("[")[2].rstrip("]") for request in self.requests]

    @property
    def said(self) -> list[str]:
        return [comment["body"] for comments in self.comments.values() for comment in comments]

    def _make(self, document: dict[str, Any]) -> Reply:
        assert (document["serviceDeskId"], document["requestTypeId"]) == ("3", "11")
        key = f"HELP-{len(self.requests) + 1}"
        fields = [{"fieldId": name, "value": value} for name, value in document["requestFieldValues"].items()]
        self.requests.append({"issueKey": key, "requestFieldValues": fields})
        self.comments[key] = []
        return said({"issueKey": key}, 201)

    def _hold(self, asked: Asked) -> Reply:
        if asked.headers.get("x-atlassian-token") != "no-check":
            return said({"errorMessage": "XSRF check failed"}, 403)
        form = message_from_bytes(f"Content-Type: {asked.headers['content-type']}\n\n".encode() + asked.body)
        taken = []
        for part in form.get_payload():
            assert part.get_param("name", header="content-disposition") == "file"
            taken.append({"temporaryAttachmentId": f"temp{len(self.files)}", "fileName": part.get_filename()})
            self.files[taken[-1]["temporaryAttachmentId"]] = (part.get_filename(), part.get_payload(decode=True))
        return said({"temporaryAttachments": taken}, 201)


def page(values: list[Any], query: dict[str, str]) -> Reply:
    start = int(query["start"])
    last = start + PAGE >= len(values)
    return said({"values": values[start : start + PAGE], "start": start, "isLastPage": last})


def summary(request: dict[str, Any]) -> str:
    return next(f["value"] for f in request["requestFieldValues"] if f["fieldId"] == "summary")
