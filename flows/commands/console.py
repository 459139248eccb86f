"""The review page."""

import os

from flows.arguments import HERE, At, Workspace
from flows.commands.printed import clock, say, workspace_app


def console(workspace: Workspace = HERE, at: At = None) -> None:
    """The review page, served until stopped. With --at its clock starts there."""
    from flows.console import serve

    ahead = clock(at) - clock(None)
    with workspace_app(workspace) as app:
        serve(app, lambda: clock(None) + ahead, os.environ.get("USER", "reviewer"), say)
