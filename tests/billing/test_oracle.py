"""The oracle against figures worked out by hand: the golden cases (each says why), and what a spike costs."""

import csv
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.billing.oracle import Alert, bill, comparable, meters_by_usage, stakes
from tests.billing.sheet import Row
from tests.billing.worlds import (
    Case,
    World,
    cases,
    month_span,
    read_catalog,
    read_golden,
    usage_row,
    write_book,
    write_usage,
)

GOLDEN = sorted((Path(__file__).resolve().parents[1] / "golden").glob("*.json"))
HOST, CONTAINER = ("infra_hosts", "host_count"), ("infra_hosts", "container_count")
HOURS = [datetime(2026, 10, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(744)]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_the_oracle_bills_the_golden_cases(path: Path) -> None:
    case, golden = read_golden(path)
    document = comparable(bill(case.world, case.month, case.until, p99_rank=case.p99_rank))
    assert document == {"month": case.month, "state": "final", **golden["expect"]}


def spiking(spikes: dict[tuple[str, str], dict[int, int]], levels: dict[tuple[str, str], int]) -> World:
    """One customer without commitments, at `levels` through October 2026 but for the spikes, {hour: value}."""
    rows = [
        usage_row("o1", key, HOURS[i], spikes.get(key, {}).get(i, level))
        for key, level in levels.items()
        for i in range(744)
    ]
    contract = {"contract_id": "k1", "customer_id": "c1", "plan": "annual", "start": "2026-01-01", "end": ""}
    return World(
        customers=[{"customer_id": "c1", "partner_id": "p1"}],
        orgs=[{"org_id": "o1", "customer_id": "c1"}],
        contracts=[{**contract, "currency": "USD"}],
        usage=rows,
    )


def alert(alert_id: str, meter: str, hours: range, expected: int) -> Alert:
    return alert_id, "o1", meter, HOURS[hours[0]], {HOURS[i]: expected for i in hours}


def test_five_hours_of_hosts_cost_nothing_and_a_second_five_cost_the_month() -> None:
    """10 hosts and 100 in two spikes: 5 hours are free, 10 are more than 8, so (100 - 10) x 18 = 1,620."""
    first, second = range(100, 105), range(300, 305)
    world = spiking({HOST: dict.fromkeys([*first, *second], 100)}, {HOST: 10})
    alerts = [alert("b", "infra_host", second, 10), alert("a", "infra_host", first, 10)]
    assert stakes(world, "2026-10", alerts, {}) == {"a": {"k1": "0.00"}, "b": {"k1": "1620.00"}}


@pytest.mark.parametrize(
    ("hosts", "containers", "expected"),
    [
        # Containers pass 5 x 10 an hour: 10 x (120 - 50) x 0.002 = 1.40. Then the hosts cost 10 x 18, and pass 50 more
        # in the 9 hours that both have: 180 - 9 x 50 x 0.002 = 179.10.
        (range(200, 211), range(199, 209), {"containers": {"k1": "1.40"}, "hosts": {"k1": "179.10"}}),
        # The hosts first: 180. Then 10 x (120 - 100) x 0.002 = 0.40 of containers is left.
        (range(198, 210), range(199, 209), {"hosts": {"k1": "180.00"}, "containers": {"k1": "0.40"}}),
    ],
)
def test_a_host_spike_lowers_what_its_containers_cost(
    hosts: range, containers: range, expected: dict[str, dict[str, str]]
) -> None:
    spikes = {HOST: dict.fromkeys(hosts, 20), CONTAINER: dict.fromkeys(containers, 120)}
    world = spiking(spikes, {HOST: 10, CONTAINER: 40})
    alerts = [alert("hosts", "infra_host", hosts, 10), alert("containers", "infra_container", containers, 40)]
    assert stakes(world, "2026-10", alerts, {}) == expected


def test_hours_to_come_follow_the_baseline_on_both_sides() -> None:
    """Known to hour 360: 9 hours of 30. The baseline to come is 25, the frozen one was 10: a step of (30 - 25) x 18."""
    spike = range(100, 109)
    world = spiking({HOST: dict.fromkeys(spike, 30) | dict.fromkeys(range(360, 744), 999)}, {HOST: 10})
    baseline = {("o1", "infra_host"): dict.fromkeys(HOURS[360:], 25)}
    steps = stakes(world, "2026-10", [alert("a", "infra_host", range(100, 120), 10)], baseline, HOURS[360])
    assert steps == {"a": {"k1": "90.00"}}


def contract_amounts(document: Row, left_out: set[tuple[str, str]]) -> dict[str, Decimal]:
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for line in document["lines"]:
        if (line["contract_id"], line["meter"]) not in left_out:
            amounts[line["contract_id"]] += Decimal(line["amount"])
    return amounts


def unpriced(document: Row) -> set[tuple[str, str]]:
    """A line without a price on either side of a stake is in none of the two bills."""
    return {(line["contract_id"], line["meter"]) for line in document["lines"] if line["fault"]}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases(), st.lists(st.integers(0, 60), min_size=1, max_size=4))
