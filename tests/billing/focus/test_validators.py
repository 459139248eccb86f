"""Both validators on months of every kind, and on files with a fault, so that their silence says something."""

import csv
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from billing.focus import files, v1_2, v1_4
from tests.billing.focus.months import CATALOG, Export, every_kind, statement_of
from tests.billing.focus.validators import NO_PYTHON, UNSATISFIABLE, official_failures, python_3_12, toolkit_report

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def python() -> str:
    found = python_3_12()
    if found is None:
        pytest.skip(NO_PYTHON)
    return found


def written(export: Export, file: Path) -> Path:
    files.write({file: v1_2.rows(*export.arguments)})
    return file


def bundle(export: Export, directory: Path) -> Path:
    files.write({directory / f"{name}.csv": frame for name, frame in v1_4.datasets(*export.arguments).items()})
    return directory


def edited(file: Path, edit: Callable[[Rows], Rows]) -> None:
    with file.open(encoding="utf-8", newline="") as old:
        rows = list(csv.DictReader(old))
    with file.open("w", encoding="utf-8", newline="") as new:
        writer = csv.DictWriter(new, list(rows[0]))
        writer.writeheader()
        writer.writerows(edit(rows))


def codes(directory: Path) -> set[str]:
    """The rules that the bundle breaks."""
    return {found["rule_id"] for found in toolkit_report(directory)["bundle"]["diagnostics"]}


def test_the_official_validator_accepts_every_kind(python: str, tmp_path: Path) -> None:
    assert official_failures(python, written(every_kind(), tmp_path / "focus.parquet")) == UNSATISFIABLE


def test_without_commitments_fewer_rules_are_unsatisfiable(python: str, tmp_path: Path) -> None:
    export = every_kind()
    contracts = list(export.statement.book.contracts.values())
    lines = [line for line in export.statement.lines if not contracts[0].term(line.meter).commit_units]
    month = Export(statement_of(contracts, lines, export.statement.month, "final"), [], {})
    assert official_failures(python, written(month, tmp_path / "focus.parquet")) == UNSATISFIABLE


def test_the_official_validator_sees_faults(python: str, tmp_path: Path) -> None:
    faults: list[tuple[str, object, str]] = [
        ("ChargeFrequency", None, "ChargeFrequency-C-002-M"),
        ("ProviderName", "Datadog", "BilledCost-C-005-C"),
        ("ConsumedQuantity", 1, "ConsumedQuantity-C-004-C"),
    ]
    frame = v1_2.rows(*every_kind().arguments)
    for column, value, _ in faults:
        frame = frame.with_columns(pl.lit(value).cast(frame.schema[column]).alias(column))
    files.write({tmp_path / "focus.parquet": frame})
    found = official_failures(python, tmp_path / "focus.parquet") - UNSATISFIABLE
    assert {rule for *_, rule in faults} <= found


def test_the_toolkit_accepts_every_kind(tmp_path: Path) -> None:
    report = toolkit_report(bundle(every_kind(), tmp_path))
    assert report["lint"] == {name: [] for name in report["lint"]} and len(report["lint"]) == 4
    assert (report["bundle"]["ok"], report["bundle"]["diagnostics"]) == (True, [])


def test_the_toolkit_accepts_a_month_without_commitments(tmp_path: Path) -> None:
    export = every_kind()
    statement = statement_of(list(export.statement.book.contracts.values()), [], export.statement.month, "final")
    changes = [change for change in export.corrections if change.cause == "price"]
    assert not codes(bundle(Export(statement, changes, {}), tmp_path))
    assert v1_4.datasets(statement, CATALOG, changes, {})["cost_and_usage"].height == len(changes)


@pytest.mark.parametrize("column", ["ListCost", "ContractedCost", "ListUnitPrice"])
def test_the_toolkit_sees_a_cent_too_much(tmp_path: Path, column: str) -> None:
    def add_a_cent(rows: Rows) -> Rows:
        row = next(row for row in rows if Decimal(row["PricingQuantity"] or 0) and Decimal(row["BilledCost"]))
        row[column] = str(Decimal(row[column]) + Decimal("0.01"))
        return rows

    edited(bundle(every_kind(), tmp_path) / "cost_and_usage.csv", add_a_cent)
    assert any(toolkit_report(tmp_path)["lint"]["Cost and Usage"])


@pytest.mark.parametrize(
    ("file", "edit", "code"),
    [
        ("cost_and_usage", lambda rows: [rows[0] | {"BilledCost": "0.01"}, *rows[1:]], "FDT-CROSS-030"),
        (
            "cost_and_usage",
            lambda rows: [row for row in rows if row["SkuPriceId"] != "infra_host/on_demand"],
            "FDT-CROSS-031",
        ),
        ("cost_and_usage", lambda rows: [rows[0] | {"BillingCurrency": "EUR"}, *rows[1:]], "FDT-CROSS-020"),
        ("invoice_detail", lambda rows: rows[1:], "FDT-CROSS-014"),
        ("contract_commitment", lambda rows: rows[:1], "FDT-CROSS-010"),
        ("billing_period", lambda rows: rows[:1], "FDT-CROSS-040"),
    ],
    ids=["a cent", "no on-demand rows", "currency", "no invoice line", "no commitments", "no period"],
)
def test_the_toolkit_sees_a_fault_in_the_bundle(
    tmp_path: Path, file: str, edit: Callable[[Rows], Rows], code: str
) -> None:
    edited(bundle(every_kind(), tmp_path) / f"{file}.csv", edit)
    assert code in codes(tmp_path)
