"""What a mail is taken for, and whose; and that no mail does harm."""

import random
import time
from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.mail import message_id, plus_address
from alerts.mailbox.mail import Mail, read
from alerts.mailbox.match import Letters
from alerts.mailbox.unread import LARGEST
from alerts.outbox import Delivery
from billing.hours import EPOCH
from tests.alerts.mailbox.desk_mails import DESK, reply, report

SENDER = "claims@reseller.example"
TICKET, OTHER = "tk_0123456789ab", "tk_ba9876543210"
ID = message_id(f"{TICKET}-1", SENDER)


def delivery(ticket_id: str, external_id: str | None = None) -> Delivery:
    more = {"ticket_id": ticket_id, "external_id": external_id}
    return Delivery(f"{ticket_id}-1", "ticket", "smtp", (DESK,), "Waiver", "sent", 1, EPOCH, EPOCH, **more)


LETTERS = Letters.of([delivery(TICKET), delivery(OTHER, "VND-4711")], SENDER, {"vendor.example"})


def test_a_reply_and_what_it_answers() -> None:
    mail = read(reply(answers=ID, subject="Re: =?utf-8?B?7ZWc6rWt?= claim"))
    assert (mail.kind, mail.sender, mail.subject) == ("reply", DESK, "Re: 한국 claim")
    assert (mail.ids, mail.readers) == ((ID.strip("<>"),), (SENDER,))
    assert LETTERS.letter(mail) == delivery(TICKET)


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"Auto_Submitted": "auto-replied"}, "auto-reply"),
        ({"Auto_Submitted": "Auto-Generated; x=y"}, "auto-reply"),
        ({"Auto_Submitted": "no"}, "reply"),
        ({"Precedence": "Bulk"}, "auto-reply"),
        ({"Precedence": "first-class"}, "reply"),
        ({"X_Failed_Recipients": DESK}, "complaint"),
        ({"Return_Path": "<>"}, "complaint"),
        ({"Return_Path": "<>", "Auto_Submitted": "auto-replied"}, "auto-reply"),
        ({"Return_Path": f"<{DESK}>"}, "reply"),
    ],
)
def test_what_a_machine_wrote_says_so(headers: dict[str, str], kind: str) -> None:
    assert read(reply(answers=ID, **headers)).kind == kind


def test_a_mail_servers_words_are_no_reply() -> None:
    assert read(reply(answers=ID, sender="MAILER-DAEMON@mx.vendor.example")).kind == "complaint"


@pytest.mark.parametrize("action", ["failed", "delayed", "delivered"])
def test_a_delivery_report_names_letter_reader_and_reason(action: str) -> None:
    mail = read(report(ID, action))
    assert mail.kind == "report" and mail.report
    assert (mail.report.action, mail.report.reader) == (action, DESK)
    assert mail.report.diagnostic == "smtp; 550 5.1.1 no such user"
    assert LETTERS.letter(mail) == delivery(TICKET)


def test_a_report_with_the_headers_alone_names_the_letter_too() -> None:
    content = report(ID).replace(b"message/rfc822", b"text/rfc822-headers")
    assert LETTERS.letter(read(content)) == delivery(TICKET)


@pytest.mark.parametrize(
    ("mail", "ticket_id"),
    [
        (reply(answers=ID), TICKET),
        (reply(References=f"<a@b.example> {ID} <c@d.example>"), TICKET),
        (reply(to=f"claims+{TICKET}@reseller.example"), TICKET),
        (reply(to="x@y.example", Delivered_To=f"Claims+{TICKET}@Reseller.example"), TICKET),
        (reply(subject=f"RE: [{TICKET}] Waiver request"), TICKET),
        (reply(subject="Case #VND-4711 was created"), OTHER),
        (reply(subject="Case #VND-4711 was shipped", sender="shop@else.example"), None),
        (reply(subject="Case #VND-4711 was shipped", sender="shop@vendor.example.else.example"), None),
        (reply(answers=ID, subject=f"[{OTHER}]"), TICKET),
        (reply(to="claims+tk_ffffffffffff@reseller.example"), None),
        (reply(to=f"claims+{TICKET}@reseller.example.evil.example"), None),
        (reply(to=f"claims+{TICKET}@evil.example"), None),
        (reply(answers="<ffffffffffffffffffffffffffffffffffffffff@reseller.example>"), None),
        (reply(subject="tk_0123456789abc and VND-4711 and claims"), None),
        (reply(), None),
    ],
)
def test_a_mail_finds_its_ticket_or_none(mail: bytes, ticket_id: str | None) -> None:
    assert LETTERS.ticket(read(mail)) == ticket_id