def test_the_steps_add_up_to_the_difference_of_two_bills(case: Case, levels: list[int]) -> None:
    meter_of, (start, end) = meters_by_usage(read_catalog()), month_span(case.month)
    held = {(row["org_id"], row["product_family"], row["usage_type"], row["hour"]): row for row in case.world.usage}
    series: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for (org, family, usage_type, hour), row in held.items():
        if (family, usage_type) in meter_of and row["quantity"] is not None and start <= hour < end:
            series[org, meter_of[family, usage_type]].append(row)
    alerts: list[Alert] = []
    calm: list[Row] = []
    for i, (((org, meter), rows), level) in enumerate(zip(series.items(), levels, strict=False)):
        spike = rows[len(rows) // 3 : len(rows) // 3 + 1 + level]
        alerts.append((f"a{i}", org, meter, spike[0]["hour"], {row["hour"]: level for row in spike}))
        calm += [row | {"quantity": level} for row in spike]
    bills = [
        bill(replace(case.world, usage=usage), case.month) for usage in (case.world.usage, case.world.usage + calm)
    ]
    actual, expected = (contract_amounts(document, unpriced(bills[0]) | unpriced(bills[1])) for document in bills)
    steps: dict[str, Decimal] = defaultdict(Decimal)
    for by_contract in stakes(case.world, case.month, alerts, {}).values():
        for contract, step in by_contract.items():
            steps[contract] += Decimal(step)
    for contract in actual:
        assert steps[contract] == actual[contract] - expected[contract]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_a_second_reading_and_the_rows_after_t_change_nothing(case: Case) -> None:
    world, until = case.world, case.until or month_span(case.month)[1]
    seen = [row for row in world.usage if row["hour"] < until]
    document = bill(world, case.month, case.until, p99_rank=case.p99_rank)
    for usage in (world.usage * 2, seen):
        assert bill(replace(world, usage=usage), case.month, case.until, p99_rank=case.p99_rank) == document


def test_a_world_is_written_as_the_files_of_the_contract(tmp_path: Path) -> None:
    case, _ = read_golden(next(path for path in GOLDEN if path.stem == "missing-restated-and-strange"))
    write_book(case.world, tmp_path)
    write_usage(case.world, tmp_path / "usage.csv")
    written = {path.stem for path in tmp_path.iterdir()}
    assert written == {"partners", "customers", "orgs", "contracts", "terms", "usage"}
    with (tmp_path / "usage.csv").open(encoding="utf-8", newline="") as file:
        rows = [row | {"hour": datetime.fromisoformat(row["hour"])} for row in csv.DictReader(file)]
    usage = [row | {"quantity": int(row["quantity"]) if row["quantity"] else None} for row in rows]
    assert usage == case.world.usage
