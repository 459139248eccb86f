"""A full disk, a locked database, a workspace that cannot be written: a sentence, exit 3, nothing half-written."""

import os
import resource
import sqlite3
import subprocess
from pathlib import Path

import pytest

from billing.hours import HOUR
from tests.flows.command import PROGRAM, ROOT, Done, Workspace
from tests.flows.storms import STORM, clock

AT = ("--at", clock(STORM + 25 * HOUR))


def cramped(workspace: Workspace, size: int, *args: object) -> Done:
    """The command where no file may grow over `size` bytes, as on a disk that is full."""

    def limit() -> None:
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    done = subprocess.run(
        [*PROGRAM, *map(str, args)],
        env=os.environ | {"FLOODMARK_WORKSPACE": str(workspace.path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        preexec_fn=limit,
        timeout=120,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def a_sentence(done: Done) -> bool:
    return done.code == 3 and bool(done.err.strip()) and "Traceback" not in done.err


@pytest.mark.parametrize("size", [0, 4096, 60_000])
def test_a_disk_that_is_full_during_a_cycle(stormy: Workspace, size: int) -> None:
    before = stormy.tables()
    assert a_sentence(done := cramped(stormy, size, "run", *AT)), done.err
    assert stormy.tables().keys() == before.keys()
    stormy.run(STORM + 25 * HOUR)
    whole = stormy.outbox()
    assert whole and not [name for name in whole if not name.endswith(".eml")]


@pytest.mark.parametrize(
    "command",
    [
        ("bill", "2026-11", "--csv", "old.csv"),
        ("bill", "2026-11", "--parquet", "old.parquet"),
        ("export", "focus", "2026-11", "old.csv"),
        ("export", "focus", "2026-11", "old.parquet"),
        ("digest", "--out", "."),
    ],
)
def test_a_file_that_cannot_be_written_leaves_the_old_one(
    stormy: Workspace, tmp_path: Path, command: tuple[str]
) -> None:
    stormy.run(STORM + 25 * HOUR)
    folder = tmp_path / "out"
    folder.mkdir()
    for name in ("old.csv", "old.parquet", "band.eml", "band.html"):
        (folder / name).write_text("as it was")
    args = [folder / arg if arg.startswith(("old", ".")) else arg for arg in command]
    done = cramped(stormy, 100, *args, *AT)
    assert a_sentence(done), (done.code, done.err)
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


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_workspace_that_may_only_be_read(stormy: Workspace) -> None:
    folders = [stormy.path, *(path for path in stormy.path.rglob("*") if path.is_dir())]
    for path in [*stormy.path.rglob("*.db*"), *folders]:
        path.chmod(0o500 if path.is_dir() else 0o400)
    done = stormy.process("run", *AT)
    for path in folders:
        path.chmod(0o700)
    assert a_sentence(done), done.err
