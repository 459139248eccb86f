"""The cycle: once, over a past span, or by schedule."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from billing.errors import WorldError
from billing.hours import floor_hour
from flows.arguments import HERE, AsJson, At, Workspace, a_step, a_time
from flows.commands.printed import clock, print_json, say, workspace_app


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
    for concern in done.concerns:
        say(f"needs a person: {concern}", err=True)
    if done.failures:
        raise WorldError("\n".join(done.failures))


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


def schedule(workspace: Workspace = HERE) -> None:
    """Serve the Prefect deployments with their schedules until stopped."""
    from flows.prefect_start import serve

    serve(workspace)
