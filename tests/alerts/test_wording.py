"""Words that people write for letters: what they may say, how long they hold, and what becomes of them in a mail."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.letter import generated_words, ticket_letter
from alerts.mail import Letter
from alerts.ticket import Ticket, written
from alerts.wording import LONGEST, Draft, Wording, cleaned, faults, figures
from tests.alerts.page import check, page, received
from tests.alerts.partners import AT, BOOK, CATALOG, DESKS, GRID, GROUNDS, HOSTS, LOGS, ticket

OPENED = ticket(LOGS, HOSTS)
GENERATED = generated_words(OPENED, BOOK, DESKS, AT)
STATED = {"USD": {Decimal("13142.15"), Decimal("900.00")}, "KRW": {Decimal(1000)}}


def wording(text: str, of: Ticket = OPENED, number: int = 1) -> Wording:
    said = generated_words(of, BOOK, DESKS, AT)
    return Wording(number, of.ticket_id, of.letters + 1, AT, "kim", text, said, of.claims)


def letter(of: Ticket, said: Wording | None = None) -> Letter:
    return ticket_letter(of, (LOGS, HOSTS), BOOK, CATALOG, GRID, DESKS, AT, GROUNDS, said)


def draft(*written: Wording, of: Ticket = OPENED) -> Draft:
    return Draft(of, generated_words(of, BOOK, DESKS, AT), written, owed=True)


def test_only_the_words_of_the_letter_are_others() -> None:
    as_generated, edited = letter(OPENED), letter(OPENED, wording("Dear desk,\n\nsee the tables.\nThank you."))
    assert GENERATED in as_generated.text and "13,142.15 USD" in GENERATED
    assert edited.text == as_generated.text.replace(GENERATED, "Dear desk,\n\nsee the tables.\nThank you.")
    assert replace(edited, text="", html="") == replace(as_generated, text="", html="")
    html = re.sub(r"\s*<br>\s*", "<br>", page(edited).html)
    assert "Dear desk,<br><br>see the tables.<br>Thank you." in html
    check(edited)


def test_words_hold_for_their_letter_its_claims_and_what_it_says_by_itself() -> None:
    said = wording("Dear desk.")
    lower = replace(OPENED.claims[0], amount=OPENED.claims[0].amount - Decimal("0.01"))
    others = [
        replace(OPENED, claims=(lower, *OPENED.claims[1:])),
        replace(OPENED, claims=OPENED.claims[1:]),
        replace(OPENED, claims=(), told=OPENED.claims),
        replace(OPENED, claims=(replace(OPENED.claims[0], currency="EUR"), *OPENED.claims[1:])),
        replace(OPENED, claims=(replace(OPENED.claims[0], alert_id="al_other"), *OPENED.claims[1:])),
        replace(OPENED, deadline_at=AT, expires_at=AT),
        written(OPENED, AT),
    ]
    assert said.holds(OPENED, GENERATED)
    for other in others:
        assert not said.holds(other, generated_words(other, BOOK, DESKS, AT))
        assert draft(said, of=other).words == draft(of=other).generated != "Dear desk."
        assert draft(said, of=other).dropped == said


HARM = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</p></td></table><h1>Paid</h1>",
    "{{ 7 * 7 }}{% raw %}",
    "x\r\nBcc: thief@evil.example\r\n\r\nx",
    "--=0.0=\nContent-Type: text/html\n\n<b>x</b>",
    "a\u2028b\u2029c\x0bd\x85e\x00\x1b[2J",
    "\u202egnp.exe \u2066x\u2069",
    ".\n.\nx",
    "From here\n>From there",
    "=?utf-8?q?=42cc?= x",
    "\ud800x",
    "ﷺ" * 500,
    "w" * LONGEST,
)


@pytest.mark.parametrize("harm", HARM, ids=range(len(HARM)))
def test_words_that_mean_harm_stay_words(harm: str) -> None:
    text = cleaned(harm)
    as_generated, edited = received(letter(OPENED)), received(letter(OPENED, wording(text)))
    different = {name for name, value in edited.items() if as_generated[name] != value}
    assert list(edited) == list(as_generated) and different <= {"Content-Type"}, "the boundary alone is another"
    plain = edited.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert text in plain and not set("\u202e\u2066\u2069\x00\x1b\u2028") & set(plain)
    shown, usual = check(letter(OPENED, wording(text))), page(letter(OPENED))
    assert [tag for tag in shown.tags if tag != ("br",)] == [tag for tag in usual.tags if tag != ("br",)]
    assert " ".join(text.split()) in shown.text


@settings(max_examples=60)
@given(st.text(max_size=300))
def test_cleaning_is_done_once_and_leaves_what_is_seen(text: str) -> None:
    once = cleaned(text)
    assert cleaned(once) == once
    assert [c for c in once if c.isalnum()] == [c for c in text if c.isalnum()]
    assert once == once.strip() and "\n\n\n" not in once and "\r" not in once
    said = wording(once)
    if once:
        assert once in letter(OPENED, said).text


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Please waive 13,142.15 USD.", ""),
        ("Please waive 13142.15 usd, that is USD 13,142.15 or $13,142.15: 900 USD of it for hosts.", ""),
        ("24 hours from 14:00 UTC, 99 hosts, 3 AM, +1 555 0100, 1,000 KRW and ₩1,000", ""),
        ("Waive 13,142.51 USD", "13,142.51 USD is no amount of this letter"),
        ("Waive USD 900.01.", "USD 900.01 is no amount"),
        ("We ask for 13,142.15 EUR", "13,142.15 EUR is no amount"),
        ("€1", "€1 is no amount"),
        ("for 1.000 KRW", "1.000 KRW is no amount"),
        ("100USD", "100USD is no amount"),
        ("1.2.3 USD", "1.2.3 USD is no amount"),
        ("", "say nothing"),
        (" \u200b \n—", "say nothing"),
        ("x" * (LONGEST + 1), "4001 characters"),
    ],
)
def test_what_words_may_say(text: str, wrong: str) -> None:
    assert wrong in "; ".join(faults(text, STATED)) and bool(wrong) == bool(list(faults(text, STATED)))


def test_the_generated_words_state_the_letters_own_amounts() -> None:
    for one in (
        OPENED,
        replace(OPENED, letters=1, told=OPENED.claims[:1]),
        replace(OPENED, claims=(), told=OPENED.claims),
    ):
        assert list(faults(generated_words(one, BOOK, DESKS, AT), figures(letter(one).text))) == []


def test_words_may_name_whatever_the_letter_states_a_price_too() -> None:
    stated = figures(letter(OPENED).text)
    assert list(faults("12,300.00 USD for hosts, at 0.10 USD each; 7,200.00 USD is usual.", stated)) == []
    assert list(faults("at 0.11 USD each", stated)) != []


def test_who_writes_over_what_somebody_else_wrote_is_told_and_who_says_the_same_is_not() -> None:
    before, after = draft(), draft(wording("Theirs.", number=7))
    assert after.changed_since(after.version, "mine") == after.changed_since(before.version, "Theirs.") == ""
    assert "Somebody else" in after.changed_since(before.version, "mine")
    assert "Somebody else" in after.changed_since(before.version, None)
    moved = draft(of=replace(OPENED, claims=OPENED.claims[1:]))
    assert "What the letter claims has changed" in moved.changed_since(before.version, "mine")
    assert moved.changed_since("nonsense", None) != ""


def test_what_went_out_before_is_what_is_undone_to() -> None:
    first, second = wording("One.", number=1), wording("Two.", number=2)
    assert [draft(*some).before for some in ((), (first,), (first, second))] == ["", "", "One."]
    stale = replace(first, claims=())
    assert draft(stale, second).before == "", "words that did not go out any more"
