"""What came of claims: every unit of money is in one place, whatever was answered in whatever order."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from alerts.answers import Answer, Said, answered
from alerts.recovery import Outcome, outcome, together
from alerts.ticket import Claim, Ticket
from billing.errors import SettingsError
from billing.hours import Month

AT = datetime(2026, 11, 20, tzinfo=UTC)
MONTH = Month(2026, 11)


def ticket(*amounts: str, state: str = "sent", currency: str = "USD") -> Ticket:
    claims = tuple(Claim(f"al_{n}", "o", "m", Decimal(amount), currency) for n, amount in enumerate(amounts))
    return Ticket("tk_1", "p", "c", MONTH, "usage", state, AT, claims=claims, letters=1, told=claims)


def after(one: Ticket, *said: Said) -> tuple[Ticket, list[Answer]]:
    """The ticket after these, those that make no sense left out."""
    answers: list[Answer] = []
    for words in said:
        try:
            state, answer = answered(one, words, answers, True, "kim", AT)
        except SettingsError:
            continue
        one, answers = replace(one, state=state), [*answers, answer]
    return one, answers


def usd(found: Outcome) -> dict[str, str]:
    return {name: str(amount) for name, amount in found.of("USD").items() if amount}


def test_a_part_is_granted_and_the_rest_refused() -> None:
    found = outcome(*after(ticket("100", "50"), Said("granted", amount=Decimal("60.50"))))
    assert usd(found) == {"claimed": "150.00", "granted": "60.50", "refused": "89.50"}


def test_what_is_claimed_after_the_answer_waits_for_another() -> None:
    one, answers = after(ticket("100"), Said("refused", "no"))
    more = ticket("100", "30", state=one.state)
    assert usd(outcome(more, answers)) == {"claimed": "130.00", "refused": "100.00", "waiting": "30.00"}


def test_a_call_or_an_answer_that_is_taken_back_leaves_it_waiting() -> None:
    for said in (Said("called", "x"), Said("missed", "x"), Said("acknowledged")):
        assert usd(outcome(*after(ticket("9"), said))) == {"claimed": "9.00", "waiting": "9.00"}
    assert usd(outcome(*after(ticket("9"), Said("granted"), Said("open", "wrong one")))) == usd(
        outcome(ticket("9"), [])
    )


def test_only_what_was_sent_is_claimed() -> None:
    assert usd(outcome(ticket("9", state="expired"), [])) == {"expired": "9.00"}
    assert outcome(ticket("9", state="withdrawn"), []).currencies == []
    for state in ("draft", "open"):
        assert usd(outcome(ticket("9", state=state), [])) == {"unsent": "9"}, "a letter in a file asks nobody"


def test_months_add_up_by_currency() -> None:
    found = together([outcome(ticket("1"), []), outcome(ticket("2"), []), outcome(ticket("3", currency="EUR"), [])])
    assert (found.currencies, found.of("USD")["waiting"], found.of("EUR")["claimed"]) == (["EUR", "USD"], 3, 3)


amounts = st.decimals("0.01", "999", places=2).map(str)
sayings = st.builds(
    Said,
    st.sampled_from(["acknowledged", "granted", "refused", "called", "missed", "open"]),
    st.just("why"),
)
grants = st.builds(Said, st.just("granted"), amount=st.decimals("0.01", "999", places=2))


@given(st.lists(amounts, min_size=1, max_size=3), st.lists(amounts, max_size=2), st.lists(sayings | grants, max_size=6))
def test_claimed_is_granted_refused_or_waiting(first: list[str], later: list[str], said: list[Said]) -> None:
    one, answers = after(ticket(*first), *said)
    sums = outcome(ticket(*first, *later, state=one.state), answers).of("USD")
    assert sums["claimed"] == sums["granted"] + sums["refused"] + sums["waiting"]
    assert sums["claimed"] == sum(map(Decimal, [*first, *later])), "every claim is in it"
    assert min(sums.values()) >= 0
