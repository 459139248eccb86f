"""`floodmark reconcile`: one difference planted in the vendor's bill is found as that, to the last digit.

The vendor's bill is the independent oracle's under one other premise, written as bodies of the vendor.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.billing import oracle
from tests.billing.sheet import Row
from tests.billing.worlds import World, read_catalog, usage_row, write_rows
from tests.flows.command import Workspace, new_workspace
from tests.flows.storms import files_of, partner
from tests.flows.vendor_bodies import Number, charge, cost_record, costs, summary, write

HOUR = timedelta(hours=1)
START = datetime(2026, 10, 1, tzinfo=UTC)
LATER = ("--at", "2026-12-01T00:00:00Z")
METERS = {
    "infra_host": ("infra_hosts", "host_count"),
    "infra_container": ("infra_hosts", "container_count"),
    "apm_host": ("infra_hosts", "apm_host_count"),
    "custom_metrics": ("timeseries", "num_custom_timeseries"),
    "indexed_spans": ("indexed_spans", "indexed_events_count"),
    "logs_ingested": ("logs", "billable_ingested_bytes"),
    "fargate_task": ("fargate", "tasks_count"),
}


def october() -> World:
    """`cello` and `drum` in dollars, `alto` in won; all beyond what is included, no two top hours alike."""
    customers = {"cello": ("band", "USD"), "drum": ("band", "USD"), "alto": ("choir", "KRW")}
    world = World(
        partners=[partner("band", "Band", "en"), partner("choir", "합창단", "ko")],
        customers=[
            {"customer_id": c, "partner_id": p, "name": c.title(), "employees": "", "deal": "none"}
            for c, (p, _) in customers.items()
        ],
        orgs=[{"org_id": f"{c}-org", "customer_id": c, "name": c} for c in customers],
        contracts=[
            {"contract_id": f"{c}-26", "customer_id": c, "plan": "annual", "start": "2026-01-01", "end": ""}
            | {"currency": currency}
            for c, (_, currency) in customers.items()
        ],
        terms=[
            term("cello-26", "infra_host", "30", "15", "18"),
            term("cello-26", "logs_ingested", "10", "0.1", "0.13"),
            term("alto-26", "infra_host", "10", "20000", "24000"),
            term("alto-26", "logs_ingested", "0", "", "137"),
            term("drum-26", "infra_host", "0", "", "17"),
        ],
    )
    for i in range(744):
        hour, wave = START + i * HOUR, i * 37 % 744
        for org, level in (("cello-org", 20), ("drum-org", 5), ("alto-org", 11)):
            world.usage.append(usage_row(org, METERS["infra_host"], hour, level + max(0, wave - 700)))
            world.usage.append(usage_row(org, METERS["logs_ingested"], hour, (wave + 1) * 10**8 + 7))
        world.usage.append(usage_row("cello-org", METERS["infra_container"], hour, 160 + wave % 11))
        world.usage.append(usage_row("cello-org", METERS["apm_host"], hour, 4))
        world.usage.append(usage_row("cello-org", METERS["custom_metrics"], hour, 20_000 + wave))
        world.usage.append(usage_row("cello-org", METERS["indexed_spans"], hour, 10**5 + wave))
        world.usage.append(usage_row("drum-org", METERS["fargate_task"], hour, 3 + wave % 3))
    return world


def term(contract_id: str, meter: str, units: str, commit_price: str, price: str) -> Row:
    agreed = {"option": "monthly", "commit_units": units, "commit_price": commit_price, "on_demand_price": price}
    return {"contract_id": contract_id, "meter": meter} | agreed


WORLD = october()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return loaded(WORLD, tmp_path_factory.mktemp("reconcile"))


def loaded(world: World, folder: Path) -> Workspace:
    book, usage = files_of(world, folder)
    workspace = new_workspace(folder / "workspace")
    workspace.well("book", "load", book)
    workspace.well("ingest", "files", usage)
    return workspace


def lines_of(world: World = WORLD, **premises: Any) -> list[Row]:
    """The lines of the oracle's bill of October."""
    return list(oracle.bill(world, "2026-10", **premises)["lines"])


