"""Every CSV file that leaves the house, of a workspace whose every name is hostile."""

from pathlib import Path

from alerts.evidence import evidence, table
from tests.alerts.partners import CATALOG, GRID, HOSTS, MONTH, renamed
from tests.billing.worlds import World, usage_row, write_book, write_usage
from tests.flows.command import Workspace, new_workspace
from tests.flows.small import HOST, START
from tests.formulas.hostile import NAMES

GROUPS = ("line", "org", "customer", "partner")
BUNDLE = ("cost_and_usage", "contract_commitment", "billing_period", "invoice_detail")


def hostile_world() -> World:
    """A partner, a customer, an org and a contract of every name, and an hour of usage of each."""
    names = list(dict.fromkeys(name.strip() for name in NAMES))
    usual = {"tier": "gold", "time_zone": "UTC", "language": "en", "digest": "none", "emails": ""}
    money = {"currency": "USD"}
    return World(
        partners=[{"partner_id": name, "name": name, **usual, **money} for name in names],
        customers=[
            {"customer_id": name, "partner_id": name, "name": name, "employees": "", "deal": "none"} for name in names
        ],
        orgs=[{"org_id": name, "customer_id": name, "name": name} for name in names],
        contracts=[
            {"contract_id": name, "customer_id": name, "plan": "annual", "start": "2026-01-01", "end": "", **money}
            for name in names
        ],
        terms=[
            {
                "contract_id": name,
                "meter": "infra_host",
                "option": "monthly",
                "commit_units": "5",
                "commit_price": "10",
                "on_demand_price": "12",
            }
            for name in names
        ],
        usage=[usage_row(name, HOST, START, 7) for name in names],
    )


def hostile_workspace(folder: Path) -> Workspace:
    workspace, world = new_workspace(folder / "workspace"), hostile_world()
    (folder / "book").mkdir()
    write_book(world, folder / "book")
    write_usage(world, folder / "usage.csv")
    workspace.well("book", "load", folder / "book", "--at", "2026-10-01T00:00:00Z")
    workspace.well("ingest", "files", folder / "usage.csv", "--at", "2026-11-01T00:00:00Z")
    return workspace


def exports(folder: Path) -> dict[str, Path]:
    """{what it is: the file}."""
    workspace, at = hostile_workspace(folder), ("--at", "2026-11-20T00:00:00Z")
    files = {}
    for by in GROUPS:
        files[f"bill --by {by} --csv"] = folder / f"bill-{by}.csv"
        workspace.well("bill", "2026-10", "--by", by, "--csv", folder / f"bill-{by}.csv", *at)
    files["export focus"] = folder / "focus.csv"
    workspace.well("export", "focus", "2026-10", folder / "focus.csv", *at)
    workspace.well("export", "focus", "2026-10", folder / "bundle", "--version", "1.4", *at)
    files |= {f"export focus --version 1.4, {name}": folder / "bundle" / f"{name}.csv" for name in BUNDLE}
    files["evidence of a ticket"] = folder / "evidence.csv"
    shown = [evidence(HOSTS, MONTH, renamed(name), CATALOG, GRID) for name in NAMES]
    files["evidence of a ticket"].write_bytes(table(shown, "tk_1", "evidence.csv").content)
    return files
