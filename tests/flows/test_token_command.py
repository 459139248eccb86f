"""`floodmark token`: a secret that is shown once, opens what it may, and nothing once it was revoked."""

import sqlite3
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from alerts.console.app import create
from alerts.console.users import User
from flows.console import house
from flows.wiring import open_app
from tests.flows.command import Workspace, new_workspace
from tests.flows.small import END, small_workspace
from tests.flows.two_partners import ORIGIN, OpenDoor

AT = ("--at", "2026-11-13T10:00:00Z")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    small_workspace(tmp_path / "w").engine.dispose()
    return Workspace(tmp_path / "w")


def opens(workspace: Workspace, secret: str, path: str = "/api/v1/customers") -> int:
    app = open_app(workspace.path, {})
    browser = TestClient(create(house(app, lambda: END), OpenDoor(User("kim", "viewer"))), base_url=ORIGIN)
    status: int = browser.get(path, headers={"Authorization": f"Bearer {secret}"}).status_code
    app.engine.dispose()
    return status


def test_a_token_opens_until_it_is_revoked(workspace: Workspace) -> None:
    made = workspace.well("token", "new", "billing export", *AT, "--json").json
    assert opens(workspace, made["secret"]) == 200
    [listed] = workspace.well("token", "list", *AT, "--json").json
    assert (listed["token_id"], listed["scopes"], listed["opens"]) == (made["token_id"], ["read"], True)
    workspace.well("token", "revoke", made["token_id"], *AT)
    assert opens(workspace, made["secret"]) == 401
    again = workspace.call("token", "revoke", made["token_id"])
    assert (again.code, "is left to revoke" in again.err) == (2, True)
    assert "revoked read all partners: billing export" in workspace.well("token", "list").out


def test_a_token_ends_by_itself(workspace: Workspace) -> None:
    long, short = (
        workspace.well("token", "new", "t", "--until", until, "--at", "2026-11-01T00:00:00Z", "--json").json["secret"]
        for until in ("2026-11-13T10:00:01Z", "2026-11-13T10:00:00Z")
    )
    assert (opens(workspace, long), opens(workspace, short)) == (200, 401)


def test_the_secret_is_kept_nowhere(workspace: Workspace) -> None:
    done = workspace.well("token", "new", "t", "--scope", "admin", *AT)
    secret = done.out.split()[-1]
    assert secret.startswith("fm_") and len(secret) >= 43
    assert all(secret.encode() not in content for content in workspace.files().values())
    with sqlite3.connect(workspace.path / "floodmark.db") as database:
        [(digest,)] = database.execute("SELECT digest FROM tokens")
    database.close()
    assert opens(workspace, digest) == 401


def test_every_fault_is_told_at_once(workspace: Workspace) -> None:
    done = workspace.call(
        "token", "new", " ", "--scope", "all", "--partner", "p9", "--until", "2026-01-01T00:00:00Z", *AT
    )
    assert done.code == 2
    for column in ("--scope", "--partner", "--until", "NAME"):
        assert f"token: {column}" in done.err
    assert workspace.well("token", "list", "--json").json == []


def test_a_workspace_without_tokens_lists_none(tmp_path: Path) -> None:
    assert new_workspace(tmp_path / "new").well("token", "list").out == ""
