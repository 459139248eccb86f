"""What a partner keeps of a month, and how far its rebate is."""

from typing import Annotated

import typer

from billing.hours import Month
from flows.arguments import HERE, AsJson, At, Workspace, a_month
from flows.commands.printed import clock, print_json, workspace_app


def margin(
    month: Annotated[Month, typer.Argument(parser=a_month, metavar="MONTH")],
    workspace: Workspace = HERE,
    at: At = None,
    by: Annotated[str, typer.Option(metavar="line|customer|partner")] = "customer",
    as_json: AsJson = False,
) -> None:
    """The margin waterfall of MONTH, from list price to partner profit, and the rebate so far."""
    from flows import margin as flow

    if by not in flow.COLUMNS:
        raise typer.BadParameter(f"{by!r} is none of {', '.join(flow.COLUMNS)}", param_hint="--by")
    with workspace_app(workspace) as app:
        found = flow.margin(app, month, by, clock(at))
    if as_json:
        print_json(found.document())
    else:
        from flows import show, waterfall

        show.out().print(*waterfall.tables(found), sep="\n")
