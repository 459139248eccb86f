"""The `floodmark` command. Exit codes: 0 done; 1 input at fault; 2 settings or usage; 3 the outside world failed."""

import json
import os
import sys
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from billing.errors import Fault, FloodmarkError, InputError, SettingsError, WorldError
from billing.hours import Month, floor_hour
from flows.arguments import HERE, AsJson, At, Workspace, a_month, a_step, a_time

if TYPE_CHECKING:
    from flows.ingest import Ingested
    from flows.wiring import App

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
book = typer.Typer(no_args_is_help=True, help="The book: who, and on what terms.")
ingest = typer.Typer(no_args_is_help=True, help="Usage into the lake.")
cli.add_typer(book, name="book")
cli.add_typer(ingest, name="ingest")


def workspace_app(workspace: Path) -> "AbstractContextManager[App]":
    """The workspace's App, closed at the end; imported where a command needs it."""
    from flows.wiring import opened

    return opened(workspace)


def clock(at: datetime | None) -> datetime:
    return at or datetime.now(UTC)


def print_json(document: Any) -> None:
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


@cli.command()
def demo(directory: Annotated[Path, typer.Argument(metavar="[DIR]")] = Path("demo")) -> None:
    """The whole main job on the shipped sample: no key, no server, no network."""
    from flows.demo import demo as run_demo

    run_demo(directory)


@cli.command()
def init(directory: Annotated[Path, typer.Argument(metavar="DIR")]) -> None:
    """A new workspace with a commented floodmark.toml that works as it is."""
    from flows.workspace import create

    create(directory)
    typer.echo(f"{directory} is a workspace. Next: floodmark book load DIR --workspace {directory}")


@cli.command()
def check(workspace: Workspace = HERE, as_json: AsJson = False) -> None:
    """Every fault of settings, book, store, mail and keys."""
    from flows.workspace import examine

    errors, notes = examine(workspace, clock(None))
    if as_json:
        print_json({"faults": [line for error in errors for line in str(error).splitlines()], "notes": notes})
    else:
        for note in notes:
            typer.echo(note)
    if errors:
        sys.stderr.write("".join(f"{error}\n" for error in errors))
        raise typer.Exit(errors[0].exit_code)


@book.command("load")
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
    typer.echo(counts if changed else f"{counts}: the book that holds already")


@ingest.command("files")
def ingest_files(paths: list[Path], workspace: Workspace = HERE, at: At = None) -> None:
    """Usage files. A bad row is set aside with file, line and reason; the good ones are kept; exit 1 if any was bad."""
    from flows import ingest as flow

    with workspace_app(workspace) as app:
        _ingested(flow.ingest_files(app, paths, clock(at)))


@ingest.command("datadog")
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


@cli.command()
def bill(
    month: Annotated[Month, typer.Argument(parser=a_month, metavar="MONTH")],
    workspace: Workspace = HERE,
    at: At = None,
    as_of: Annotated[datetime | None, typer.Option("--as-of", parser=a_time, metavar="TIME")] = None,
    by: Annotated[str, typer.Option(metavar="line|org|customer|partner")] = "line",
    as_json: AsJson = False,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE")] = None,
    parquet: Annotated[Path | None, typer.Option("--parquet", metavar="FILE")] = None,
) -> None:
    """The bill of every partner for MONTH: so far, or the whole month."""
    from billing.statement import ROW_KINDS
    from flows import bill as flow

    if by not in ROW_KINDS:
        raise typer.BadParameter(f"{by!r} is none of {', '.join(ROW_KINDS)}", param_hint="--by")
    with workspace_app(workspace) as app:
        statement = flow.bill(app, month, as_of, clock(at))
        rows = flow.rows(statement, by)
    if csv or parquet:
        from flows.workspace import write_rows

        write_rows(rows, by, csv, parquet)
    if as_json:
        print_json(statement.document() | ({"by": by, "rows": rows} if by != "line" else {}))
    elif not (csv or parquet):
        from flows import show

        show.out().print(*show.bill(statement, rows, by), sep="\n")


@cli.command()
def run(
    workspace: Workspace = HERE,
    at: At = None,
    flow: Annotated[bool, typer.Option("--flow", help="Run it as the Prefect flow.")] = False,
) -> None:
    """One cycle: ingest (if keys are set), bill, detect, tickets, mail and digests that are due."""
    from flows import show

    if flow:
        from flows.prefect_start import run_flow

        done = run_flow(workspace, clock(at))
    else:
        from flows.cycle import run as run_cycle

        with workspace_app(workspace) as app:
            done = run_cycle(app, clock(at), datetime.now(UTC))
    show.out().print(show.cycle(done))
    if done.failures:
        raise WorldError("\n".join(done.failures))


