"""Alerts that are about to cost, are provisional, restated or over the day's share, from outside."""

import csv
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from tests.billing.worlds import write_usage
from tests.flows.command import Workspace, new_workspace
from tests.flows.storms import STORM, at, band_world, clock, files_of, storm

HOUR = timedelta(hours=1)
REVIEWER = {"FLOODMARK_MAIL__REVIEWERS": "kim@reseller.example"}


def cellos(workspace: Workspace) -> Any:
    [one] = [alert for alert in workspace.alerts() if alert["customer_id"] == "cello"]
    return one


def reviews(workspace: Workspace) -> list[str]:
    messages = [message_from_bytes(content, policy=policy.default) for content in workspace.outbox().values()]
    mine = [message for message in messages if message["To"] == "kim@reseller.example"]
    return [" ".join(message.get_body(("plain",)).get_content().split()) for message in mine]


def test_a_run_away_becomes_loud_before_its_free_hours_end(stormy: Workspace) -> None:
    stormy.run(STORM + 5 * HOUR, **REVIEWER)
    early = cellos(stormy)
    assert (early["free_hours_left"], early["quiet"], early["queue"]) == (3, True, None)
    assert not reviews(stormy)
    stormy.run(STORM + 6 * HOUR, **REVIEWER)
    soon = cellos(stormy)
    assert (soon["free_hours_left"], soon["quiet"], soon["queue"], soon["waiting"]) == (2, False, 1, False)
    assert soon["stake"]["amount"] == "0.00"
    assert (soon["next_cost"]["hours"], soon["next_cost"]["currency"]) == (3, "USD")
    amount = f"{float(soon['next_cost']['amount']):,.2f}"
    sentence = f"3 more hours at this level cost {amount} USD this month"
    [mail] = reviews(stormy)
    assert sentence in mail
    assert sentence in stormy.well("alerts", COLUMNS="100").out
    letters = stormy.path / "digests"
    stormy.well("digest", "--partner", "band", "--out", letters, "--at", clock(STORM + 6 * HOUR))
    assert sentence in (letters / "band.html").read_text(encoding="utf-8")
    stormy.run(STORM + 9 * HOUR, **REVIEWER)
    assert abs(float(cellos(stormy)["stake"]["amount"]) - float(soon["next_cost"]["amount"])) < 1000
    assert len(reviews(stormy)) == 1, "nobody is told twice"


def test_one_that_stops_in_time_is_quiet_again(stormy: Workspace) -> None:
    write_usage(band_world(storm("cello-org", STORM, 6)), stormy.path.parent / "short.csv")
    stormy.well("ingest", "files", stormy.path.parent / "short.csv")
    stormy.run(STORM + 6 * HOUR)
    assert not cellos(stormy)["quiet"]
    stormy.run(STORM + 8 * HOUR)
    after = cellos(stormy)
    assert (after["quiet"], after["next_cost"], after["free_hours_left"]) == (True, None, 2)


def test_what_is_over_the_days_share_waits_and_its_claim_does_not(stormy: Workspace) -> None:
    world = band_world([*storm("cello-org", STORM, 12), *storm("drum-org", STORM, 12, factor=20)])
    write_usage(world, stormy.path.parent / "two.csv")
    stormy.well("ingest", "files", stormy.path.parent / "two.csv")
    share = REVIEWER | {"FLOODMARK_DETECTION__LOUD_ALERTS_A_DAY": "1"}
    stormy.run(STORM + 12 * HOUR, **share)
    queue = {alert["customer_id"]: (alert["queue"], alert["waiting"]) for alert in stormy.alerts() if alert["queue"]}
    assert queue == {"drum": (1, False), "cello": (2, True)}
    [mail] = reviews(stormy)
    assert "Drum" in mail and "Cello" not in mail and "1 more wait for another day" in mail
    assert "False alarms so far: last 30 days: 2 raised, 0 decided" in mail
    shown = stormy.well("alerts", COLUMNS="100").out
    assert "waiting" in shown and shown.index("Drum") < shown.index("Cello")
    stormy.run(STORM + 12 * HOUR, **share)
    assert len(reviews(stormy)) == 1
    stormy.run(STORM + 36 * HOUR, **share)
    assert {ticket["customer_id"] for ticket in stormy.tickets() if ticket["opened_at"]} == {"cello", "drum"}
    assert len(reviews(stormy)) == 2 and any("To review" in mail and "Cello" in mail for mail in reviews(stormy))


def test_verdicts_are_counted_as_the_false_alarms_really_seen(stormy: Workspace) -> None:
    stormy.run(STORM + 12 * HOUR)
    stormy.well("alert", cellos(stormy)["alert_id"], "dismiss", "--at", clock(STORM + 13 * HOUR))
    shown = stormy.well("alerts").out
    assert "last 30 days: 1 raised, 1 decided, 1 dismissed (100%), 0 undecided" in shown
    assert "false alarms a series-month (budget 0.2)" in shown and "last 90 days" in shown


def test_hours_are_provisional_until_they_are_72_hours_old(stormy: Workspace) -> None:
    stormy.run(STORM + 12 * HOUR)
    assert cellos(stormy)["provisional"] == 12
    assert "provisional: usage of the last 12 hours may still change" in stormy.well("alerts", COLUMNS="100").out
    stormy.run(STORM + 78 * HOUR)
    assert cellos(stormy)["provisional"] == 6
    stormy.run(STORM + 84 * HOUR)
    assert cellos(stormy)["provisional"] == 0


def test_a_partly_restated_alert_is_worth_what_is_left_and_nothing_when_nothing_is(tmp_path: Path) -> None:
    """Four of twelve hours are taken back in the night, so eight are left, which are forgiven; later the rest."""
    book, usage = files_of(band_world(storm("cello-org", STORM, 12)), tmp_path)
    workspace = new_workspace(tmp_path / "workspace")
    workspace.well("book", "load", book)
    workspace.well("ingest", "files", usage)
    calm = [row for row in band_world().usage if row["org_id"] == "cello-org"]
    half, rest = STORM + 30 * HOUR, STORM + 34 * HOUR
    with (tmp_path / "restated.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*calm[0], "observed_at"])
        writer.writeheader()
        for row in calm:
            if STORM <= row["hour"] < STORM + 12 * HOUR:
                known = half if row["hour"] >= STORM + 8 * HOUR else rest
                writer.writerow(row | {"hour": clock(row["hour"]), "observed_at": clock(known)})
    workspace.well("ingest", "files", tmp_path / "restated.csv")
    step = ("--from", clock(at("11-09 18")), "--every", "2h", "--json")
    alerts = [
        workspace.well("replay", *step, "--to", clock(end)).json["alerts"][0] for end in (half - 2 * HOUR, half, rest)
    ]
    whole, partly, none = alerts
    assert (whole["state"], whole["quiet"]) == ("over", False) or whole["state"] == "open"
    assert float(whole["stake"]["amount"]) > 2000
    assert (partly["state"], partly["stake"]["amount"], partly["quiet"]) == (whole["state"], "0.00", True)
    assert partly["actual"] <= whole["actual"] and partly["free_hours_left"] == 0
    assert none["state"] == "withdrawn"
    assert none["reasons"][-1].startswith(f"restated on {clock(rest)} from 1,")
    assert none["reasons"][-1].endswith("was expected")
