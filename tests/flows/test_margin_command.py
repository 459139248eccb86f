"""`floodmark margin` from outside: nodes that add up, the rebate's steps, the policy as a setting, tables that fit."""

import shutil
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.billing.sheet import Row
from tests.billing.worlds import World, usage_row, write_usage
from tests.flows.command import Workspace, new_workspace
from tests.flows.storms import HOSTS, files_of, partner
from tests.flows.test_bill_command import contract, term

LOGS = ("logs", "billable_ingested_bytes")
AT = ("--at", "2026-11-20T00:00:00Z")
AMOUNTS = (
    "list_amount discount unlisted contracted margin partner_cost markup customer_price rebate profit unpriced".split()
)
POLICY = "rule,partner_id,customer_id,tier,plan,deal,charge,growth_from,percent,from,until\n"


def two_years() -> World:
    """Gold `oak` uses 100 GB at 1.00 a month of 2025 and 120 in 2026; gold `ash` is new; `elm` is basic."""
    customers = {"acorn": "oak", "bark": "oak", "cone": "ash", "dew": "elm"}
    world = World(
        partners=[partner("ash", "Ash", "en"), partner("elm", "Elm", "en"), partner("oak", "참나무", "ko")],
        customers=[
            {"customer_id": c, "partner_id": p, "name": c.title(), "employees": "", "deal": "none"}
            for c, p in customers.items()
        ],
        orgs=[{"org_id": f"{c}-org", "customer_id": c, "name": c} for c in customers],
        contracts=[
            contract("acorn-1", "acorn", "annual", "2024-06-01", "USD"),
            contract("bark-1", "bark", "month_to_month", "2026-02-01", "KRW"),
            contract("cone-1", "cone", "annual", "2025-06-01", "USD"),
            contract("dew-1", "dew", "annual", "2025-11-10", "USD"),
        ],
        terms=[
            term("acorn-1", "logs_ingested", "monthly", "0", "", "1"),
            term("bark-1", "infra_host", "monthly", "7", "20001", "23999"),
            term("cone-1", "infra_host", "monthly", "10", "12.35", ""),
            term("dew-1", "infra_host", "monthly", "3", "", ""),
        ],
    )
    world.partners[1]["tier"] = "basic"
    world.customers[3]["deal"] = "registered"
    for year in (2025, 2026):
        for month in range(1, 13):
            hour = datetime(year, month, 1, tzinfo=UTC)
            world.usage.append(usage_row("acorn-org", LOGS, hour, (100 if year == 2025 else 120) * 10**9))
            world.usage += [usage_row(f"{c}-org", HOSTS, hour.replace(day=12), 20) for c in ("bark", "cone", "dew")]
    world.usage.append(usage_row("bark-org", LOGS, datetime(2026, 10, 2, tzinfo=UTC), 10**9))
    return world


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("margin")
    book, usage = files_of(two_years(), folder)
    workspace = new_workspace(folder / "workspace")
    workspace.well("book", "load", book)
    workspace.well("ingest", "files", usage)
    return workspace


@pytest.fixture
def workspace(template: Workspace, tmp_path: Path) -> Workspace:
    shutil.copytree(template.path, tmp_path / "workspace")
    return Workspace(tmp_path / "workspace")


def document(workspace: Workspace, by: str = "line", *args: str, **env: str) -> Row:
    found: Row = workspace.well("margin", "2026-10", "--by", by, *(args or AT), "--json", **env).json
    return found


def rebate(workspace: Workspace, partner_id: str = "oak", currency: str = "USD", *args: str, **env: str) -> Row:
    rows = document(workspace, "partner", *args, **env)["rebates"]
    (row,) = (row for row in rows if (row["partner_id"], row["currency"]) == (partner_id, currency))
    return dict(row)


def priced(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["contracted"] is not None]


def october(workspace: Workspace, quantity: int, directory: Path) -> None:
    """Restate October's logs of acorn."""
    row = usage_row("acorn-org", LOGS, datetime(2026, 10, 1, tzinfo=UTC), quantity)
    write_usage(World(usage=[row]), directory / "october.csv")
    workspace.well("ingest", "files", directory / "october.csv")


