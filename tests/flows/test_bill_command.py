"""`floodmark bill` from outside: the document to the letter, files, groupings, the clock, the settings."""

import csv
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from tests.billing import oracle
from tests.billing.sheet import Row
from tests.billing.worlds import World, usage_row
from tests.flows.command import Workspace, new_workspace
from tests.flows.storms import HOSTS, files_of, partner

HOUR = timedelta(hours=1)
START = datetime(2026, 9, 28, tzinfo=UTC)
LATER = ("--at", "2026-12-24T00:00:00Z")
LOGS, CONTAINERS = ("logs", "billable_ingested_bytes"), ("infra_hosts", "container_count")
LINE = (
    "partner_id customer_id contract_id meter rollup quantity included on_demand_quantity committed_amount "
    "on_demand_amount amount currency hours_seen hours_expected fault"
).split()


def mixed_world() -> World:
    """Won and dollars, a mid-month contract, tiers, an unpriced line, hours without a contract, strangers."""
    customers = {"alto": "choir", "cello": "band", "drum": "band", "viola": "band"}
    world = World(
        partners=[partner("band", "Band", "en"), partner("choir", "합창단", "ko")],
        customers=[
            {"customer_id": c, "partner_id": p, "name": c.title(), "employees": "", "deal": "none"}
            for c, p in customers.items()
        ],
        orgs=[{"org_id": f"{c}-{n}", "customer_id": c, "name": c} for c in customers for n in (1, 2)],
        contracts=[
            contract("alto-26", "alto", "annual", "2026-01-01", "KRW"),
            contract("cello-26", "cello", "annual", "2026-01-01", "USD"),
            contract("drum-26", "drum", "month_to_month", "2026-10-10", "USD"),
            contract("viola-26", "viola", "on_demand", "2026-10-01", "USD"),
        ],
        terms=[
            term("alto-26", "infra_host", "monthly", "20", "20000", "24000"),
            term("cello-26", "infra_host", "monthly", "10", "15", ""),
            term("drum-26", "infra_host", "monthly", "10", "15", "18"),
            term("viola-26", "infra_host", "hourly", "0", "", "0.03"),
        ],
        tiers=[
            {"contract_id": "cello-26", "meter": "logs_ingested", "up_to_units": "100", "unit_price": "0.1"},
            {"contract_id": "cello-26", "meter": "logs_ingested", "up_to_units": "", "unit_price": "0.085"},
        ],
    )
    for i in range(24 * 34):
        hour = START + i * HOUR
        for n, org in enumerate(row["org_id"] for row in world.orgs):
            world.usage.append(usage_row(org, HOSTS, hour, 5 + (i * i + n) % 11))
        world.usage.append(usage_row("cello-1", LOGS, hour, 333_333_333 + i))
        world.usage.append(usage_row("alto-1", LOGS, hour, 1_000_000_007))
        world.usage.append(usage_row("viola-2", CONTAINERS, hour, 61 if i % 5 else None))
    world.usage.append(usage_row("ghost", HOSTS, START + 100 * HOUR, 1))
    world.usage.append(usage_row("cello-2", ("quantum", "qubits"), START + 100 * HOUR, 1))
    return world


def contract(contract_id: str, customer_id: str, plan: str, start: str, currency: str) -> Row:
    agreed = {"plan": plan, "start": start, "end": "", "currency": currency}
    return {"contract_id": contract_id, "customer_id": customer_id} | agreed


def term(contract_id: str, meter: str, option: str, units: str, commit_price: str, price: str) -> Row:
    agreed = {"option": option, "commit_units": units, "commit_price": commit_price, "on_demand_price": price}
    return {"contract_id": contract_id, "meter": meter} | agreed


WORLD = mixed_world()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("bill")
    book, usage = files_of(WORLD, folder)
    workspace = new_workspace(folder / "workspace")
    workspace.well("book", "load", book)
    workspace.well("ingest", "files", usage)
    return workspace


@pytest.mark.parametrize("rank", ["ninth", "eighth"])
@pytest.mark.parametrize("until", [None, "2026-10-10T00:00:00Z", "2026-10-17T09:30:00Z"])
def test_the_document_is_the_oracles(workspace: Workspace, rank: str, until: str | None) -> None:
    as_of = ("--as-of", until) if until else ()
    done = workspace.well("bill", "2026-10", *as_of, *LATER, "--json", FLOODMARK_BILLING__P99_RANK=rank)
    instant = datetime.fromisoformat(until) if until else None
    document = done.json
    closing = {"closed_at": document.pop("closed_at"), "corrections": document.pop("corrections")}
    assert closing["closed_at"] == (None if until else "2026-11-16T00:00:00Z")
    assert {row["cause"] for row in closing["corrections"]} <= {"catalogue"}  # the rank, set anew by each case
    expected = oracle.bill(WORLD, "2026-10", instant, p99_rank=rank, state=document["state"])
    assert oracle.comparable(document) == expected
    assert list(document) == list(expected)
    assert all(list(line) == LINE for line in document["lines"])


