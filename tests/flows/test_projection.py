"""`bill --projected` and `backtest bill` from outside: the documents, the tables, what is refused."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from alerts.projection import Estimate
from billing.hours import HOUR, Month
from flows.backtest import Judged, backtest, quality
from flows.wiring import open_app
from tests.billing.worlds import World, usage_row
from tests.flows.command import Workspace, new_workspace
from tests.flows.small import HOST, LOGS, START, small_workspace, small_world

AT = ("--at", "2026-11-12T00:20:00Z")
KEYS = "contract_id meter amount low high quantity quantity_low quantity_high currency fault".split()


def rhythm(until: datetime, rest: int = 0, end: datetime = START) -> World:
    """The small world's customer with a daily rhythm of hosts and logs; `rest` hosts an hour from `until` to `end`."""
    world = small_world()
    world.usage = []
    for i in range((max(until, end) - START) // HOUR):
        hour = START + i * HOUR
        hosts = 100 + 20 * (8 <= hour.hour < 18) + i % 7
        if hour < until:
            world.usage += [usage_row("o1", HOST, hour, hosts), usage_row("o1", LOGS, hour, hosts * 10**9)]
        else:
            world.usage.append(usage_row("o1", HOST, hour, rest))
    return world


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The whole of October and November, and some of December."""
    directory = tmp_path_factory.mktemp("projection") / "small"
    small_workspace(directory, rhythm(datetime(2026, 12, 6, tzinfo=UTC))).engine.dispose()
    return Workspace(directory)


def test_the_document_has_the_month_so_far_and_its_end(workspace: Workspace) -> None:
    document = workspace.well("bill", "2026-11", *AT, "--projected", "--json").json
    plain = workspace.well("bill", "2026-11", *AT, "--json").json
    assert {key: value for key, value in document.items() if key != "projected"} == plain
    hosts, logs = document["projected"]["lines"]
    assert list(hosts) == list(logs) == KEYS
    (total,) = document["projected"]["totals"]
    assert list(total) == ["partner_id", "currency", "amount", "low", "high"]
    whole = workspace.well("bill", "2026-11", "--at", "2026-12-20T00:00:00Z", "--json").json
    for line, exact in zip(document["projected"]["lines"], whole["lines"], strict=True):
        assert Decimal(line["quantity"]) == pytest.approx(Decimal(exact["quantity"]), rel=Decimal("0.02"))
        assert Decimal(line["low"]) <= Decimal(line["amount"]) <= Decimal(line["high"])
    assert Decimal(total["low"]) <= Decimal(whole["totals"][0]["amount"]) <= Decimal(total["high"])


def test_what_comes_later_changes_no_projection(workspace: Workspace) -> None:
    as_of = workspace.well(
        "bill", "2026-11", "--at", "2026-12-20T00:00:00Z", "--as-of", "2026-11-12T00:00:00Z", "--projected", "--json"
    )
    assert as_of.json["projected"] == workspace.well("bill", "2026-11", *AT, "--projected", "--json").json["projected"]


def test_the_table_fits_and_shows_both(workspace: Workspace) -> None:
    shown = workspace.well("bill", "2026-11", *AT, "--projected", COLUMNS="80").out
    assert max(map(len, shown.splitlines())) <= 80
    assert all(word in shown for word in ("so far", "projected", "low", "high", "four times in five", "infra_host"))


@pytest.mark.parametrize(
    "args",
    [
        ("2026-10", *AT),
        ("2026-12", *AT),
        ("2026-11", *AT, "--as-of", "2026-11-20T00:00:00Z"),
        ("2026-11", *AT, "--by", "org"),
        ("2026-11", *AT, "--csv", "bill.csv"),
    ],
)
def test_only_lines_of_an_open_month_are_projected(workspace: Workspace, args: tuple[str, ...]) -> None:
    assert workspace.call("bill", *args, "--projected").code == 2


def test_a_workspace_without_usage_has_nothing_to_project(tmp_path: Path) -> None:
    empty = new_workspace(tmp_path / "empty")
    document = empty.well("bill", "2026-11", *AT, "--projected", "--json").json
    assert document["projected"] == {"lines": [], "totals": []}
    assert "terms to bill" in empty.well("bill", "2026-11", *AT, "--projected").out
    refused = empty.call("backtest", "bill")
    assert (refused.code, refused.out) == (1, "") and "nothing to judge" in refused.err


def test_the_backtest_judges_every_day_of_the_whole_months(workspace: Workspace) -> None:
    document = workspace.well("backtest", "bill", "--json").json
    assert document["months"] == ["2026-11"], "October has no week before it"
    rows = {(row["rollup"], row["day"]): row for row in document["rows"]}
    assert {rollup for rollup, _ in rows} == {"p99", "sum", "total"}
    assert {day for _, day in rows} == set(range(31))
    assert rows["sum", 0]["projections"] == 30 and rows["sum", 15]["projections"] == 1
    assert rows["sum", 15]["error"] < rows["sum", 15]["simple_error"] < 0.1
    assert rows["sum", 15]["ratio"] == pytest.approx(rows["sum", 15]["error"] / rows["sum", 15]["simple_error"])
    assert rows["sum", 30]["error"] == 0 and rows["sum", 30]["coverage"] == 1
    assert rows["sum", 15]["typical_error"] == rows["sum", 15]["error"], "there is one line"
    assert rows["total", 15]["simple_error"] is None
    shown = workspace.well("backtest", "bill", "--from", "2026-11", "--to", "2026-11", COLUMNS="80").out
    assert max(map(len, shown.splitlines())) <= 80 and "four times in five" in shown


def test_months_that_are_not_whole_are_refused(workspace: Workspace) -> None:
    assert workspace.call("backtest", "bill", "--from", "2026-12").code == 1
    assert workspace.call("backtest", "bill", "--from", "2026-12", "--to", "2026-11").code == 2


def test_options_before_bill_are_refused_and_not_forgotten(workspace: Workspace) -> None:
    refused = workspace.call("backtest", "--json", "bill")
    assert refused.code == 2 and "stand after its name" in refused.err


def test_a_backtest_knows_only_what_was_known(workspace: Workspace, tmp_path: Path) -> None:
    """The rest of the month a thousand times larger: what was projected of hosts before it does not move."""
    app = open_app(workspace.path, {})
    storm, end = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC)
    other = small_workspace(tmp_path / "other", rhythm(storm, 10**5, end))
    november = Month(2026, 11)
    for calm, stormy in zip(list(backtest(app, november))[:19], list(backtest(other, november))[:19], strict=True):
        assert [one.estimate for one in calm if one.rollup == "p99"] == [
            one.estimate for one in stormy if one.rollup == "p99"
        ]
    app.engine.dispose()
    other.engine.dispose()


def test_quality_is_means_of_shares() -> None:
    def judged(said: int, low: int, high: int, simple: int, came: int) -> Judged:
        return Judged("sum", 3, Estimate(Decimal(said), Decimal(low), Decimal(high)), Decimal(simple), Decimal(came))

    whole, day = quality([judged(90, 80, 100, 120, 100), judged(200, 190, 199, 250, 250)])
    assert (whole.day, day.day) == (0, 3)
    assert (day.projections, day.error, day.simple_error, day.coverage) == (
        2,
        pytest.approx(0.15),
        pytest.approx(0.1),
        0.5,
    )
    assert day.ratio == pytest.approx(1.5)
    assert quality([judged(90, 80, 100, 120, 100)] * 3 + [judged(900, 1, 2, 100, 100)])[0].typical_error == 0.1


def test_what_has_no_price_is_projected_without_one(tmp_path: Path) -> None:
    world = rhythm(datetime(2026, 11, 12, tzinfo=UTC))
    world.contracts[0]["currency"] = "KRW"
    small_workspace(tmp_path / "won", world).engine.dispose()
    won = Workspace(tmp_path / "won")
    ahead = won.well("bill", "2026-11", *AT, "--projected", "--json").json["projected"]
    assert ahead["totals"] == []
    for line in ahead["lines"]:
        assert (line["amount"], line["low"], line["high"]) == (None, None, None)
        assert Decimal(line["quantity_low"]) <= Decimal(line["quantity"]) <= Decimal(line["quantity_high"])
        assert "unpriced" in line["fault"]
    assert "unpriced" in won.well("bill", "2026-11", *AT, "--projected").out
