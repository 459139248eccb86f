"""Our bill against the vendor's."""

from pathlib import Path
from typing import Annotated

import typer

from billing.hours import Month
from flows.arguments import HERE, AsJson, At, Workspace, a_month
from flows.commands.printed import clock, print_json, workspace_app


def reconcile(
    month: Annotated[Month, typer.Argument(parser=a_month, metavar="MONTH")],
    paths: Annotated[list[Path] | None, typer.Argument(metavar="[PATH]...")] = None,
    workspace: Workspace = HERE,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """MONTH against the vendor's figures: every difference with its cause.

    PATHs are saved bodies of billable-summary, historical_cost or estimated_cost; without any the vendor is asked.
    """
    from flows import reconcile as flow

    with workspace_app(workspace) as app:
        done = flow.reconciled(app, month, paths or [], clock(at))
    if as_json:
        print_json(done.document())
    else:
        from flows import reconcile_table, show

        show.out().print(*reconcile_table.tables(done), sep="\n")
