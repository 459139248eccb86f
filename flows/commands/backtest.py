"""How good the product's own forecasts were, on the history in the lake."""

from dataclasses import asdict
from typing import Annotated

import typer

from billing.hours import Month
from flows.arguments import HERE, AsJson, Workspace, a_month
from flows.commands.printed import print_json, workspace_app


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
