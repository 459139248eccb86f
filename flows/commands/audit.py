"""Whether anything needs a person, and a dead letter tried again."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from billing.errors import Fault, SettingsError
from flows.arguments import HERE, AsJson, At, Workspace
from flows.commands.printed import clock, print_json, say, workspace_app


def audit(workspace: Workspace = HERE, at: At = None, as_json: AsJson = False) -> None:
    """What should have happened and did not. Exit 1 if anything; 3 remains for what could not be looked at."""
    from billing.hours import iso
    from flows.audit import concerns

    with workspace_app(workspace) as app:
        found = concerns(app, clock(at), datetime.now(UTC))
    if as_json:
        print_json({"at": iso(clock(at)), "concerns": [vars(concern) for concern in found]})
    else:
        say("\n".join(map(str, found)) or "nothing needs a person")
    if found:
        sys.exit(1)


def retry(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Of a delivery that failed: `floodmark audit` names them.")],
    workspace: Workspace = HERE,
    at: At = None,
) -> None:
    """Have a message that could not be delivered tried again by the next cycle."""
    from alerts import outbox
    from billing.database import transaction

    with workspace_app(workspace) as app, transaction(app.engine) as connection:
        if not outbox.retry(connection, key, clock(at)):
            what = f"no message with the key {key!r} has failed: `floodmark audit` names those that have"
            raise SettingsError([Fault("retry", 0, "KEY", what)])
    say(f"{key} is due")
