"""A workspace made and examined, and the demo."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from flows.arguments import HERE, AsJson, Workspace
from flows.commands.printed import clock, print_json


def demo(directory: Annotated[Path, typer.Argument(metavar="[DIR]")] = Path("demo")) -> None:
    """The whole main job on the shipped sample: no key, no server, no network."""
    from flows.demo import demo as run_demo

    run_demo(directory)


def init(directory: Annotated[Path, typer.Argument(metavar="DIR")]) -> None:
    """A new workspace with a commented floodmark.toml that works as it is."""
    from flows.workspace import create

    create(directory)
    typer.echo(f"{directory} is a workspace. Next: floodmark book load DIR --workspace {directory}")


def check(workspace: Workspace = HERE, as_json: AsJson = False) -> None:
    """Every fault of settings, book, store, mail and keys."""
    from flows.workspace import examine

    errors, notes = examine(workspace, clock(None))
    if as_json:
        print_json({"faults": [line for error in errors for line in str(error).splitlines()], "notes": notes})
    else:
        for note in notes:
            typer.echo(note)
    if errors:
        sys.stderr.write("".join(f"{error}\n" for error in errors))
        raise typer.Exit(errors[0].exit_code)
