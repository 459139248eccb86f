"""What comes in: the book and usage."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from billing.errors import InputError
from flows.arguments import HERE, At, Workspace, a_time
from flows.commands.printed import clock, say, workspace_app

if TYPE_CHECKING:
    from flows.ingest import Ingested


def book_load(
    directory: Annotated[Path, typer.Argument(metavar="DIR")], workspace: Workspace = HERE, at: At = None
) -> None:
    """Check the CSV files of DIR and replace the book, or change nothing and name every fault."""
    from billing import book_store
    from billing.book_files import read_book
    from billing.database import transaction

    with workspace_app(workspace) as app:
        found = read_book(directory, app.rules.catalog)
        with transaction(app.engine) as connection:
            changed = book_store.save(connection, found, clock(at))
    parts = {"partners": found.partners, "customers": found.customers, "orgs": found.orgs, "contracts": found.contracts}
    counts = ", ".join(f"{len(rows)} {name}" for name, rows in parts.items())
    say(counts if changed else f"{counts}: the book that holds already")


def ingest_files(paths: list[Path], workspace: Workspace = HERE, at: At = None) -> None:
    """Usage files. A bad row is set aside with file, line and reason; the good ones are kept; exit 1 if any was bad."""
    from flows import ingest as flow

    with workspace_app(workspace) as app:
        _ingested(flow.ingest_files(app, paths, clock(at)))


def ingest_datadog(
    workspace: Workspace = HERE,
    at: At = None,
    start: Annotated[datetime | None, typer.Option("--from", parser=a_time, metavar="HOUR")] = None,
    end: Annotated[datetime | None, typer.Option("--to", parser=a_time, metavar="HOUR")] = None,
) -> None:
    """The vendor's API; by default the trailing days. Keys from DD_API_KEY and DD_APP_KEY."""
    from flows import ingest as flow

    with workspace_app(workspace) as app:
        _ingested(flow.ingest_vendor(app, clock(at), start, end))


def _ingested(done: "Ingested") -> None:
    say(f"{done.rows} rows read, {done.changed} changed the lake, {len(done.bad)} set aside")
    if done.faults:
        raise InputError(done.faults)
