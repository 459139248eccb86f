"""Free hours against brute force: hours at the level are added to the month one by one, and each month is billed."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from alerts.alert import Ahead, Alert
from alerts.stake import weigh
from billing import catalog
from billing.bill import Rules
from billing.book import Book
from billing.grid import Grid
from billing.hours import HOUR, WEEK_HOURS, Month, hour_of_week
from tests.alerts.test_stake import alert, loaded
from tests.billing import oracle
from tests.billing.worlds import World, usage_row

MONTH = Month(2026, 10)
START = datetime(2026, 10, 1, tzinfo=UTC)
HOST, CONTAINER = ("infra_hosts", "host_count"), ("infra_hosts", "container_count")


class Plan(NamedTuple):
    """October of a contract with two orgs, flat but for bursts: (org, first hour, hours, height)."""

    level: int = 10
    other: int = 0
    bursts: tuple[tuple[str, int, int, int], ...] = (("o1", 100, 5, 100),)
    commit: int = 0
    rank: str = "ninth"
    tiers: tuple[tuple[str, str], ...] = ()
    containers: int = 0
    first_day: int = 1

    def at(self, org: str, hour: int) -> int:
        usual = self.level if org == "o1" else self.other
        return next((height for o, first, n, height in self.bursts if o == org and first <= hour < first + n), usual)

    def world(self, more: int = 0, until: int = 744) -> World:
        """The usage before `until`, then flat, with `more` hours after the last burst at the level of that."""
        org, first, count, height = self.bursts[-1]
        end = first + count
        contract = {"contract_id": "k1", "customer_id": "c1", "plan": "annual", "start": f"2026-10-{self.first_day:02}"}
        term = {"contract_id": "k1", "meter": "infra_host", "option": "monthly", "commit_units": str(self.commit)}
        partner = {"partner_id": "p1", "name": "P", "tier": "gold", "time_zone": "UTC", "language": "en"}
        world = World(
            partners=[{**partner, "currency": "USD", "digest": "none", "emails": ""}],
            customers=[{"customer_id": "c1", "partner_id": "p1", "name": "C", "employees": "", "deal": "none"}],
            orgs=[{"org_id": o, "customer_id": "c1", "name": o} for o in ("o1", "o2")],
            contracts=[contract | {"end": "", "currency": "USD"}],
            terms=[term | {"commit_price": "15", "on_demand_price": "18"}],
            tiers=[
                {"contract_id": "k1", "meter": "infra_host", "up_to_units": upto, "unit_price": price}
                for upto, price in self.tiers
            ],
        )
        for hour in range(until):
            for o in ("o1", "o2"):
                quantity = height if o == org and end <= hour < end + more else self.at(o, hour)
                world.usage.append(usage_row(o, HOST, START + hour * HOUR, quantity))
            if self.containers:
                world.usage.append(usage_row("o1", CONTAINER, START + hour * HOUR, self.containers))
        return world

    def cost(self, more: int) -> Decimal:
        found = oracle.bill(self.world(more), str(MONTH), p99_rank=self.rank)
        return sum((Decimal(line["amount"]) for line in found["lines"]), Decimal(0))

    def alert(self, book: Book, burst: int) -> Alert:
        org, first, count, _ = self.bursts[burst]
        usual = np.full(WEEK_HOURS, self.level if org == "o1" else self.other, np.int64)
        return alert(book, (org, "infra_host"), [START + (first + n) * HOUR for n in range(count)], usual)

    def weighed(self, states: tuple[str, ...] = ()) -> Alert:
        """The alert of the last burst, at the end of it, weighed with those of the others."""
        _, first, count, _ = self.bursts[-1]
        book, grid = loaded(self.world(until=first + count), MONTH, START + (first + count) * HOUR)
        return found(self, book, grid, states)


def found(plan: Plan, book: Book, grid: Grid, states: tuple[str, ...]) -> Alert:
    flat = {"infra_host": {"o1": plan.level, "o2": plan.other}, "infra_container": {"o1": plan.containers, "o2": 0}}
    alerts = [plan.alert(book, burst) for burst in range(len(plan.bursts))]
    alerts = [replace(a, state=state) for a, state in zip(alerts, (*states, *["open"] * len(alerts)), strict=False)]
    rules = Rules(catalog.load(), plan.rank)
    expect = {key: np.full(WEEK_HOURS, flat[key[1]][key[0]], np.int64) for key in grid.keys}
    return weigh(book, rules, grid, expect.__getitem__, alerts, [MONTH])[-1]


def brute_force(plan: Plan) -> tuple[int | None, Decimal]:
    """How many more hours cost nothing, and what one more than those costs; None where twelve of them are free."""
    before = plan.cost(0)
    for more in range(1, 13):
        if (cost := plan.cost(more) - before) > 0:
            return more - 1, cost
    return None, Decimal(0)


def costs_already(plan: Plan) -> bool:
    return plan.cost(0) > plan._replace(bursts=(*plan.bursts[:-1], ("o1", 0, 0, 0))).cost(0)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    level = draw(st.integers(0, 40))
    other = draw(st.integers(0, 40))
    height = level + draw(st.integers(1, 200))
    burst = st.tuples(st.sampled_from(("o1", "o2")), st.just(250), st.integers(1, 5), st.integers(41, 300))
    before = draw(st.lists(burst, max_size=1))
    tiers = draw(st.sampled_from(((), (("60", "0"), ("", "20")), (("20", "25"), ("", "3")))))
    return Plan(
        level,
        other,
        (*before, ("o1", 300, draw(st.integers(1, 8)), height)),
        draw(st.sampled_from((0, 20, 60, 120, 400))),
        draw(st.sampled_from(("ninth", "eighth"))),
        tiers,
        draw(st.sampled_from((0, 30))),
        draw(st.sampled_from((1, 10))),
    )


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(plans())
def test_free_hours_and_what_follows_are_those_of_the_bills(plan: Plan) -> None:
    """Allotments, commitments, tiers, ranks, a second org, an earlier burst, a contract that starts on the tenth."""
    free, cost = brute_force(plan)
    one = plan.weighed()
    if costs_already(plan):
        assert one.free_hours_left == 0
    elif free is None:
        assert (one.free_hours_left, one.next_cost) == (None, None)
    else:
        assert (one.free_hours_left, one.next_cost) == (free, Ahead(free + 1, cost, "USD"))


def test_busy_hours_of_the_usual_kind_are_no_cost_of_the_level() -> None:
    """A daily rhythm above the commitment: each spiked hour lifts the percentile by a host, the level costs ninety."""
    plan = Plan(bursts=(("o1", 100, 5, 100),))
    world = plan.world(until=105)
    rhythm = np.array([10 + hour % 24 % 7 for hour in range(WEEK_HOURS)], np.int64)
    for row in world.usage:
        if row["org_id"] == "o1" and row["quantity"] == plan.level:
            row["quantity"] = int(rhythm[hour_of_week(row["hour"])])
    book, grid = loaded(world, MONTH, START + 105 * HOUR)
    spiked = replace(plan.alert(book, 0), profile=rhythm)
    (one,) = weigh(book, Rules(catalog.load()), grid, lambda key: rhythm * (key[0] == "o1"), [spiked], [MONTH])
    assert one.free_hours_left == 3
    assert one.next_cost == Ahead(4, Decimal(84 * 18), "USD")


@pytest.mark.parametrize(("state", "free"), [("open", 1), ("planned", 1), ("dismissed", 1)])
def test_hours_under_another_alert_are_used_up_whatever_became_of_it(state: str, free: int) -> None:
    assert Plan(bursts=(("o2", 20, 4, 40), ("o1", 100, 3, 100))).weighed((state,)).free_hours_left == free


def test_what_follows_is_not_told_of_an_alert_that_stopped_nor_of_hours_the_month_has_not() -> None:
    plan = Plan(bursts=(("o1", 100, 5, 100),))
    book, grid = loaded(plan.world(until=107), MONTH, START + 107 * HOUR)
    stopped = found(plan, book, grid, ())
    assert (stopped.free_hours_left, stopped.next_cost) == (3, None)
    last = Plan(bursts=(("o1", 736, 5, 100),)).weighed()
    assert (last.free_hours_left, last.next_cost) == (3, None), "three hours are left of October"
    assert Plan(bursts=(("o1", 735, 5, 100),)).weighed().next_cost == Ahead(4, Decimal(90 * 18), "USD")


def test_hours_that_have_passed_untold_are_counted() -> None:
    plan = Plan(bursts=(("o1", 100, 5, 100),))
    book, grid = loaded(plan.world(until=105), MONTH, START + 107 * HOUR)
    assert found(plan, book, grid, ()).next_cost == Ahead(4, Decimal(90 * 18), "USD", untold=2)


def test_the_lower_bound_is_billed_with_three_sigma_less() -> None:
    """12 hours of 90 hosts too many; 3 x 10 x sqrt(12) of the 1,080 may be chance."""
    plan = Plan(bursts=(("o1", 100, 12, 100),))
    book, grid = loaded(plan.world(until=112), MONTH, START + 112 * HOUR)
    usual = np.full(WEEK_HOURS, 10, np.int64)
    for scale, low in ((0.0, 90), (10.0, math.floor(90 * (1 - 30 / math.sqrt(12) / 90))), (200.0, 0)):
        one = replace(plan.alert(book, 0), excess=1080.0, scale=scale)
        (one,) = weigh(book, Rules(catalog.load()), grid, lambda key: usual * (key[0] == "o1"), [one], [MONTH])
        assert (one.stakes[0].amount, one.stakes[0].low) == (90 * 18, low * 18)
