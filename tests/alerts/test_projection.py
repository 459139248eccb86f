"""Projected bills: the exact bill where nothing is left to guess, exact money on every path where something is."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from alerts.projection import Estimate, ProjectedLine, project, summed
from billing import catalog
from billing.bill import Rules, lines
from billing.book import Book
from billing.grid import Grid, as_float
from billing.hours import HOUR, Month, hours_between
from billing.money import round_money
from detectors.forecast import PATHS, WITHIN
from detectors.series import Panel
from tests.alerts.partners import BOOK, MONTH
from tests.alerts.test_stake import loaded
from tests.billing.worlds import Case, cases

RULES = Rules(catalog.load())
LATE = timedelta(hours=72)
HOSTS, LOGS, USERS = ("or11", "infra_host"), ("or11", "logs_ingested"), ("or11", "incident_user")


def panel_of(grid: Grid) -> Panel:
    return Panel(grid.keys, grid.start, as_float(grid), np.ones(grid.seen.shape, np.bool_))


def projected(grid: Grid, at: datetime, book: Book = BOOK, month: Month = MONTH) -> list[ProjectedLine]:
    return project(book, RULES, grid, panel_of(grid), month, at, LATE, book.customers)


def grid_of(rows: dict[tuple[str, str], np.ndarray], start: datetime, silent: int = 0) -> Grid:
    """Rows on one grid; of the last `silent` hours nothing was said yet."""
    values = np.array(list(rows.values()), dtype=np.int64)
    seen = np.ones(values.shape, np.bool_)
    seen[:, values.shape[1] - silent :] = False
    return Grid(tuple(rows), start, np.where(seen, values, 0), seen)


def steady(at: datetime, level: int = 50, days: int = 60) -> np.ndarray:
    return np.full(days * 24 + at.hour, level)


AT = datetime(2026, 9, 16, 7, tzinfo=UTC)
START = AT - timedelta(days=60, hours=AT.hour)


@settings(max_examples=40)
@given(cases())
def test_a_month_that_is_told_to_its_end_is_its_bill(case: Case) -> None:
    """Random books and months against the exact bill; hours that were never told count as 0 on both sides."""
    month = Month.parse(case.month)
    book, grid = loaded(case.world, month, month.end)
    rules = Rules(catalog.load(), case.p99_rank)
    told = project(book, rules, grid, panel_of(grid), month, month.end, timedelta(0), book.customers)
    customer_of = {org.org_id: org.customer_id for org in book.orgs.values()}
    of_month = grid.between(month.start, month.end).of_owners(customer_of)
    exact = lines(book, rules, of_month, month, month.end)
    assert [(x.contract_id, x.meter, set(x.quantities), x.amounts and set(x.amounts)) for x in told] == [
        (x.contract_id, x.meter, {x.quantity}, None if x.amount is None else {x.amount}) for x in exact
    ]


@settings(max_examples=20)
@given(cases(), st.integers(1, 27))
def test_every_path_is_billed_to_the_minor_unit(case: Case, day: int) -> None:
    month = Month.parse(case.month)
    at = month.start + timedelta(days=day)
    book, grid = loaded(case.world, month, at)
    assume(grid.keys)
    for line in projected(grid, at, book, month):
        assert len(line.quantities) == PATHS and min(line.quantities) >= 0
        if line.amounts:
            assert all(amount == round_money(amount, line.currency) for amount in line.amounts)
            estimate = Estimate.of(line.amounts)
            assert estimate.low <= estimate.middle <= estimate.high
            assert sum(estimate.low <= amount <= estimate.high for amount in line.amounts) >= WITHIN


def test_steady_hosts_cost_what_they_cost() -> None:
    (line,) = projected(grid_of({HOSTS: steady(AT)}, START), AT)
    assert Estimate.of(line.quantities) == Estimate(Decimal(50), Decimal(50), Decimal(50))
    assert Estimate.of(line.amounts or ()).middle == Decimal("900.00")  # 50 at the list price of 18


@pytest.mark.parametrize("silent", [0, 3, 30, 72])
def test_hours_that_may_still_be_told_are_expected(silent: int) -> None:
    (line,) = projected(grid_of({LOGS: steady(AT, 10**12)}, START, silent), AT)
    assert float(Estimate.of(line.quantities).middle) == pytest.approx(720e12, rel=0.001)


def test_hours_that_were_never_told_are_none() -> None:
    """Usage that broke off four days ago is not expected to come back in full; what was told stays."""
    (line,) = projected(grid_of({LOGS: steady(AT, 10**12)}, START, 96 + 72), AT)
    told = hours_between(MONTH.start, AT) - 96 - 72
    estimate = Estimate.of(line.quantities)
    assert told * 10**12 <= estimate.low and estimate.middle < 500 * 10**12


def test_a_product_that_began_an_hour_ago_is_not_thought_older() -> None:
    values = steady(AT, 10**12)
    grid = grid_of({LOGS: values, HOSTS: values // 10**11}, START)
    grid.seen[0, :-1] = False
    grid.values[0, :-1] = 0
    line = next(x for x in projected(grid, AT) if x.meter == "logs_ingested")
    coming = hours_between(AT, MONTH.end) + 1
    assert max(line.quantities) < 2 * coming * 10**12
    assert float(Estimate.of(line.quantities).middle) == pytest.approx(coming * 1e12, rel=0.1)


def test_a_monthly_counter_grows_as_last_month_and_starts_again() -> None:
    hours = [START + i * HOUR for i in range(60 * 24 + AT.hour)]
    users = np.array([10 * ((hour.day - 1) * 24 + hour.hour) // 24 for hour in hours])
    (line,) = projected(grid_of({USERS: users}, START), AT)
    estimate = Estimate.of(line.quantities)
    assert estimate.middle == pytest.approx(299, abs=12)
    assert Decimal(152) < estimate.low < estimate.high


def test_totals_add_up_path_by_path() -> None:
    noise = np.random.default_rng(1).lognormal(0, 0.3, (2, 60 * 24 + AT.hour))
    found = projected(
        grid_of({LOGS: (1e12 * noise[0]).astype(int), ("la21", "logs_ingested"): (1e12 * noise[1]).astype(int)}, START),
        AT,
    )
    (whole,) = summed(found, lambda line: line.currency).values()
    parts = [Estimate.of(line.amounts or ()) for line in found]
    assert len(parts) == 2
    assert whole.high - whole.low < sum(part.high - part.low for part in parts), "chances of two orgs even out"
    assert sum(part.low for part in parts) < whole.middle < sum(part.high for part in parts)


def test_no_usage_is_no_line() -> None:
    empty = Grid((), START, np.zeros((0, 60 * 24 + 7), np.int64), np.zeros((0, 60 * 24 + 7), np.bool_))
    assert projected(empty, AT) == []
