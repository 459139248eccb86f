"""Three customers that use the same, in dollars, won and dinars: what October 2026 costs can be worked out by hand.

Each customer has an org with usage and a new one without. Every hour of October it has 10 hosts (8 hours: 20) and 1 GB
of logs, each contract 5 hosts committed at 15 and more at 18. Logs have a list price in dollars (0.10), none in won
(unpriced), and a term in dinars (0.0255).
    USD: 5 x 15 + 5 x 18 = 165.00 of hosts, 744 x 0.10 = 74.40 of logs
    KRW: 165 of hosts, logs unpriced
    KWD: 165.000 of hosts, 744 x 0.0255 = 18.972 of logs
"""

import csv
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.billing.sheet import Row
from tests.billing.worlds import World, usage_row, write_book
from tests.flows.command import Workspace, new_workspace
from tests.flows.storms import HOSTS, clock, partner

LOGS = ("logs", "billable_ingested_bytes")
GB = 10**9
HOUR = timedelta(hours=1)
START = datetime(2026, 10, 1, tzinfo=UTC)
CURRENCIES = {"usa": "USD", "korea": "KRW", "kuwait": "KWD"}
COLUMNS = "org_id,product_family,usage_type,hour,quantity,observed_at".split(",")


def trio_book() -> World:
    return World(
        partners=[partner("band", "Band", "en"), partner("choir", "Choir", "en")],
        customers=[
            {"customer_id": c, "partner_id": "band", "name": c.title(), "employees": "", "deal": "none"}
            for c in CURRENCIES
        ],
        orgs=[{"org_id": f"{c}-{kind}", "customer_id": c, "name": c} for c in CURRENCIES for kind in ("org", "new")],
        contracts=[
            {"contract_id": f"{c}-26", "customer_id": c, "plan": "annual", "start": "2026-01-01", "end": ""}
            | {"currency": currency}
            for c, currency in CURRENCIES.items()
        ],
        terms=[
            *(term(f"{c}-26", "infra_host", "5", "15", "18") for c in CURRENCIES),
            term("kuwait-26", "logs_ingested", "0", "", "0.0255"),
        ],
    )


def term(contract_id: str, meter: str, units: str, commit_price: str, price: str, option: str = "monthly") -> Row:
    agreed = {"option": option, "commit_units": units, "commit_price": commit_price, "on_demand_price": price}
    return {"contract_id": contract_id, "meter": meter} | agreed


def hosts(hour: datetime, quantity: int | None, org: str = "usa-org") -> Row:
    return usage_row(org, HOSTS, hour, quantity) | {"observed_at": ""}


def logs(hour: datetime, quantity: int | None, org: str = "usa-org") -> Row:
    return usage_row(org, LOGS, hour, quantity) | {"observed_at": ""}


def month_of_use(start: datetime = START, hours: int = 744) -> list[Row]:
    return [
        row
        for org in (f"{customer}-org" for customer in CURRENCIES)
        for hour in (start + i * HOUR for i in range(hours))
        for row in (hosts(hour, 20 if hour < start + 8 * HOUR else 10, org), logs(hour, GB, org))
    ]


def load(workspace: Workspace, book: World, at: str) -> None:
    folder = workspace.path / "book"
    folder.mkdir(exist_ok=True)
    (folder / "tiers.csv").unlink(missing_ok=True)
    write_book(book, folder)
    workspace.well("book", "load", folder, "--at", at)


def deliver(workspace: Workspace, rows: list[Row], at: str) -> None:
    path = workspace.path / "usage.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(row | {"hour": clock(row["hour"])} for row in rows)
    workspace.well("ingest", "files", path, "--at", at)


def trio(path: Path, rows: list[Row] | None = None, **env: str) -> Workspace:
    """The book known since the 1st of September 2026, the usage in one delivery after October."""
    workspace = new_workspace(path, **env)
    load(workspace, trio_book(), "2026-09-01T00:00:00Z")
    deliver(workspace, month_of_use() if rows is None else rows, "2026-11-02T00:00:00Z")
    return workspace


def changed(of: str, where: Row, **values: str) -> World:
    """The book with other values in the rows of a file that agree with `where`."""
    book = deepcopy(trio_book())
    for row in getattr(book, of):
        if where.items() <= row.items():
            row |= values
    return book
