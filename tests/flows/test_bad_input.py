"""Bad books and bad usage files: every fault named at once, the good rows kept, nothing half-written."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.flows.command import SHARED, Workspace, new_workspace
from tests.flows.storms import START, band_world, files_of

SAVED = SHARED / "data/datadog/v2_usage_hourly_usage__200.json"
HEADER = "org_id,product_family,usage_type,hour,quantity\n"
GOOD = [f"cello-org,infra_hosts,host_count,2026-10-01T{hour:02}:00:00Z,{10 + hour}\n" for hour in range(24)]


@pytest.fixture
def workspace(tmp_path: Path, database: str) -> Workspace:
    """With a book and no usage."""
    workspace = new_workspace(tmp_path / "workspace", FLOODMARK_STORE__DATABASE=database)
    workspace.well("book", "load", book_of(tmp_path))
    return workspace


@pytest.fixture
def lite(tmp_path: Path) -> Workspace:
    """The same on SQLite alone, for what does not depend on the database."""
    workspace = new_workspace(tmp_path / "workspace")
    workspace.well("book", "load", book_of(tmp_path))
    return workspace


def book_of(folder: Path) -> Path:
    return files_of(band_world(end=START), folder)[0]


def october(workspace: Workspace) -> dict[str, Any]:
    document: dict[str, Any] = workspace.well("bill", "2026-10", "--json", "--at", "2026-12-01T00:00:00Z").json
    return document


def hours_of(workspace: Workspace) -> int:
    [line] = [line for line in october(workspace)["lines"] if line["customer_id"] == "cello"]
    return int(line["hours_seen"])


def replace_line(path: Path, number: int, text: str) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[number - 1] = text
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_a_book_with_ten_faults_names_all_ten_and_leaves_the_good_one(workspace: Workspace, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    shutil.copytree(tmp_path / "book", bad)
    before = october(workspace)
    replace_line(bad / "partners.csv", 2, "band,Band,silver,Mars/Base,fr,EURO,hourly,not an address")
    replace_line(bad / "customers.csv", 2, "cello,nobody,Cello,many,none")
    replace_line(bad / "orgs.csv", 3, "cello-org,drum,Twice")
    replace_line(bad / "contracts.csv", 3, "drum-26,drum,weekly,2026-02-30,2027-01-01,USD")
    replace_line(bad / "terms.csv", 4, "alto-26,warp_host,daily,-3,15,cheap")
    with (bad / "contracts.csv").open("a") as file:
        file.write("cello-27,cello,annual,2026-12-01,,USD\n")
    (bad / "tiers.csv").write_text("contract_id,meter,up_to_units,unit_price\ncello-26,infra_host,10,18\n")
    done = workspace.call("book", "load", bad)
    assert (done.code, done.out) == (1, "")
    expected = [
        *(("partners.csv", 2, c) for c in ("tier", "time_zone", "language", "currency", "digest", "emails")),
        *(("customers.csv", 2, c) for c in ("partner_id", "employees")),
        ("orgs.csv", 3, "org_id"),
        *(("contracts.csv", 3, c) for c in ("plan", "start")),
        ("contracts.csv", 5, "start"),
        *(("terms.csv", 4, c) for c in ("meter", "option", "commit_units", "on_demand_price")),
        ("tiers.csv", 2, "up_to_units"),
    ]
    found = [re.fullmatch(r"(?:.*/)?(\w+\.csv):(\d+): (\w+): (.+)", line) for line in done.err.splitlines()]
    assert all(found), done.err
    assert sorted((m[1], int(m[2]), m[3]) for m in found if m) == sorted(expected)
    assert october(workspace) == before


def test_a_number_that_no_store_can_hold_is_a_fault_of_the_book(workspace: Workspace, tmp_path: Path) -> None:
    replace_line(tmp_path / "book/customers.csv", 2, f"cello,band,Cello,{10**22},none")
    done = workspace.call("book", "load", tmp_path / "book")
    assert done.code == 1
    assert "customers.csv:2: employees: " in done.err


@pytest.mark.parametrize("name", ["partners", "customers", "orgs", "contracts", "terms"])
def test_a_book_lacks_a_file(lite: Workspace, tmp_path: Path, name: str) -> None:
    before = october(lite)
    (tmp_path / f"book/{name}.csv").unlink()
    done = lite.call("book", "load", tmp_path / "book")
    assert done.code == 1
    assert f"{name}.csv: " in done.err
    assert october(lite) == before


def test_a_book_that_is_not_there_is_the_inputs_fault(lite: Workspace, tmp_path: Path) -> None:
    done = lite.call("book", "load", tmp_path / "no such folder")
    assert done.code == 1
    assert "no such folder" in done.err


def test_a_book_replaces_the_one_before(lite: Workspace, tmp_path: Path) -> None:
    for name, key in (("customers", "drum,"), ("orgs", "drum-org,"), ("contracts", "drum-26,"), ("terms", "drum-26,")):
        path = tmp_path / f"book/{name}.csv"
        lines = path.read_text(encoding="utf-8").splitlines()
        path.write_text("\n".join(line for line in lines if not line.startswith(key)), encoding="utf-8")
    assert len(october(lite)["lines"]) == 3
    lite.well("book", "load", tmp_path / "book")
    assert {line["customer_id"] for line in october(lite)["lines"]} == {"cello", "alto"}


def test_bad_rows_are_named_and_the_good_ones_kept(workspace: Workspace, tmp_path: Path) -> None:
    bad = {
        3: ("cello-org,infra_hosts,host_count,2026-10-02T00:30:00Z,1\n", "hour"),
        5: (",infra_hosts,host_count,2026-10-02T00:00:00Z,1\n", "org_id"),
        7: ("cello-org,infra_hosts,host_count,2026-10-02T00:00:00Z,-1\n", "quantity"),
        9: ("cello-org,infra_hosts,host_count,2026-10-02T00:00:00Z,1.5\n", "quantity"),
        11: ("cello-org,infra_hosts,host_count,yesterday,1\n", "hour"),
        13: (f"cello-org,infra_hosts,host_count,2026-10-02T00:00:00Z,{2**63}\n", "quantity"),
        15: ("cello-org,infra_hosts,host_count,2026-10-02T00:00:00Z\n", ""),
        17: ("cello-org,infra_hosts,host_count,2026-10-02T00:00:00Z,1,2\n", ""),
        19: ("cello-org,infra_hosts,host_count,2026-10-02T00:00:00Z,NaN\n", "quantity"),
    }
    lines, good = [HEADER], list(GOOD)
    while good:
        lines.append(bad[len(lines) + 1][0] if len(lines) + 1 in bad else good.pop(0))
    path = tmp_path / "usage.csv"
    path.write_text("".join(lines))
    done = workspace.call("ingest", "files", path)
    assert done.code == 1
    parts = [line.removeprefix(f"{path}:").partition(": ") for line in done.err.splitlines()]
    said = {line: what for line, _, what in parts}
    assert sorted(map(int, said)) == sorted(bad)
    assert all(said[str(line)].startswith(column) for line, (_, column) in bad.items())
    assert hours_of(workspace) == len(GOOD)
    again = workspace.call("ingest", "files", path)
    assert (again.code, again.err) == (1, done.err)


def test_null_is_a_row_and_the_largest_quantity_is_exact(lite: Workspace, tmp_path: Path) -> None:
    row = "cello-org,logs,billable_ingested_bytes,2026-10-{:02}T00:00:00Z,{}\n"
    (tmp_path / "usage.csv").write_text(
        HEADER + row.format(1, 2**63 - 1) + row.format(2, 2**63 - 1) + row.format(3, "")
    )
    lite.well("ingest", "files", tmp_path / "usage.csv")
    [line] = [line for line in october(lite)["lines"] if line["meter"] == "logs_ingested"]
    assert (line["quantity"], line["hours_seen"]) == (str(2**64 - 2), 2)


BODY = json.dumps(
    {
        "data": [
            {
                "type": "usage_timeseries",
                "id": "1",
                "attributes": {
                    "public_id": "o1",
                    "product_family": "infra_hosts",
                    "timestamp": "2026-11-10T00:00:00+00:00",
                    "measurements": [{"usage_type": "host_count", "value": 14}],
                },
            }
        ]
    }
)


def test_unreadable_files_are_refused_whole_and_all_named_and_the_others_go_in(lite: Workspace, tmp_path: Path) -> None:
    good = tmp_path / "good.csv"
    good.write_text(HEADER + "".join(GOOD))
    whole = tmp_path / "whole.parquet"
    pl.read_csv(good).write_parquet(whole)
    bad = {
        "broken.parquet": whole.read_bytes()[: whole.stat().st_size // 2],
        "noise.parquet": b"PAR1 and nothing more",
        "text.json": b"this is not JSON",
        "cut.json": BODY.encode()[:-20],
        "error.json": b'{"errors": ["Forbidden"]}',
        "other.json": b'{"usage": [1, 2, 3]}',
        "empty.json": b"",
        "empty.csv": b"",
        "columns.csv": b"org_id,hour,quantity\na,2026-10-01T00:00:00Z,1\n",
        "latin.csv": HEADER.encode() + b"caf\xe9,infra_hosts,host_count,2026-10-01T00:00:00Z,1\n",
        "sheet.xlsx": b"PK\x03\x04",
    }
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    done = lite.call("ingest", "files", *(tmp_path / name for name in bad), good)
    assert done.code == 1
    named = [line for line in done.err.splitlines() if line.startswith(str(tmp_path))]
    assert sorted({Path(re.split(r":(?=\d+:| )", line)[0]).name for line in named}) == sorted(bad)
    assert "Traceback" not in done.err
    assert hours_of(lite) == len(GOOD)
    assert october(lite)["unassigned"] == []


def test_a_missing_path_is_named(lite: Workspace, tmp_path: Path) -> None:
    done = lite.call("ingest", "files", tmp_path / "one.csv", tmp_path / "two.parquet")
    assert done.code == 1
    assert "one.csv" in done.err
    assert "two.parquet" in done.err


@pytest.mark.skipif(not SAVED.exists(), reason="the folder shared is not beside the repository")
def test_a_body_saved_from_the_vendor_goes_in_once(lite: Workspace, tmp_path: Path) -> None:
    records = json.loads(SAVED.read_text())["data"]
    rows = sum(len(record["attributes"]["measurements"]) for record in records)
    hours = {record["attributes"]["timestamp"][:7] for record in records}
    done = lite.process("ingest", "files", SAVED)
    assert done.code == 0, done.err
    [month] = hours
    bill = lite.well("bill", month, "--json").json
    assert sum(row["rows"] for row in bill["unassigned"]) == rows
    lines = tmp_path / "saved.jsonl"
    lines.write_text(
        json.dumps(json.loads(SAVED.read_text())) + "\n" + json.dumps(json.loads(SAVED.read_text())) + "\n"
    )
    array = tmp_path / "array.json"
    array.write_text(json.dumps([json.loads(SAVED.read_text())]))
    before = lite.files()
    lite.well("ingest", "files", SAVED, lines, array)
    lake = [name for name in before if name.startswith("lake/")]
    assert {name: before[name] for name in lake} == {n: c for n, c in lite.files().items() if n.startswith("lake/")}


def test_the_last_row_of_a_key_holds_also_a_null(lite: Workspace, tmp_path: Path) -> None:
    """Restated in the same file, in a later one, in Parquet; an older observed_at does not make it lose."""
    key = "cello-org,infra_hosts,host_count,2026-10-01T00:00:00Z"
    full = "cello-org,infra_hosts,host_count,2026-10-01T00:00:00Z,{},{}\n"
    quantities = []
    steps = {
        "a.csv": HEADER + f"{key},30\n{key},40\n",
        "b.csv": HEADER.strip() + ",observed_at\n" + full.format(50, "2026-10-01T02:00:00Z"),
        "c.csv": HEADER.strip() + ",observed_at\n" + full.format(60, "2026-10-01T01:00:00Z"),
        "d.csv": HEADER + f"{key},\n",
        "e.csv": HEADER + f"{key},30\n",
    }
    for name, text in steps.items():
        (tmp_path / name).write_text(text)
        lite.well("ingest", "files", tmp_path / name)
        bill = lite.well("bill", "2026-10", "--json", "--as-of", "2026-10-01T01:00:00Z").json
        [line] = [line for line in bill["lines"] if line["customer_id"] == "cello"]
        quantities.append((line["quantity"], line["hours_seen"]))
    assert quantities == [("40", 1), ("50", 1), ("60", 1), ("0", 0), ("30", 1)]


def test_the_same_file_twice_changes_nothing_whatever_its_kind(lite: Workspace, tmp_path: Path) -> None:
    csv, parquet = tmp_path / "usage.csv", tmp_path / "usage.parquet"
    csv.write_text(HEADER + "".join(GOOD))
    pl.read_csv(csv).with_columns(pl.col("hour").str.to_datetime(time_zone="UTC")).write_parquet(parquet)
    lite.well("ingest", "files", csv)
    before = october(lite), {n: c for n, c in lite.files().items() if n.startswith("lake/")}
    for path in (csv, parquet):
        lite.well("ingest", "files", path)
    assert (october(lite), {n: c for n, c in lite.files().items() if n.startswith("lake/")}) == before
