"""A mail as far as it matters here: what kind it is, and which letters of ours it speaks of. Pure, and never raises.

Mails are written by anybody. Only a few headers are looked at, as text; the body of a delivery report alone is parsed.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32

from alerts.rendering import one_line

HEADERS = 65_536  # bytes of headers that are looked at
NAMED = 100  # identifiers that are looked at
_ID = re.compile(r"<([!-;=?-~]{1,200}@[!-;=?-~]{1,200})>")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,100}@[A-Za-z0-9.-]{1,200}")
_END = re.compile(rb"\r?\n\r?\n")
_FROM_SERVER = re.compile(r"(mailer-daemon|postmaster)@", re.IGNORECASE)
_AUTO_PRECEDENCE = ("bulk", "junk", "list", "auto_reply")


@dataclass(frozen=True)
class Report:
    """What a mail server says of a letter: `action` as in RFC 3464, for one reader."""

    action: str
    reader: str
    diagnostic: str


@dataclass(frozen=True)
class Mail:
    """kind: reply, auto-reply, report (of delivery), complaint (a mail server's, in words alone) or unreadable.

    ids: of the letters that it answers or returns, without angle brackets. readers: to whom it is. sender: an address,
    in lower case, or empty.
    """

    kind: str
    sender: str = ""
    subject: str = ""
    ids: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    report: Report | None = None


def read(content: bytes) -> Mail:
    """The mail in the bytes, which may be cut off anywhere."""
    try:
        return _read(content)
    except Exception:  # noqa: BLE001  whatever a stranger's mail does to the parser, it is only unreadable
        return Mail("unreadable")


def _read(content: bytes) -> Mail:
    end = _END.search(content, 0, HEADERS)
    headers = BytesHeaderParser(policy=compat32).parsebytes(content[: end.start() if end else HEADERS])
    ids = list(_ids(headers, "In-Reply-To", "References"))
    sender = next(_addresses(headers, "From"), "")
    kind, report = _kind(headers, sender), None
    if headers.get_content_type() == "multipart/report" and "delivery-status" in _text(headers, "Content-Type").lower():
        report, returned = _report(content)
        kind, ids = "report" if report else "complaint", [*returned, *ids]
    readers = [a for name in ("To", "Cc", "Delivered-To", "X-Original-To") for a in _addresses(headers, name)]
    return Mail(
        kind=kind,
        sender=sender,
        subject=_subject(headers),
        ids=tuple(dict.fromkeys(ids))[:NAMED],
        readers=tuple(dict.fromkeys(readers))[:NAMED],
        report=report,
    )


def _subject(headers: Message) -> str:
    """On one line, encoded words decoded where they can be."""
    raw = _text(headers, "Subject")[:2000]
    with suppress(LookupError, ValueError, HeaderParseError):
        raw = str(make_header(decode_header(raw)))
    return _storable(raw)


def _storable(text: str) -> str:
    """One line of a bearable length that every database takes."""
    return one_line(text)[:300].encode("utf-8", "replace").decode().strip()


def _kind(headers: Message, sender: str) -> str:
    unsigned = _text(headers, "Return-Path").strip() == "<>" and "Auto-Submitted" not in headers
    if unsigned or _FROM_SERVER.match(sender) or "X-Failed-Recipients" in headers:
        return "complaint"
    automatic = _text(headers, "Auto-Submitted").strip().lower() or "no"
    if not automatic.startswith("no") or _text(headers, "Precedence").strip().lower() in _AUTO_PRECEDENCE:
        return "auto-reply"
    return "reply"


def _report(content: bytes) -> tuple[Report | None, list[str]]:
    """The first failed reader of a delivery report, else the first one; and the ids of the letter it returns."""
    parts = list(BytesParser(policy=compat32).parsebytes(content).walk())[:NAMED]
    groups = [group for part in parts if part.get_content_type() == "message/delivery-status" for group in _inner(part)]
    told = [
        Report(
            _storable(_text(group, "Action"))[:32].lower(),
            next(_addresses(group, "Final-Recipient"), ""),
            _storable(_text(group, "Diagnostic-Code") or _text(group, "Status")),
        )
        for group in groups
        if "Action" in group
    ]
    returned = [id_ for part in parts[1:] for id_ in _ids(part, "Message-ID")]
    for part in parts:
        if part.get_content_type() == "text/rfc822-headers":
            payload = part.get_payload(decode=True)
            inner = BytesHeaderParser(policy=compat32).parsebytes(payload if isinstance(payload, bytes) else b"")
            returned += _ids(inner, "Message-ID")
    return next((one for one in told if one.action == "failed"), told[0] if told else None), returned


def _inner(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [one for one in payload[:NAMED] if isinstance(one, Message)] if isinstance(payload, list) else []


def _ids(headers: Message, *names: str) -> Iterator[str]:
    for name in names:
        yield from _ID.findall(_text(headers, name))


def _addresses(headers: Message, name: str) -> Iterator[str]:
    return (match.lower() for match in _ADDRESS.findall(_text(headers, name)))


def _text(headers: Message, name: str) -> str:
    """All headers of the name as one text, not decoded."""
    return " ".join(str(value) for value in headers.get_all(name, [])[:NAMED])[:HEADERS]
