"""The key that seals the console's sessions, so that they outlast it: made once, kept in the workspace."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from billing.errors import Fault, SettingsError, WorldError

FILE = "console.key"
SHORTEST = 32  # characters


def session_key(workspace: Path) -> str:
    """What is in the file, which is made where it is not there. Raises SettingsError for one that seals nothing."""
    path = workspace / FILE
    try:
        if not path.exists():
            with suppress(FileExistsError):  # another console was quicker: its key is the one
                _make(path)
        if path.stat().st_mode & 0o077:
            raise SettingsError([Fault(FILE, 0, "console", f"others may read {path}: chmod 600 {path}")])
        key = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise WorldError(f"{path}: cannot be made or read: {error}") from error
    if len(key) < SHORTEST:
        raise SettingsError([Fault(FILE, 0, "console", f"{path} is no key: delete it, and a new one is made")])
    return key


def _make(path: Path) -> None:
    """Put a whole file in its place, if there is none. Raises FileExistsError."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
        os.link(name, path)
    finally:
        Path(name).unlink()
