"""The review page."""

import os

import typer

from flows.arguments import HERE, At, Workspace
from flows.commands.printed import clock, workspace_app


def console(workspace: Workspace = HERE, at: At = None) -> None:
    """The review page, served until stopped. With --at its clock starts there."""
    from flows.console import serve

    ahead = clock(at) - clock(None)
    with workspace_app(workspace) as app:
        serve(app, lambda: clock(None) + ahead, os.environ.get("USER", "reviewer"), typer.echo)