def test_replies_go_to_an_address_that_names_the_ticket() -> None:
    assert plus_address(SENDER, TICKET) == "claims+tk_0123456789ab@reseller.example"
    assert plus_address(f"Floodmark <{SENDER}>", TICKET) == "claims+tk_0123456789ab@reseller.example"


def test_a_report_that_says_nothing_is_no_reply() -> None:
    content = report(ID).replace(b"Action:", b"Inaction:").replace(b"mailer-daemon@mx", b"someone@mx")
    assert read(content).kind == "complaint"


def test_what_is_told_of_a_report_can_be_stored() -> None:
    content = report(ID, diagnostic="DIAGNOSTIC").replace(b"DIAGNOSTIC", b"\x00 \xff" + b"x" * 900)
    mail = read(content.replace(b"Action: failed", b"Action: failed\x00\xff"))
    assert mail.report
    for text in (mail.report.action, mail.report.diagnostic):
        assert len(text) <= 300 and "\0" not in text
        assert text.encode()


def nested(depth: int) -> bytes:
    """A delivery report with multiparts in multiparts."""
    head = b'Content-Type: multipart/report; report-type=delivery-status; boundary="b0"\r\n\r\n'
    for n in range(depth):
        head += f'--b{n}\r\nContent-Type: multipart/mixed; boundary="b{n + 1}"\r\n\r\n'.encode()
    return head


BOMBS = {
    "nested": nested(5000),
    "many headers": b"".join(b"X-%d: y\r\n" % n for n in range(40_000)),
    "many ids": b"References: " + b"<a@b> " * 60_000 + b"\r\n\r\n",
    "many addresses": b"To: " + b"a@b," * 60_000 + b"\r\n\r\n",
    "no end": b"Subject: " + b"=?utf-8?q?" * 30_000,
    "one word": b"To: " + b"a" * LARGEST,
    "brackets": b"In-Reply-To: " + b"<" * LARGEST,
    "folded": b"Subject: x" + b"\r\n " * 80_000,
    "same header": b"Subject: tk\r\n" * 20_000,
    "charset": b"Subject: =?no-such?B?////?= =?utf-8?B?%%%?=\r\nFrom: \xff\xfe\r\n\r\n",
    "empty": b"",
    "nul": b"From: a@b.example\r\nSubject: \x00[tk_0123456789ab]\r\n\r\n",
    "parts": b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
    + b"--b\r\n\r\n" * 40_000,
    "encoding": b"Content-Type: text/plain; charset=\xff\xff\r\nContent-Transfer-Encoding: \x80\r\n\r\n",
}


@pytest.mark.parametrize("content", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_read_in_no_time_as_nothing_much(content: bytes) -> None:
    start = time.process_time()
    mail = read(content[:LARGEST])
    assert time.process_time() - start < 2
    assert len(mail.ids) <= 100 and len(mail.readers) <= 100 and len(mail.subject) <= 300
    assert "\0" not in mail.subject and "\n" not in mail.subject
    assert LETTERS.letter(mail) is None


@given(st.binary(max_size=2000))
def test_any_bytes_can_be_read(content: bytes) -> None:
    assert isinstance(read(content), Mail)


def test_mutated_mails_raise_nothing_and_never_name_another_ticket() -> None:
    """20,000 mails with bytes changed, cut and doubled: a mail about this ticket is about it or about none."""
    chance = random.Random(5)
    originals = [reply(answers=ID), report(ID), reply(to=f"claims+{TICKET}@reseller.example")]
    for n in range(20_000):
        content = bytearray(originals[n % 3])
        for _ in range(chance.randrange(1, 12)):
            place = chance.randrange(len(content))
            act = chance.randrange(3)
            if act == 0:
                content[place] = chance.randrange(256)
            elif act == 1:
                del content[place : place + chance.randrange(40)]
            else:
                content[place:place] = content[chance.randrange(len(content)) :][:40]
            content = content or bytearray(b"\n")
        mail = read(bytes(content))
        assert LETTERS.ticket(mail) in (None, TICKET)


def test_the_mails_of_these_tests_are_whole() -> None:
    for content in (reply(answers=ID), report(ID)):
        assert not message_from_bytes(content).defects
