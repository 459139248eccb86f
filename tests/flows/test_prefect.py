"""The flows on a real Prefect server: the same work as the plain functions, retried, summarised, scheduled."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts import outbox, store
from billing.database import transaction
from flows import cycle as plain
from flows.wiring import open_app
from tests.flows.small import END, small_workspace

pytestmark = [pytest.mark.prefect, pytest.mark.timeout(300)]
ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
        return port


def wait_for(what: str, ready: Callable[[], Any], seconds: float = 120) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := ready():
                return found
        except OSError:
            pass
        time.sleep(0.3)
    raise AssertionError(f"waited {seconds} s for {what}")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A standing server of this test's own; the environment points at it."""
    home, port = tmp_path_factory.mktemp("prefect"), free_port()
    url = f"http://127.0.0.1:{port}/api"
    environment = {"PREFECT_HOME": str(home), "PREFECT_API_URL": url, "PREFECT_LOGGING_TO_API_ENABLED": "false"}
    with pytest.MonkeyPatch.context() as patch, (home / "server.log").open("wb") as log:
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setenv("PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS", "1")
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
        with subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=home) as server:
            wait_for("the Prefect server", lambda: urllib.request.urlopen(f"{url}/health").read() == b"true")
            yield url
            server.terminate()


def post(api: str, path: str, body: object) -> Any:
    request = urllib.request.Request(f"{api}{path}", json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def state_of(directory: Path) -> tuple[Any, ...]:
    """What the store says of alerts, tickets and messages."""
    app = open_app(directory, {})
    with transaction(app.engine) as connection:
        found = (store.alerts(connection), store.tickets(connection), outbox.all_deliveries(connection))
    app.engine.dispose()
    return found


def test_the_flow_does_what_the_plain_functions_do(api: str, tmp_path: Path) -> None:
    by_hand, by_flow = tmp_path / "hand", tmp_path / "flow"
    app = small_workspace(by_hand)
    app.engine.dispose()
    shutil.copytree(by_hand, by_flow)
    app = open_app(by_hand, {})
    expected = plain.run(app, END, datetime.now(UTC))
    app.engine.dispose()
    from flows.deployed import cycle

    done = cycle(str(by_flow), END)
    assert done == expected
    assert done.raised == 1
    assert state_of(by_flow) == state_of(by_hand)
    artifacts = post(api, "/artifacts/filter", {"artifacts": {"key": {"any_": ["floodmark-cycle"]}}})
    assert "alerts raised | 1" in artifacts[0]["data"]


def test_without_a_clock_it_is_the_time_it_was_scheduled_for(api: str, tmp_path: Path) -> None:
    small_workspace(tmp_path / "w").engine.dispose()
    from flows.deployed import cycle

    done = cycle(str(tmp_path / "w"))
    runs = post(api, "/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}})
    scheduled = max(datetime.fromisoformat(run["expected_start_time"]) for run in runs)
    assert done.at == scheduled
    assert done.judged_upto == scheduled.replace(minute=0, second=0, microsecond=0)


def test_a_mail_server_that_is_away_is_told_and_tried_again_by_a_later_run(
    api: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from billing.errors import WorldError
    from flows import deployed

    small_workspace(tmp_path / "w").engine.dispose()
    monkeypatch.setenv("FLOODMARK_MAIL__URL", f"smtp://127.0.0.1:{free_port()}")
    for at in (END, END + timedelta(hours=1)):
        with pytest.raises(WorldError, match="Connection refused"):
            deployed.cycle(str(tmp_path / "w"), at)
    _, tickets, deliveries = state_of(tmp_path / "w")
    assert [ticket.state for ticket in tickets] == ["draft"]
    digest = next(delivery for delivery in deliveries if delivery.purpose == "digest")
    assert (digest.state, digest.attempts) == ("due", 2)


def test_the_deployments_load_without_a_warning_and_are_scheduled(api: str, tmp_path: Path) -> None:
    environment = {**os.environ, "FLOODMARK_WORKSPACE": str(tmp_path), "PREFECT_CLI_COLORS": "false", "NO_COLOR": "1"}

    def prefect(*arguments: str) -> str:
        command = [sys.executable, "-m", "prefect", "--no-prompt", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    prefect("work-pool", "create", "floodmark", "--type", "process")
    said = prefect("deploy", "--all", "--prefect-file", "deployments/prefect.yaml")
    assert not re.search(r"warn|skipping|error|invalid", said, re.IGNORECASE), said
    deployments = {row["name"]: row for row in post(api, "/deployments/filter", {})}
    assert set(deployments) == {"hourly", "digests"}
    assert deployments["hourly"]["parameters"] == {"workspace": str(tmp_path)}

    def scheduled() -> dict[str, set[str]]:
        runs = post(api, "/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}})
        of = {row["id"]: row["name"] for row in deployments.values()}
        found: dict[str, set[str]] = {}
        for run in runs:
            name = of.get(run["deployment_id"])
            if name:
                found.setdefault(name, set()).add(run["parameters"].get("zone") or "all")
        return found if set(found) == set(deployments) and len(found["digests"]) == 3 else {}

    assert wait_for("SCHEDULED runs", scheduled) == {
        "hourly": {"all"},
        "digests": {"Asia/Seoul", "Asia/Almaty", "America/New_York"},
    }


def test_a_served_workspace_is_scheduled_in_its_partners_zones(api: str, tmp_path: Path) -> None:
    small_workspace(tmp_path / "w").engine.dispose()
    program = "from flows.cli import main; main()"
    command = [sys.executable, "-c", program, "schedule", "--workspace", str(tmp_path / "w")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as served:

        def deployed() -> list[Any]:
            rows = [row for row in post(api, "/deployments/filter", {}) if str(tmp_path) in str(row["parameters"])]
            return rows if len(rows) == 2 else []

        rows = wait_for("the served deployments", deployed)
        served.terminate()
        served.communicate(timeout=60)
    zones = {row["name"]: [schedule["schedule"]["timezone"] for schedule in row["schedules"]] for row in rows}
    assert zones == {"served-hourly": ["UTC"], "served-digest-europe-berlin": ["Europe/Berlin"]}
    after = [row for row in post(api, "/deployments/filter", {}) if str(tmp_path) in str(row["parameters"])]
    assert not any(row["paused"] for row in after)
