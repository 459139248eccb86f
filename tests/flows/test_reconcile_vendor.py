"""`floodmark reconcile` asks the vendor and reads what people saved; what is no body is named with its place."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.billing import oracle
from tests.billing.vendor_server import ESTIMATED, HISTORICAL, SUMMARY, Vendor
from tests.flows.command import Workspace, new_workspace
from tests.flows.storms import band_world, files_of
from tests.flows.vendor_bodies import charge, cost_record, costs, summary, summary_row, text_of, write

WORLD = band_world()
NOVEMBER = oracle.bill(WORLD, "2026-11")["lines"]
FINAL = ("2026-11", "--at", "2026-12-20T00:00:00Z")
RECORDED = Path(__file__).resolve().parents[2] / "../shared/data/datadog"


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        vendor.bills = {
            SUMMARY: json.loads(text_of(summary(NOVEMBER, "2026-11"))),
            HISTORICAL: json.loads(text_of(costs(NOVEMBER, "2026-11"))),
        }
        yield vendor


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vendor")
    book, usage = files_of(WORLD, folder)
    workspace = new_workspace(folder / "workspace")
    workspace.well("book", "load", book)
    workspace.well("ingest", "files", usage)
    return workspace.path


@pytest.fixture
def workspace(loaded: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    keys = {"DD_API_KEY": vendor.api_key, "DD_APP_KEY": vendor.app_key}
    return Workspace(loaded, {"FLOODMARK_DATADOG__API_URL": vendor.url} | keys)


def test_a_final_month_is_held_against_the_historical_cost(workspace: Workspace, vendor: Vendor) -> None:
    document = workspace.well("reconcile", *FINAL, "--json").json
    assert {total["difference"] for total in document["totals"]} == {"0.00"}
    assert len(document["lines"]) == len(NOVEMBER)
    asked = {request.url.partition("?")[0]: request.params for request in vendor.requests}
    assert asked.keys() == {SUMMARY, HISTORICAL}
    assert asked[SUMMARY]["month"].startswith("2026-11-01")
    assert asked[HISTORICAL]["start_month"].startswith("2026-11-01")
    assert asked[HISTORICAL]["view"] == "sub-org"
    assert {params["include_connected_accounts"] for params in asked.values()} == {"true"}


def test_an_open_month_is_held_against_an_estimate_that_runs_behind(workspace: Workspace, vendor: Vendor) -> None:
    """The vendor's figure of the 20th, 08:00, is that of the usage before the 19th, 03:00."""
    behind, ours = (
        oracle.bill(WORLD, "2026-11", oracle.datetime.fromisoformat(until), state="estimate")["lines"]
        for until in ("2026-11-19T03:00:00+00:00", "2026-11-20T08:00:00+00:00")
    )
    del vendor.bills[SUMMARY]
    vendor.bills = {ESTIMATED: json.loads(text_of(costs(behind, "2026-11"))), SUMMARY: {"usage": []}}
    document = workspace.well("reconcile", "2026-11", "--at", "2026-11-20T08:00:00Z", "--json").json
    assert [line["vendor"] for line in document["lines"]] == [
        line["amount"] for line in sorted(behind, key=by_customer)
    ]
    assert [line["ours"] for line in document["lines"]] == [line["amount"] for line in sorted(ours, key=by_customer)]
    assert {one["class"] for line in document["lines"] for one in line["causes"]} <= {"late usage"}


def by_customer(line: dict[str, Any]) -> str:
    return str(line["customer_id"])


@pytest.mark.parametrize("fault", ["500", "429", "truncated", "html", "cut", "echo"])
def test_a_vendor_that_fails_is_3_and_keeps_its_keys(workspace: Workspace, vendor: Vendor, fault: str) -> None:
    vendor.script += ["ok", *[fault] * 40]
    done = workspace.call("reconcile", *FINAL)
    assert done.code == 3
    assert "historical_cost 2026-11" in done.err
    assert "Traceback" not in done.err
    assert vendor.api_key not in done.err and vendor.app_key not in done.err


