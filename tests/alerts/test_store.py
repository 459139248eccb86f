"""Alerts and tickets come back from either database as they went in, to the last digit and microsecond."""

import string
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, func, select

from alerts import journal, store, tables
from alerts.alert import Ahead, Alert, Stake
from alerts.answers import stated
from alerts.recovery import outcome
from alerts.store import Judged
from alerts.ticket import Claim, Ticket, asked
from billing.database import transaction
from billing.hours import HOUR, Month, floor_hour
from tests.alerts.claims import alert

# The engine lives as long as the test; every example writes under names of its own.
ONE_ENGINE = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
NAMES = st.text(string.ascii_letters + string.digits, min_size=20, max_size=20)
INSTANTS = st.datetimes(
    datetime(1990, 1, 1),  # noqa: DTZ001  hypothesis takes naive bounds and adds the zone
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]),
)
HOURS = INSTANTS.map(floor_hour)
MONTHS = st.builds(Month, st.integers(2000, 2099), st.integers(1, 12))
MONEY = st.decimals(-(10**22), 10**22, allow_nan=False, allow_infinity=False, places=4)
UNITS = st.integers(-(10**30), 10**30)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
CLAIMS = st.lists(st.builds(Claim, NAMES, WORDS, WORDS, MONEY, WORDS), max_size=4).map(tuple)
ALERTS = st.builds(
    Alert,
    alert_id=NAMES,
    **dict.fromkeys(["partner_id", "customer_id", "org_id", "meter", "kind", "state"], WORDS),
    detected_at=INSTANTS,
    hours=st.lists(HOURS, min_size=1, max_size=5, unique=True).map(sorted).map(tuple),
    profile=st.lists(st.integers(0, 2**63 - 1), min_size=7, max_size=7).map(lambda p: np.array(p * 24, np.int64)),
    reasons=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=3).map(tuple),
    quiet=st.booleans(),
    expected=UNITS,
    actual=UNITS,
    excess=FLOATS,
    largest_excess=FLOATS,
    stakes=st.lists(st.builds(Stake, MONTHS, MONEY, WORDS, MONEY), max_size=3).map(tuple),
    free_hours_left=st.none() | st.integers(0, 744),
    next_cost=st.none() | st.builds(Ahead, st.integers(1, 744), MONEY, WORDS, st.integers(0, 72)),
    announced_at=st.none() | INSTANTS,
    snoozed_until=st.none() | INSTANTS,
)
TICKETS = st.builds(
    Ticket,
    ticket_id=NAMES,
    **dict.fromkeys(["partner_id", "customer_id", "kind", "state"], WORDS),
    month=MONTHS,
    **dict.fromkeys(
        ["opened_at", "deadline_at", "expires_at", "latest_email_at", "call_from", "call_by", "told_at"],
        st.none() | INSTANTS,
    ),
    call_after_email=st.booleans(),
    claims=CLAIMS,
    letters=st.integers(0, 1000),
    told=CLAIMS,
)
AT = datetime(2026, 11, 27, 12, tzinfo=UTC)


@contextmanager
def written_rows(engine: Engine) -> Iterator[list[str]]:
    """The INSERT and UPDATE statements that the block sends."""
    sent: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("SELECT", "BEGIN")):
            sent.append(statement.split(maxsplit=1)[0])

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def types(value: object) -> list[type]:
    return [type(getattr(value, field.name)) for field in fields(value)]  # type: ignore[arg-type]  # a dataclass


@ONE_ENGINE
@given(one=ALERTS, other=ALERTS)
def test_an_alert_comes_back_as_it_went_in(engine: Engine, one: Alert, other: Alert) -> None:
    changed = replace(other, alert_id=one.alert_id, profile=one.profile)
    for before, value in (([], one), ([one], changed)):
        with transaction(engine) as connection:
            store.save_alerts(connection, before, [value])
        with transaction(engine) as connection:
            found = store.alert(connection, one.alert_id)
        assert found is not None and found == value and types(found) == types(value)
        assert found.profile.dtype == np.int64 and np.array_equal(found.profile, value.profile)
        assert found.detected_at.tzinfo == UTC
        assert [str(s.amount) for s in found.stakes] == [f"{s.amount:f}" for s in value.stakes]


@ONE_ENGINE
@given(one=TICKETS, other=TICKETS)
def test_a_ticket_comes_back_as_it_went_in(engine: Engine, one: Ticket, other: Ticket) -> None:
    for value in (one, replace(other, ticket_id=one.ticket_id, month=one.month)):
        with transaction(engine) as connection:
            store.save_tickets(connection, [], [value])
        with transaction(engine) as connection:
            (found,) = [t for t in store.tickets(connection, [one.month]) if t.ticket_id == one.ticket_id]
            (summed,) = store.summed_tickets(connection, tables.tickets.c.ticket_id == one.ticket_id)
        assert found == value and types(found) == types(value)
        assert (asked(summed.claims), stated(summed)) == (asked(value.claims), stated(value))
        if value.state not in ("granted", "refused"):
            assert outcome(summed, ()) == outcome(value, ())


