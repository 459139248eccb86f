"""Tokens for the API: made, listed, revoked."""

import os
from datetime import datetime
from typing import Annotated

import typer

from billing.errors import Fault, SettingsError
from flows.arguments import HERE, AsJson, At, Workspace, a_time
from flows.commands.printed import clock, print_json, say, workspace_app


def token_new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for, as it stands in journals.")],
    scope: Annotated[
        list[str] | None, typer.Option("--scope", metavar="read|review|answer|letter|admin", help="Default: read.")
    ] = None,
    partner: Annotated[
        str | None, typer.Option(metavar="PARTNER_ID", help="It gives this partner's data alone.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(parser=a_time, metavar="TIME", help="From when on it opens nothing.")
    ] = None,
    workspace: Workspace = HERE,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Make a token and print its secret, which is shown this once and kept nowhere."""
    from alerts import tokens
    from billing import book_store
    from billing.database import transaction

    scopes = list(dict.fromkeys(scope or ["read"]))
    faults = [
        Fault("token", 0, "--scope", f"{one!r} is none of {', '.join(tokens.SCOPES)}")
        for one in scopes
        if one not in tokens.SCOPES
    ]
    with workspace_app(workspace) as app, transaction(app.engine) as connection:
        if partner is not None and partner not in book_store.load(connection).partners:
            faults.append(Fault("token", 0, "--partner", f"{partner!r} is not in the book"))
        if until is not None and until <= clock(at):
            faults.append(Fault("token", 0, "--until", "lies in the past"))
        if not name.strip() or not name.isprintable() or len(name) > 100:
            faults.append(Fault("token", 0, "NAME", "write a line of at most 100 characters"))
        if faults:
            raise SettingsError(faults)
        who = os.environ.get("USER", "admin")
        made, secret = tokens.make(connection, name, scopes, who, clock(at), partner_id=partner, ends_at=until)
    if as_json:
        print_json({"token_id": made.token_id, "secret": secret})
    else:
        say(f"{made.token_id} ({', '.join(scopes)}): it is not shown again")
        say(secret)


def token_list(workspace: Workspace = HERE, at: At = None, as_json: AsJson = False) -> None:
    """Every token that was made, and whether it still opens anything."""
    from alerts import tokens
    from billing.database import reading
    from billing.hours import iso

    with workspace_app(workspace) as app, reading(app.engine) as connection:
        found = tokens.everyone(connection)
    rows = [
        {
            "token_id": one.token_id,
            "name": one.name,
            "scopes": list(one.scopes),
            "partner_id": one.partner_id,
            "made_at": iso(one.made_at),
            "made_by": one.made_by,
            "ends_at": one.ends_at and iso(one.ends_at),
            "revoked_at": one.revoked_at and iso(one.revoked_at),
            "opens": one.opens(clock(at)),
        }
        for one in found
    ]
    if as_json:
        print_json(rows)
        return
    for row, one in zip(rows, found, strict=True):
        whose = one.partner_id or "all partners"
        state = "revoked" if one.revoked_at else "holds" if row["opens"] else "ended"
        say(f"{one.token_id} {state} {','.join(one.scopes)} {whose}: {one.name}")


def token_revoke(
    token_id: Annotated[str, typer.Argument(metavar="TOKEN_ID")], workspace: Workspace = HERE, at: At = None
) -> None:
    """End a token at once."""
    from alerts import tokens
    from billing.database import transaction

    with workspace_app(workspace) as app, transaction(app.engine) as connection:
        if not tokens.revoke(connection, token_id, clock(at)):
            what = f"no token {token_id!r} is left to revoke: `floodmark token list` names them"
            raise SettingsError([Fault("token", 0, "TOKEN_ID", what)])
    say(f"{token_id} is revoked")
