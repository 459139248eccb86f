"""Workspaces with the planted storms, loaded once and copied for each test."""

import shutil
from pathlib import Path

import pytest

from tests.flows.command import Workspace, new_workspace
from tests.flows.storms import STORM, band_world, files_of, storm


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace that knows the book and, from CSV, all usage, the storm of `cello` on November 10th in it."""
    folder = tmp_path_factory.mktemp("template")
    book, usage = files_of(band_world(storm("cello-org", STORM, 12)), folder)
    workspace = new_workspace(folder / "workspace")
    workspace.well("book", "load", book, "--at", "2026-10-01T00:00:00Z")
    workspace.well("ingest", "files", usage, "--at", "2026-12-02T00:00:00Z")
    return workspace


@pytest.fixture
def stormy(template: Workspace, tmp_path: Path) -> Workspace:
    """A copy of the template, on SQLite in the workspace itself."""
    shutil.copytree(template.path, tmp_path / "workspace")
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def stored(template: Workspace, tmp_path: Path, database: str) -> Workspace:
    """A copy of the template whose store is `database`: once on SQLite, once on PostgreSQL."""
    ignore = shutil.ignore_patterns("floodmark.db*")
    shutil.copytree(template.path, tmp_path / "workspace", ignore=ignore)
    workspace = Workspace(tmp_path / "workspace", {"FLOODMARK_STORE__DATABASE": database})
    workspace.well("book", "load", template.path.parent / "book", "--at", "2026-10-01T00:00:00Z")
    return workspace
