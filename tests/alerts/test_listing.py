"""Lists of alerts: the same as the pure queue says, page by page, each once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, event, text

from alerts import schema, store, tables
from alerts.alert import Alert
from alerts.listing import ALL, QUEUE, QUIET, SNOOZED, Wanted, below, count, keep_places, listed
from alerts.queue import Queue, heads, queued
from alerts.snooze import awake
from billing.database import connect, reading, transaction
from tests.alerts.claims import alert

AT = datetime(2026, 11, 12, tzinfo=UTC)
STATES = ("open", "over", "confirmed", "dismissed", "planned", "vendor_fault", "withdrawn")


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def kept(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A store for all examples, once on each kind of database."""
    engine = connect("sqlite://" if request.param == "sqlite" else request.getfixturevalue("postgresql"))
    with transaction(engine) as connection:
        if request.param == "postgresql":
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    schema.upgrade(engine)
    yield engine
    engine.dispose()


@st.composite
def some_alerts(draw: st.DrawFn) -> list[Alert]:
    found: list[Alert] = []
    for n in range(draw(st.integers(0, 12))):
        above = draw(st.sampled_from([None, *(one.alert_id for one in found)]))
        snoozed = draw(st.sampled_from([None, AT - timedelta(hours=1), AT, AT + timedelta(hours=1)]))
        state, quiet = draw(st.sampled_from(STATES)), draw(st.booleans())
        hours = (AT - timedelta(hours=draw(st.integers(1, 4))),)
        partner = draw(st.sampled_from(["p1", "p2"]))
        one = replace(alert(), alert_id=f"al_{n}", state=state, quiet=quiet, hours=hours, snoozed_until=snoozed)
        found.append(replace(one, above=above, partner_id=partner))
    return found


def paged(engine: Engine, wanted: Wanted, size: int) -> list[str]:
    """The ids of all pages."""
    found: list[str] = []
    with reading(engine) as connection:
        while page := listed(connection, wanted, AT, size, found[-1] if found else None):
            found += [one.alert_id for one in page]
    return found


@given(some_alerts(), st.integers(1, 4), st.randoms())
def test_pages_have_what_the_queue_has_in_its_order_each_once(
    kept: Engine, alerts: list[Alert], size: int, dice: object
) -> None:
    with transaction(kept) as connection:
        connection.execute(delete(tables.alerts))
        store.save_alerts(connection, [], alerts)
        now = awake(alerts, AT)
        queue = [one.alert_id for one in heads(now) if queued(one)]
        dice.shuffle(queue)  # type: ignore[attr-defined]
        keep_places(connection, {key: place for place, key in enumerate(queue, start=1)})
    assert paged(kept, Wanted(), size) == queue
    assert sorted(paged(kept, Wanted(ALL), size)) == sorted(one.alert_id for one in alerts)
    partner = [one.alert_id for one in now if queued(one) and one.partner_id == "p1"]
    assert sorted(paged(kept, Wanted(partner_id="p1"), size)) == sorted(partner)
    dismissed = sorted(
        (one for one in alerts if one.state == "dismissed"), key=lambda one: (one.last_hour, one.alert_id)
    )
    assert paged(kept, Wanted("dismissed"), size) == [one.alert_id for one in reversed(dismissed)]
    quiet = {one.alert_id for one in alerts if one.quiet and one.state in ("open", "over")}
    assert set(paged(kept, Wanted(QUIET), size)) == quiet
    asleep = {one.alert_id for one in now if one.snoozed_until and one.state in ("open", "over")}
    assert set(paged(kept, Wanted(SNOOZED), size)) == asleep
    with reading(kept) as connection:
        assert count(connection, Wanted(QUEUE), AT, 1000) == len(queue)
        under = {top: {one.alert_id for one in mine} for top, mine in below(connection, queue, AT).items()}
    wanted: dict[str, set[str]] = {}
    for one in now:
        if queued(one) and one.above in queue:
            wanted.setdefault(str(one.above), set()).add(one.alert_id)
    assert under == wanted


@given(some_alerts(), st.sets(st.sampled_from(["org_0", "org_1", "org_2"])))
def test_beside_an_orgs_alerts_stand_all_that_move_their_place(
    kept: Engine, alerts: list[Alert], orgs: set[str]
) -> None:
    """The queue of some orgs, worked out of them and their groups, is that of all narrowed to them."""
    tops = {one.alert_id for one in alerts if one.above is None}
    alerts = [one for one in alerts if one.above is None or one.above in tops]  # one on top is below none
    alerts = [replace(one, org_id=f"org_{n % 5}") for n, one in enumerate(alerts)]
    with transaction(kept) as connection:
        connection.execute(delete(tables.alerts))
        store.save_alerts(connection, [], alerts)
        since = AT - timedelta(hours=3)
        whole, some = store.alerts(connection, since), store.alerts_beside(connection, orgs, since)
    order = Queue(lambda *_: None, lambda _: Decimal(50), AT)
    narrowed = [[one for one in order.ordered(found) if one.org_id in orgs] for found in (whole, some)]
    assert narrowed[0] == narrowed[1]


SEARCH = (["x"], ["customer"], ["org"], ["meter"])


@pytest.mark.parametrize("state", [QUEUE, QUIET, SNOOZED, ALL])
@pytest.mark.parametrize("found", [None, SEARCH])
def test_what_has_to_be_looked_through_is_looked_through_in_an_index(memory: Engine, state: str, found: Any) -> None:
    """Rows are wide, hours and a profile of a week: SQLite reads those alone that are shown."""
    asked: list[tuple[str, Any]] = []
    event.listen(memory, "before_cursor_execute", lambda *args: asked.append((args[2], args[3])))
    with reading(memory) as connection:
        listed(connection, Wanted(state, found=found), AT, 50)
        count(connection, Wanted(state, found=found), AT, 1000)
        (list_, values), (number, numbers) = asked[-2:]
        plans = [
            [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", given)]
            for query, given in ((list_, values), (number, numbers))
        ]
    for steps in plans:
        scans = [step for step in steps if step.startswith("SCAN alerts")]
        assert scans and all("USING COVERING INDEX" in step for step in scans)
        assert all(step.endswith("ix_alerts_undecided") == (state == QUEUE) for step in scans)


def test_an_alert_that_left_the_queue_has_no_place(kept: Engine) -> None:
    with transaction(kept) as connection:
        connection.execute(delete(tables.alerts))
        store.save_alerts(connection, [], [replace(alert(), alert_id=f"al_{n}") for n in range(3)])
        keep_places(connection, {"al_0": 1, "al_1": 2})
        keep_places(connection, {"al_1": 1, "al_2": 2})
        rows = connection.execute(tables.alerts.select().order_by(tables.alerts.c.alert_id)).mappings()
        assert [row["place"] for row in rows] == [tables.LAST, 1, 2]
