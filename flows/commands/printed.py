"""What every command needs: its workspace, its clock, its document."""

import sys
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from alerts.visible import visible

if TYPE_CHECKING:
    from flows.wiring import App


def workspace_app(workspace: Path) -> "AbstractContextManager[App]":
    """The workspace's App, closed at the end; imported where a command needs it."""
    from flows.wiring import opened

    return opened(workspace)


def clock(at: datetime | None) -> datetime:
    return at or datetime.now(UTC)


def print_json(document: Any) -> None:
    from flows.terminal import json_text

    sys.stdout.write(json_text(document) + "\n")


def say(sentence: object, *, err: bool = False) -> None:
    """A line for people, of whatever others wrote as text alone."""
    typer.echo(visible(str(sentence)), err=err)
