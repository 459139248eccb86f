"""What a month costs."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from billing.hours import Month
from flows.arguments import HERE, AsJson, At, Workspace, a_month, a_time
from flows.commands.printed import clock, print_json, workspace_app


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
