"""What must hold of tickets, their claims, their clocks and the answers to them."""

import hashlib
from collections import Counter
from decimal import Decimal

from alerts.ticket import Ticket
from tests.alerts.machine.seen import ANSWERED, BLIND, CLOCKS, HOUR, LEAST, REVIEW, Seen, invariant, over
from tests.alerts.machine.world import World


@invariant
def one_ticket_a_customer_month_and_kind(now: Seen, before: Seen, world: World) -> None:
    """And it keeps its identity: none is taken away."""
    for one in now.tickets.values():
        name = repr((one.customer_id, str(one.month), one.kind)).encode()
        assert one.ticket_id == "tk_" + hashlib.sha256(name).hexdigest()[:12]
    assert before.tickets.keys() <= now.tickets.keys()


@invariant
def a_draft_says_nothing(now: Seen, before: Seen, world: World) -> None:
    """It has no time of opening and no letter; what was opened is never a draft again, nor opened at another time."""
    for one in now.tickets.values():
        was = before.tickets.get(one.ticket_id)
        if one.opened_at is None:
            assert not one.letters and not now.letters(one)
        if one.state == "draft":
            assert one.opened_at is None
        if was and was.opened_at:
            assert one.opened_at == was.opened_at


@invariant
def it_opens_for_a_reason_and_for_enough_money(now: Seen, before: Seen, world: World) -> None:
    """The reasons of the contract, and at least 50 USD together."""
    for one in now.tickets.values():
        was = before.tickets.get(one.ticket_id)
        if one.opened_at and not (was and was.opened_at):
            assert one.opened_at == now.at
            assert _reason(one, now), f"{one.kind} opened for nothing"
            assert sum(now.live(one.customer_id, one.month).values()) >= LEAST
            if one.kind == "precaution":
                latest, deadline, _ = CLOCKS[one.customer_id, str(one.month)]
                assert latest - BLIND <= now.at < deadline, "a precaution outside of the blind window"


@invariant
def nothing_waits_that_has_a_reason_to_open(now: Seen, before: Seen, world: World) -> None:
    """A snooze, too, delays no opening."""
    for one in now.tickets.values():
        if now.cycled and one.state == "draft":
            assert not _reason(one, now), f"{_reason(one, now)}, and it is still a draft"


def _reason(ticket: Ticket, seen: Seen) -> str:
    """By hand: why a ticket with these claims is open."""
    mine = [seen.alerts[claim.alert_id] for claim in ticket.claims]
    if ticket.kind == "vendor_fault":
        return "vendor fault" if any(one.state == "vendor_fault" for one in mine) else ""
    latest, deadline, _ = CLOCKS[ticket.customer_id, str(ticket.month)]
    reasons = {
        "confirmed": any(one.state == "confirmed" for one in mine),
        "reviewed": any(seen.at >= one.detected_at + REVIEW for one in mine),
        "last safe hour": seen.at >= latest - HOUR,
        "blind": latest - BLIND <= seen.at < deadline,
    }
    return ", ".join(reason for reason, holds in reasons.items() if holds)


@invariant
def no_claim_of_what_is_no_claim(now: Seen, before: Seen, world: World) -> None:
    """What was dismissed, planned or restated away is on no ticket after the next cycle."""
    for one in now.tickets.values():
        if now.cycled and not over(one, now.at):
            states = {now.alerts[claim.alert_id].state for claim in one.claims}
            assert not states & {"dismissed", "planned", "withdrawn"}, f"a claim of what is {states}"


