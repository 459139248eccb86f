"""What a month costs."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from billing.hours import HOUR, Month
from flows.arguments import HERE, AsJson, At, Workspace, a_month, a_time
from flows.commands.printed import clock, print_json, workspace_app

if TYPE_CHECKING:
    from alerts.projection import ProjectedLine
    from flows.versions import Compared
    from flows.wiring import App


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
    projected: Annotated[bool, typer.Option("--projected", help="Also what the full month will cost.")] = False,
    as_json: AsJson = False,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE")] = None,
    parquet: Annotated[Path | None, typer.Option("--parquet", metavar="FILE")] = None,
) -> None:
    """The bill of every partner for MONTH: so far, or the whole month; with the corrections since it was closed."""
    from billing.statement import ROW_KINDS
    from flows import bill as flow
    from flows import versions

    if by not in ROW_KINDS:
        raise typer.BadParameter(f"{by!r} is none of {', '.join(ROW_KINDS)}", param_hint="--by")
    times = _compared_times(compare, alone=by == "line" and not (as_of or knowledge or csv or parquet))
    now = clock(at)
    if projected:
        _may_be_projected(month, as_of or now, now, plain=by == "line" and not (csv or parquet or knowledge))
    with workspace_app(workspace) as app:
        versions.remember(app, now)
        if times:
            _compared(versions.compare(app, month, *times), as_json=as_json)
            return
        if knowledge:
            statement, closed = versions.as_known(app, month, as_of, knowledge), None
        else:
            statement = flow.bill(app, month, as_of, now)
            closed = versions.since_closing(app, month, now) if statement.state == "final" else None
        rows = flow.rows(statement, by)
        ahead = _ahead(app, month, statement.as_of) if projected else []
    if csv or parquet:
        from flows.workspace import write_rows

        write_rows(rows, by, csv, parquet)
    if as_json:
        document = statement.document() | ({"by": by, "rows": rows} if by != "line" else {})
        document |= closed.document() if closed else {"closed_at": None, "corrections": []}
        print_json(document | (_whole(ahead) if projected else {}))
    elif projected:
        from flows import forecast_tables, show

        show.out().print(*forecast_tables.projection(statement, ahead), sep="\n")
    elif not (csv or parquet):
        from flows import show, show_versions

        show.out().print(*show.bill(statement, rows, by), sep="\n")
        if closed:
            show.out().print(*show_versions.closed(closed), sep="\n")


def _may_be_projected(month: Month, until: datetime, now: datetime, *, plain: bool) -> None:
    if not plain:
        raise typer.BadParameter("goes with lines as known now, as a table or --json", param_hint="--projected")
    if not month.start <= until < min(month.end, now + HOUR):
        raise typer.BadParameter(f"{month} is not open then: leave the option out", param_hint="--projected")


def _ahead(app: "App", month: Month, until: datetime) -> "list[ProjectedLine]":
    from flows.projection import projection

    return projection(app, month, until)


def _whole(ahead: "list[ProjectedLine]") -> dict[str, Any]:
    from flows.projection import document

    return {"projected": document(ahead)}


def _compared_times(compare: tuple[str, str] | None, *, alone: bool) -> list[datetime]:
    if compare and not alone:
        raise typer.BadParameter("it goes with --at and --json alone", param_hint="--compare")
    return [a_time(text) for text in compare or ()]


def _compared(found: "Compared", *, as_json: bool) -> None:
    from flows import show, show_versions

    if as_json:
        print_json(found.document())
    else:
        show.out().print(*show_versions.compared(found), sep="\n")
