"""Letters: the shape of the message, the same bytes each time, and nothing that a name could smuggle in."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.mail import Attachment, Letter, Picture, compose, mailbox, message_id
from billing.addresses import valid_address

SENDER = "Floodmark <floodmark@msp.example>"
LETTER = Letter(
    sender=SENDER,
    to=("desk@vendor.example", "second@vendor.example"),
    subject="Usage spike at Acme",
    text="Dear desk,\nplease look.\n",
    html="<style>p{color:#123456}</style><p>Look</p><img src='cid:chart' alt='chart'>",
    images=(Picture("chart", b"\x89PNG picture", "41.8 GB against 15.4 GB"),),
    attachments=(Attachment("usage.csv", "text/csv", b"hour,quantity\n1,2\n"),),
    message_id=message_id("ticket-1", SENDER),
    date=datetime(2026, 11, 27, 14, tzinfo=UTC),
)
# Every way that something has been known to end a line or a header early, start an encoded word or a second address.
TRAPS = st.sampled_from(
    [
        *'\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\0\ud800\u202e"\\;,():@-ж고',
        "\r\nBcc: x@evil.example\r\n\r\n",
        "=?utf-8?q?=0D=0ABcc:x@evil.example?=",
        "=?utf-8?b?DQpCY2M6eEBldmlsLmV4YW1wbGU=?=",
        "x@evil.example,",
        "x@evil.example;",
        "<x@evil.example>",
    ]
)
HOSTILE = st.lists(st.one_of(TRAPS, st.text(max_size=25)), max_size=8).map("".join)


def read(letter: Letter) -> EmailMessage:
    return message_from_bytes(compose(letter), policy=SMTP)


def recipients(message: EmailMessage) -> tuple[str, ...]:
    return tuple(
        address.addr_spec for name in ("To", "Cc", "Bcc") for h in message.get_all(name, []) for address in h.addresses
    )


def shape(part: MIMEPart) -> object:
    inner = [shape(child) for child in part.iter_parts()] if part.is_multipart() else []
    return {part.get_content_type(): inner} if inner else part.get_content_type()


def test_a_letter_has_the_shape_that_mail_programs_expect() -> None:
    related = {"multipart/related": ["text/html", "image/png"]}
    body = {"multipart/alternative": ["text/plain", related]}
    assert shape(read(LETTER)) == {"multipart/mixed": [body, "text/csv"]}
    assert shape(read(replace(LETTER, html="", images=(), attachments=()))) == {"multipart/mixed": ["text/plain"]}


def test_what_was_put_in_comes_out() -> None:
    message = read(LETTER)
    html, picture = list(next(message.iter_parts()).iter_parts())[1].iter_parts()
    assert message.get_body(("plain",)).get_content().replace("\r\n", "\n") == LETTER.text  # type: ignore[union-attr]  # it has one
    assert 'style="color: #123456;"' in html.get_content()
    assert picture["Content-ID"] == "<chart>"
    assert picture["Content-Description"] == "41.8 GB against 15.4 GB"
    assert picture.get_content() == b"\x89PNG picture"
    (attachment,) = message.iter_attachments()
    assert attachment.get_filename() == "usage.csv"
    assert attachment.get_payload(decode=True) == b"hour,quantity\n1,2\n"
    assert (message["From"], message["Date"].datetime, message["Auto-Submitted"]) == (
        SENDER,
        LETTER.date,
        "auto-generated",
    )
    assert recipients(message) == LETTER.to
    assert not [defect for part in message.walk() for defect in part.defects]


def test_media_rules_of_the_style_sheet_stay() -> None:
    style = "@media (prefers-color-scheme: dark) { p { color: #eeeeee !important } }"
    html = read(replace(LETTER, html=f"<style>{style}</style><p>x</p>", images=())).get_body(("html",))
    assert "prefers-color-scheme: dark" in html.get_content()  # type: ignore[union-attr]  # it has one


def test_the_same_letter_is_the_same_bytes_and_seven_bits_in_short_lines() -> None:
    letter = replace(LETTER, text="Счёт\n", html=f"<p>{'고객 ' * 100}</p>")
    content = compose(letter)
    assert content == compose(replace(letter))
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 78
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_another_letter_has_other_boundaries() -> None:
    def boundaries(letter: Letter) -> set[str]:
        return {str(part.get_boundary()) for part in read(letter).walk() if part.is_multipart()}

    assert len(boundaries(LETTER)) == 3
    assert not boundaries(LETTER) & boundaries(replace(LETTER, text="Dear desk"))


def test_a_body_that_repeats_the_boundaries_of_the_last_letter_stays_one_body() -> None:
    last = compose(LETTER).decode()
    assert shape(read(replace(LETTER, text=last))) == shape(read(LETTER))


def test_a_follow_up_names_the_thread_even_if_its_identifiers_are_long() -> None:
    ids = tuple(f"<{number:040}@{'d' * 60}.example>" for number in range(30))
    letter = replace(LETTER, in_reply_to=ids[-1], references=ids)
    content = compose(letter).decode()
    assert "=?utf-8?" not in content
    assert read(letter)["References"].split() == list(ids)
    assert read(letter)["In-Reply-To"] == ids[-1]
    assert read(replace(letter, references=()))["References"] == ids[-1]


def test_a_long_unsubscribe_link_stays_in_one_piece() -> None:
    link = f"<https://floodmark.msp.example/unsubscribe/{'t' * 200}>"
    letter = replace(
        LETTER, headers=(("List-Unsubscribe", link), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    )
    assert f"List-Unsubscribe: {link}\r\n" in compose(letter).decode()
    assert read(letter)["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@settings(max_examples=200, deadline=None)
@given(subject=HOSTILE, name=HOSTILE, alt=HOSTILE, filename=HOSTILE, text=HOSTILE)
def test_no_text_adds_a_header_a_part_or_a_recipient(
    subject: str, name: str, alt: str, filename: str, text: str
) -> None:
    letter = replace(
        LETTER,
        sender=f"{re.sub('[<>]', '', name)} <floodmark@msp.example>",
        subject=subject,
        images=(Picture("chart", b"png", alt),),
        attachments=(Attachment(filename, "text/csv", b"a"),),
        text=text,
        html=f"<p>{text}</p>",
    )
    message = read(letter)
    assert message.keys() == read(LETTER).keys()
    assert recipients(message) == LETTER.to
    assert [address.addr_spec for address in message["From"].addresses] == ["floodmark@msp.example"]
    assert shape(message) == shape(read(LETTER))
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", f"{message['Subject']}{message['From']}")


def test_an_address_in_a_long_name_of_the_sender_stays_a_name() -> None:
    """The standard library's folding loses the quotes of this one: the From would be x@evil.example."""
    name = "Bcc: x@evil.example Bcc: x@evil.example = ?utf-8?q?=0D=0ABcc:x@evil.example?="
    (sender,) = read(replace(LETTER, sender=f"{name} <floodmark@msp.example>"))["From"].addresses
    assert sender.addr_spec == "floodmark@msp.example"


