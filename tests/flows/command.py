"""The `floodmark` command in a workspace, as people and programs run it: arguments in; exit code and text out."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

from sqlalchemy import MetaData, create_engine, select

from flows.cli import main

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT / "../shared"
PROGRAM = [sys.executable, "-c", "from flows.cli import main; main()"]


@dataclass(frozen=True)
class Done:
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document of a --json; anything else on stdout fails here."""
        assert self.code == 0, self.err
        return json.loads(self.out)


@dataclass(frozen=True)
class Workspace:
    """A workspace directory and the environment that its commands see beside the system's own."""

    path: Path
    env: dict[str, str] = field(default_factory=dict)

    def call(self, *args: object, **env: str) -> Done:
        """The command in this process: same entry point, same exit codes, no start-up to wait for."""
        out, err = io.StringIO(), io.StringIO()
        code: object = 0
        with (
            mock.patch.dict(os.environ, self._environ(env), clear=True),
            mock.patch.object(sys, "argv", ["floodmark", *map(str, args)]),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                main()
            except SystemExit as stop:
                code = stop.code or 0
        assert isinstance(code, int)
        return Done(code, out.getvalue(), err.getvalue())

    def well(self, *args: object, **env: str) -> Done:
        """`call` of a command that has to succeed."""
        done = self.call(*args, **env)
        assert done.code == 0, f"{args}: {done.code}\n{done.err}"
        return done

    def spawn(self, *args: object, **env: str) -> subprocess.Popen[str]:
        """The command as a process of its own."""
        return subprocess.Popen(
            [*PROGRAM, *map(str, args)],
            env=self._environ(env) | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def process(self, *args: object, **env: str) -> Done:
        """`spawn`, waited for."""
        with self.spawn(*args, **env) as process:
            out, err = process.communicate(timeout=120)
            return Done(process.returncode, out, err)

    def _environ(self, env: dict[str, str]) -> dict[str, str]:
        system = {k: v for k, v in os.environ.items() if not k.startswith(("FLOODMARK_", "DD_", "COLUMNS"))}
        return system | {"FLOODMARK_WORKSPACE": str(self.path)} | self.env | env

    def run(self, moment: datetime, **env: str) -> Done:
        """A cycle at `moment` that has to succeed."""
        return self.well("run", "--at", moment.isoformat(), **env)

    def alerts(self) -> list[Any]:
        return list(self.well("alerts", "--json").json)

    def tickets(self) -> list[Any]:
        return list(self.well("tickets", "--json").json)

    def tables(self) -> dict[str, list[str]]:
        """Every row of every table of the store."""
        url = self.env.get("FLOODMARK_STORE__DATABASE", f"sqlite:///{self.path / 'floodmark.db'}")
        engine, there = create_engine(url), MetaData()
        with engine.connect() as connection:
            there.reflect(connection)
            rows = {table.name: sorted(map(repr, connection.execute(select(table)))) for table in there.sorted_tables}
        engine.dispose()
        return rows

    def outbox(self) -> dict[str, bytes]:
        """{file name: content} of the .eml files."""
        return {path.name: path.read_bytes() for path in sorted((self.path / "outbox").glob("*"))}

    def files(self) -> dict[str, bytes]:
        """{relative path: content} of every file of the workspace."""
        return dict(self._walk())

    def _walk(self) -> Iterator[tuple[str, bytes]]:
        for path in sorted(self.path.rglob("*")):
            if path.is_file():
                yield path.relative_to(self.path).as_posix(), path.read_bytes()


def new_workspace(path: Path, **env: str) -> Workspace:
    """What `floodmark init` makes."""
    workspace = Workspace(path, env)
    workspace.well("init", path)
    return workspace
