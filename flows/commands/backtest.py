"""How good the product's own detection and forecasts were, on the history in the lake."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from billing.hours import Month
from flows.arguments import HERE, AsJson, Workspace, a_month, a_time
from flows.commands.printed import print_json, workspace_app


def backtest(
    context: typer.Context,
    first: Annotated[datetime | None, typer.Option("--from", parser=a_time, metavar="TIME")] = None,
    last: Annotated[datetime | None, typer.Option("--to", parser=a_time, metavar="TIME")] = None,
    org: Annotated[str | None, typer.Option(metavar="ORG_ID", help="Only series of this org.")] = None,
    meter: Annotated[str | None, typer.Option(metavar="METER", help="Only series of this meter.")] = None,
    cases: Annotated[int, typer.Option(min=1, max=18, help="How many of the 18 cases each series gets.")] = 6,
    seed: Annotated[int, typer.Option(min=0, help="Another seed deals other cases at other times.")] = 1,
    labels: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV: org_id,meter,start,end; judged instead of injected cases.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="DIR", help="A picture of each series (SVG).")] = None,
    workspace: Workspace = HERE,
    as_json: AsJson = False,
) -> None:
    """Would a run-away have been noticed, how soon, and what was it worth? On the usage in the lake.

    Spikes, shifts and ramps are injected into copies of the lake's series, or labels are read; nothing is written but
    pictures. `backtest bill` judges the projected bills instead.
    """
    if context.invoked_subcommand:
        _refuse_options(context)
        return
    from rich.console import Console
    from rich.progress import Progress

    from flows import show, trial_figures, trial_table
    from flows.trial import Asked, Trial, trial

    if first and last and first >= last:
        raise typer.BadParameter("--from is not before --to")
    asked = Asked(first, last, org, meter, cases, seed, labels)
    with workspace_app(workspace) as app:
        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("Trying", total=1.0)
            for step in trial(app, asked):
                if isinstance(step, Trial):
                    result = step
                else:
                    progress.update(task, completed=step)
        if plot:
            from flows.trial_pictures import draw

            draw(app, result, plot)
    if as_json:
        print_json(trial_figures.document(result, asked))
    else:
        show.out().print(*trial_table.table(result, trial_figures.figures(result)), sep="\n")


def _refuse_options(context: typer.Context) -> None:
    """A subcommand has its own; those before its name would be read and forgotten."""
    sources = [context.get_parameter_source(name) for name in context.params]
    if any(source and source.name == "COMMANDLINE" for source in sources):
        raise typer.BadParameter(f"options of `backtest {context.invoked_subcommand}` stand after its name")


def backtest_bill(
    first: Annotated[Month | None, typer.Option("--from", parser=a_month, metavar="MONTH")] = None,
    last: Annotated[Month | None, typer.Option("--to", parser=a_month, metavar="MONTH")] = None,
    workspace: Workspace = HERE,
    as_json: AsJson = False,
) -> None:
    """The projected bill of every day of the whole months, knowing only what was known by then: error and coverage."""
    from rich.console import Console
    from rich.progress import Progress

    from flows.backtest import backtest, months_to_judge, quality

    if first and last and first > last:
        raise typer.BadParameter("--from is after --to")
    with workspace_app(workspace) as app:
        months = months_to_judge(app, first, last)
        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            days = (day for month in months for day in backtest(app, month))
            total = sum(month.days for month in months)
            judged = [one for day in progress.track(days, total=total, description="Projecting") for one in day]
    found = quality(judged)
    if as_json:
        print_json({"months": list(map(str, months)), "rows": [asdict(one) | {"ratio": one.ratio} for one in found]})
    else:
        from flows import forecast_tables, show

        show.out().print(*forecast_tables.backtest(", ".join(map(str, months)), found), sep="\n")
