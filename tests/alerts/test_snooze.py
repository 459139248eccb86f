"""A snooze is never longer than a claim can wait, whatever the clocks; and it keeps no ticket from opening."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.alert import Alert, decide
from alerts.clock import Clock, Desk, month_clock
from alerts.queue import announced, queued
from alerts.snooze import awake, latest, snooze, wake, why_not
from alerts.ticket import Ticket
from billing.hours import HOUR, Month
from tests.alerts.claims import BLIND, EARLY, LATEST, alert, cycle

ZONES = [
    "UTC",
    "America/New_York",
    "Asia/Seoul",
    "Pacific/Kiritimati",
    "Pacific/Niue",
    "Asia/Kathmandu",
    "Europe/Berlin",
]
MONTHS = st.builds(Month, st.integers(2024, 2030), st.integers(1, 12))
Case = tuple[Alert, dict[Month, Clock], datetime]
UTC_ZONE = [ZoneInfo("UTC")]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """An alert that may run over the 1st, the clocks of its months, and a present time."""
    desk = Desk.parse(draw(st.sampled_from(ZONES)), draw(st.sampled_from(["09:00-18:00", "00:00-24:00"])), "US")
    zone, answer = ZoneInfo(draw(st.sampled_from(ZONES))), draw(st.sampled_from([0, 24, 48, 96]))
    first = draw(MONTHS)
    start = first.start + draw(st.integers(0, 27 * 24)) * HOUR
    hours = tuple(start + n * HOUR for n in range(draw(st.integers(1, 8 * 24))))
    clocks = {month: month_clock(month, desk, zone, answer) for month in {first, first.next}}
    one = replace(alert("a", month=first), hours=hours, state=draw(st.sampled_from(["open", "over", "confirmed"])))
    at = first.start + draw(st.integers(0, 70 * 24 * 60)) * timedelta(minutes=1)
    return one, clocks, at


@given(case=cases(), ahead=st.integers(1, 80 * 24 * 60))
def test_no_snooze_outlasts_the_latest_email_of_a_month_that_can_still_be_claimed(case: Case, ahead: int) -> None:
    one, clocks, at = case
    until = at + ahead * timedelta(minutes=1)
    refused = why_not(one, until, latest(one, clocks.__getitem__, at), at, UTC_ZONE)
    open_months = [clocks[month] for month in {Month.of(hour) for hour in one.hours} if at < clocks[month].expires_at]
    late = any(until > clock.latest_email_at for clock in open_months)
    assert bool(refused) == late
    if not refused:
        assert all(until <= clock.deadline_at for clock in open_months)


@given(case=cases())
def test_the_instant_that_a_refusal_names_is_itself_allowed(
    case: Case,
) -> None:
    one, clocks, at = case
    last = latest(one, clocks.__getitem__, at)
    if last is None or last <= at:
        return
    assert why_not(one, last, last, at, UTC_ZONE) == ""
    told = why_not(one, last + timedelta(seconds=1), last, at, [ZoneInfo("America/New_York"), ZoneInfo("Asia/Seoul")])
    for zone in ("America/New_York", "Asia/Seoul"):
        assert f"{last.astimezone(ZoneInfo(zone)).isoformat(' ', 'minutes')} ({zone})" in told


@given(case=cases())
def test_a_fault_of_the_vendor_may_wait_for_any_time(
    case: Case,
) -> None:
    one, clocks, at = case
    fault = replace(one, state="vendor_fault")
    last = latest(fault, clocks.__getitem__, at)
    assert why_not(fault, datetime(2099, 1, 1, tzinfo=UTC), last, at, UTC_ZONE) == ""


@pytest.mark.parametrize("state", ["dismissed", "planned", "withdrawn"])
def test_what_is_dead_cannot_be_snoozed_nor_anything_into_the_past(state: str) -> None:
    assert state in why_not(alert(state=state), EARLY + HOUR, LATEST, EARLY, UTC_ZONE)
    assert "is not after" in why_not(alert(), EARLY, LATEST, EARLY, UTC_ZONE)
    assert "has passed" in why_not(alert(), LATEST + 2 * HOUR, LATEST, LATEST + HOUR, UTC_ZONE)


def test_a_snoozed_alert_is_in_no_queue_until_then_and_news_after() -> None:
    one = replace(alert(), quiet=False, announced_at=EARLY)
    later, moved = snooze(one, EARLY + 9 * HOUR, "kim", "asked the customer", EARLY)
    assert (moved.was, moved.now, moved.who) == ("open", "open", "kim")
    assert moved.why == "snoozed until 2026-11-10T15:00:00Z: asked the customer"
    assert not any(map(queued, awake([later], EARLY + 8 * HOUR)))
    [back] = awake([later], EARLY + 9 * HOUR)
    assert queued(back)
    assert announced([back], 60, EARLY + 9 * HOUR) == [back]
    woken, _ = wake(later, "kim", "", EARLY + HOUR)
    assert queued(woken)
    assert announced([woken], 60, EARLY + HOUR) == []
    decided, _ = decide(later, "confirm", "kim", "", EARLY)
    assert decided.snoozed_until is None


@given(raised=st.integers(0, 400), ahead=st.integers(1, 24 * 25))
def test_a_snooze_never_delays_a_ticket(raised: int, ahead: int) -> None:
    """Cycle by cycle, the tickets are the same as without it: in the last safe hour too."""
    detected = EARLY + raised * HOUR
    one = alert(raised=detected)
    later, _ = snooze(one, min(detected + ahead * HOUR, LATEST), "kim", "", detected)
    plain: dict[str, Ticket] = {}
    put_off: dict[str, Ticket] = {}
    steps = (detected, detected + 23 * HOUR, detected + 24 * HOUR, BLIND - HOUR, BLIND, LATEST - HOUR, LATEST)
    for at in sorted(steps):
        if at >= detected:
            plain, put_off = cycle([one], at, plain).tickets, cycle([later], at, put_off).tickets
            assert plain == put_off
    assert any(ticket.opened_at for ticket in put_off.values())