def test_what_is_not_there_is_none(engine: Engine) -> None:
    with transaction(engine) as connection:
        assert store.alert(connection, "al_a") is None
        assert store.judged(connection) is None
        assert not [*store.alerts(connection), *store.tickets(connection), *journal.rows(connection)]


def test_only_changes_are_written(engine: Engine) -> None:
    first = [alert(name) for name in "abc"]
    with transaction(engine) as connection, written_rows(engine) as sent:
        store.save_alerts(connection, [], first)
    assert sent.count("INSERT") == 3
    after = [first[0], replace(first[1], quiet=False), first[2], alert("d")]
    with transaction(engine) as connection, written_rows(engine) as sent:
        store.save_alerts(connection, first, after)
    assert sent == ["UPDATE", "UPDATE", "INSERT"], "the one that changed, and the one that is new"
    with transaction(engine) as connection, written_rows(engine) as sent:
        store.save_alerts(connection, after, store.alerts(connection))
        store.save_tickets(connection, [], [])
        journal.append(connection, [])
    assert sent == []
    with transaction(engine) as connection:
        assert store.alerts(connection) == after


def test_alerts_are_found_by_their_last_hour_in_the_order_of_their_start(engine: Engine) -> None:
    long = replace(alert("long"), hours=(AT - 50 * HOUR, AT - 2 * HOUR))
    found = [alert("c", last_hour=AT), alert("b", last_hour=AT), long, alert("old", last_hour=AT - 3 * HOUR)]
    with transaction(engine) as connection:
        store.save_alerts(connection, [], found)
        assert [a.alert_id for a in store.alerts(connection)] == ["al_long", "al_old", "al_b", "al_c"]
        assert [a.alert_id for a in store.alerts(connection, AT - 2 * HOUR)] == ["al_long", "al_b", "al_c"]


def test_tickets_are_found_by_month(engine: Engine) -> None:
    months = [Month(2026, 9), Month(2026, 10), Month(2026, 11)]
    found = [Ticket(f"tk_{month}", "partner", "customer", month, "usage") for month in months]
    with transaction(engine) as connection:
        store.save_tickets(connection, [], found)
        assert {t.month for t in store.tickets(connection, months[1:])} == set(months[1:])
        assert sorted(store.tickets(connection), key=lambda t: t.month) == found


@ONE_ENGINE
@given(marks=st.lists(st.builds(Judged, INSTANTS, INSTANTS, st.integers(-1, 2**80)), min_size=1, max_size=3))
def test_there_is_one_mark_of_what_was_judged(engine: Engine, marks: list[Judged]) -> None:
    with transaction(engine) as connection:
        for mark in marks:
            store.save_judged(connection, mark)
        assert store.judged(connection) == marks[-1]
        assert connection.scalar(select(func.count()).select_from(tables.judged)) == 1


def in_turn(engine: Engine, work: Callable[[int], None]) -> None:
    """Two cycles at once."""
    errors: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001  handed to the test
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []


def test_two_cycles_take_turns(engine: Engine) -> None:
    """Each reads the mark, works, and adds one: without the lock one addition is lost, or both insert."""
    inside: list[int] = []

    def work(number: int) -> None:
        for _ in range(5):
            with transaction(engine) as connection:
                store.lock_cycle(connection)
                inside.append(number)
                mark = store.judged(connection)
                time.sleep(0.02)
                store.save_judged(connection, Judged(AT, AT, mark.seq + 1 if mark else 1))
                assert inside.pop() == number and inside == []

    in_turn(engine, work)
    with transaction(engine) as connection:
        assert store.judged(connection) == Judged(AT, AT, 10)


def test_the_ticket_of_a_vendors_fault_has_no_end_until_it_is_withdrawn(memory: Engine) -> None:
    months = {state: Month(2026, month) for month, state in enumerate(("sent", "granted", "withdrawn"), 1)}
    faults = [Ticket(f"tk_{state}", "p", "c", month, "vendor_fault", state) for state, month in months.items()]
    usage = [replace(one, ticket_id=f"{one.ticket_id}-u", kind="usage", month=Month(2025, 1)) for one in faults]
    with transaction(memory) as connection:
        store.save_tickets(connection, [], [*faults, *usage])
        assert store.unsettled_months(connection) == {months["sent"], months["granted"]}
