"""A workspace made and examined, and the demo."""

from pathlib import Path
from typing import Annotated

import typer

from flows.arguments import HERE, AsJson, Workspace
from flows.commands.printed import clock, print_json, say


def demo(directory: Annotated[Path, typer.Argument(metavar="[DIR]")] = Path("demo")) -> None:
    """The whole main job on the shipped sample: no key, no server, no network."""
    from flows.demo import demo as run_demo

    run_demo(directory)


def init(directory: Annotated[Path, typer.Argument(metavar="DIR")]) -> None:
    """A new workspace with a commented floodmark.toml that works as it is."""
    from flows.workspace import create

    create(directory)
    say(f"{directory} is a workspace. Next: floodmark book load DIR --workspace {directory}")


def check(workspace: Workspace = HERE, as_json: AsJson = False) -> None:
    """Every fault of settings, book, store, mail and keys."""
    from flows.workspace import examine

    errors, notes = examine(workspace, clock(None))
    if as_json:
        print_json({"faults": [line for error in errors for line in str(error).splitlines()], "notes": notes})
    else:
        for note in notes:
            say(note)
    if errors:
        say("\n".join(map(str, errors)), err=True)
        raise typer.Exit(errors[0].exit_code)