@cli.command()
def replay(
    start: Annotated[datetime, typer.Option("--from", parser=a_time, metavar="TIME")],
    end: Annotated[datetime, typer.Option("--to", parser=a_time, metavar="TIME")],
    every: Annotated[timedelta, typer.Option(parser=a_step, metavar="STEP")] = timedelta(hours=1),
    labels: Annotated[Path | None, typer.Option(metavar="FILE", help="CSV: org_id,meter,start,end")] = None,
    workspace: Workspace = HERE,
    as_json: AsJson = False,
) -> None:
    """The same cycle over a past span, in a store of its own: nobody is written to."""
    from flows.replay_command import replay as run_replay

    if start > end:
        raise typer.BadParameter("--from is after --to")
    with workspace_app(workspace) as app:
        document = run_replay(app, floor_hour(start), floor_hour(end), every, labels, as_json=as_json)
    if as_json:
        print_json(document)


@cli.command()
def alerts(workspace: Workspace = HERE, as_json: AsJson = False) -> None:
    """Every alert; the table has the dearest first."""
    from alerts import store
    from billing import book_store
    from billing.database import reading

    with workspace_app(workspace) as app:
        with reading(app.engine) as connection:
            found, held = store.alerts(connection), book_store.load(connection)
        if as_json:
            from flows.documents import alert_document

            print_json([alert_document(alert) for alert in found])
        else:
            from flows import show

            show.out().print(show.alerts(found, held, app.rules.catalog))


@cli.command()
def alert(
    alert_id: str,
    verdict: Annotated[str, typer.Argument(metavar="confirm|dismiss|planned|vendor-fault")],
    note: str = "",
    workspace: Workspace = HERE,
    at: At = None,
) -> None:
    """A reviewer's verdict. It takes effect with the next cycle."""
    from flows.verdicts import give

    with workspace_app(workspace) as app:
        decided = give(app, alert_id, verdict, os.environ.get("USER", "reviewer"), note, clock(at))
    typer.echo(f"{alert_id} is {decided.state}")


@cli.command()
def tickets(workspace: Workspace = HERE, as_json: AsJson = False) -> None:
    """Every ticket with its claims, clocks and deliveries."""
    from alerts import outbox, store
    from billing import book_store
    from billing.database import reading

    with workspace_app(workspace) as app, reading(app.engine) as connection:
        found, sent, held = store.tickets(connection), outbox.all_deliveries(connection), book_store.load(connection)
    if as_json:
        from flows.documents import ticket_document

        print_json([ticket_document(ticket, sent) for ticket in found])
    else:
        from flows import show

        show.out().print(*show.tickets(found, held), sep="\n")
        for delivery in sent:
            if delivery.ticket_id and delivery.error:
                typer.echo(f"{delivery.ticket_id} {delivery.state}: {delivery.error}")


@cli.command()
def digest(
    workspace: Workspace = HERE,
    partner: Annotated[str | None, typer.Option(metavar="PARTNER_ID")] = None,
    out: Annotated[Path, typer.Option(metavar="DIR")] = Path("digests"),
    at: At = None,
) -> None:
    """The digest that would be sent at --at, as .eml and .html files under --out. Nothing is sent."""
    from flows.digests import digests
    from flows.workspace import write_letters

    with workspace_app(workspace) as app:
        letters = digests(app, clock(at), partner)
        if not letters:
            what = f"{partner!r} is no partner with an address" if partner else "no partner of the book has an address"
            raise SettingsError([Fault("digest", 0, "--partner", what)])
        for path in write_letters(letters, out):
            typer.echo(path)


@cli.command()
def schedule(workspace: Workspace = HERE) -> None:
    """Serve the Prefect deployments with their schedules until stopped."""
    from flows.prefect_start import serve

    serve(workspace)


def _ingested(done: "Ingested") -> None:
    typer.echo(f"{done.rows} rows read, {done.changed} changed the lake, {len(done.bad)} set aside")
    if done.faults:
        raise InputError(done.faults)


def main() -> None:
    """Run the command; an error becomes its sentence on stderr and its exit code."""
    try:
        cli()
    except FloodmarkError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(WorldError.exit_code)
