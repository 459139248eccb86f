"""Every sentence of the contract's "When a ticket opens", on the month of its own example."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from alerts.alert import Alert, Stake
from alerts.ticket import ANSWERED, asked, ticket_id
from billing.hours import DAY, HOUR, Month
from tests.alerts.claims import (
    BLIND,
    CLOCK,
    DEADLINE,
    EARLY,
    EXPIRES,
    LATEST,
    NOVEMBER,
    alert,
    claimed,
    cycle,
)

SECOND = timedelta(seconds=1)
MONDAY = DEADLINE - 10 * HOUR  # the 30th, 09:00 in New York


def worth(one: Alert, value: str) -> Alert:
    return replace(one, stakes=(Stake(NOVEMBER, Decimal(value), "USD"),))


def test_the_clock_is_the_contracts_example() -> None:
    assert (CLOCK.latest_email_at, CLOCK.deadline_at, CLOCK.expires_at) == (LATEST, DEADLINE, EXPIRES)
    ticket = cycle([alert()], EARLY).tickets["usage"]
    assert (ticket.latest_email_at, ticket.deadline_at, ticket.expires_at) == (LATEST, DEADLINE, EXPIRES)


@pytest.mark.parametrize(
    ("alerts", "due"),
    [
        ([], False),
        ([alert(amount="50")], True),
        ([alert(amount="49.99")], False),
        ([alert("a", "30"), alert("b", "20")], True),
        ([alert("a", "60"), alert("b", "-10")], True),
        ([alert("a", "60"), alert("b", "-10.01")], False),
        ([alert(amount="-60")], False),
        ([alert(state="over")], True),
        ([alert(state="confirmed")], True),
        ([alert(state="vendor_fault")], True),
        ([alert(state="dismissed")], False),
        ([alert(state="planned")], False),
        ([alert(state="withdrawn")], False),
        ([alert("a", "49"), alert("b", "49", state="dismissed")], False),
        ([alert(month=Month(2026, 10))], False),
        ([alert("a", "49"), alert("b", "49", month=Month(2026, 12))], False),
    ],
)
def test_due_when_the_live_alerts_of_the_month_add_up_to_min_stake(alerts: list[Alert], due: bool) -> None:
    assert bool(cycle(alerts, EARLY + 2 * DAY).tickets) == due


@pytest.mark.parametrize(
    ("what", "one", "at", "kind", "state"),
    [
        ("it waits for a reviewer", alert(), EARLY + DAY - SECOND, "usage", "draft"),
        ("review_hours have passed", alert(), EARLY + DAY, "usage", "open"),
        ("a reviewer confirmed it", alert(state="confirmed"), EARLY, "usage", "open"),
        ("it is over, unreviewed", alert(state="over"), EARLY + HOUR, "usage", "draft"),
        ("just before the blind window", alert(raised=BLIND - SECOND), BLIND - SECOND, "usage", "draft"),
        ("the blind window begins", alert(raised=BLIND), BLIND, "precaution", "open"),
        ("its last moment", alert(raised=DEADLINE - SECOND), DEADLINE - SECOND, "precaution", "open"),
        ("an hour of 71 h ago", alert(raised=LATEST, last_hour=LATEST - 71 * HOUR), LATEST, "precaution", "open"),
        ("an hour of 73 h ago", alert(raised=LATEST, last_hour=LATEST - 73 * HOUR), LATEST, "usage", "open"),
        ("past latest_email_at - 1 h, not blind", alert(raised=DEADLINE), DEADLINE, "usage", "open"),
        ("until everywhere is over", alert(raised=EXPIRES - SECOND), EXPIRES - SECOND, "usage", "open"),
    ],
)
def test_a_due_ticket_opens_when(what: str, one: Alert, at: datetime, kind: str, state: str) -> None:
    found, owing = cycle([one], at)
    assert {kind: ticket.state for kind, ticket in found.items()} == {kind: state}, what
    assert found[kind].opened_at == (at if state == "open" else None)
    assert owing == ([kind] if state == "open" else [])


def test_one_confirmed_alert_opens_the_ticket_for_all() -> None:
    found, _ = cycle([alert("a", "30"), alert("b", "20", "confirmed")], EARLY)
    assert found["usage"].state == "open" and claimed(found["usage"]) == ["a", "b"]


def test_opened_at_is_the_cycle_that_opened_it() -> None:
    draft, _ = cycle([alert()], EARLY)
    late = EARLY + 3 * DAY
    first, _ = cycle([alert()], late, draft)
    second, _ = cycle([alert()], late + DAY, first)
    assert first["usage"].opened_at == second["usage"].opened_at == late


def test_one_ticket_a_customer_month_and_kind() -> None:
    identities = {
        ticket_id(customer, month, kind)
        for customer in ("one", "two")
        for month in (NOVEMBER, NOVEMBER.next)
        for kind in ("usage", "vendor_fault", "precaution")
    }
    assert len(identities) == 12
    first, _ = cycle([alert()], EARLY + DAY)
    both, owing = cycle([alert(), alert("b", "5", raised=EARLY + DAY)], EARLY + DAY + HOUR, first)
    assert both["usage"].ticket_id == first["usage"].ticket_id == ticket_id("customer", NOVEMBER, "usage")
    assert claimed(both["usage"]) == ["a", "b"]
    assert (owing, both["usage"].letters) == (["usage"], 2), "the later alert is a follow-up"


@pytest.mark.parametrize("state", ["open", "sent", *ANSWERED])
def test_an_alert_that_comes_later_is_a_follow_up_in_every_state(state: str) -> None:
    first, _ = cycle([alert()], EARLY + DAY)
    told = {"usage": replace(first["usage"], state=state)}
    assert cycle([alert()], EARLY + 2 * DAY, told).owing == []
    both, owing = cycle([alert(), alert("b", "5")], EARLY + 2 * DAY, told)
    assert (owing, both["usage"].state, both["usage"].letters) == (["usage"], state, 2)


def test_a_claim_that_leaves_is_said_and_the_last_one_withdraws_the_ticket() -> None:
    both, _ = cycle([alert(), alert("b")], EARLY + DAY)
    one, owing = cycle([alert(), alert("b", state="dismissed")], EARLY + DAY + HOUR, both)
    assert (owing, one["usage"].state, claimed(one["usage"])) == (["usage"], "open", ["a"])
    none, owing = cycle([alert(state="withdrawn"), alert("b", state="planned")], EARLY + DAY + 2 * HOUR, one)
    assert (owing, none["usage"].state, claimed(none["usage"])) == (["usage"], "withdrawn", [])
    again, owing = cycle([alert(state="confirmed")], EARLY + 2 * DAY, none)
    assert (owing, again["usage"].state, again["usage"].letters) == (["usage"], "open", 4)
    assert again["usage"].opened_at == both["usage"].opened_at


def test_a_draft_that_is_due_no_longer_is_withdrawn_without_a_letter() -> None:
    draft, _ = cycle([alert()], EARLY)
    for less in (alert(amount="49"), alert(state="dismissed")):
        gone, owing = cycle([less], EARLY + 2 * DAY, draft)
        assert (gone["usage"].state, gone["usage"].opened_at, owing) == ("withdrawn", None, [])
        back, owing = cycle([alert(amount="70")], EARLY + 2 * DAY, gone)
        assert (back["usage"].state, owing) == ("open", ["usage"])


def test_vendor_fault_has_no_clock_and_other_evidence() -> None:
    at = EXPIRES + 5 * DAY
    found, owing = cycle([alert(state="vendor_fault")], at)
    ticket = found["vendor_fault"]
    assert (ticket.state, ticket.opened_at, owing) == ("open", at, ["vendor_fault"])
    assert ticket.deadline_at is ticket.expires_at is ticket.latest_email_at is None
    assert (ticket.call_after_email, ticket.call_from, ticket.call_by) == (False, None, None)
    assert cycle([alert(state="vendor_fault")], at + 30 * DAY, found).tickets["vendor_fault"].state == "open"


def test_a_vendor_fault_leaves_the_usage_ticket() -> None:
    usage, _ = cycle([alert(), alert("b")], EARLY + DAY)
    found, owing = cycle([alert(), alert("b", state="vendor_fault")], EARLY + DAY + HOUR, usage)
    assert (claimed(found["usage"]), claimed(found["vendor_fault"])) == (["a"], ["b"])
    assert owing == ["usage", "vendor_fault"]


def test_in_the_blind_window_a_fresh_alert_joins_the_open_usage_ticket() -> None:
    usage, _ = cycle([alert()], EARLY + DAY)
    found, owing = cycle([alert(), alert("fresh", raised=LATEST)], LATEST, usage)
    assert list(found) == owing == ["usage"]
    assert claimed(found["usage"]) == ["a", "fresh"]


def test_in_the_blind_window_a_draft_opens_and_takes_the_fresh_alert_along() -> None:
    waiting = alert(raised=BLIND - HOUR, last_hour=BLIND - 80 * HOUR)
    draft, _ = cycle([waiting], BLIND - HOUR)
    assert draft["usage"].state == "draft"
    found, _ = cycle([waiting, alert("fresh", raised=BLIND)], BLIND, draft)
    assert {kind: claimed(ticket) for kind, ticket in found.items()} == {"usage": ["a", "fresh"]}


def test_a_precaution_stays_one() -> None:
    fresh = alert("fresh", raised=BLIND)
    found, owing = cycle([fresh], BLIND)
    assert owing == ["precaution"]
    for at in (BLIND + 71 * HOUR, BLIND + 80 * HOUR, DEADLINE + HOUR):
        found, owing = cycle([fresh], at, found)
        assert (list(found), claimed(found["precaution"]), owing) == (["precaution"], ["fresh"], [])
    old = alert("old", raised=MONDAY, last_hour=EARLY)
    beside, owing = cycle([fresh, old], MONDAY, cycle([fresh], BLIND).tickets)
    assert {kind: claimed(ticket) for kind, ticket in beside.items()} == {"usage": ["old"], "precaution": ["fresh"]}
    assert owing == ["usage"]


@pytest.mark.parametrize("opened", [BLIND, DEADLINE - 12 * HOUR])
def test_late_hours_correct_a_precaution_before_it_expires(opened: datetime) -> None:
    fresh = alert("fresh", raised=opened)
    found, _ = cycle([fresh], opened)
    for at in (opened + n * HOUR for n in range(1, (EXPIRES - opened) // HOUR)):
        found, _ = cycle([replace(worth(fresh, "900"), hours=(*fresh.hours, at - 2 * HOUR))], at, found)
    assert asked(found["precaution"].told) == {"USD": 900}


def test_corrections_are_rare() -> None:
    usage, _ = cycle([alert()], EARLY + DAY)
    for later, value, owed in [(1, "800", []), (26, "100", []), (26, "110", ["usage"]), (26, "10", ["usage"])]:
        _, owing = cycle([worth(alert(), value)], EARLY + DAY + later * HOUR, usage)
        assert owing == owed, (later, value)


@pytest.mark.parametrize(
    ("state", "then"),
    [("draft", "expired"), ("open", "expired"), *((state, state) for state in ("sent", "expired", *ANSWERED))],
)
def test_only_what_was_not_delivered_expires_and_only_at_expires_at(state: str, then: str) -> None:
    opened = None if state == "draft" else EARLY + DAY
    ticket = replace(cycle([alert()], EARLY).tickets["usage"], state=state, opened_at=opened)
    before, _ = cycle([alert()], EXPIRES - SECOND, {"usage": ticket})
    assert before["usage"].state == ("open" if state == "draft" else state)
    after, owing = cycle([alert(), alert("b")], EXPIRES, {"usage": ticket})
    assert (after["usage"].state, owing) == (then, [])


@pytest.mark.parametrize("opened", [EARLY + DAY, None])
def test_what_was_withdrawn_does_not_open_once_it_is_too_late(opened: datetime | None) -> None:
    draft = cycle([alert()], EARLY).tickets["usage"]
    gone, _ = cycle([alert(state="dismissed")], EARLY + DAY, {"usage": replace(draft, opened_at=opened)})
    after, owing = cycle([alert(state="confirmed")], EXPIRES, gone)
    assert (after["usage"].state != "open", after["usage"].opened_at, owing) == (True, opened, [])


@pytest.mark.parametrize(
    ("at", "call"),
    [
        (LATEST, (False, None, None)),
        (LATEST + SECOND, (True, LATEST + SECOND, DEADLINE - HOUR)),
        (LATEST + DAY, (True, MONDAY, DEADLINE - HOUR)),
        (DEADLINE - HOUR, (True, None, None)),
        (DEADLINE + HOUR, (True, None, None)),
    ],
)
def test_call_after_email(at: datetime, call: tuple[bool, datetime | None, datetime | None]) -> None:
    (ticket,) = cycle([alert(raised=at)], at).tickets.values()
    assert (ticket.call_after_email, ticket.call_from, ticket.call_by) == call
    later = cycle([alert(raised=at)], at + SECOND, {ticket.kind: ticket}).tickets[ticket.kind]
    assert (later.call_after_email, later.call_from, later.call_by) == call


def test_a_call_that_nobody_made_gives_way_to_the_next_opening_while_the_letter_is_unsent() -> None:
    """Opened on Friday the 27th after the last e-mail, at 10:00 in New York; the desk closes at 23:00Z."""
    friday = LATEST + HOUR
    one = alert(raised=friday)
    opened = cycle([one], friday).tickets
    (kind,) = opened
    assert (opened[kind].call_from, opened[kind].call_by) == (friday, DEADLINE - HOUR)
    seen = []
    for at in (LATEST + 9 * HOUR - SECOND, LATEST + 9 * HOUR, MONDAY + 2 * HOUR, DEADLINE - HOUR):
        opened = cycle([one], at, opened).tickets
        seen.append((opened[kind].call_from, opened[kind].call_by))
    assert seen == [(friday, DEADLINE - HOUR), (MONDAY, DEADLINE - HOUR), (MONDAY, DEADLINE - HOUR), (None, None)]
    sent = {kind: replace(cycle([one], friday).tickets[kind], state="sent")}
    assert cycle([one], MONDAY, sent).tickets[kind].call_from == friday