def test_the_waterfall_balances_at_every_node_and_adds_up_to_the_bill(workspace: Workspace) -> None:
    levels = {by: document(workspace, by) for by in ("line", "customer", "partner")}
    for by, found in levels.items():
        assert found["by"] == by
        for row in (*priced(found["rows"]), *found["totals"]):
            d = {name: Decimal(row[name]) for name in AMOUNTS}
            assert d["list_amount"] - d["discount"] + d["unlisted"] == d["contracted"], row
            assert d["partner_cost"] + d["margin"] == d["contracted"], row
            assert d["contracted"] + d["markup"] == d["customer_price"], row
            assert d["margin"] + d["markup"] + d["rebate"] == d["profit"], row
        assert found["totals"] == levels["line"]["totals"]
    for by in ("customer", "partner"):
        sums: dict[tuple[str, ...], dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(AMOUNTS, Decimal(0)))
        for line in levels["line"]["rows"]:
            for name in AMOUNTS:
                sums[line[f"{by}_id"], line["currency"]][name] += Decimal(line[name] or 0)
        rows = {(row[f"{by}_id"], row["currency"]): row for row in levels[by]["rows"]}
        assert {key: {name: Decimal(row[name]) for name in AMOUNTS} for key, row in rows.items()} == sums
    bill = workspace.well("bill", "2026-10", *AT, "--json").json
    totals = {(row["partner_id"], row["currency"]): row["contracted"] for row in levels["partner"]["rows"]}
    assert totals == {(row["partner_id"], row["currency"]): row["amount"] for row in bill["totals"]}


def test_a_line_without_a_price_has_no_waterfall(workspace: Workspace) -> None:
    (line,) = (row for row in document(workspace)["rows"] if row["contracted"] is None)
    assert (line["customer_id"], line["meter"], line["unpriced"]) == ("bark", "logs_ingested", 1)
    assert {line[name] for name in AMOUNTS if name != "unpriced"} == {None}
    assert "lines without a price, in no amount: 1" in workspace.well("margin", "2026-10", *AT, COLUMNS="100").out


def test_who_keeps_what(workspace: Workspace) -> None:
    """dew: 3 x 15 committed, 20 percent in its first year, the month of the anniversary (10 November) included."""
    rows = {row["customer_id"]: row for row in document(workspace, "customer")["rows"]}
    assert {id_: (row["contracted"], row["margin"]) for id_, row in rows.items()} == {
        "acorn": ("120.00", "0.00"),  # on demand
        "bark": ("140007", "14001"),  # 14000.7
        "cone": ("123.50", "12.35"),
        "dew": ("45.00", "9.00"),
    }
    assert (rows["bark"]["unpriced"], rows["acorn"]["rebate"]) == (1, "4.80")
    later = workspace.well("margin", "2026-12", *AT, "--by", "customer", "--json").json
    (dew,) = (row for row in later["rows"] if row["customer_id"] == "dew")
    assert dew["margin"] == "4.50"


@pytest.mark.parametrize(
    ("gigabytes", "growth", "percent", "amount", "to_next"),
    [
        ("119.9", "19.99", "0", "0.00", "0.10"),
        ("120", "20", "4", "48.00", "200.00"),
        ("319.9", "39.99", "4", "56.00", "0.10"),
        ("320", "40", "8", "112.00", None),
    ],
)
def test_the_rebate_to_its_steps(
    workspace: Workspace, tmp_path: Path, gigabytes: str, growth: str, percent: str, amount: str, to_next: str | None
) -> None:
    october(workspace, int(Decimal(gigabytes) * 10**9), tmp_path)
    row = rebate(workspace)
    assert (row["from"], row["to"], row["revenue_before"]) == ("2026-01", "2026-10", "1000.00")
    assert (row["growth"], row["percent"], row["amount"], row["to_next"]) == (growth, percent, amount, to_next)


def test_an_open_month_is_not_compared(workspace: Workspace) -> None:
    row = rebate(workspace, "oak", "USD", "--at", "2026-10-31T23:00:00Z")
    assert (row["to"], row["revenue"], row["growth"]) == ("2026-09", "1080.00", "20")
    january = workspace.well("margin", "2026-01", "--at", "2026-01-15T00:00:00Z", "--json").json
    assert january["rebates"] == []


