"""One letter as bytes: the same letter gives the same bytes, and nothing in it can add a header or a recipient."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Any, NamedTuple

from alerts.visible import visible
from billing.addresses import valid_address

_MAILBOX = re.compile(r"(?P<name>[^<>]*)<(?P<inside>[^<>]+)>|(?P<bare>[^<>]+)")
_QUOTED_CHARACTERS = re.compile(r'[()<>\[\]:;@\\,"]')
_MESSAGE_ID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>")
_EXTRA_HEADER = re.compile(r"(?:List|X)-[A-Za-z0-9-]+")
_KEPT_WHOLE = re.compile(rf"In-Reply-To|References|{_EXTRA_HEADER.pattern}")


class _Policy(EmailPolicy):
    """Lines of at most 78 characters, with identifiers and URLs left whole.

    The standard folding writes an identifier that is too long for a line as an encoded word, which no mail program
    reads back as an identifier; such headers are folded at their spaces alone (RFC 5322, 2.2.3).
    """

    def fold_binary(self, name: str, value: Any) -> bytes:  # the signature of the standard library
        if _KEPT_WHOLE.fullmatch(name):
            return f"{name}: {f'{self.linesep} '.join(str(value).split())}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


_POLICY = _Policy(linesep="\r\n", cte_type="7bit")


class Picture(NamedTuple):
    """A PNG that the HTML shows as `<img src="cid:NAME">`; `alt` says in words and numbers what it shows."""

    cid: str
    png: bytes
    alt: str


class Attachment(NamedTuple):
    """A file that goes with the letter; `content_type` such as `text/csv`."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Letter:
    """What is said, to whom, by whom and when. `html` may be empty; its style sheet is inlined by `compose`.

    `sender` and `reply_to` are `address` or `Name <address>`; `to` are bare addresses. `headers` are extra ones, of the
    names List-... and X-... . `message_id`, `in_reply_to` and `references` are in angle brackets, as of `message_id()`.
    """

    sender: str
    to: tuple[str, ...]
    subject: str
    text: str
    message_id: str
    date: datetime
    html: str = ""
    images: tuple[Picture, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    reply_to: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


def compose(letter: Letter) -> bytes:
    """The letter as an RFC 5322 message with CRLF line ends, seven bits throughout.

    mixed > alternative > (plain, related > (html, pictures)), then the attachments. Characters that no person can see
    are dropped; an address, identifier or header name that is not one raises ValueError.
    """
    message = EmailMessage(policy=_POLICY)
    _write_headers(message, letter)
    message.set_content(body_text(letter.text))
    if letter.html:
        _add_html(message, letter)
    message.make_mixed()
    for name, content_type, content in letter.attachments:
        kind, _, subkind = content_type.partition("/")
        params = {"charset": "utf-8"} if kind == "text" else {}
        message.add_attachment(content, maintype=kind, subtype=subkind, filename=_header_text(name), params=params)
    return _with_fixed_boundaries(message)


def message_id(key: str, sender: str) -> str:
    """The Message-ID of the letter known by `key`: always the same for the same key and sender's domain."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{mailbox(sender).domain}>"


def plus_address(sender: str, token: str) -> str:
    """Where replies go that name their ticket: `claims+tk_0123456789ab@reseller.example`."""
    address = mailbox(sender)
    return f"{address.username}+{token}@{address.domain}"


def mailbox(text: str) -> Address:
    """From `address` or `Name <address>`. Raises ValueError.

    The name loses the characters that would need quotes: the standard library drops the quotes of a name that it
    folds, and what stood in them could then be read as an address.
    """
    match = _MAILBOX.fullmatch(text.strip())
    name, address = (match["name"] or "", match["inside"] or match["bare"]) if match else ("", "")
    if not valid_address(address):
        raise ValueError(f"{text!r} is not an e-mail address: write name@example.com or Name <name@example.com>")
    return Address(_header_text(_QUOTED_CHARACTERS.sub(" ", name)), addr_spec=address)


def _write_headers(message: EmailMessage, letter: Letter) -> None:
    """Write the headers of the whole message."""
    for address in letter.to:
        if not valid_address(address):
            raise ValueError(f"{address!r} is not an e-mail address: the letter {letter.message_id} has no such reader")
    if not letter.to:
        raise ValueError(f"the letter {letter.message_id} is to nobody")
    message["From"] = mailbox(letter.sender)
    message["To"] = [Address(addr_spec=address) for address in letter.to]
    if letter.reply_to:
        message["Reply-To"] = mailbox(letter.reply_to)
    message["Subject"] = _header_text(letter.subject)
    message["Date"] = letter.date
    message["Message-ID"] = _identifier(letter.message_id)
    if letter.in_reply_to:
        message["In-Reply-To"] = _identifier(letter.in_reply_to)
        message["References"] = " ".join(map(_identifier, letter.references or (letter.in_reply_to,)))
    message["Auto-Submitted"] = "auto-generated"
    for name, value in letter.headers:
        if not _EXTRA_HEADER.fullmatch(name) or not value.isascii():
            raise ValueError(f"{name!r}: an extra header is named List-... or X-... and its value is ASCII")
        message[name] = _header_text(value)


def _add_html(message: EmailMessage, letter: Letter) -> None:
    import css_inline

    html = css_inline.inline(body_text(letter.html), load_remote_stylesheets=False, keep_at_rules=True)
    message.add_alternative(html, subtype="html")
    *_, body = message.iter_parts()
    for cid, png, alt in letter.images:
        headers = [f"Content-Description: {_header_text(alt)}"]
        body.add_related(
            png, "image", "png", cid=f"<{cid}>", filename=f"{cid}.png", disposition="inline", headers=headers
        )


def _with_fixed_boundaries(message: EmailMessage) -> bytes:
    """The bytes, with MIME boundaries made from the content, so that no content can foresee and forge one."""
    multiparts = [part for part in message.walk() if part.is_multipart()]
    for number, part in enumerate(multiparts):
        part.set_boundary(str(number))
    digest = hashlib.sha256(message.as_bytes()).hexdigest()[:32]
    for number, part in enumerate(multiparts):
        part.set_boundary(f"={digest}.{number}=")
    return message.as_bytes()


def _identifier(text: str) -> str:
    if not _MESSAGE_ID.fullmatch(text):
        raise ValueError(f"{text!r} is not a message identifier: it looks like <key@domain>")
    return text


def body_text(text: str) -> str:
    """The text of a body as `compose` writes it: lines and tabs, without what nobody sees or what turns text round."""
    return visible(text.replace("\r\n", "\n"))


def _header_text(text: str) -> str:
    """One line without control characters, and without `=?`, which a reader would take for an encoded word."""
    return " ".join(visible(text, keep="").replace("=?", "= ?").split())
