"""`floodmark console`: it says where it is, lets in who has the token, and refuses what would be open to all."""

import json
import re
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.flows.command import new_workspace


def free_port() -> int:
    with socket.socket() as there:
        there.bind(("127.0.0.1", 0))
        return int(there.getsockname()[1])


def test_it_is_served_until_it_is_stopped(tmp_path: Path) -> None:
    port = free_port()
    workspace = new_workspace(tmp_path / "w")
    with workspace.spawn("console", FLOODMARK_CONSOLE__PORT=str(port), PYTHONUNBUFFERED="1") as process:
        try:
            assert process.stdout
            line = process.stdout.readline().strip()
            found = re.search(rf"http://127\.0\.0\.1:{port}/login\?token=[\w-]{{43}}$", line)
            assert found
            answer = _eventually(f"http://127.0.0.1:{port}/healthz")
            assert json.loads(answer)["status"] == "ok"
            assert b"Nothing to decide here." in _eventually(found[0])
        finally:
            process.terminate()
            process.wait(20)


def test_who_has_signed_in_is_still_in_after_a_restart(tmp_path: Path) -> None:
    port = free_port()
    workspace = new_workspace(tmp_path / "w")
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    tokens = set()
    for path in ("{printed}", f"http://127.0.0.1:{port}/"):
        with workspace.spawn("console", FLOODMARK_CONSOLE__PORT=str(port), PYTHONUNBUFFERED="1") as process:
            try:
                assert process.stdout
                printed = process.stdout.readline().split()[-1]
                tokens.add(printed)
                assert b"Nothing to decide here." in _eventually(path.format(printed=printed), browser)
            finally:
                process.terminate()
                process.wait(20)
    assert len(tokens) == 2
    assert (workspace.path / "console.key").stat().st_mode & 0o777 == 0o600


def test_an_address_that_others_reach_needs_more_than_a_token(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path / "w")
    done = workspace.call("console", FLOODMARK_CONSOLE__HOST="0.0.0.0")
    assert done.code == 2 and "console.host" in done.err and done.out == ""


def _eventually(url: str, opener: urllib.request.OpenerDirector | None = None) -> bytes:
    """What is there once the server answers."""
    opener = opener or urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    for _ in range(200):
        try:
            with opener.open(url, timeout=5) as answer:
                return bytes(answer.read())
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise AssertionError(f"{url} does not answer")