@settings(max_examples=150)
@given(subject=st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=200))
def test_a_plain_subject_in_any_script_is_read_as_it_was_written(subject: str) -> None:
    assert read(replace(LETTER, subject=subject))["Subject"] == subject.replace("=?", "= ?")


@given(address=st.one_of(HOSTILE, st.emails()))
def test_only_one_bare_address_is_an_address_and_it_is_reached_whole(address: str) -> None:
    if valid_address(address):
        assert recipients(read(replace(LETTER, to=(address,)))) == (address,)
    else:
        with pytest.raises(ValueError, match="is not an e-mail address"):
            compose(replace(LETTER, to=(address,)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kim",
        "kim@partner",
        "kim@partner.",
        "kim@.example",
        "kim@-partner.example",
        "kim@partner..example",
        ".kim@partner.example",
        "kim@partner.example ",
        "kim@partner.example\n",
        "kim@partner.example,eve@evil.example",
        "Kim <kim@partner.example>",
        "kim@eve@partner.example",
        '"kim"@partner.example',
        "kïm@partner.example",
        "k" * 65 + "@partner.example",
        "kim@" + ".".join(["p" * 60] * 5),
    ],
)
def test_what_is_no_address_is_none(text: str) -> None:
    assert not valid_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "kim@partner.example",
        "o'neil+desk@a-b.co",
        "1@2.3x",
        "k" * 64 + "@partner.example",
        "floodmark@localhost.localdomain",
    ],
)
def test_what_is_an_address_is_one(text: str) -> None:
    assert valid_address(text)


def test_a_sender_may_have_a_name_which_loses_what_needs_quotes() -> None:
    assert str(mailbox("Kim, Lee & Co <kim@partner.example>")) == "Kim Lee & Co <kim@partner.example>"
    assert str(mailbox('"Kim" <kim@partner.example>')) == "Kim <kim@partner.example>"
    assert str(mailbox(" kim@partner.example ")) == "kim@partner.example"


@pytest.mark.parametrize(
    "text", ["Kim <kim@partner.example", "kim@partner.example>", "<kim>", "a <b@c.de> <e@f.gh>", ""]
)
def test_a_sender_that_is_no_mailbox_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an e-mail address"):
        mailbox(text)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"to": ()}, "is to nobody"),
        ({"to": ("Kim <kim@partner.example>",)}, "is not an e-mail address"),
        ({"sender": "floodmark"}, "is not an e-mail address"),
        ({"reply_to": "a@b.example, c@d.example"}, "is not an e-mail address"),
        ({"message_id": "ticket-1"}, "is not a message identifier"),
        ({"in_reply_to": "<a@b>\r\nBcc: <x@evil.example>"}, "is not a message identifier"),
        ({"headers": (("Bcc", "x@evil.example"),)}, "an extra header is named"),
        ({"headers": (("X-Note\r\nBcc", "x@evil.example"),)}, "an extra header is named"),
    ],
)
def test_a_faulty_letter_is_refused(fault: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        compose(replace(LETTER, **fault))  # type: ignore[arg-type]  # fields by name


def test_a_message_id_belongs_to_its_key_and_the_senders_domain() -> None:
    assert message_id("a", SENDER) == message_id("a", "other@msp.example")
    assert message_id("a", SENDER) != message_id("b", SENDER)
    assert re.fullmatch(r"<[0-9a-f]{40}@msp\.example>", message_id("a\r\nb", SENDER))