def test_wrong_keys_are_3_and_missing_ones_2(workspace: Workspace, vendor: Vendor) -> None:
    refused = workspace.call("reconcile", *FINAL, DD_API_KEY="wrong-key")
    assert refused.code == 3
    assert "HTTP 403" in refused.err and "billing_read" in refused.err
    missing = workspace.call("reconcile", *FINAL, DD_API_KEY="", DD_APP_KEY="")
    assert missing.code == 2
    assert "DD_API_KEY" in missing.err and "saved bodies" in missing.err


def test_a_vendor_without_figures_yet_is_3(workspace: Workspace, vendor: Vendor) -> None:
    """An org without data answers with an empty list: that is neither an error nor a cost of 0."""
    vendor.bills = {SUMMARY: {"usage": []}, HISTORICAL: {"data": []}}
    done = workspace.call("reconcile", *FINAL)
    assert done.code == 3
    assert "no figures of 2026-11" in done.err


def test_a_vendor_that_answers_something_else_is_3(workspace: Workspace, vendor: Vendor) -> None:
    vendor.bills[HISTORICAL] = {"data": [{"type": "cost_by_org"}]}
    done = workspace.call("reconcile", *FINAL)
    assert done.code == 3
    assert "attributes: is not an object" in done.err


RECORD = json.loads(text_of(cost_record("cello-org", [charge("infra_host", "on_demand", 5)], "2026-11")))
ROW = json.loads(text_of(summary_row("cello-org", {"infra_host_top99p": {"org_billable_usage": 5}}, "2026-11")))


def but(value: Any, path: str, new: Any) -> Any:
    """A copy with another value at the path; `...` takes the key away."""
    copy = json.loads(json.dumps(value))
    *way, last = path.split("/")
    held = copy
    for step in way:
        held = held[int(step) if isinstance(held, list) else step]
    if new is ...:
        del held[last]
    else:
        held[last] = new
    return copy


@pytest.mark.parametrize(
    "text,place",
    [
        ("", ": is empty"),
        ("<html>", ": not JSON"),
        ('{"data": [', ": not JSON"),
        ("[1]", ": not a body of historical_cost"),
        ('{"data": {}}', ": not a body of historical_cost"),
        ('{"errors": ["Forbidden"]}', ": an error of the vendor, not a bill: Forbidden"),
        (
            '{"errors": [{"status": "400", "detail": "non-parent org keys"}]}',
            ": an error of the vendor, not a bill: non",
        ),
        ({"data": [RECORD, 7]}, ":2: is not an object"),
        ({"data": [but(RECORD, "type", "projected_cost")]}, ":1: type: is 'projected_cost'"),
        ({"data": [but(RECORD, "attributes/public_id", ...)]}, ":1: public_id: None is not a text"),
        ({"data": [but(RECORD, "attributes/date", "soon")]}, ":1: date: 'soon' is not a time"),
        ({"data": [but(RECORD, "attributes/charges", None)]}, ":1: charges: is not a list"),
        ({"data": [but(RECORD, "attributes/charges/0/cost", "5")]}, ":1: charges[0].cost: '5' is not a number"),
        ({"data": [but(RECORD, "attributes/charges/0/cost", True)]}, ":1: charges[0].cost: True is not a number"),
        ({"data": [but(RECORD, "attributes/charges/0/cost", 10**40)]}, ":1: charges[0].cost: 1000"),
        ({"data": [but(RECORD, "attributes/charges/0/product_name", 3)]}, ":1: charges[0].product_name: 3 is not"),
        ({"data": [but(RECORD, "attributes/total_cost", [])]}, ":1: total_cost: [] is not a number"),
        ({"usage": [but(ROW, "usage", [])]}, ":1: usage: is not an object"),
        ({"usage": [but(ROW, "usage/infra_host_top99p/org_billable_usage", -1)]}, "org_billable_usage: -1 is negative"),
        ({"usage": [but(ROW, "usage/infra_host_top99p/org_billable_usage", ...)]}, ":1: usage.infra_host_top99p: has"),
        ({"usage": [but(ROW, "start_date", ...)]}, ":1: start_date: None is not a text"),
        ({"data": []}, "nothing of 2026-11 is in these bodies: they hold no record"),
        ({"data": [but(RECORD, "attributes/date", "2026-10-01")]}, "they are about 2026-10"),
    ],
)
def test_what_is_no_body_is_named_with_its_place(workspace: Workspace, tmp_path: Path, text: Any, place: str) -> None:
    path = tmp_path / "body.json"
    path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
    done = workspace.call("reconcile", *FINAL, path)
    assert (done.code, done.out) == (1, "")
    assert place in done.err
    assert str(path) in done.err


