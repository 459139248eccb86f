"""What alerts cost: against the oracle's steps, and the cases that a person can check in the head."""

import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from alerts.alert import Alert, Stake
from alerts.contract_month import Expect
from alerts.stake import weigh
from billing import catalog
from billing.bill import Rules
from billing.book import Book
from billing.book_files import read_book
from billing.grid import Grid, SeriesKey
from billing.hours import HOUR, WEEK_HOURS, Month, hour_of_week
from billing.lake import Lake
from billing.sources.files import read_file
from tests.billing import oracle
from tests.billing.worlds import Case, World, cases, usage_row, write_book, write_usage

NOW = datetime(2027, 6, 1, tzinfo=UTC)
HOURS = [datetime(2026, 10, 1, tzinfo=UTC) + i * HOUR for i in range(744)]
HOST, CONTAINER = ("infra_hosts", "host_count"), ("infra_hosts", "container_count")


def loaded(world: World, month: Month, until: datetime) -> tuple[Book, Grid]:
    """The world's book and its usage before `until`, through the product's files."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        write_book(world, directory)
        write_usage(world, directory / "usage.csv")
        lake = Lake(str(directory / "lake"))
        lake.put(read_file(directory / "usage.csv").usage, NOW)
        book = read_book(directory, catalog.load())
        usage = lake.current(month.start, until)
        return book, Grid.of(usage, catalog.load(), month.start, until)


def alert(book: Book, key: SeriesKey, hours: list[datetime], profile: np.ndarray) -> Alert:
    customer_id = book.orgs[key[0]].customer_id
    return Alert(
        alert_id=f"al_{key[0]}_{key[1]}_{hours[0]:%d%H}",
        partner_id=book.partner_of(customer_id).partner_id,
        customer_id=customer_id,
        org_id=key[0],
        meter=key[1],
        kind="spike",
        state="open",
        detected_at=hours[-1] + HOUR,
        hours=tuple(hours),
        profile=profile,
    )


@settings(max_examples=60)
@given(cases(), st.data())
def test_the_steps_are_the_oracles(case: Case, data: st.DataObject) -> None:
    month = Month.parse(case.month)
    until = case.until or month.end
    assume(until > month.start)
    book, grid = loaded(case.world, month, until)
    keys = [key for key in grid.keys if key[0] in book.orgs]
    assume(keys)
    profiles = {key: np.full(WEEK_HOURS, data.draw(st.integers(0, 10**6)), np.int64) for key in keys}
    chosen = data.draw(st.lists(st.sampled_from(keys), min_size=1, max_size=3, unique=True))
    width = (until - month.start) // HOUR
    alerts = []
    for key in chosen:
        first = data.draw(st.integers(0, width - 1))
        last = data.draw(st.integers(first, min(width - 1, first + 40)))
        alerts.append(alert(book, key, [month.start + i * HOUR for i in range(first, last + 1)], profiles[key]))
    weighed = weigh(book, Rules(catalog.load(), case.p99_rank), grid, profiles.__getitem__, alerts, [month])
    whole = [month.start + i * HOUR for i in range(month.hours)]
    projection = {key: {hour: int(p[hour_of_week(hour)]) for hour in whole} for key, p in profiles.items()}
    expected = oracle.stakes(
        case.world,
        case.month,
        [(a.alert_id, a.org_id, a.meter, a.started_at, {h: a.expected_at(h) for h in a.hours}) for a in alerts],
        projection,
        until,
        p99_rank=case.p99_rank,
    )
    for one in weighed:
        steps = [Decimal(step) for step in expected[one.alert_id].values()]
        assert sum((stake.amount for stake in one.stakes), Decimal(0)) == sum(steps, Decimal(0))


def hosts(spike: range, level: int = 10, height: int = 100, **term: str) -> tuple[Book, Grid, Expect, Alert]:
    """October 2026 of one customer: hosts at `level`, at `height` in the hours of `spike`; containers at 50 always."""
    partner = {"partner_id": "p1", "name": "P", "tier": "gold", "time_zone": "UTC", "language": "en"}
    world = World(
        partners=[{**partner, "currency": "USD", "digest": "none", "emails": ""}],
        customers=[{"customer_id": "c1", "partner_id": "p1", "name": "C", "employees": "", "deal": "none"}],
        orgs=[{"org_id": "o1", "customer_id": "c1", "name": "O"}],
        contracts=[
            {
                "contract_id": "k1",
                "customer_id": "c1",
                "plan": "annual",
                "start": "2026-01-01",
                "end": "",
                "currency": "USD",
            }
        ],
        terms=[
            {"contract_id": "k1", "meter": "infra_host", "option": "monthly", "commit_units": "0"}
            | dict.fromkeys(("commit_price", "on_demand_price"), "")
            | term
        ],
        usage=[usage_row("o1", HOST, HOURS[i], height if i in spike else level) for i in range(744)],
    )
    book, grid = loaded(world, Month(2026, 10), HOURS[spike[-1]] + HOUR)
    profile = np.full(WEEK_HOURS, level, np.int64)
    return book, grid, lambda key: profile, alert(book, ("o1", "infra_host"), [HOURS[i] for i in spike], profile)


def weighed(book: Book, grid: Grid, expect: Expect, *alerts: Alert) -> list[Alert]:
    return weigh(book, Rules(catalog.load()), grid, expect, alerts, [Month(2026, 10)])


@pytest.mark.parametrize(
    ("length", "amount", "free"),
    [(1, 0, 7), (5, 0, 3), (8, 0, 0), (9, 90 * 18, 0), (30, 90 * 18, 0)],
)
def test_eight_hours_are_forgiven_and_the_ninth_costs_the_month(length: int, amount: int, free: int) -> None:
    (one,) = weighed(*hosts(range(100, 100 + length)))
    assert one.stakes[0].amount == amount
    assert one.free_hours_left == free


def test_no_hours_are_counted_where_the_level_fits_the_commitment() -> None:
    (one,) = weighed(*hosts(range(100, 103), commit_units="120", commit_price="15"))
    assert one.free_hours_left is None
    assert one.stakes[0].amount == 0


def test_two_halves_of_a_spike_cost_together_what_the_whole_costs() -> None:
    book, grid, expect, whole = hosts(range(100, 112))
    first, second = (
        replace(whole, alert_id=name, hours=whole.hours[part])
        for name, part in (("a", slice(0, 5)), ("b", slice(5, 12)))
    )
    halves = weighed(book, grid, expect, first, second)
    (one,) = weighed(book, grid, expect, whole)
    assert [alert.stakes[0].amount for alert in halves] == [0, one.stakes[0].amount]


def test_a_dismissed_alert_is_not_weighed_and_stays_in_the_bill_on_both_sides() -> None:
    book, grid, expect, whole = hosts(range(100, 112))
    first, second = (
        replace(whole, alert_id=name, hours=whole.hours[part])
        for name, part in (("a", slice(0, 5)), ("b", slice(5, 12)))
    )
    _, later = weighed(book, grid, expect, replace(first, state="dismissed"), second)
    assert later.stakes[0].amount == 90 * 18


def test_what_hosts_bring_along_is_taken_off_their_stake() -> None:
    """90 more hosts are 1,620 USD; in their 20 hours they pay for the 50 containers that were not included, 2 USD."""
    book, grid, expect, spike = hosts(range(600, 620))
    containers = np.full((1, 620), 100, np.int64)
    both = Grid(
        (("o1", "infra_container"), *grid.keys),
        grid.start,
        np.concatenate([containers, grid.values]),
        np.ones((2, 620), np.bool_),
    )
    (weighed,) = weigh(book, Rules(catalog.load()), both, expect, [spike], [Month(2026, 10)])
    assert [stake.amount for stake in weighed.stakes] == [Decimal("1618.00")]


def test_usage_that_stopped_costs_nothing_and_lowers_nobody_elses_stake() -> None:
    book, grid, expect, spiked = hosts(range(100, 112))
    hours = tuple(HOURS[20:60])
    stopped = replace(spiked, alert_id="gone", kind="disappearance", hours=hours, profile=np.full(WEEK_HOURS, 500))
    gone, alone = weighed(book, grid, expect, stopped, spiked)
    assert gone.stakes == (Stake(Month(2026, 10), Decimal(0), "USD"),)
    assert (gone.free_hours_left, gone.next_cost) == (None, None)
    assert alone.stakes == weighed(book, grid, expect, spiked)[0].stakes
    assert alone.stakes[0].amount == 90 * 18
