"""The bill for other programs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from billing.hours import Month
from flows.arguments import HERE, At, Workspace, a_month
from flows.commands.printed import clock, say, workspace_app


class Version(StrEnum):
    V1_2 = "1.2"
    V1_4 = "1.4"


def focus(
    month: Annotated[Month, typer.Argument(parser=a_month, metavar="MONTH")],
    target: Annotated[Path, typer.Argument(metavar="FILE", help="FILE.csv or FILE.parquet; a directory with 1.4.")],
    version: Annotated[Version, typer.Option(help="Of FOCUS.")] = Version.V1_2,
    workspace: Workspace = HERE,
    at: At = None,
) -> None:
    """The bill of MONTH in FOCUS: cost and usage rows (1.2), or the bundle of four datasets (1.4).

    A month that is final goes out as it was closed; what became known since is a correction in a later month's file.
    """
    from billing.focus import files, rows, v1_2, v1_4
    from billing.margin import margins
    from flows import versions

    if version is Version.V1_2 and target.suffix.lower() not in files.ENDINGS:
        raise typer.BadParameter(f"{target.name!r} ends neither in .csv nor in .parquet", param_hint="FILE")
    with workspace_app(workspace) as app:
        versions.remember(app, clock(at))
        statement, corrections = versions.issued(app, month, clock(at))
        catalog = statement.rules.catalog
        kept = margins(statement, app.partner_policy, catalog)
    of_line = {(margin.line.contract_id, margin.line.meter): margin for margin in kept}
    if version is Version.V1_2:
        frames = {target: v1_2.rows(statement, catalog, corrections, of_line)}
    else:
        bundle = v1_4.datasets(statement, catalog, corrections, of_line)
        frames = {target / f"{name}.csv": frame for name, frame in bundle.items()}
    files.write(frames)
    for path, frame in frames.items():
        say(f"{path}: {frame.height:,} rows")
    for line in rows.unpriced(statement):
        say(f"left out, {line.fault}", err=True)
