"""How Prefect is started: its environment is set before its first import."""

import os
from datetime import datetime
from pathlib import Path
from typing import Any

from billing import book_store
from billing.database import reading
from billing.errors import FloodmarkError, WorldError
from flows.cycle import Cycle
from flows.wiring import open_app

HOURLY = "5 * * * *"  # in UTC: a local time zone skips or repeats an hour twice a year
MORNINGS = "10 7 * * *"  # in the partner's zone
DEFAULTS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_CLI_WRAP_LINES": "false",
}


def run_flow(workspace: Path, at: datetime) -> Cycle:
    """The cycle as a Prefect flow run: on the server of PREFECT_API_URL, else on one that starts and ends with it.

    Raises WorldError when the flow failed.
    """
    prepare(workspace)
    from flows.deployed import cycle

    try:
        return cycle(str(workspace.resolve()), at)
    except FloodmarkError:
        raise
    except Exception as error:
        raise WorldError(f"the Prefect flow failed: {error}") from error


def serve(workspace: Path) -> None:
    """Serve the hourly cycle and the partners' digests until stopped. Stopping loses no scheduled run."""
    prepare(workspace)
    from prefect import serve as prefect_serve
    from prefect.schedules import Cron

    from flows.deployed import cycle, digest

    app = open_app(workspace)
    with reading(app.engine) as connection:
        partners = book_store.load(connection).partners.values()
    app.engine.dispose()
    zones = sorted({partner.time_zone for partner in partners if partner.digest != "none"})
    where = {"workspace": str(workspace.resolve())}
    deployments: list[Any] = [
        cycle.to_deployment("served-hourly", schedule=Cron(HOURLY, timezone="UTC"), parameters=where)
    ]
    deployments += [
        digest.to_deployment(
            "served-digest-" + zone.replace("/", "-").lower(),
            schedule=Cron(MORNINGS, timezone=zone),
            parameters={**where, "zone": zone},
        )
        for zone in zones
    ]
    prefect_serve(*deployments, pause_on_shutdown=False, limit=2)


def prepare(workspace: Path) -> None:
    """Defaults for what the environment does not say. Without a server of one's own its files stay in the workspace."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    if "PREFECT_API_URL" not in os.environ:
        os.environ.setdefault("PREFECT_HOME", str(workspace.resolve() / ".prefect"))
