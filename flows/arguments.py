"""What the commands' arguments are read as."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from billing.hours import Month, parse_time


def a_time(text: str) -> datetime:
    """ISO 8601 as a UTC instant."""
    try:
        at = parse_time(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not an ISO 8601 time, such as 2026-10-31T23:00:00Z") from None
    if not 2000 <= at.year < 2100:
        raise typer.BadParameter(f"{text!r} lies outside the years 2000 to 2099")
    return at


def a_month(text: str) -> Month:
    try:
        return Month.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def a_step(text: str | timedelta) -> timedelta:
    """Whole hours or days: 1h, 24h, 1d. A default comes as it is."""
    if isinstance(text, timedelta):
        return text
    number, unit = text[:-1], text[-1:]
    if unit not in ("h", "d") or not number.isdecimal() or not 1 <= int(number) <= 10_000:
        raise typer.BadParameter(f"{text!r} is not a step: write whole hours or days, such as 1h or 1d")
    return timedelta(hours=int(number)) if unit == "h" else timedelta(days=int(number))


Workspace = Annotated[Path, typer.Option("--workspace", envvar="FLOODMARK_WORKSPACE", help="The workspace.")]
At = Annotated[
    datetime | None, typer.Option("--at", parser=a_time, metavar="TIME", help="The clock (ISO 8601). Default: now.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
HERE = Path()
