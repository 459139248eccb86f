"""What every command needs: its workspace, its clock, its document."""

import json
import sys
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows.wiring import App


def workspace_app(workspace: Path) -> "AbstractContextManager[App]":
    """The workspace's App, closed at the end; imported where a command needs it."""
    from flows.wiring import opened

    return opened(workspace)


def clock(at: datetime | None) -> datetime:
    return at or datetime.now(UTC)


def print_json(document: Any) -> None:
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
