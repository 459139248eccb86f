"""The queue: what is loud, what comes first, how many a day, and what waits."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.alert import Ahead, Alert, Stake
from alerts.clock import Clock
from alerts.queue import Queue, announced, loud, queued, runs_out, waiting
from alerts.seen import seen
from billing.hours import HOUR, Month
from tests.alerts.partners import HOSTS, LOGS, MONTH

AT = datetime(2026, 9, 24, 14, tzinfo=UTC)
LEAST = {"USD": Decimal(50), "KRW": Decimal(70_000)}.__getitem__
OCTOBER = Month(2026, 10)


def clock(alert: Alert, month: Month) -> Clock:
    return Clock(month.end, month.end + 5 * HOUR, month.end - 40 * HOUR)


QUEUE = Queue(clock, LEAST, AT)


def costing(name: str, low: str, amount: str = "", currency: str = "USD", month: Month = MONTH) -> Alert:
    stake = Stake(month, Decimal(amount or low), currency, Decimal(low))
    return replace(LOGS, alert_id=name, state="open", quiet=False, stakes=(stake,))


def running(free: int, amount: str = "4120", untold: int = 0) -> Alert:
    return replace(costing("al_runs", "0"), next_cost=Ahead(free + 1, Decimal(amount), "USD", untold))


def ids(alerts: list[Alert]) -> list[str]:
    return [alert.alert_id for alert in alerts]


def test_the_lower_bound_decides_and_the_stake_where_it_is_nothing() -> None:
    sure, large = costing("sure", "900"), costing("large", "100", amount="5000")
    unsure, less = costing("unsure", "0", amount="800"), costing("less", "0", amount="700")
    assert ids(QUEUE.ordered([less, unsure, large, sure])) == ["sure", "large", "unsure", "less"]
    assert QUEUE.places([less, unsure, large, sure]) == {"sure": 1, "large": 2, "unsure": 3, "less": 4}


def test_currencies_are_compared_by_what_is_worth_a_look_in_them() -> None:
    won, dollars = costing("won", "700000", currency="KRW"), costing("dollars", "499")
    assert ids(QUEUE.ordered([dollars, won])) == ["won", "dollars"]


def test_the_month_that_ends_first_comes_first_and_one_that_has_ended_last() -> None:
    soon, later, past = (costing(str(month), "100", month=month) for month in (MONTH, OCTOBER, Month(2026, 8)))
    assert ids(QUEUE.ordered([past, later, soon])) == ["2026-09", "2026-10", "2026-08"]


def test_a_run_away_that_is_about_to_cost_comes_before_what_has_days_left() -> None:
    dear = costing("dear", "20000")
    assert ids(QUEUE.ordered([dear, running(2)])) == ["al_runs", "dear"]
    assert QUEUE.urgency(running(0)) == QUEUE.urgency(running(1)) > QUEUE.urgency(running(2))


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(-100, 2000), st.integers(1, 1000))
def test_more_money_or_less_time_is_never_later(low: int, more: int, hours: int, sooner: int) -> None:
    at = MONTH.end - timedelta(hours=hours)
    less, same = costing("a", str(low)), costing("b", str(low + more))
    assert Queue(clock, LEAST, at).urgency(same) >= Queue(clock, LEAST, at).urgency(less)
    if hours - sooner > -5:
        assert Queue(clock, LEAST, at + sooner * HOUR).urgency(less) >= Queue(clock, LEAST, at).urgency(less)


@pytest.mark.parametrize(
    ("alert", "tells"),
    [
        (costing("a", "0", amount="49.99"), False),
        (costing("a", "0", amount="50"), True),
        (running(2), True),
        (running(3), False),
        (running(5, untold=3), True),
        (running(2, amount="49"), False),
        (replace(running(2), state="dismissed"), False),
        (replace(costing("a", "900"), kind="disappearance"), False),
    ],
)
def test_loud_is_what_costs_or_will_within_two_hours(alert: Alert, tells: bool) -> None:
    assert loud(alert, LEAST) == tells


def test_only_what_is_loud_and_undecided_is_queued() -> None:
    states = {state: replace(LOGS, state=state) for state in ("open", "over", "confirmed", "dismissed", "vendor_fault")}
    assert [state for state, alert in states.items() if queued(alert)] == ["open", "over"]
    assert not queued(replace(states["open"], quiet=True))
    assert not runs_out(HOSTS, LEAST)


@given(st.lists(st.integers(0, 48), max_size=12), st.integers(0, 12), st.integers(1, 5))
def test_a_day_has_its_share_and_nobody_is_told_twice(told: list[int], new: int, a_day: int) -> None:
    before = [replace(costing(f"t{n}", "1"), announced_at=AT - hours * HOUR) for n, hours in enumerate(told)]
    fresh = [costing(f"n{n}", "1") for n in range(new)]
    now = announced([*fresh, *before], a_day, AT)
    today = sum(hours < 24 for hours in told)
    assert ids(now) == ids(fresh)[: max(0, a_day - today)]
    after = [replace(alert, announced_at=AT) for alert in now] + fresh[len(now) :] + before
    assert announced(after, a_day, AT) == [], "the same cycle again tells nobody"
    assert sum(map(waiting, after)) == new - len(now)
    tomorrow = announced(after, a_day, AT + 24 * HOUR)
    assert ids(tomorrow) == ids(fresh)[len(now) :][:a_day]


def test_false_alarms_are_those_dismissed_of_the_span() -> None:
    def of(state: str, days: int) -> Alert:
        return replace(LOGS, state=state, detected_at=AT - timedelta(days=days))

    alerts = [of("dismissed", 1), of("dismissed", 40), of("confirmed", 2), of("planned", 3), of("open", 4)]
    month = seen([*alerts, of("withdrawn", 5)], 10, AT - timedelta(days=400), AT, 30)
    assert (month.raised, month.decided, month.dismissed, month.undecided) == (5, 3, 1, 1)
    assert month.false_per_series_month == pytest.approx(1 / 10)
    quarter = seen(alerts, 10, AT - timedelta(days=60), AT, 90)
    assert (quarter.dismissed, quarter.false_per_series_month) == (2, pytest.approx(2 / 20)), "judged for 60 days"
    assert "3 decided, 1 dismissed (33%)" in month.sentence(
        0.2
    ) and "0.1 false alarms a series-month" in month.sentence(0.2)
    assert seen([], 0, AT, AT, 30).false_per_series_month is None
