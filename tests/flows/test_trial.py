"""`floodmark backtest` from outside: what is judged and found, what it is worth, pictures, what is refused."""

import csv
import json
import xml.etree.ElementTree as ET
from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing.hours import HOUR, iso, parse_time
from detectors.injection import CASES, SHAPES, TIMES
from tests.flows.command import Workspace, new_workspace
from tests.flows.small import END, START, STORM, small_workspace

BEGIN = "2026-10-29T00:00:00Z"  # four weeks after the first usage
ROW = (
    "by of cases found false_alarms recall precision false_per_series_month delay_hours_median delay_hours_p90".split()
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Six weeks of hosts and logs of one org, with a storm of logs two days before the end."""
    directory = tmp_path_factory.mktemp("trial") / "small"
    small_workspace(directory).engine.dispose()
    return Workspace(directory)


@pytest.fixture(scope="module")
def document(workspace: Workspace) -> Any:
    return workspace.well("backtest", "--cases", "18", "--json").json


def labels(path: Path, *rows: tuple[str, str, datetime | str, datetime | str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["org_id", "meter", "start", "end"])
        writer.writerows([cell if isinstance(cell, str) else iso(cell) for cell in row] for row in rows)
    return path


def test_every_case_and_every_meter_stands_in_the_document(document: Any) -> None:
    assert (document["from"], document["to"]) == (BEGIN, iso(END))
    assert document["injection"] == {"cases_per_series": 18, "seed": 1}
    assert (document["series"], document["series_left_out"]) == (2, 0)
    tried = Counter((one["kind"], one["times"]) for one in document["cases"])
    assert tried == Counter((case.shape, case.times) for case in CASES for _ in range(2))
    groups = [(row["by"], row["of"]) for row in document["rows"]]
    kinds = [("kind", shape) for shape in dict.fromkeys(shape for shape, _ in SHAPES)]
    sizes = [("size", f"x{times:g}") for times in TIMES]
    assert groups == [("total", ""), *kinds, *sizes, ("meter", "infra_host"), ("meter", "logs_ingested")]


def test_the_figures_are_those_of_the_cases(document: Any) -> None:
    """Counted again from the list of cases and alarms."""
    for row in document["rows"]:
        assert list(row) == [*ROW, "money", "unpriced"]
        mine = [one for one in document["cases"] if row["of"] in ("", one["kind"], f"x{one['times']:g}", one["meter"])]
        found = [one for one in mine if one["detected_at"]]
        assert (row["cases"], row["found"], row["recall"]) == (len(mine), len(found), len(found) / len(mine))
        false = [sum(alarm["meter"] == one["meter"] for alarm in document["alarms"]) for one in mine]
        assert row["precision"] == len(found) / (len(found) + sum(false))
        for kind in ("caught", "missed"):
            (money,) = row["money"]
            assert Decimal(money[kind]) == sum(Decimal(one["money"][0][kind]) for one in mine)
    total, *_, logs = document["rows"]
    [storm] = [alarm for alarm in document["alarms"] if alarm["meter"] == "logs_ingested"]
    assert storm["first_hour"] == iso(STORM)
    assert total["false_alarms"] == len(document["alarms"])
    hours = (END - parse_time(BEGIN)) / HOUR
    assert logs["false_per_series_month"] == pytest.approx(720 / hours)


def test_a_case_is_caught_before_its_month_is_over(document: Any) -> None:
    worth = 0
    for one in document["cases"]:
        (money,) = one["money"]
        start, end = parse_time(one["start"]), parse_time(one["end"])
        assert parse_time(BEGIN) <= start < end <= END
        if one["detected_at"] is None:
            assert Decimal(money["caught"]) == 0
            continue
        assert start < parse_time(one["detected_at"]) <= end
        if start.month == end.month:
            assert Decimal(money["missed"]) == 0
        worth += Decimal(money["caught"]) > 0
    assert worth > 10
    large = [one for one in document["cases"] if one["times"] == 5 and one["kind"] != "ramp"]
    assert all(one["detected_at"] for one in large)


def test_the_money_is_the_bills(document: Any, tmp_path: Path) -> None:
    """A spike of logs in the last month: 0.1 USD a GB, and 4 GB more for each there was."""
    [case] = [
        one
        for one in document["cases"]
        if (one["meter"], one["kind"], one["times"]) == ("logs_ingested", "spike", 5)
        and parse_time(one["end"]) - parse_time(one["start"]) == HOUR
    ]
    hour = parse_time(case["start"])
    i = (hour - START) // HOUR
    gigabytes = 10 * (100 + 20 * (8 <= hour.hour < 18) + i % 7) // 10
    storm = 10 if STORM <= hour < STORM + 6 * HOUR else 1
    assert abs(Decimal(case["money"][0]["caught"]) - Decimal("0.1") * 4 * gigabytes * storm) <= Decimal("0.01")


def test_it_repeats_and_writes_nothing(workspace: Workspace, document: Any) -> None:
    before = workspace.tables(), workspace.files()
    again = workspace.well("backtest", "--cases", "18", "--json").json
    other = workspace.well("backtest", "--cases", "18", "--seed", "2", "--json").json
    assert again == document
    assert other["cases"] != document["cases"]
    assert other["alarms"] == document["alarms"]
    assert workspace.tables() == before[0]
    assert workspace.files().keys() == before[1].keys()


def test_span_org_and_meter_narrow_it(workspace: Workspace, document: Any) -> None:
    args = ("--from", "2026-11-01T00:00:00Z", "--to", "2026-11-10T12:00:00Z", "--meter", "logs_ingested", "--org", "o1")
    found = workspace.well("backtest", *args, "--json").json
    assert (found["from"], found["to"]) == (args[1], args[3])
    assert {one["meter"] for one in found["cases"]} == {"logs_ingested"}
    assert all(args[1] <= one["start"] < one["end"] <= args[3] for one in found["cases"])
    assert found["alarms"] == []
    assert document["alarms"] != []


def test_labels_are_judged_instead(workspace: Workspace, tmp_path: Path) -> None:
    storm = ("o1", "logs_ingested", STORM, STORM + 6 * HOUR)
    calm = ("o1", "infra_host", STORM, STORM + 6 * HOUR)
    early = ("o1", "infra_host", START, START + HOUR)
    found = workspace.well("backtest", "--labels", labels(tmp_path / "l.csv", storm, calm, early), "--json").json
    assert (found["injection"], found["labels_left_out"]) == (None, 1)
    assert [(one["meter"], bool(one["detected_at"])) for one in found["cases"]] == [
        ("logs_ingested", True),
        ("infra_host", False),
    ]
    total, kind, *_ = found["rows"]
    assert (total["cases"], total["recall"], total["delay_hours_median"]) == (2, 0.5, 0)
    assert (kind["by"], kind["of"], kind["recall"]) == ("kind", "spike", None)
    gigabytes = sum(9 * (100 + 20 * (8 <= i < 18)) for i in range(6))
    assert float(found["cases"][0]["money"][0]["caught"]) == pytest.approx(0.1 * gigabytes, rel=0.05)
    workspace.run(END)
    [alert] = [alert for alert in workspace.alerts() if alert["meter"] == "logs_ingested"]
    assert float(alert["stakes"][0]["amount"]) == pytest.approx(0.1 * gigabytes, rel=0.05)


def test_pictures_show_every_case(workspace: Workspace, tmp_path: Path) -> None:
    found = workspace.well("backtest", "--cases", "4", "--plot", tmp_path / "new" / "plots", "--json").json
    pictures = {path.name: path for path in (tmp_path / "new" / "plots").iterdir()}
    assert set(pictures) == {"o1.infra_host.svg", "o1.logs_ingested.svg"}
    for name, path in pictures.items():
        words = [element.text or "" for element in ET.parse(path).iter("{http://www.w3.org/2000/svg}text")]
        mine = [one for one in found["cases"] if name == f"o1.{one['meter']}.svg"]
        for one in mine:
            hours = (parse_time(one["end"]) - parse_time(one["start"])) // HOUR
            said = "found after" if one["detected_at"] else "missed"
            assert any(word.startswith(f"{one['kind']} {hours} h x{one['times']:g}: {said}") for word in words)
        assert sum(" h x" in word for word in words) == len(mine)
    again = tmp_path / "again"
    workspace.well("backtest", "--cases", "4", "--plot", again)
    assert {path.name: path.read_bytes() for path in again.iterdir()} == {
        name: path.read_bytes() for name, path in pictures.items()
    }


def test_what_cannot_be_judged_is_said(workspace: Workspace, tmp_path: Path) -> None:
    def refused(code: int, *args: object, by: Workspace = workspace) -> str:
        done = by.call("backtest", *args, "--json")
        assert (done.code, done.out) == (code, "")
        return done.err

    empty = new_workspace(tmp_path / "empty")
    assert "holds no usage yet" in refused(1, by=empty)
    assert "four weeks are not judged" in refused(1, "--to", "2026-10-20T00:00:00Z")
    assert "no usage of 'nobody'; there is some of o1" in refused(1, "--org", "nobody")
    both = refused(1, "--org", "nobody", "--meter", "infra_hosts")
    assert "--meter: no usage of 'infra_hosts'; there is some of infra_host, logs_ingested" in both
    assert "--org: " in both
    refused(2, "--from", "2026-11-10T00:00:00Z", "--to", "2026-11-10T00:00:00Z")
    refused(2, "--cases", "19")
    refused(2, "--cases", "0")
    assert "none of the cases dealt fits" in refused(1, "--from", iso(END - HOUR), "--cases", "1", "--seed", "2")


def test_faulty_labels_are_said(workspace: Workspace, tmp_path: Path) -> None:
    def refused(*rows: tuple[str, str, datetime | str, datetime | str]) -> str:
        done = workspace.call("backtest", "--labels", labels(tmp_path / "l.csv", *rows))
        assert (done.code, done.out) == (1, "")
        return done.err

    assert "l.csv: there is no usage of 'x' by 'o1'" in refused(("o1", "x", STORM, END))
    assert "l.csv:2: end: is not after the start" in refused(("o1", "infra_host", STORM, STORM))
    assert "l.csv:2: start: " in refused(("o1", "infra_host", "soon", STORM))
    assert "no label lies in the hours that are judged" in refused(("o1", "infra_host", START, START + HOUR))
    assert workspace.call("backtest", "--labels", tmp_path / "none.csv").code == 1


def test_for_people_it_fits_80_columns(workspace: Workspace) -> None:
    done = workspace.process("backtest", "--cases", "6", COLUMNS="80")
    assert done.code == 0, done.err
    assert max(map(len, done.out.splitlines())) <= 80
    for word in ("by kind", "spike", "shift", "ramp", "x1.3", "x5", "infra_host", "USD"):
        assert word in done.out
    with pytest.raises(json.JSONDecodeError):
        json.loads(done.out)
