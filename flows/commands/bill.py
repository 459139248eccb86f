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
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", parser=a_time, metavar="TIME", help="Only the hours before it.")
    ] = None,
    knowledge: Annotated[
        datetime | None,
        typer.Option("--as-of-knowledge", parser=a_time, metavar="TIME", help="As it was known at that time."),
    ] = None,
    compare: Annotated[
        tuple[str, str] | None, typer.Option(metavar="TIME TIME", help="What changed between what was known when.")
    ] = None,
    by: Annotated[str, typer.Option(metavar="line|org|customer|partner")] = "line",
    as_json: AsJson = False,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE")] = None,
    parquet: Annotated[Path | None, typer.Option("--parquet", metavar="FILE")] = None,
) -> None:
    """The bill of every partner for MONTH: so far, or the whole month; with the corrections since it was closed."""
    from billing.statement import ROW_KINDS
    from flows import bill as flow
    from flows import show, show_versions, versions

    if by not in ROW_KINDS:
        raise typer.BadParameter(f"{by!r} is none of {', '.join(ROW_KINDS)}", param_hint="--by")
    now = clock(at)
    closed = None
    with workspace_app(workspace) as app:
        versions.remember(app, now)
        if compare:
            compared = versions.compare(app, month, *map(a_time, compare))
            print_json(compared.document()) if as_json else show.out().print(
                *show_versions.compared(compared), sep="\n"
            )
            return
        if knowledge:
            statement = versions.as_known(app, month, as_of, knowledge)
        else:
            statement = flow.bill(app, month, as_of, now)
            closed = versions.since_closing(app, month, now) if statement.state == "final" else None
        rows = flow.rows(statement, by)
    if csv or parquet:
        from flows.workspace import write_rows

        write_rows(rows, by, csv, parquet)
    if as_json:
        document = statement.document() | ({"by": by, "rows": rows} if by != "line" else {})
        print_json(document | (closed.document() if closed else {"closed_at": None, "corrections": []}))
    elif not (csv or parquet):
        show.out().print(*show.bill(statement, rows, by), sep="\n")
        if closed:
            show.out().print(*show_versions.closed(closed), sep="\n")
