"""The demo as its user runs it: every planted incident is found, and comes out as the sample says it should."""

import csv
import email
import email.policy
import json
import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.prefect, pytest.mark.timeout(300)]
ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "deployments" / "sample"


def floodmark(*arguments: str, cwd: Path = ROOT) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "FLOODMARK_"))}
    environment |= {"PYTHONPATH": str(ROOT), "COLUMNS": "80", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-c", "from flows.cli import main; main()", *arguments]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Demo:
    """A demo that has been run."""

    def __init__(self, directory: Path) -> None:
        start = time.monotonic()
        self.directory = directory / "demo"
        self.said = floodmark("demo", str(self.directory))
        self.seconds = time.monotonic() - start
        self.alerts: list[Any] = json.loads(floodmark("alerts", "--json", "--workspace", str(self.directory)))
        self.tickets: list[Any] = json.loads(floodmark("tickets", "--json", "--workspace", str(self.directory)))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return Demo(tmp_path_factory.mktemp("floodmark"))


def rows(name: str) -> list[dict[str, str]]:
    with (SAMPLE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def of_incident(demo: Demo, incident: dict[str, str]) -> Any:
    """The alert of the incident's series that has an hour in it."""
    key = (incident["org_id"], incident["meter"])
    mine = [a for a in demo.alerts if (a["org_id"], a["meter"]) == key]
    return next((a for a in mine if a["started_at"] < incident["end"] and a["last_hour"] >= incident["start"]), None)


@pytest.mark.parametrize("incident", rows("incidents.csv"), ids=lambda row: f"{row['incident']}-{row['meter']}")
def test_every_planted_incident_is_found(demo: Demo, incident: dict[str, str]) -> None:
    assert of_incident(demo, incident), incident["what"]


def test_what_the_percentile_forgives_costs_nothing_and_what_it_does_not_costs_the_month(demo: Demo) -> None:
    found = {row["incident"]: of_incident(demo, row) for row in reversed(rows("incidents.csv"))}
    short, long = found["run-away-5h"], found["run-away-30h"]
    assert (short["quiet"], float(short["stake"]["amount"]), short["free_hours_left"]) == (True, 0, 3)
    assert (long["quiet"], long["free_hours_left"]) == (False, 0)
    assert float(long["stake"]["amount"]) > 5_000_000
    assert found["quiet-spike"]["quiet"]


def test_verdicts_and_restatements_end_as_they_should(demo: Demo) -> None:
    states = {row["incident"]: of_incident(demo, row)["state"] for row in rows("incidents.csv")}
    assert states["load-test"] == "planned"
    assert states["vendor-fault"] == "vendor_fault"
    assert states["wanted-logs"] == "dismissed"
    assert states["restated-spike"] == "withdrawn"
    assert states["log-storm"] == "over"


def test_the_tickets_are_those_the_rules_ask_for(demo: Demo) -> None:
    open_ones = {(t["customer_id"], t["kind"]): t for t in demo.tickets if t["state"] == "open"}
    incidents = {row["incident"]: of_incident(demo, row) for row in rows("incidents.csv")}
    for name in ("log-storm", "cardinality", "slow-ramp", "run-away-30h", "first-use"):
        assert (incidents[name]["customer_id"], "usage") in open_ones, name
    assert (incidents["late-spike"]["customer_id"], "precaution") in open_ones
    fault = open_ones[incidents["vendor-fault"]["customer_id"], "vendor_fault"]
    assert fault["deadline_at"] is None
    assert not [t for t in demo.tickets if t["customer_id"] == incidents["load-test"]["customer_id"] and t["opened_at"]]
    late = open_ones[incidents["late-spike"]["customer_id"], "precaution"]
    assert late["deadline_at"] == "2026-09-30T15:00:00Z"
    assert late["call_after_email"]
    assert datetime.fromisoformat(late["call_from"]) < datetime.fromisoformat(late["call_by"])
    left = (late["next_call_from"], late["next_call_by"])
    assert left == ("2026-09-30T13:00:00Z", None), "nobody called on the 29th; on the 30th the desk closes too late"


def test_letters_and_one_digest_a_partner_lie_where_it_says(demo: Demo) -> None:
    outbox = sorted((demo.directory / "outbox").glob("*.eml"))
    letters = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in outbox]
    digests = [letter for path, letter in zip(outbox, letters, strict=True) if path.name.startswith("digest-")]
    assert len(digests) == len(rows("book/partners.csv"))
    keys = {d["key"] for t in demo.tickets for d in t["deliveries"]}
    assert keys == {path.stem for path in outbox if not path.name.startswith("digest-")}
    assert {d["state"] for t in demo.tickets for d in t["deliveries"]} == {"written"}
    for letter in letters:
        assert letter.get_body(("plain",)) and letter.get_body(("html",))
    for partner in rows("book/partners.csv"):
        assert str(demo.directory / "digests" / f"{partner['partner_id']}.html") in demo.said.replace("\n", "")
        assert (demo.directory / "digests" / f"{partner['partner_id']}.html").stat().st_size < 200_000


def test_what_it_prints_fits_a_terminal(demo: Demo) -> None:
    table = demo.said.split("Look at:")[0]
    assert all(len(line) <= 80 for line in table.splitlines())
    assert "2026-09" in table


def test_the_same_cycle_again_changes_nothing(demo: Demo) -> None:
    before = {path.name: path.read_bytes() for path in (demo.directory / "outbox").iterdir()}
    floodmark("run", "--at", "2026-09-30T14:00:00Z", "--workspace", str(demo.directory))
    assert {path.name: path.read_bytes() for path in (demo.directory / "outbox").iterdir()} == before
    assert json.loads(floodmark("alerts", "--json", "--workspace", str(demo.directory))) == demo.alerts
    assert json.loads(floodmark("tickets", "--json", "--workspace", str(demo.directory))) == demo.tickets


def test_a_demo_replaces_a_demo_and_nothing_else(demo: Demo, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    command = [sys.executable, "-c", "from flows.cli import main; main()", "demo", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "is not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
