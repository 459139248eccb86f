"""Closing a month: what was frozen stays, what comes later is a correction, whoever closes it and however often."""

import csv
import shutil
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from billing import versions
from tests.billing.sheet import Row
from tests.flows.command import Done, Workspace
from tests.flows.trio import GB, HOUR, START, changed, deliver, hosts, load, logs, month_of_use, trio

CLOSING, LATER, FINAL = "2026-11-16T00:00:00Z", "2026-11-25T00:00:00Z", "2027-03-20T00:00:00Z"
USA = {"contract_id": "usa-26", "meter": "infra_host"}
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
FROZEN = {"USD": Decimal("239.40"), "KRW": Decimal(165), "KWD": Decimal("183.972")}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return trio(tmp_path_factory.mktemp("closing") / "workspace")


@pytest.fixture
def workspace(template: Workspace, tmp_path: Path) -> Workspace:
    shutil.copytree(template.path, tmp_path / "workspace")
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def stored(template: Workspace, tmp_path: Path, database: str) -> Workspace:
    """Once on SQLite, once on PostgreSQL."""
    shutil.copytree(template.path, tmp_path / "workspace", ignore=shutil.ignore_patterns("floodmark.db*"))
    workspace = Workspace(tmp_path / "workspace", {"FLOODMARK_STORE__DATABASE": database})
    workspace.well("book", "load", template.path / "book", "--at", "2026-09-01T00:00:00Z")
    return workspace


def bill(workspace: Workspace, at: str, month: str = "2026-10") -> Any:
    return workspace.well("bill", month, "--at", at, "--json").json


def export(workspace: Workspace, month: str, at: str) -> list[Row]:
    path = workspace.path / f"{month}.csv"
    workspace.well("export", "focus", month, path, "--at", at)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def totals(document: Row) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in document["totals"]:
        found[row["currency"]] += Decimal(row["amount"])
    return found


def corrected(document: Row) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in document["corrections"]:
        found[row["currency"]] += Decimal(row["amount"])
    return found


def billed(*exports: list[Row]) -> dict[tuple[str, str], Decimal]:
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for rows in exports:
        for row in rows:
            found[row["x_PartnerId"], row["BillingCurrency"]] += Decimal(row["BilledCost"])
    return {key: amount for key, amount in found.items() if amount}


def corrections(rows: list[Row]) -> list[Decimal]:
    return [Decimal(row["BilledCost"]) for row in rows if row["ChargeClass"] == "Correction"]


def stir(workspace: Workspace, at: str) -> None:
    """Late and restated usage, with and without a time of observation; other terms, another rank."""
    known = {"observed_at": at}
    deliver(workspace, [logs(START, 9 * GB), logs(START, 3 * GB, "korea-new") | known], at)
    deliver(workspace, [hosts(START + 99 * HOUR, 50, f"{c}-org") for c in ("usa", "korea", "kuwait")], at)
    load(workspace, changed("terms", USA, on_demand_price="19.99", commit_units="6"), at)
    workspace.well("bill", "2026-10", "--at", at, FLOODMARK_BILLING__P99_RANK="eighth")


def closings(workspace: Workspace) -> list[str]:
    return workspace.tables()["closings"]


