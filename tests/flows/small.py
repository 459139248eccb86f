"""A small workspace: one partner, one customer, one org with hosts and logs, and a storm near the end."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from billing import book_store
from billing.book_files import read_book
from billing.database import transaction
from billing.hours import HOUR
from billing.sources.files import read_file
from flows import workspace
from flows.wiring import App, open_app
from tests.billing.worlds import World, usage_row, write_book, write_usage

START = datetime(2026, 10, 1, tzinfo=UTC)
END = datetime(2026, 11, 13, 10, tzinfo=UTC)
STORM = datetime(2026, 11, 12, 0, tzinfo=UTC)
HOST, LOGS = ("infra_hosts", "host_count"), ("logs", "billable_ingested_bytes")


def small_world(storm_hours: int = 6) -> World:
    """Six weeks of a daily rhythm; logs at 10 times their usual in the storm."""
    usage = []
    for i in range((END - START) // HOUR):
        hour = START + i * HOUR
        day = 100 + 20 * (8 <= hour.hour < 18) + i % 7
        storm = 10 if STORM <= hour < STORM + storm_hours * HOUR else 1
        usage += [usage_row("o1", HOST, hour, day), usage_row("o1", LOGS, hour, day * 10**9 * storm)]
    return World(
        partners=[
            {
                "partner_id": "p1",
                "name": "Partner",
                "tier": "gold",
                "time_zone": "Europe/Berlin",
                "language": "en",
                "currency": "USD",
                "digest": "daily",
                "emails": "p1@partner.example",
            }
        ],
        customers=[{"customer_id": "c1", "partner_id": "p1", "name": "Customer", "employees": "10", "deal": "none"}],
        orgs=[{"org_id": "o1", "customer_id": "c1", "name": "Org"}],
        contracts=[
            {
                "contract_id": "k1",
                "customer_id": "c1",
                "plan": "annual",
                "start": "2026-01-01",
                "end": "",
                "currency": "USD",
            }
        ],
        usage=usage,
    )


def small_workspace(directory: Path, world: World | None = None, environ: Mapping[str, str] | None = None) -> App:
    """The world loaded into a new workspace with the default settings, or these of the environment."""
    world = world or small_world()
    workspace.create(directory)
    files = directory / "files"
    files.mkdir()
    world.terms = world.terms or []
    write_book(world, files)
    write_usage(world, files / "usage.csv")
    app = open_app(directory, environ or {})
    with transaction(app.engine) as connection:
        book_store.save(connection, read_book(files, app.rules.catalog), END)
    app.lake.put(read_file(files / "usage.csv").usage, END)
    return app
