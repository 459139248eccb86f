"""The journal: every change of alerts and tickets, shown, exported, and proved whole."""

import json
from pathlib import Path
from typing import Annotated

import typer

from billing.errors import Fault, InputError, SettingsError
from billing.hours import iso
from flows.arguments import HERE, AsJson, Workspace
from flows.commands.printed import print_json, say, workspace_app

NEWEST = 20  # rows that are shown to people


def journal(
    workspace: Workspace = HERE,
    as_json: AsJson = False,
    jsonl: Annotated[Path | None, typer.Option(metavar="FILE", help="Every row, a JSON document a line.")] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Exit 1, naming the first row that was tampered with.")
    ] = False,
) -> None:
    """Every change of alerts and tickets: was, now, who, why, when; each row sealed with the one before it."""
    from alerts import journal as kept
    from billing.database import reading

    with workspace_app(workspace) as app, reading(app.engine) as connection:
        rows, end = list(kept.rows(connection)), kept.end(connection) or kept.NOTHING
    if jsonl:
        _write(jsonl, "".join(f"{json.dumps(row.document)}\n" for row in rows))
    if as_json:
        print_json({"rows": [row.document for row in rows], "end": end._asdict()})
    if verify and (fault := kept.fault(rows, end)):
        raise InputError([Fault("journal", 0, "", fault)])
    if as_json:
        return
    if not verify and not jsonl:
        for row in rows[-NEWEST:]:
            moved = row.moved
            change = f"{moved.was} -> {moved.now}" if moved.was else moved.now
            say(f"{row.number} {iso(moved.at)} {moved.subject} {change}, {moved.who}: {moved.why}")
    whole = "every one as it was written" if verify else f"the newest {NEWEST} are shown" if len(rows) > NEWEST else ""
    say(", ".join(filter(None, (f"{len(rows)} rows", whole, f"the last is sealed {end.hash}"))))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="ascii")
    except OSError as error:
        what = f"{path}: cannot be written: {error.strerror or error}"
        raise SettingsError([Fault("journal", 0, "--jsonl", what)]) from error