@pytest.mark.parametrize("how", [("run",), ("bill", "2026-10"), ("export", "focus", "2026-10", "focus.csv")])
def test_who_comes_first_after_the_final_day_closes_the_month(
    stored: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    stored.well(*how, "--at", "2026-11-15T23:59:00Z")
    assert not closings(stored)
    stored.well(*how, "--at", CLOSING)
    closed = closings(stored)
    assert len(closed) == 1
    stir(stored, LATER)
    for again in (CLOSING, LATER):
        stored.well(*how, "--at", again)
        assert closings(stored) == closed
    document = bill(stored, LATER)
    assert document["closed_at"] == CLOSING
    assert {currency: totals(document)[currency] - corrected(document)[currency] for currency in FROZEN} == FROZEN


def test_what_is_frozen_goes_out_the_same_whatever_comes_later(workspace: Workspace) -> None:
    before = export(workspace, "2026-10", CLOSING)
    bundle = workspace.path / "bundle"
    workspace.well("export", "focus", "2026-10", bundle, "--version", "1.4", "--at", CLOSING)
    frozen = {path.name: path.read_bytes() for path in bundle.iterdir()}
    stir(workspace, LATER)
    text = (workspace.path / "book" / "catalogue.csv").with_name("catalogue.csv")
    text.write_text(Path(versions.__file__).with_name("catalog.csv").read_text().replace(",0.10,0.10,0.10", ",7,8,9"))
    other = replace(workspace, env={"FLOODMARK_BILLING__CATALOG": str(text)})
    assert export(other, "2026-10", FINAL) == before
    other.well("export", "focus", "2026-10", bundle, "--version", "1.4", "--at", FINAL)
    assert {path.name: path.read_bytes() for path in bundle.iterdir()} == frozen
    assert billed(before) == {("band", currency): amount for currency, amount in FROZEN.items()}


def test_corrections_go_out_once_with_the_next_month_to_be_closed(workspace: Workspace) -> None:
    october = export(workspace, "2026-10", CLOSING)
    deliver(workspace, [logs(START, 9 * GB)], LATER)
    open_month = export(workspace, "2026-11", LATER)
    [correction] = [row for row in open_month if row["ChargeClass"] == "Correction"]
    assert (Decimal(correction["BilledCost"]), correction["x_CorrectionCause"]) == (Decimal("0.80"), "restated usage")
    november = export(workspace, "2026-11", "2026-12-16T00:00:00Z")
    deliver(workspace, [logs(START, 19 * GB)], "2026-12-20T00:00:00Z")
    assert export(workspace, "2026-11", FINAL) == november
    december = export(workspace, "2026-12", FINAL)
    assert corrections(december) == [Decimal("1.00")]
    final = [bill(workspace, FINAL, month) for month in ("2026-10", "2026-11", "2026-12")]
    dollars = billed(october, november, december)["band", "USD"]
    assert dollars == sum(totals(document)["USD"] for document in final)


def test_a_month_that_nobody_asked_for_is_closed_before_the_next(workspace: Workspace) -> None:
    """Nothing was used in November, nobody looked: what came late for October is not lost on December."""
    october = export(workspace, "2026-10", CLOSING)
    deliver(workspace, [logs(START, 9 * GB)], "2026-12-20T00:00:00Z")
    december = export(workspace, "2026-12", "2027-01-16T00:00:00Z")
    deliver(workspace, [logs(START, 19 * GB)], "2027-01-17T00:00:00Z")
    november = export(workspace, "2026-11", "2027-01-18T00:00:00Z")
    assert export(workspace, "2026-12", FINAL) == december
    parts = (october, november, december, export(workspace, "2027-01", FINAL), export(workspace, "2027-02", FINAL))
    months = ("2026-10", "2026-11", "2026-12", "2027-01", "2027-02")
    assert billed(*parts)["band", "USD"] == sum(totals(bill(workspace, FINAL, month))["USD"] for month in months)


def test_an_earlier_month_that_is_loaded_later_leaves_what_went_out(workspace: Workspace) -> None:
    """History is loaded backwards: September is closed as it came, and is no correction of October."""
    october = export(workspace, "2026-10", CLOSING)
    september_start = datetime(2026, 9, 1, tzinfo=UTC)
    deliver(workspace, month_of_use(september_start, 720), LATER)
    september = export(workspace, "2026-09", LATER)
    assert not corrections(september)
    assert billed(september)["band", "USD"] == Decimal("237.00")
    deliver(workspace, [logs(september_start, 11 * GB)], LATER)
    assert export(workspace, "2026-10", FINAL) == october
    assert export(workspace, "2026-09", FINAL) == september
    november = export(workspace, "2026-11", LATER)
    assert corrections(november) == [Decimal("1.00")]


def test_before_the_first_usage_nothing_is_closed(workspace: Workspace) -> None:
    assert bill(workspace, CLOSING, "2026-08")["closed_at"] is None
    assert export(workspace, "2026-08", CLOSING)
    assert not closings(workspace)


def test_a_clock_far_ahead_closes_no_more_than_was_asked_for(workspace: Workspace) -> None:
    bill(workspace, "2062-01-01T00:00:00Z")
    workspace.well("run", "--at", "2062-01-01T00:00:00Z")
    assert len(closings(workspace)) == 1


def both(*processes: Any) -> list[Done]:
    found = []
    for process in processes:
        with process:
            out, err = process.communicate(timeout=120)
            found.append(Done(process.returncode, out, err))
    return found


def test_two_at_once_close_it_once(stored: Workspace) -> None:
    bills = ("bill", "2026-10", "--at", CLOSING, "--json")
    done = both(stored.spawn(*bills), stored.spawn(*bills), stored.spawn("run", "--at", CLOSING))
    assert [one.code for one in done] == [0, 0, 0], [one.err for one in done]
    assert done[0].out == done[1].out
    assert len(closings(stored)) == 1
    assert len(stored.tables()["rules_versions"]) == 1


def test_a_crash_between_two_months_leaves_neither_closed(stored: Workspace) -> None:
    deliver(stored, [logs(NOVEMBER, GB)], "2026-11-02T00:00:00Z")
    close = mock.Mock(side_effect=[None, KeyboardInterrupt])
    real = versions.close

    def dying(*args: Any) -> None:
        close()
        real(*args)

    with mock.patch.object(versions, "close", dying):
        assert stored.call("run", "--at", "2026-12-16T00:00:00Z").code != 0
    assert close.call_count == 2
    assert not closings(stored)
    stored.well("run", "--at", "2026-12-16T00:00:00Z")
    assert len(closings(stored)) == 2


def test_another_final_day_opens_no_closed_month(workspace: Workspace) -> None:
    before = export(workspace, "2026-10", CLOSING)
    deliver(workspace, [logs(START, 9 * GB)], CLOSING)
    later = replace(workspace, env={"FLOODMARK_BILLING__FINAL_DAY": "28"})
    assert export(later, "2026-10", LATER) == before


def test_the_corrections_of_a_closed_month_are_shown_at_80_columns(workspace: Workspace) -> None:
    bill(workspace, CLOSING)
    assert "nothing has changed since" in workspace.well("bill", "2026-10", "--at", LATER).out
    deliver(workspace, [logs(START, 9 * GB)], LATER)
    lines = workspace.well("bill", "2026-10", "--at", LATER, COLUMNS="80").out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "restated usage usa-26       logs_ingested        74.40      75.20       0.80 USD" in lines
    assert f"Corrections since the month was closed at {CLOSING}" in [line.rstrip() for line in lines]
