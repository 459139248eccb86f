"""What may be answered to a ticket in which state, and how much of it is granted."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.answers import WORDS, Answer, Said, answered, granted, proof_of_contact, stated, unanswered
from alerts.ticket import Claim, Ticket
from billing.errors import SettingsError
from billing.hours import Month

AT = datetime(2026, 11, 27, 12, tzinfo=UTC)
USD = Claim("al_a", "org", "logs", Decimal("100.005"), "USD")
KRW = Claim("al_b", "org", "logs", Decimal("5000.4"), "KRW")
TICKET = Ticket("tk_1", "p", "c", Month(2026, 11), "usage", "sent", AT, claims=(USD,), told=(USD,))
BOTH = replace(TICKET, claims=(USD, KRW), told=(USD, KRW))
ALL = {"USD": Decimal("100.01"), "KRW": Decimal("5000")}


def give(
    ticket: Ticket, what: str, before: Sequence[Answer] = (), sent: bool = True, **said: Any
) -> tuple[str, Answer]:
    return answered(ticket, Said(what, **said), before, sent, "kim", AT)


def refusal(ticket: Ticket, what: str, before: Sequence[Answer] = (), **said: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        give(ticket, what, before, **said)
    return str(caught.value)


@pytest.mark.parametrize("state", ["open", "sent", "acknowledged", "granted", "refused", "expired"])
@pytest.mark.parametrize("what", ["acknowledged", "granted", "refused"])
def test_a_ticket_that_went_out_can_be_answered_and_corrected(state: str, what: str) -> None:
    now, answer = give(replace(TICKET, state=state), what, note="as they said")
    assert (now, answer.what, answer.who, answer.at, answer.asked) == (what, what, "kim", AT, {"USD": ALL["USD"]})
    assert answer.granted == ({"USD": ALL["USD"]} if what == "granted" else {})


@pytest.mark.parametrize("state", ["draft", "withdrawn"])
@pytest.mark.parametrize("what", WORDS)
def test_a_draft_and_a_withdrawn_one_have_no_answer(state: str, what: str) -> None:
    assert f"a {state} ticket has no answer" in refusal(replace(TICKET, state=state), what, note="x")


@pytest.mark.parametrize("what", ["refused", "called", "open"])
def test_some_answers_need_a_note(what: str) -> None:
    assert "--note: is missing" in refusal(replace(TICKET, state="acknowledged"), what, note="  ")


def test_every_fault_is_named_at_once() -> None:
    told = refusal(TICKET, "refused", amount=Decimal(1))
    assert "--note" in told and "--amount" in told
    assert "write acknowledged, granted, refused, called, missed, open" in refusal(TICKET, "maybe")
    assert "nothing is asked" in refusal(replace(TICKET, claims=(), told=()), "granted")
    assert "no answer to take back" in refusal(TICKET, "open", note="x")
    assert "why it is not granted" in refusal(replace(TICKET, state="granted"), "acknowledged")


def test_a_call_leaves_the_state_and_an_answer_can_be_taken_back() -> None:
    for state, heard in {"open": "acknowledged", "sent": "acknowledged", "granted": "granted"}.items():
        assert give(replace(TICKET, state=state), "called", note="they look at it")[0] == heard
    taken = replace(TICKET, state="granted")
    _, grant = give(TICKET, "granted")
    for sent, state in ((True, "sent"), (False, "open")):
        now, answer = give(taken, "open", [grant], sent, note="wrong ticket")
        assert (now, answer.granted) == (state, {})


def test_a_call_that_reached_nobody_is_kept_and_changes_nothing() -> None:
    assert "whom you tried to reach" in refusal(TICKET, "missed")
    _, grant = give(TICKET, "granted")
    for state, before in {"open": [], "sent": [], "granted": [grant]}.items():
        now, missed = give(replace(TICKET, state=state), "missed", before, note="no answer")
        assert (now, missed.granted) == (state, grant.granted if before else {})
    assert proof_of_contact([missed], []) == ""


def test_a_grant_is_of_all_or_of_this_much_of_a_currency() -> None:
    assert give(BOTH, "granted")[1].granted == ALL
    assert give(TICKET, "granted", amount=Decimal("60"))[1].granted == {"USD": Decimal("60.00")}
    _, won = give(BOTH, "granted", currency="KRW")
    assert won.granted == {"KRW": Decimal(5000)}
    _, both = give(BOTH, "granted", [won], amount=Decimal("1.50"), currency="USD")
    assert both.granted == {"USD": Decimal("1.50"), "KRW": Decimal(5000)}
    _, less = give(BOTH, "granted", [both], amount=Decimal(0), currency="KRW")
    assert less.granted == {"USD": Decimal("1.50")}
    assert granted([won, both, less]) == less.granted


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"amount": Decimal("100.02")}, "not between 0 and the 100.01 USD asked"),
        ({"amount": Decimal("-1")}, "not between"),
        ({"amount": Decimal("NaN")}, "not between"),
        ({"amount": Decimal("Infinity")}, "not between"),
        ({"amount": Decimal("1.005")}, "2 digits"),
        ({"amount": Decimal(0)}, "write `refused`"),
        ({"currency": "EUR"}, "'EUR' is not asked for: it asks for USD"),
    ],
)
def test_a_grant_that_cannot_be_is_refused(said: dict[str, Any], what: str) -> None:
    assert what in refusal(TICKET, "granted", **said)


def test_of_several_currencies_the_amount_names_its_own() -> None:
    assert "--currency: is missing: it asks for KRW and USD" in refusal(BOTH, "granted", amount=Decimal(1))
    assert "0 digits" in refusal(BOTH, "granted", amount=Decimal("1.5"), currency="KRW")


@given(
    told=st.lists(st.decimals("-1e9", "1e9", places=4), min_size=1, max_size=4),
    part=st.decimals("0", "1e10", places=2),
)
def test_never_more_is_granted_than_was_asked(told: list[Decimal], part: Decimal) -> None:
    claims = tuple(replace(USD, alert_id=f"al_{n}", amount=amount) for n, amount in enumerate(told))
    ticket = replace(TICKET, told=claims, claims=claims)
    most = stated(ticket)["USD"]
    try:
        _, answer = give(ticket, "granted", amount=part)
    except SettingsError:
        assert part > most or part == 0 or most == 0
    else:
        assert answer.granted == {"USD": part} and 0 < part <= most


def test_what_is_asked_after_the_answer_is_unanswered() -> None:
    """One ticket a customer, month and kind: what joins later follows in its thread, and waits for its own answer."""
    _, grant = give(TICKET, "granted", amount=Decimal(60))
    stands = replace(TICKET, state="granted")
    assert unanswered(stands, [grant]) == {}
    assert unanswered(replace(stands, told=(USD, KRW)), [grant]) == {"KRW": Decimal(5000)}
    assert unanswered(replace(TICKET, told=(USD, KRW)), []) == {}


def test_what_proves_contact() -> None:
    assert proof_of_contact([], []) == ""
    _, called = give(TICKET, "called", note="Ms Gray")
    assert proof_of_contact([called], []) == "called (kim)"
    assert proof_of_contact([], ["VND-1"]) == "the desk's ticket VND-1"
    _, taken = give(replace(TICKET, state="granted"), "open", note="wrong")
    _, grant = give(TICKET, "granted")
    assert proof_of_contact([grant, taken], []) == ""
    assert proof_of_contact([grant, called, taken], []) == "called (kim)"
    assert proof_of_contact([taken, grant], []) == "granted (kim)"