def test_what_the_year_before_does_not_say_is_unknown(workspace: Workspace) -> None:
    found = document(workspace)["rebates"]
    assert [(r["partner_id"], r["currency"], r["growth"]) for r in found] == [
        ("ash", "USD", None),  # new in June 2025
        ("oak", "KRW", None),
        ("oak", "USD", "20"),
    ]
    of_2025 = workspace.well("margin", "2025-10", *AT, "--json").json["rebates"]
    assert {(r["revenue_before"], r["percent"]) for r in of_2025} == {(None, "0")}


def test_a_january_that_the_lake_holds_in_part_is_unknown(tmp_path: Path) -> None:
    world = two_years()
    world.usage = [row for row in world.usage if row["hour"] >= datetime(2025, 1, 2, tzinfo=UTC)]
    world.usage.append(usage_row("acorn-org", LOGS, datetime(2025, 1, 2, tzinfo=UTC), 10**9))
    book, usage = files_of(world, tmp_path)
    workspace = new_workspace(tmp_path / "workspace")
    workspace.well("book", "load", book)
    workspace.well("ingest", "files", usage)
    assert [rebate(workspace)[name] for name in ("revenue_before", "growth", "percent")] == [None, None, "0"]


def test_the_policy_is_a_setting(workspace: Workspace) -> None:
    rows = "markup,,acorn,,,,,,12.5,2026-10-01,2026-11-01\nrebate,elm,,,,,,0,3,,\nmargin,,,,,,,,1,,\n"
    (workspace.path / "ours.csv").write_text(POLICY + rows, encoding="utf-8")
    found = document(workspace, "customer", FLOODMARK_BILLING__POLICY="ours.csv")
    acorn = next(row for row in found["rows"] if row["customer_id"] == "acorn")
    assert (acorn["margin"], acorn["markup"], acorn["customer_price"], acorn["profit"]) == (
        "1.20",
        "15.00",
        "135.00",
        "16.20",
    )
    assert [row["partner_id"] for row in found["rebates"]] == ["elm"]


def test_a_broken_policy_is_named_line_by_line(workspace: Workspace) -> None:
    (workspace.path / "ours.csv").write_text(POLICY + "margin,,,,,,,,ten,,\nbonus,,,,,,,,5,,\n", encoding="utf-8")
    for command in (("margin", "2026-10"), ("check",)):
        done = workspace.call(*command, FLOODMARK_BILLING__POLICY="ours.csv")
        assert (done.code, done.out) == (2, "")
        assert [line[:22] for line in done.err.splitlines()] == ["ours.csv:2: percent: '", "ours.csv:3: rule: 'bon"]


def test_check_finds_whom_the_book_does_not_know(workspace: Workspace) -> None:
    rows = "margin,yew,,,,,,,1,,\nmargin,oak,seed,,,,,,1,,\n"
    (workspace.path / "ours.csv").write_text(POLICY + rows, encoding="utf-8")
    done = workspace.call("check", FLOODMARK_BILLING__POLICY="ours.csv")
    assert done.code == 1
    assert "policy: yew: is named in a row of the policy and no partner of the book" in done.err
    assert "policy: seed: is named in a row of the policy and no customer of the book" in done.err
    assert "oak" not in done.err


@pytest.mark.parametrize("by", ["line", "customer", "partner"])
def test_the_tables_fit_80_columns_and_cut_no_amount(workspace: Workspace, by: str) -> None:
    out = workspace.well("margin", "2026-10", "--by", by, *AT, COLUMNS="80").out
    assert max(cell_len(line) for line in out.splitlines()) <= 80
    shown = out.replace(",", "").split()
    for row in priced(document(workspace, by)["rows"]):
        assert {row[name] for name in AMOUNTS if name != "unpriced"} <= set(shown)
    for word in ("= contracted", "= partner cost", "= customer price", "= partner profit", "8 % from 40 %", "unknown"):
        assert word in out


def test_what_cannot_be_asked_for_is_2(workspace: Workspace) -> None:
    done = workspace.call("margin", "2026-10", "--by", "org")
    assert done.code == 2
    assert "line, customer, partner" in done.err