def test_every_fault_of_every_file_is_named_at_once(workspace: Workspace, tmp_path: Path) -> None:
    first = write(tmp_path / "first.json", {"data": [1, RECORD, but(RECORD, "type", "x")]})
    second = write(tmp_path / "second.json", {"errors": ["no"]})
    done = workspace.call("reconcile", *FINAL, first, second, tmp_path / "third.json")
    assert done.code == 1
    assert [line.partition(": ")[0] for line in done.err.splitlines()] == [
        f"{first}:1",
        f"{first}:3",
        str(second),
        str(tmp_path / "third.json"),
    ]


def test_files_in_every_shape_are_one_bill(workspace: Workspace, vendor: Vendor, tmp_path: Path) -> None:
    """A body a file, an array of bodies, JSON lines; the kind is told by the content, the vendor is not asked."""
    cost, counts = costs(NOVEMBER, "2026-11"), summary(NOVEMBER, "2026-11")
    two = [write(tmp_path / "a.json", cost), write(tmp_path / "b.txt", counts)]
    lines = [write(tmp_path / "c.jsonl", cost, counts)]
    array = [write(tmp_path / "d.json", [cost, counts])]
    said = {workspace.well("reconcile", *FINAL, *paths, "--json").out for paths in (two, lines, array)}
    assert len(said) == 1
    assert vendor.requests == []


def test_a_running_total_is_replaced_by_the_latest_one(workspace: Workspace, tmp_path: Path) -> None:
    """estimated_cost day by day is cumulative, and the same record in two files is one."""
    final = costs(NOVEMBER, "2026-11")
    early = [but(json.loads(text_of(record)), "attributes/charges/0/cost", 1) for record in final["data"]]
    late = [but(json.loads(text_of(record)), "attributes/date", "2026-11-30T00:00:00Z") for record in final["data"]]
    path = write(tmp_path / "days.json", {"data": late}, {"data": early}, {"data": late})
    document = workspace.well("reconcile", *FINAL, path, "--json").json
    assert {total["difference"] for total in document["totals"]} == {"0.00"}


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the folder shared is not beside the repository")
def test_bodies_recorded_from_the_vendor_are_read(workspace: Workspace) -> None:
    by_org = RECORDED / "v2_usage_cost_by_org__200.json"
    document = workspace.well("reconcile", "2022-04", by_org, "--at", "2026-12-20T00:00:00Z", "--json").json
    found = {line["product"]: (line["vendor"], line["causes"][0]["class"]) for line in document["lines"]}
    assert found == {"infra_host": ("1.17", "missing org"), "synthetics_api_tests": ("72.00", "missing org")}
    for name in ("v2_usage_historical_cost__200.json", "v2_usage_estimated_cost__400.json"):
        assert workspace.call("reconcile", *FINAL, RECORDED / name).code == 1


def test_the_table_fits_a_terminal(workspace: Workspace, tmp_path: Path) -> None:
    dearer = [line | {"on_demand_amount": "12345678.91"} for line in NOVEMBER]
    stranger = {
        "data": [cost_record("a-very-long-org-id-of-a-stranger", [charge("premier_support", "total", 5)], "2026-11")]
    }
    done = workspace.well("reconcile", *FINAL, write(tmp_path / "b.json", costs(dearer, "2026-11"), stranger))
    assert max(map(len, done.out.splitlines())) <= 80
    assert done.out.index("price") < done.out.index("Lines that differ") < done.out.index("12,345,978.91")
    assert "missing org" in done.out