def reconciled(workspace: Workspace, *paths: Path, **env: str) -> Row:
    """The document, after checking that it adds up at every node."""
    document: Row = workspace.well("reconcile", "2026-10", *paths, *LATER, "--json", **env).json
    for line in document["lines"]:
        assert Decimal(line["vendor"]) - Decimal(line["ours"]) == Decimal(line["difference"])
        assert sum(Decimal(one["amount"]) for one in line["causes"]) == Decimal(line["difference"]), line
        assert all(one["why"] for one in line["causes"])
    for total in document["totals"]:
        of_currency = [line for line in document["lines"] if line["currency"] == total["currency"]]
        for column in ("ours", "vendor", "difference"):
            assert sum(Decimal(line[column]) for line in of_currency) == Decimal(total[column])
        assert sum(Decimal(one["amount"]) for one in total["causes"]) == Decimal(total["difference"])
    bill = workspace.well("bill", "2026-10", *LATER, "--json", **env).json
    assert sum_by_currency(document["totals"], "ours") == sum_by_currency(bill["totals"], "amount")
    return document


def sum_by_currency(rows: list[Row], column: str) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row["currency"]] = sums.get(row["currency"], Decimal(0)) + Decimal(row[column])
    return {currency: amount for currency, amount in sums.items() if amount}


def planted(document: Row) -> dict[tuple[str, str], list[tuple[str, Decimal]]]:
    """(customer or org, meter or product) -> its causes, where there are any."""
    return {
        (line["org_id"] or line["customer_id"], line["meter"] or line["product"]): [
            (one["class"], Decimal(one["amount"])) for one in line["causes"]
        ]
        for line in document["lines"]
        if line["causes"]
    }


def changed(ours: list[Row], theirs: list[Row], cause: str) -> dict[tuple[str, str], list[tuple[str, Decimal]]]:
    """What `planted` has to be if every line that differs does so for one cause."""
    money = {(line["customer_id"], line["meter"]): Decimal(line["amount"]) for line in ours}
    vendor = {(line["customer_id"], line["meter"]): Decimal(line["amount"]) for line in theirs}
    return {key: [(cause, vendor[key] - money[key])] for key in money if vendor[key] != money[key]}


def test_the_same_bill_has_no_difference(workspace: Workspace, tmp_path: Path) -> None:
    paths = [write(tmp_path / "cost.json", costs(lines_of())), write(tmp_path / "summary.json", summary(lines_of()))]
    for given in (paths, paths[:1]):
        document = reconciled(workspace, *given)
        assert planted(document) == {}
        assert len(document["lines"]) == len(lines_of())


def test_what_is_only_counted_differs_by_the_whole_units_it_is_counted_in(workspace: Workspace, tmp_path: Path) -> None:
    found = planted(reconciled(workspace, write(tmp_path / "summary.json", summary(lines_of()))))
    assert {cause for causes in found.values() for cause, _ in causes} <= {"rounding"}
    assert all(abs(amount) <= Decimal("1.40") for causes in found.values() for _, amount in causes)


@pytest.mark.parametrize("body", [costs, summary])
def test_rank_rule(workspace: Workspace, tmp_path: Path, body: Callable[[list[Row]], Row]) -> None:
    theirs = lines_of(p99_rank="eighth")
    found = planted(reconciled(workspace, write(tmp_path / "body.json", body(theirs))))
    expected = changed(lines_of(), theirs, "rank rule")
    assert {customer for customer, meter in expected if meter == "infra_host"} == {"cello", "drum", "alto"}
    hosts = {key: causes for key, causes in found.items() if key[1] == "infra_host"}
    assert hosts == {key: causes for key, causes in expected.items() if key[1] == "infra_host"}
    if body is costs:
        assert found == expected


@pytest.mark.parametrize("body", [costs, summary])
def test_late_usage_that_came_after_the_vendors_figure(tmp_path: Path, body: Callable[[list[Row]], Row]) -> None:
    late = START + 500 * HOUR
    early = deepcopy(WORLD)
    early.usage = [row for row in early.usage if (row["org_id"], row["hour"]) != ("alto-org", late)]
    workspace = loaded(early, tmp_path)
    rows = [
        row | {"hour": row["hour"].isoformat(), "observed_at": "2026-11-05T08:00:00Z"}
        for row in WORLD.usage
        if (row["org_id"], row["hour"]) == ("alto-org", late)
    ]
    write_rows(tmp_path / "late.csv", "org_id,product_family,usage_type,hour,quantity,observed_at", rows)
    workspace.well("ingest", "files", tmp_path / "late.csv")
    found = planted(reconciled(workspace, write(tmp_path / "body.json", body(lines_of(early)))))
    found = {key: causes for key, causes in found.items() if causes[0][0] != "rounding"}
    assert found == changed(lines_of(), lines_of(early), "late usage") != {}


