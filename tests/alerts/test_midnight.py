"""An alert that runs over midnight of the 1st: a second claim in the new month's ticket, the first one untouched."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.alert import Alert, Stake
from alerts.clock import month_clock
from alerts.ticket import Ticket, settle, written
from billing.hours import HOUR, Month
from tests.alerts.claims import CUSTOMER, DESK, POLICY, alert
from tests.alerts.test_clock import ZONES

months = st.builds(Month, st.integers(2024, 2031), st.integers(1, 12))
zones = st.sampled_from([ZoneInfo(name) for name in ZONES])


def storm(month: Month, hours_before: int, hours_after: int) -> Alert:
    """Hours on both sides of the month's end, 10 an hour, raised in its fourth hour."""
    start = month.end - hours_before * HOUR
    hours = tuple(start + n * HOUR for n in range(hours_before + hours_after))
    found = replace(alert(raised=start + 4 * HOUR), hours=hours)
    sums = {m: sum(Month.of(hour) == m for hour in hours) * 10 for m in (month, month.next)}
    return replace(found, stakes=tuple(Stake(m, Decimal(amount), "USD") for m, amount in sums.items() if amount))


@settings(max_examples=200, deadline=None)
@given(months, zones, st.integers(6, 40), st.integers(6, 40), st.sampled_from(["open", "confirmed"]))
def test_each_month_has_its_ticket_and_its_claim_whatever_the_zone(
    month: Month, zone: ZoneInfo, before: int, after: int, state: str
) -> None:
    """A cycle an hour, from the storm's fourth hour until a day after its end."""
    both = (month, month.next)
    clocks = {m: month_clock(m, DESK, zone, 48) for m in both}
    tickets: dict[Month, dict[str, Ticket]] = {m: {} for m in both}
    letters = dict.fromkeys(both, 0)
    for told in range(4, before + after + 24):
        grown = replace(storm(month, before, max(-before + 1, min(told, before + after) - before)), state=state)
        grown = replace(grown, detected_at=month.end + (4 - before) * HOUR)
        at = month.end + (told - before) * HOUR
        for m in both:
            settled, owing = settle(CUSTOMER, m, [grown], tickets[m], clocks[m], POLICY, at)
            tickets[m] = {t.kind: written(t, at) if t in owing else t for t in settled}
            letters[m] += len(owing)
    for m, amount in ((month, before * 10), (month.next, after * 10)):
        [ticket] = [t for t in tickets[m].values() if t.claims]
        assert [(claim.alert_id, claim.amount) for claim in ticket.claims] == [("al_a", Decimal(amount))]
        assert ticket.month == m and ticket.deadline_at == clocks[m].deadline_at
        if amount >= POLICY.least("USD"):
            assert ticket.opened_at is not None and letters[m] >= 1, "nothing of it is lost"
            assert ticket.opened_at < clocks[m].expires_at


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(["open", "confirmed", "vendor_fault", "dismissed", "planned"])),
        max_size=12,
    ),
    months,
    zones,
    st.integers(-140, 60),
)
def test_no_alert_is_on_two_tickets_of_a_month(
    verdicts: list[tuple[int, str]], month: Month, zone: ZoneInfo, start: int
) -> None:
    """Whatever reviewers decide, in the blind window and out of it; a customer's alerts share one ticket a kind."""
    first = month.end + start * HOUR
    alerts = [
        replace(
            alert(name, raised=first, last_hour=first - (60 * n + 1) * HOUR), stakes=(Stake(month, Decimal(60), "USD"),)
        )
        for n, name in enumerate("abc")
    ]
    tickets: dict[str, Ticket] = {}
    clock = month_clock(month, DESK, zone, 48)
    for hour, (which, state) in enumerate([(0, "open"), *verdicts]):
        alerts[which] = replace(alerts[which], state=state)
        at = first + timedelta(hours=7 * hour)
        settled, owing = settle(CUSTOMER, month, alerts, tickets, clock, POLICY, at)
        tickets = {t.kind: written(t, at) if t in owing else t for t in settled}
        claimed = [claim.alert_id for ticket in tickets.values() for claim in ticket.claims]
        assert len(claimed) == len(set(claimed))
        assert len({ticket.ticket_id for ticket in tickets.values()}) == len(tickets)
