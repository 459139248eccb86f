"""`floodmark replay` from outside: the alerts that hourly runs raise, from what was known then, and nothing touched."""

import csv
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.flows.command import Workspace, new_workspace
from tests.flows.storms import STORM, at, band_world, clock, files_of, storm, write_labels

HOUR = timedelta(hours=1)
FROM, TO = at("11-09 18"), at("11-12 06")


def replay(workspace: Workspace, start: datetime, end: datetime, *args: object) -> Any:
    document = workspace.well("replay", "--from", clock(start), "--to", clock(end), "--json", *args).json
    assert list(document) == ["alerts", "tickets", "score"]
    return document


def without_deliveries(tickets: list[Any]) -> list[Any]:
    return [{name: value for name, value in ticket.items() if name != "deliveries"} for ticket in tickets]


def observed(path: Path, out: Path, late: dict[str, str]) -> Path:
    """The usage file with `observed_at`, which is empty but for the hours in `late`."""
    with path.open(encoding="utf-8", newline="") as source, out.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target)
        reader = csv.reader(source)
        writer.writerow([*next(reader), "observed_at"])
        for row in reader:
            writer.writerow([*row, late.get(row[3], "") if row[0] == "cello-org" else ""])
    return out


def stormed(hours: range) -> list[str]:
    return [clock(STORM + i * HOUR) for i in hours]


def test_it_finds_what_hourly_runs_find_and_touches_nothing(stormy: Workspace) -> None:
    moments = [FROM + i * HOUR for i in range((TO - FROM) // HOUR + 1)]
    document = replay(stormy, FROM, TO, "--every", "1h")
    assert not stormy.alerts()
    assert not stormy.outbox()
    for moment in moments:
        stormy.run(moment)
    assert stormy.alerts() == document["alerts"] != []
    assert without_deliveries(stormy.tickets()) == without_deliveries(document["tickets"]) != []
    assert document["score"] is None
    before = stormy.tables(), stormy.outbox(), {n: c for n, c in stormy.files().items() if n.startswith("lake/")}
    assert replay(stormy, FROM, TO, "--every", "1h") == document
    after = stormy.tables(), stormy.outbox(), {n: c for n, c in stormy.files().items() if n.startswith("lake/")}
    assert after == before


def test_every_hour_is_the_default(stormy: Workspace) -> None:
    short = STORM, STORM + 2 * HOUR
    assert replay(stormy, *short) == replay(stormy, *short, "--every", "1h")


def test_daily_steps_find_the_same_storm_later(stormy: Workspace) -> None:
    """At 06:00 on the day after; the clock is that of the step."""
    hourly = replay(stormy, FROM, TO, "--every", "1h")["alerts"]
    daily = replay(stormy, at("11-09 06"), TO, "--every", "24h")["alerts"]
    identity = ("alert_id", "org_id", "meter", "started_at", "last_hour", "expected", "actual")
    assert [[a[k] for k in identity] for a in daily] == [[a[k] for k in identity] for a in hourly]
    assert [(a["detected_at"], b["detected_at"]) for a, b in zip(hourly, daily, strict=True)] == [
        (clock(STORM + HOUR), "2026-11-11T06:00:00Z")
    ]


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """All hours of the storm became known at once, 30 h after its end; no earlier value of them was ever said."""
    folder = tmp_path_factory.mktemp("late")
    book, usage = files_of(band_world(storm("cello-org", STORM, 12)), folder)
    workspace = new_workspace(folder / "workspace")
    workspace.well("book", "load", book)
    known_at = dict.fromkeys(stormed(range(12)), "2026-11-12T06:20:00Z")
    workspace.well("ingest", "files", observed(usage, folder / "observed.csv", known_at))
    yield workspace


def test_a_step_knows_only_what_had_been_observed(late: Workspace) -> None:
    assert replay(late, FROM, at("11-12 06"), "--every", "1h")["alerts"] == []
    [alert] = replay(late, FROM, at("11-12 09"), "--every", "1h")["alerts"]
    assert (alert["started_at"], alert["detected_at"]) == (clock(STORM), "2026-11-12T07:00:00Z")


def test_a_value_that_was_taken_back_was_known_until_then(tmp_path: Path) -> None:
    """Raised on the first value, withdrawn when the second was observed."""
    book, usage = files_of(band_world(storm("cello-org", STORM, 12)), tmp_path)
    workspace = new_workspace(tmp_path / "workspace")
    workspace.well("book", "load", book)
    workspace.well("ingest", "files", usage)
    calm = files_of(band_world(), tmp_path / "calm")[1]
    taken_back = dict.fromkeys(stormed(range(12)), "2026-11-11T04:30:00Z")
    workspace.well("ingest", "files", observed(calm, tmp_path / "observed.csv", taken_back))
    [before] = replay(workspace, FROM, at("11-11 04"), "--every", "1h")["alerts"]
    [after] = replay(workspace, FROM, at("11-11 06"), "--every", "1h")["alerts"]
    assert (before["state"], after["state"]) == ("open", "withdrawn")
    assert before["alert_id"] == after["alert_id"]


def test_labels_score_it(stormy: Workspace, tmp_path: Path) -> None:
    caught = ("cello-org", "infra_host", STORM, STORM + 12 * HOUR)
    missed = ("drum-org", "infra_host", STORM, STORM + 12 * HOUR)
    scores = {}
    for name, rows in {"caught": [caught], "missed": [missed], "both": [caught, missed]}.items():
        labels = write_labels(tmp_path / f"{name}.csv", rows)
        scores[name] = replay(stormy, FROM, TO, "--every", "1h", "--labels", labels)["score"]
    names = ["recall", "precision", "false_per_series_month", "delay_hours_median", "delay_hours_p90"]
    assert all(list(score) == names for score in scores.values())
    assert list(scores["caught"].values()) == [1, 1, 0, 0, 0]
    assert scores["both"]["recall"] == 0.5
    series_months = 3 * ((TO - FROM) / HOUR) / 720
    assert (scores["missed"]["recall"], scores["missed"]["precision"]) == (0, 0)
    assert scores["missed"]["false_per_series_month"] == pytest.approx(1 / series_months, rel=0.05)


def test_bad_labels_are_the_inputs_fault(stormy: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(
        "org_id,meter,start,end\ncello-org,infra_host,soon,2026-11-10T12:00:00Z\n,x,2026-11-10T12:00:00Z,\n"
    )
    span = ("--from", clock(STORM), "--to", clock(STORM), "--every", "1h")
    done = stormy.call("replay", *span, "--json", "--labels", path)
    assert (done.code, done.out) == (1, "")
    assert "labels.csv:2: start: " in done.err
    assert "labels.csv:3: " in done.err
    missing = stormy.call("replay", *span, "--labels", tmp_path / "none.csv")
    assert missing.code == 1
    assert "none.csv" in missing.err


def test_for_people_it_is_a_table(stormy: Workspace) -> None:
    done = stormy.process("replay", "--from", clock(FROM), "--to", clock(TO), "--every", "4h", COLUMNS="100")
    assert done.code == 0, done.err
    assert "Cello" in done.out
    with pytest.raises(json.JSONDecodeError):
        json.loads(done.out)