@pytest.mark.parametrize("body", [costs, summary])
def test_late_usage_that_has_not_come_in_here(tmp_path: Path, body: Callable[[list[Row]], Row]) -> None:
    early = deepcopy(WORLD)
    early.usage = [
        row
        for row in early.usage
        if (row["org_id"], row["hour"], row["usage_type"])
        != ("drum-org", START + 400 * HOUR, "billable_ingested_bytes")
    ]
    found = planted(reconciled(loaded(early, tmp_path), write(tmp_path / "body.json", body(lines_of()))))
    found = {key: causes for key, causes in found.items() if causes[0][0] != "rounding"}
    assert found == changed(lines_of(early), lines_of(), "late usage") != {}


@pytest.mark.parametrize("factor", [0, 2])
@pytest.mark.parametrize("counted", [False, True])
def test_allotment(workspace: Workspace, tmp_path: Path, factor: int, counted: bool) -> None:
    rows = list(read_catalog().values())
    for row in rows:
        row["allotment_quantity"] = str(int(row["allotment_quantity"]) * factor) if row["allotment_quantity"] else ""
    theirs = lines_of(replace(WORLD, catalog=rows))
    bodies = [costs(theirs), summary(theirs)] if counted else [costs(theirs)]
    found = planted(reconciled(workspace, write(tmp_path / "body.json", *bodies)))
    expected = changed(lines_of(), theirs, "allotment")
    assert {meter for _, meter in expected} >= {"infra_container", "custom_metrics", "indexed_spans"}
    assert found == expected


def test_allotment_told_by_what_the_vendor_has_on_demand(workspace: Workspace, tmp_path: Path) -> None:
    """The same billable metrics, of which 5,000 more are on demand: 50 units of 5 USD."""
    [line] = [line for line in lines_of() if line["meter"] == "custom_metrics"]
    body = summary(lines_of())
    [row] = [row for row in body["usage"] if row["public_id"] == "cello-org"]
    row["account_public_id"] = "cello-account"
    row["usage"]["timeseries_average"]["account_on_demand_usage"] = Number(
        str(Decimal(line["on_demand_quantity"]) + 5000)
    )
    found = planted(reconciled(workspace, write(tmp_path / "body.json", body)))
    assert found["cello", "custom_metrics"] == [("allotment", Decimal("250.00"))]


@pytest.mark.parametrize("counted", [False, True])
def test_price(workspace: Workspace, tmp_path: Path, counted: bool) -> None:
    dearer = deepcopy(WORLD)
    for row in dearer.terms:
        row["on_demand_price"] = str(Decimal(row["on_demand_price"]) * Decimal("1.07"))
        row["commit_price"] = str(Decimal(row["commit_price"]) + 1) if row["commit_price"] else ""
    theirs = lines_of(dearer)
    bodies = [costs(theirs), summary(theirs)] if counted else [costs(theirs)]
    document = reconciled(workspace, write(tmp_path / "body.json", *bodies))
    found = {key: {cause for cause, _ in causes} for key, causes in planted(document).items()}
    expected = changed(lines_of(), theirs, "price")
    assert found == {key: {"price"} for key in expected}
    assert len(expected) == 5


def test_rounding(workspace: Workspace, tmp_path: Path) -> None:
    """Noise of a float, and an amount that was never rounded."""
    theirs = lines_of()
    for line in theirs:
        line["on_demand_amount"] = str(Decimal(line["on_demand_amount"]) + Decimal("0.0034560001"))
    found = planted(reconciled(workspace, write(tmp_path / "body.json", costs(theirs))))
    assert found == {(line["customer_id"], line["meter"]): [("rounding", Decimal("0.0034560001"))] for line in theirs}


def test_rounding_up_to_whole_units(workspace: Workspace, tmp_path: Path) -> None:
    theirs = lines_of()
    [spans] = [line for line in theirs if line["meter"] == "indexed_spans"]
    units = (Decimal(spans["on_demand_quantity"]) / 10**6).to_integral_value(ROUND_CEILING)
    spans["on_demand_amount"] = spans["amount"] = str(units * Decimal("1.70"))
    found = planted(reconciled(workspace, write(tmp_path / "body.json", costs(theirs))))
    assert found == changed(lines_of(), theirs, "rounding") != {}


def test_missing_org_of_the_book(workspace: Workspace, tmp_path: Path) -> None:
    theirs = [line for line in lines_of() if line["customer_id"] != "drum"]
    found = planted(reconciled(workspace, write(tmp_path / "body.json", costs(theirs))))
    ours = [line for line in lines_of() if line["customer_id"] == "drum"]
    assert found == {("drum", line["meter"]): [("missing org", -Decimal(line["amount"]))] for line in ours}


