"""Parcels of letters as the outbox holds them."""

from datetime import UTC, datetime, timedelta
from functools import cache

from alerts.mail import Attachment, Letter, Picture, compose, message_id
from alerts.sinks.parcel import Parcel

SENDER = "Floodmark <floodmark@reseller.example>"
TO = ("desk@vendor.example",)
KEY, NEXT = "tk_7bb28ee4b4c6-1", "tk_7bb28ee4b4c6-2"
SUBJECT = "[tk_7bb28ee4b4c6] Waiver request: 별빛두더지"
CSV = Attachment("tk_7bb28ee4b4c6-1.csv", "text/csv", b'hour,quantity\r\n2026-11-27T00:00:00Z,"1\x002"\r\n')
PNG = b"\x89PNG\r\n\x1a\n\x00\xff"


@cache
def message(key: str) -> bytes:
    """A letter with a table and a picture."""
    letter = Letter(
        sender=SENDER,
        to=TO,
        subject=SUBJECT,
        text=f"Dear desk, this is {key}.\n별빛두더지\n",
        message_id=message_id(key, SENDER),
        date=datetime(2026, 11, 27, tzinfo=UTC),
        html='<p>Dear desk</p><img src="cid:claim-1">',
        images=(Picture("claim-1", PNG, "a spike"),),
        attachments=(CSV,),
    )
    return compose(letter)


def parcel(key: str = KEY, thread: str = "", tried: timedelta | None = None) -> Parcel:
    return Parcel(key, TO, message(key), thread, tried)