@invariant
def every_claim_stands_on_one_ticket(now: Seen, before: Seen, world: World) -> None:
    """Each live alert's money of a month is claimed once, at its amount, as soon as it is enough together."""
    for (customer_id, month), tickets in now.months.items():
        if not now.cycled or now.at >= CLOCKS[customer_id, str(month)][2]:
            continue
        claims = [claim for one in tickets if one.state != "withdrawn" for claim in one.claims]
        live = now.live(customer_id, month)
        assert all(count == 1 for count in Counter(claim.alert_id for claim in claims).values()), "claimed twice"
        assert {claim.alert_id: claim.amount for claim in claims}.items() <= live.items(), "another amount"
        if sum(live.values()) >= LEAST:
            assert {claim.alert_id for claim in claims} == live.keys(), "not claimed"
        for one in tickets:
            faults = {now.alerts[claim.alert_id].state == "vendor_fault" for claim in one.claims}
            assert faults <= {one.kind == "vendor_fault"}, "a claim on a ticket of another kind"


@invariant
def a_claim_stays_on_the_ticket_that_told_it(now: Seen, before: Seen, world: World) -> None:
    """The desk never hears of a claim under two tickets, unless it was found to be the vendor's fault."""
    for one in before.tickets.values():
        if one.kind == "vendor_fault" or not one.opened_at or one.state == "withdrawn" or not now.cycled:
            continue
        live = now.live(one.customer_id, one.month)
        for claim in one.told:
            if claim.alert_id in live and now.alerts[claim.alert_id].state != "vendor_fault":
                others = [t for t in now.tickets.values() if t.ticket_id != one.ticket_id and t.month == one.month]
                assert not any(claim.alert_id == c.alert_id for t in others for c in t.claims)


@invariant
def only_what_nobody_heard_of_expires(now: Seen, before: Seen, world: World) -> None:
    """Not before the end; then nothing waits any more, and what was sent or answered stays that."""
    for one in now.tickets.values():
        if one.state == "expired":
            assert over(one, now.at)
            was = [move.was for move in now.moves(one.ticket_id) if move.was != move.now == "expired"]
            assert {*was} <= {"", "draft", "open"}, f"{was} and expired"
        elif now.cycled and over(one, now.at):
            assert one.state not in ("draft", "open")


@invariant
def the_clocks_are_the_earliest_and_the_latest(now: Seen, before: Seen, world: World) -> None:
    """The deadline is no later than any candidate end of the month; a ticket opened after the last e-mail is a call."""
    for one in now.tickets.values():
        if one.kind == "vendor_fault":
            assert one.deadline_at is None and one.expires_at is None and not one.call_after_email
            continue
        latest, deadline, end = CLOCKS[one.customer_id, str(one.month)]
        assert (one.latest_email_at, one.deadline_at, one.expires_at) == (latest, deadline, end)
        if one.opened_at and one.opened_at > latest:
            assert one.call_after_email
        if one.call_from and one.call_by:
            assert one.opened_at and one.opened_at <= one.call_from < one.call_by <= deadline


@invariant
def no_more_is_granted_than_was_asked(now: Seen, before: Seen, world: World) -> None:
    """And only to a ticket that a person says was granted; what was refused or taken back grants nothing."""
    for ticket_id, answers in now.answers.items():
        state, last = now.tickets[ticket_id].state, answers[-1]
        for currency, amount in last.granted.items():
            asked = max(answer.asked.get(currency, Decimal(0)) for answer in answers if answer.what == "granted")
            assert 0 < amount <= asked, f"{amount} granted of {asked}"
        said = [answer.what for answer in answers if answer.what in (*ANSWERED, "open")]
        if last.granted:
            assert said[-1] == "granted" == state


@invariant
def an_answer_stands_until_a_person_takes_it_back(now: Seen, before: Seen, world: World) -> None:
    """No cycle, no mail and no delivery changes it, and a mail is an answer once."""
    for one in now.tickets.values():
        was = before.tickets.get(one.ticket_id)
        if was and was.state in ANSWERED and not world.answering:
            assert one.state == was.state, f"{was.state}, and then {one.state}"
    for answers in now.answers.values():
        mails = Counter(answer.note for answer in answers if answer.note.startswith("Re "))
        assert all(count == 1 for count in mails.values()), "a mail was handled twice"
