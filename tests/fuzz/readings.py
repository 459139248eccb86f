"""What an independent reading makes of a file: rows it is sure of, rows it would not miss, or nothing at all."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

Usage = tuple[str, str, str, datetime, int | None, datetime | None]

LARGEST = 2**63 - 1
WHITE = " \t\n\r\x0b\x0c\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
DAY = re.compile(r"([0-9]{4})(-?)([0-9]{2})\2([0-9]{2})")
WEEK = re.compile(r"([0-9]{4})(-?)W([0-9]{2})(?:\2([0-9]))?")
CLOCK = re.compile(r"([0-9]{2})(?::?([0-9]{2})(?::?([0-9]{2})(?:[.,]([0-9]+))?)?)?")
OFFSET = re.compile(r"Z|([+-])([0-9]{2})(?::?([0-9]{2})(?::?([0-9]{2}))?)?")


class Row(NamedTuple):
    """A row of a file: its usage, None for a bad one; `sure` where it may not be refused either."""

    line: int
    usage: Usage | None
    sure: bool = True


class Refused(NamedTuple):
    """A file that must be refused whole, or (not `sure`) may be."""

    sure: bool = True


def usage_of(org: str, family: str, kind: str, hour: str, quantity: str, observed: str) -> tuple[Usage | None, bool]:
    """The usage that six cells say, None for a bad row, and whether no reader may doubt it."""
    ids = (org, family, kind)
    if any(not one.strip(WHITE) or CONTROL.search(one) or len(one) > 200 for one in ids):
        return None, True
    at, plain = instant(hour)
    if at is None or at.minute or at.second or at.microsecond or len(hour.strip(WHITE)) <= 10:
        return None, True
    known, known_plain = instant(observed) if observed.strip(WHITE) else (None, True)
    if observed.strip(WHITE) and known is None:
        return None, True
    count, ok = whole(quantity.strip(WHITE))
    return ((org, family, kind, at, count, known) if ok else None), plain and known_plain


def whole(text: str) -> tuple[int | None, bool]:
    """A whole number up to 2^63 - 1 written in digits; (None, True) for an empty cell."""
    match = re.fullmatch(r"([0-9]+)(\.0+)?", text)
    if not match:
        return None, not text
    digits = match[1].lstrip("0") or "0"
    value = int(digits) if len(digits) < 20 else LARGEST + 1
    return value, value <= LARGEST


def instant(text: str) -> tuple[datetime | None, bool]:
    """An ISO 8601 time from 2000 to 2100, and whether it is in the form that people and vendors write."""
    text = text.strip(WHITE)
    for form in (DAY, WEEK):
        if match := form.match(text):
            date, rest = match, text[match.end() :]
            day = day_of(form, date)
            if day is not None and (not rest or rest[0] in "T "):
                at = with_clock(day, rest[1:]) if rest else day
                if at and 2000 <= at.year <= 2100:
                    return at, re.fullmatch(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?", text) is not None
    return None, True


def day_of(form: re.Pattern[str], match: re.Match[str]) -> datetime | None:
    year, month, day = int(match[1]), int(match[3]), int(match[4] or 1)
    try:
        return (
            datetime(year, month, day, tzinfo=UTC)
            if form is DAY
            else datetime.fromisocalendar(year, month, day).replace(tzinfo=UTC)
        )
    except ValueError:
        return None


def with_clock(day: datetime, text: str) -> datetime | None:
    match = CLOCK.match(text)
    if not match:
        return None
    offset = OFFSET.fullmatch(text[match.end() :]) if text[match.end() :] else False
    hour, minute, second = (int(match[i] or 0) for i in (1, 2, 3))
    fraction = Fraction(int(match[4] or 0), 10 ** len(match[4] or "")) * 1_000_000
    if offset is None or hour > 23 or minute > 59 or second > 59 or fraction.denominator != 1:
        return None
    away = timedelta()
    if offset and offset[1]:
        away = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0), seconds=int(offset[4] or 0))
        if away >= timedelta(days=1):
            return None
        away = -away if offset[1] == "-" else away
    try:
        return day + timedelta(hours=hour, minutes=minute, seconds=second, microseconds=int(fraction)) - away
    except OverflowError:
        return None


def disagreement(rows: Iterable[Row], read: Iterable[Usage], bad: set[int]) -> str | None:
    """How a reading differs from what was read and the lines set aside; None where it does not."""
    got, place = list(read), 0
    doubtful: set[int] = set()
    for row in rows:
        if row.usage is not None and place < len(got) and got[place] == row.usage:
            place += 1
            continue
        if row.usage is not None and row.sure:
            return f"line {row.line} says {row.usage}, read was {got[place] if place < len(got) else 'nothing'}"
        if row.line not in bad:
            return f"line {row.line} is bad and was not set aside"
        doubtful.add(row.line)
    if place < len(got):
        return f"read was {got[place]}, which no row says"
    return f"line {min(bad - doubtful)} is good and was set aside" if bad - doubtful else None
