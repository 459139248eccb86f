"""A mail as it was composed, taken apart to be shown: headers, both bodies with their pictures, attachments."""

import base64
import email
import email.policy
import re
from email.message import EmailMessage, MIMEPart
from typing import NamedTuple

from fastapi import HTTPException, Response

from alerts.console.downloads import saved
from alerts.console.headers import MAIL_HEADERS
from alerts.mail import Letter, compose

HEADERS = ("From", "Reply-To", "To", "Subject", "Date", "Message-ID", "In-Reply-To")
READ_ON = '<style>body:focus { outline: 3px solid #b45309; outline-offset: -3px }</style><body tabindex="0"'
"""The start of a mail's body: the Tab key comes into it, it is seen to be there, and the arrow keys read on."""
_PICTURE = re.compile(r"cid:([A-Za-z0-9._-]+)")


class File(NamedTuple):
    name: str
    content_type: str
    content: bytes

    @property
    def size(self) -> str:
        return f"{max(1, round(len(self.content) / 1000))} kB"


class Mail(NamedTuple):
    """html: empty where there is none; its pictures are in it."""

    headers: dict[str, str]
    text: str
    html: str
    files: tuple[File, ...]


def read(letter: Letter) -> Mail:
    """The letter as it is read once it was sent."""
    return taken_apart(compose(letter))


def taken_apart(message: bytes) -> Mail:
    """The mail of these bytes, which are our own."""
    parsed = email.message_from_bytes(message, policy=email.policy.default)
    plain, html = (_body(parsed, kind) for kind in ("plain", "html"))
    return Mail(
        headers={name: str(parsed[name]) for name in HEADERS if parsed[name]},
        text=plain,
        html=_PICTURE.sub(lambda found: _pictures(parsed).get(found[1], found[0]), html),
        files=tuple(_file(part) for part in parsed.iter_attachments()),
    )


def body(mail: Mail) -> Response:
    """The HTML by itself, for a frame in which nothing of it acts."""
    html = mail.html.replace("<body", READ_ON, 1)
    return Response(html, media_type="text/html; charset=utf-8", headers=MAIL_HEADERS)


def download(mail: Mail, number: str) -> Response:
    """One of its files, counted from 0. Raises HTTPException 404."""
    files = {str(place): file for place, file in enumerate(mail.files)}
    if number not in files:
        raise HTTPException(404)
    return saved(files[number].name, files[number].content)


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part else ""


def _pictures(message: EmailMessage) -> dict[str, str]:
    """cid -> the picture as an address that holds it."""
    return {
        part["Content-ID"].strip("<>"): f"data:{part.get_content_type()};base64,{_base64(part)}"
        for part in message.walk()
        if part["Content-ID"] and part.get_content_maintype() == "image"
    }


def _base64(part: MIMEPart) -> str:
    return base64.b64encode(_content(part)).decode()


def _file(part: MIMEPart) -> File:
    return File(part.get_filename() or "file", part.get_content_type(), _content(part))


def _content(part: MIMEPart) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""
