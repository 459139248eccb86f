"""Drawn names of orgs, customers, partners and meters: no header more, no reader more.

300 letters with the suite, 10,000 by `make whole`.
"""

import random
import re
from dataclasses import replace
from email import message_from_bytes, policy
from typing import Any

import pytest

from alerts.digest import digest_letter
from alerts.letter import ticket_letter
from alerts.mail import Letter, compose
from alerts.review import review_letter
from billing.book import Book
from billing.catalog import Catalog
from tests.alerts.partners import AT, CATALOG, DESKS, GROUNDS, HOSTS, LOGS, SENDER, WREN, WREN_STANDING, renamed
from tests.alerts.test_letter import NO_USAGE, OPENED

PIECES = (
    *("\r\n", "\n", "\r", "\x00", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\t", " ", "  "),
    *("Bcc: thief@evil.example", "To: thief@evil.example", "Subject: paid", "Content-Type: text/html", "\r\n\r\n<b>"),
    *(
        "<",
        ">",
        "@",
        ",",
        ";",
        ":",
        '"',
        "'",
        "\\",
        "(",
        ")",
        "[",
        "]",
        "=",
        "?",
        "%0d%0a",
        "&#10;",
        "thief@evil.example",
    ),
    *("=?utf-8?q?a=0D=0ABcc:_thief@evil.example?=", "=?utf-8?b?DQpCY2M6IHRoaWVmQGV2aWwuZXhhbXBsZQ==?=", "--", "."),
    *("나래", "Ёлка", "é", "\u202e", "\ud800", "🦉", "x" * 200, "{{ 7 }}", "{0}", "%s", "org", "Wren & Co"),
)
SUITE, WHOLE = 100, 3_334  # of three letters each


def name(draw: random.Random) -> str:
    return "".join(draw.choice(PIECES) for _ in range(draw.randrange(1, 12)))


def letters(book: Book, catalog: Catalog) -> list[Letter]:
    review = ("review-1", SENDER, ("a@b.example",), "America/New_York", {})
    standing = replace(WREN_STANDING, partner=book.partners["wren"])
    return [
        ticket_letter(OPENED, (LOGS, HOSTS), book, catalog, NO_USAGE, DESKS, AT, GROUNDS),
        review_letter((LOGS, HOSTS), book, catalog, NO_USAGE, *review, AT),
        digest_letter(standing, book, catalog, "digest-1", SENDER, "America/New_York"),
    ]


def headers(letter: Letter) -> dict[str, Any]:
    """As the next program reads them, line by line and parsed; the subject's words are left out."""
    raw = compose(replace(letter, html="", images=()))
    head = raw.split(b"\r\n\r\n", 1)[0]
    assert b"\r" not in head.replace(b"\r\n", b"") and b"\n" not in head.replace(b"\r\n", b"")
    assert all(len(line) <= 998 and line.isascii() for line in head.split(b"\r\n"))
    names = re.findall(rb"^([^\s:]+):", head, re.MULTILINE)
    message = message_from_bytes(raw, policy=policy.default)
    assert not message.defects
    readers = {part: [str(a) for a in message[part].addresses] for part in ("to", "from", "cc", "bcc") if message[part]}
    parts = [(part.get_content_type(), part.get_filename()) for part in message.walk()]
    assert "\n" not in str(message["subject"]) and "\r" not in str(message["subject"])
    return {"names": names, "readers": readers, "parts": parts, "list": message["List-Unsubscribe"]}


def check(draw: random.Random) -> None:
    drawn = name(draw)
    meters = {**CATALOG.meters}
    for meter in ("logs_ingested", "infra_host"):
        meters[meter] = replace(meters[meter], name=name(draw))
    book = renamed(drawn)
    found = [headers(letter) for letter in letters(book, Catalog(meters, CATALOG.known))]
    assert found == EXPECTED, repr(drawn)


EXPECTED = [headers(letter) for letter in letters(renamed(WREN.name), CATALOG)]


def test_names_add_no_header_and_no_reader() -> None:
    draw = random.Random(20261122)
    for _ in range(SUITE):
        check(draw)


@pytest.mark.whole
@pytest.mark.timeout(3600)
def test_ten_thousand_letters_of_names_add_no_header_and_no_reader() -> None:
    draw = random.Random(1)
    for _ in range(WHOLE):
        check(draw)
