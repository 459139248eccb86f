"""`floodmark export focus` from outside: files and exit codes, and both validators on the months of the sample."""

import csv
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from tests.billing.focus.validators import NO_PYTHON, UNSATISFIABLE, official_failures, python_3_12, toolkit_report
from tests.flows.command import ROOT, Workspace, new_workspace

SAMPLE = ROOT / "deployments" / "sample"
AT = ("--at", "2026-09-30T14:00:00Z")
BUNDLE = {"cost_and_usage", "contract_commitment", "billing_period", "invoice_detail"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The shipped sample: three partners in won, dollars and euros; commitments, tiers, a contract that ends."""
    workspace = new_workspace(tmp_path_factory.mktemp("export") / "workspace")
    workspace.well("book", "load", SAMPLE / "book")
    workspace.well("ingest", "files", SAMPLE / "usage.parquet")
    return workspace


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(("month", "ending"), [("2026-08", "csv"), ("2026-09", "parquet")])
def test_the_official_validator_accepts_the_sample(
    workspace: Workspace, tmp_path: Path, month: str, ending: str
) -> None:
    python = python_3_12()
    if python is None:
        pytest.skip(NO_PYTHON)
    file = tmp_path / f"focus.{ending}"
    workspace.well("export", "focus", month, file, *AT)
    assert official_failures(python, file) == UNSATISFIABLE


@pytest.mark.parametrize("month", ["2026-08", "2026-09"])
def test_the_toolkit_accepts_the_bundle_of_the_sample(workspace: Workspace, tmp_path: Path, month: str) -> None:
    workspace.well("export", "focus", month, tmp_path / "bundle", "--version", "1.4", *AT)
    assert {path.stem for path in (tmp_path / "bundle").iterdir()} == BUNDLE
    report = toolkit_report(tmp_path / "bundle")
    assert report["lint"] == {name: [] for name in report["lint"]}
    assert (report["bundle"]["ok"], report["bundle"]["diagnostics"]) == (True, [])
    assert "reconcile_invoice_detail" in report["bundle"]["checks_run"]


def test_billed_cost_adds_up_to_the_bill(workspace: Workspace, tmp_path: Path) -> None:
    totals = workspace.well("bill", "2026-09", "--json", *AT).json["totals"]
    workspace.well("export", "focus", "2026-09", tmp_path / "focus.csv", *AT)
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows_of(tmp_path / "focus.csv"):
        sums[row["x_PartnerId"], row["BillingCurrency"]] += Decimal(row["BilledCost"])
    assert sums == {(row["partner_id"], row["currency"]): Decimal(row["amount"]) for row in totals}


def test_parquet_holds_decimals_and_times_and_the_same_as_csv(workspace: Workspace, tmp_path: Path) -> None:
    for ending in ("csv", "parquet"):
        workspace.well("export", "focus", "2026-09", tmp_path / f"focus.{ending}", *AT)
    frame = pl.read_parquet(tmp_path / "focus.parquet")
    assert frame.schema["BilledCost"] == pl.Decimal(38, 17)
    assert frame.schema["ListUnitPrice"] == pl.Decimal(38, 16)
    assert frame.schema["PricingQuantity"] == pl.Decimal(38, 14)
    assert frame.schema["ChargePeriodStart"] == pl.Datetime("us", "UTC")
    rows = rows_of(tmp_path / "focus.csv")
    assert list(rows[0]) == frame.columns
    for text, typed in zip(rows, frame.to_dicts(), strict=True):
        for name, value in typed.items():
            match value:
                case None:
                    assert text[name] == ""
                case Decimal():
                    assert Decimal(text[name]) == value
                    assert not text[name].endswith(".") and "E" not in text[name]
                case str():
                    assert text[name] == value
                case _:
                    assert text[name] == f"{value:%Y-%m-%dT%H:%M:%SZ}"


def test_unpriced_lines_are_left_out_and_told(workspace: Workspace, tmp_path: Path) -> None:
    bill = workspace.well("bill", "2026-09", "--json", *AT).json
    lacking = [line["fault"] for line in bill["lines"] if line["amount"] is None]
    done = workspace.well("export", "focus", "2026-09", tmp_path / "focus.csv", *AT)
    assert done.err.splitlines() == [f"left out, {fault}" for fault in lacking]
    assert done.out == f"{tmp_path / 'focus.csv'}: {len(rows_of(tmp_path / 'focus.csv'))} rows\n"


def test_a_month_without_usage_or_contract_is_a_file_of_columns(workspace: Workspace, tmp_path: Path) -> None:
    workspace.well("export", "focus", "2020-01", tmp_path / "focus.csv", *AT)
    assert rows_of(tmp_path / "focus.csv") == []
    assert (tmp_path / "focus.csv").read_text(encoding="utf-8").startswith("BilledCost,")


@pytest.mark.parametrize("arguments", [("focus.xlsx",), ("focus",), ("focus.csv", "--version", "1.3")])
def test_a_target_that_is_neither_is_2(workspace: Workspace, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    name, *options = arguments
    done = workspace.call("export", "focus", "2026-09", tmp_path / name, *options, *AT)
    assert (done.code, list(tmp_path.iterdir())) == (2, [])


def test_what_cannot_be_written_is_3_and_leaves_what_was_there(workspace: Workspace, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    workspace.well("export", "focus", "2026-08", bundle, "--version", "1.4", *AT)
    before = {path.name: path.read_bytes() for path in bundle.iterdir()}
    (bundle / ".new-invoice_detail.csv").mkdir()
    done = workspace.call("export", "focus", "2026-09", bundle, "--version", "1.4", *AT)
    assert done.code == 3
    assert "Traceback" not in done.err
    (bundle / ".new-invoice_detail.csv").rmdir()
    assert {path.name: path.read_bytes() for path in bundle.iterdir()} == before
