"""The workspace that the console's tests start from, made once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.alerts.console.browser import CHROMIUM, chromium
from tests.alerts.console.filled import filled
from tests.alerts.console.rooms import Room, judged


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return judged(tmp_path_factory.mktemp("console") / "w")


@pytest.fixture(scope="session")
def full_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which every page has something to show, to look at only."""
    return filled(tmp_path_factory.mktemp("filled") / "w")


@pytest.fixture
def room(workspace: Path, tmp_path: Path) -> Iterator[Room]:
    """A copy that may be written to."""
    found = Room.copied(workspace, tmp_path / "w")
    yield found
    found.app.engine.dispose()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with chromium() as found:
        yield found
