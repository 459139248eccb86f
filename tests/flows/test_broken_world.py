"""A full disk, a locked database, a workspace that cannot be written: a sentence, exit 3, nothing half-written."""

import ctypes
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from billing.hours import HOUR
from tests.flows.command import ROOT, Done, Workspace
from tests.flows.mailbox import Mailbox
from tests.flows.storms import STORM, clock

MAIN = "from flows.cli import main; main()"
FULL_WHEN_WRITING = """
import importlib, resource, sys
module, name = sys.argv.pop(1).split()
module = importlib.import_module(module)
write = getattr(module, name)
def cramped(*args):
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    return write(*args)
setattr(module, name, cramped)
from flows.cli import main; main()
"""
AT = ("--at", clock(STORM + 25 * HOUR))


def process(workspace: Workspace, program: str, before: Callable[[], object], *args: object) -> Done:
    """The command in a process of its own that does `before` first."""
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, args)],
        env=os.environ | {"FLOODMARK_WORKSPACE": str(workspace.path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        preexec_fn=before,
        timeout=120,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def no_file_over(size: int) -> Callable[[], None]:
    """As on a disk that is full."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def like_anybody() -> None:
    """Root too may write only where the mode of a file says so, after the next exec."""
    if os.geteuid() == 0:
        drop_from_bounding_set, override_modes = 24, 1
        ctypes.CDLL(None).prctl(drop_from_bounding_set, override_modes, 0, 0, 0)


def a_sentence(done: Done) -> bool:
    return done.code == 3 and bool(done.err.strip()) and "Traceback" not in done.err


@pytest.mark.parametrize("size", [0, 4096, 60_000])
def test_a_disk_that_is_full_during_a_cycle(stormy: Workspace, size: int) -> None:
    before = stormy.tables()
    assert a_sentence(done := process(stormy, MAIN, no_file_over(size), "run", *AT)), done.err
    assert stormy.tables().keys() == before.keys()
    stormy.run(STORM + 25 * HOUR)
    whole = stormy.outbox()
    assert whole and not [name for name in whole if not name.endswith(".eml")]


@pytest.mark.parametrize(
    ("command", "writer"),
    [
        (("bill", "2026-11", "--csv", "old.csv"), "flows.workspace write_rows"),
        (("bill", "2026-11", "--csv", "old.csv", "--parquet", "old.parquet"), "flows.workspace write_rows"),
        (("export", "focus", "2026-11", "old.csv"), "billing.focus.files write"),
        (("export", "focus", "2026-11", "old.parquet"), "billing.focus.files write"),
        (("digest", "--out", "."), "flows.workspace write_letters"),
    ],
)
def test_a_file_that_cannot_be_written_leaves_the_old_one(
    stormy: Workspace, tmp_path: Path, command: tuple[str, ...], writer: str
) -> None:
    stormy.run(STORM + 25 * HOUR)
    folder = tmp_path / "out"
    folder.mkdir()
    for name in ("old.csv", "old.parquet", "band.eml", "band.html"):
        (folder / name).write_text("as it was")
    args = [folder / arg if arg.startswith(("old", ".")) else arg for arg in command]
    done = process(stormy, FULL_WHEN_WRITING, no_file_over(2**40), writer, *args, *AT)
    assert a_sentence(done), (done.code, done.err)
    assert "could not be written" in done.err
    assert {path.read_text() for path in folder.iterdir()} == {"as it was"}
    assert len([*folder.iterdir()]) == 4


def test_a_database_that_another_one_holds(stormy: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billing.database.BUSY_MILLISECONDS", 200)
    before = stormy.tables()
    with sqlite3.connect(stormy.path / "floodmark.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        done = stormy.call("run", *AT)
        other.execute("ROLLBACK")
    assert a_sentence(done), done.err
    assert "locked" in done.err
    assert stormy.tables() == before
    stormy.run(STORM + 25 * HOUR)


def test_a_file_that_is_no_database(stormy: Workspace) -> None:
    (stormy.path / "floodmark.db").write_bytes(b"not a database at all" * 100)
    for suffix in ("-wal", "-shm"):
        (stormy.path / f"floodmark.db{suffix}").unlink(missing_ok=True)
    assert a_sentence(done := stormy.call("run", *AT)), done.err


def test_a_workspace_that_may_only_be_read(stormy: Workspace) -> None:
    before = stormy.files()
    folders = [stormy.path, *(path for path in stormy.path.rglob("*") if path.is_dir())]
    for path in [*stormy.path.rglob("*.db*"), *folders]:
        path.chmod(0o500 if path.is_dir() else 0o400)
    done = process(stormy, MAIN, like_anybody, "run", *AT)
    for path in folders:
        path.chmod(0o700)
    assert stormy.files() == before
    assert a_sentence(done), done.err


def test_a_lake_that_is_broken_holds_up_no_letter_that_was_owed_before(stormy: Workspace) -> None:
    with Mailbox() as server:
        workspace = Workspace(stormy.path, server.settings)
        workspace.run(STORM + HOUR)
        workspace.run(STORM + 12 * HOUR)
        server.refusal = "451 later"
        assert workspace.call("run", *AT).code == 3
        server.refusal = ""
        for log in (workspace.path / "lake").rglob("*.json"):
            log.write_text("{")
        done = workspace.call("run", "--at", clock(STORM + 26 * HOUR))
        assert a_sentence(done), done.err
        assert len(server.to("partner-cs@vendor.example")) == 1
        assert [ticket["state"] for ticket in workspace.tickets()] == ["sent"]
