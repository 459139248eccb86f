"""Messages to a program of one's own: JSON, signed by the rules of Standard Webhooks."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from datetime import datetime

from alerts.sinks.answers import accepted
from alerts.sinks.content import content
from alerts.sinks.outgoing import Outgoing, place
from alerts.sinks.parcel import Parcel, Receipt
from billing.hours import iso


class Webhook:
    """A URL that takes a POST a message. The receiver knows a repeat by `webhook-id`, which is the delivery's key."""

    def __init__(self, url: str, secrets: Sequence[str], outgoing: Outgoing, clock: Callable[[], datetime]) -> None:
        """`secrets`: one or, while the receiver changes over, two, as `whsec_` and base64. Raises ValueError."""
        self._place = str(place(url, outgoing.allow))
        self._url = url
        self._keys = [signing_key(secret) for secret in secrets]
        self._outgoing, self._clock = outgoing, clock

    def send(self, parcel: Parcel) -> Receipt:
        """Post the message; a repeat has the same id and the same body. Raises WorldError."""
        body = _body(parcel)
        moment = int(self._clock().timestamp())
        headers = {
            "content-type": "application/json",
            "webhook-id": parcel.key,
            "webhook-timestamp": str(moment),
            "webhook-signature": " ".join(signature(key, parcel.key, moment, body) for key in self._keys),
        }
        answer = accepted(self._place, self._outgoing.send("POST", self._url, headers, body))
        proof = f"{self._place} took {parcel.key}: {answer.status} {answer.headers.get('date', '')[:40]}"
        return Receipt("sent", proof.strip(), parcel.thread or parcel.key)

    def probe(self) -> None:
        """Connect; nothing is sent. Raises WorldError."""
        self._outgoing.reach(self._url)


def signature(key: bytes, identifier: str, moment: int, body: bytes) -> str:
    """Version 1 of Standard Webhooks: HMAC-SHA256 over id, seconds since 1970 and body."""
    signed = hmac.digest(key, f"{identifier}.{moment}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(signed).decode()}"


def signing_key(secret: str) -> bytes:
    """The bytes of a `whsec_...`: 24 to 64 of them. Raises ValueError, without the secret in it."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not 24 <= len(key) <= 64:
        raise ValueError("a secret of a webhook is whsec_ and the base64 of 24 to 64 random bytes")
    return key


def _body(parcel: Parcel) -> bytes:
    """The same bytes for the same parcel, whenever it is sent."""
    letter = content(parcel.message)
    document = {
        "type": "ticket.updated" if parcel.thread else "ticket.opened",
        "timestamp": iso(letter.date),
        "data": {
            "key": parcel.key,
            "thread": parcel.thread or parcel.key,
            "to": list(parcel.to),
            "subject": letter.subject,
            "text": letter.text,
            "attachments": [
                {
                    "name": file.name,
                    "content_type": file.content_type,
                    "content": base64.b64encode(file.content).decode(),
                }
                for file in letter.files
            ],
        },
    }
    return json.dumps(document).encode()
