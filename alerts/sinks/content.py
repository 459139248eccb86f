"""A letter for receivers that know no mail: its subject, its text and its files."""

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

from alerts.mail import Attachment


@dataclass(frozen=True)
class Content:
    """The plain text of a letter, and every file that goes with it, pictures included."""

    subject: str
    text: str
    date: datetime
    files: tuple[Attachment, ...]


def content(message: bytes) -> Content:
    """What an RFC 5322 message of ours says."""
    letter = message_from_bytes(message, EmailMessage, policy=SMTP)
    body = letter.get_body(("plain",))
    text = str(body.get_content()) if isinstance(body, EmailMessage) else ""
    files = tuple(
        Attachment(name, part.get_content_type(), payload)
        for part in letter.walk()
        if (name := part.get_filename()) and isinstance(payload := part.get_payload(decode=True), bytes)
    )
    return Content(str(letter["Subject"]), text.replace("\r\n", "\n"), letter["Date"].datetime, files)