def test_the_world_has_one_of_each(workspace: Workspace) -> None:
    """So that the test above says something."""
    document = workspace.well("bill", "2026-10", *LATER, "--json").json
    assert [row["org_id"] for row in document["unassigned"]] == ["ghost"]
    assert [row["usage_type"] for row in document["unknown_products"]] == ["qubits"]
    assert [row["customer_id"] for row in document["uncontracted"]] == ["drum"]
    unpriced = [line for line in document["lines"] if line["fault"]]
    assert [(line["customer_id"], line["meter"]) for line in unpriced] == [("alto", "logs_ingested")]
    assert {line["amount"] for line in unpriced} == {None}
    assert {row["currency"] for row in document["totals"]} == {"KRW", "USD"}


def test_a_process_prints_one_document_and_nothing_else(workspace: Workspace) -> None:
    in_process = workspace.well("bill", "2026-10", *LATER, "--json")
    process = workspace.process("bill", "2026-10", *LATER, "--json")
    assert (process.code, process.out, process.err) == (0, in_process.out, "")


@pytest.mark.parametrize(
    "moment,state,as_of",
    [
        ("2026-10-20T05:59:00Z", "estimate", "2026-10-20T05:00:00Z"),
        ("2026-11-01T00:00:00Z", "estimate", "2026-11-01T00:00:00Z"),
        ("2026-11-15T23:59:59Z", "estimate", "2026-11-01T00:00:00Z"),
        ("2026-11-16T00:00:00Z", "final", "2026-11-01T00:00:00Z"),
    ],
)
def test_the_bill_is_final_when_the_usage_is(workspace: Workspace, moment: str, state: str, as_of: str) -> None:
    document = workspace.well("bill", "2026-10", "--at", moment, "--json").json
    assert (document["state"], document["as_of"]) == (state, as_of)


def test_the_final_day_is_a_setting(workspace: Workspace) -> None:
    states = [
        workspace.well("bill", "2026-10", "--at", at, "--json", FLOODMARK_BILLING__FINAL_DAY="5").json["state"]
        for at in ("2026-11-04T23:00:00Z", "2026-11-05T00:00:00Z")
    ]
    assert states == ["estimate", "final"]


def test_files_hold_the_lines_exactly(workspace: Workspace, tmp_path: Path) -> None:
    lines = workspace.well("bill", "2026-10", *LATER, "--json").json["lines"]
    done = workspace.well(
        "bill", "2026-10", *LATER, "--csv", tmp_path / "bill.csv", "--parquet", tmp_path / "bill.parquet"
    )
    assert done.out == ""
    with (tmp_path / "bill.csv").open(encoding="utf-8", newline="") as file:
        in_csv = list(csv.DictReader(file))
    expected = [{name: "" if value is None else str(value) for name, value in line.items()} for line in lines]
    assert in_csv == expected
    in_parquet = pl.read_parquet(tmp_path / "bill.parquet").to_dicts()
    assert [{n: None if v is None else str(v) for n, v in row.items()} for row in in_parquet] == [
        {n: None if v is None else str(v) for n, v in line.items()} for line in lines
    ]


@pytest.mark.parametrize("by", ["line", "org", "customer", "partner"])
def test_groups_add_up_to_the_totals(workspace: Workspace, tmp_path: Path, by: str) -> None:
    document = workspace.well("bill", "2026-10", *LATER, "--json").json
    workspace.well("bill", "2026-10", *LATER, "--by", by, "--csv", tmp_path / "bill.csv")
    with (tmp_path / "bill.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row["partner_id"], row["currency"]] += Decimal(row["amount"] or 0)
    expected = {(row["partner_id"], row["currency"]): Decimal(row["amount"]) for row in document["totals"]}
    assert sums == expected
    if by != "line":
        assert {row[f"{by}_id"] for row in rows if row["amount"]} <= {org["org_id"] for org in WORLD.orgs} | {
            row[f"{by}_id"] for row in document["lines"] if f"{by}_id" in row
        }
    if by == "org":
        of_line = [row for row in rows if (row["contract_id"], row["meter"]) == ("cello-26", "infra_host")]
        assert {row["org_id"] for row in of_line} == {"cello-1", "cello-2"}


def test_for_people_it_says_what_could_not_be_billed(workspace: Workspace) -> None:
    out = workspace.well("bill", "2026-10", *LATER, COLUMNS="100").out
    for word in ("final", "ghost", "qubits", "unpriced", "USD", "KRW", "drum"):
        assert word in out


def test_a_file_that_cannot_be_written_is_3(workspace: Workspace, tmp_path: Path) -> None:
    for option in ("--csv", "--parquet"):
        done = workspace.call("bill", "2026-10", *LATER, option, tmp_path / "no such folder/bill")
        assert done.code == 3
        assert "no such folder" in done.err
        assert "Traceback" not in done.err