def test_missing_org_of_a_customer_with_another_one(tmp_path: Path) -> None:
    """The vendor bills `drum` without its second org: the line without that org's usage is the vendor's."""
    two = deepcopy(WORLD)
    two.orgs.append({"org_id": "drum-two", "customer_id": "drum", "name": "Two"})
    two.usage += [usage_row("drum-two", METERS["infra_host"], START + i * HOUR, 3 + i % 2) for i in range(744)]
    found = planted(reconciled(loaded(two, tmp_path), write(tmp_path / "body.json", costs(lines_of()))))
    assert found == changed(lines_of(two), lines_of(), "missing org") != {}


def test_missing_org_of_the_vendor(workspace: Workspace, tmp_path: Path) -> None:
    stranger = cost_record("ghost", [charge("infra_host", "on_demand", "36.5"), charge("infra_host", "total", 36.5)])
    body = costs(lines_of())
    body["data"].append(stranger)
    found = planted(reconciled(workspace, write(tmp_path / "body.json", body)))
    assert found == {("ghost", "infra_host"): [("missing org", Decimal("36.5"))]}


def test_unknown_product(workspace: Workspace, tmp_path: Path) -> None:
    body = costs(lines_of())
    [cello] = [record for record in body["data"] if record["attributes"]["public_id"] == "cello-org"]
    cello["attributes"]["charges"] += [
        charge("premier_support", "committed", "12"),
        charge("premier_support", "on_demand", "0.25"),
        charge("premier_support", "total", "12.25"),
        charge("infra_host", "goodwill", "-5"),
        charge("usm_standalone", "on_demand", "0"),
    ]
    found = planted(reconciled(workspace, write(tmp_path / "body.json", body)))
    assert found == {
        ("cello-org", "premier_support"): [("unknown product", Decimal("12.25"))],
        ("cello-org", "infra_host (goodwill)"): [("unknown product", Decimal("-5"))],
    }


def test_a_mixture_of_all_is_taken_apart_to_the_last_digit(tmp_path: Path) -> None:
    """Another rank, another price and other knowledge; a stranger is billed, and one customer not at all."""
    other = deepcopy(WORLD)
    other.usage = [
        row for row in other.usage if not (row["org_id"] == "cello-org" and row["hour"] >= START + 743 * HOUR)
    ]
    workspace = loaded(other, tmp_path)
    late = [
        row | {"hour": row["hour"].isoformat(), "observed_at": "2026-11-05T08:00:00Z"}
        for row in WORLD.usage
        if row["org_id"] == "cello-org" and row["hour"] >= START + 743 * HOUR
    ]
    write_rows(tmp_path / "late.csv", "org_id,product_family,usage_type,hour,quantity,observed_at", late)
    workspace.well("ingest", "files", tmp_path / "late.csv")
    for row in other.terms:
        if row["contract_id"] == "cello-26" and row["meter"] == "logs_ingested":
            row["on_demand_price"] = "0.14"
    ours, theirs = lines_of(), [ln for ln in lines_of(other, p99_rank="eighth") if ln["customer_id"] != "alto"]
    body = costs(theirs)
    body["data"].append(cost_record("ghost", [charge("infra_host", "total", "7.125")]))
    body["data"][0]["attributes"]["charges"].append(charge("premier_support", "total", "99"))
    document = reconciled(workspace, write(tmp_path / "body.json", body, summary(theirs)))
    found = {key: dict(causes) for key, causes in planted(document).items()}
    money = {(ln["customer_id"], ln["meter"]): Decimal(ln["amount"]) for ln in ours}
    ranked = {(ln["customer_id"], ln["meter"]): Decimal(ln["amount"]) for ln in lines_of(p99_rank="eighth")}
    vendor = {(ln["customer_id"], ln["meter"]): Decimal(ln["amount"]) for ln in theirs}
    logs = found["cello", "logs_ingested"]
    assert set(logs) == {"late usage", "price"}
    assert sum(logs.values()) == vendor["cello", "logs_ingested"] - money["cello", "logs_ingested"]
    spans = ("cello", "indexed_spans")
    assert found[spans] == {"late usage": vendor[spans] - money[spans]}
    for customer in ("cello", "drum"):
        hosts = (customer, "infra_host")
        assert found[hosts]["rank rule"] == ranked[hosts] - money[hosts] != 0
    assert found["ghost", "infra_host"] == {"missing org": Decimal("7.125")}
    assert found["cello-org", "premier_support"] == {"unknown product": Decimal(99)}
    alto = {key: causes for key, causes in found.items() if key[0] == "alto"}
    assert alto == {key: {"missing org": -money[key]} for key in money if key[0] == "alto"}
    classes = {one["class"] for total in document["totals"] for one in total["causes"]}
    assert "unexplained" not in classes
