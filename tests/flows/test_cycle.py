"""`floodmark run` from outside: a planted storm becomes an alert, the alert a ticket, by the contract's rules."""

from datetime import timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from tests.billing.sheet import Row
from tests.billing.worlds import World, write_usage
from tests.flows.command import Workspace
from tests.flows.storms import STORM, at, band_world, clock, storm

HOUR = timedelta(hours=1)
ALERT = (
    "alert_id partner_id customer_id org_id meter kind state quiet started_at detected_at last_hour expected actual "
    "stake stakes free_hours_left reasons stake_low next_cost provisional queue waiting snoozed_until"
    " above below together"
).split()
TICKET = (
    "ticket_id partner_id customer_id month kind state opened_at deadline_at expires_at latest_email_at "
    "call_after_email call_from call_by next_call_from next_call_by claims deliveries granted unanswered "
    "contact_proven contact_proof answers"
    " desk_calendar"
).split()
DELIVERY = ["sink", "to", "key", "state", "attempts", "sent_at", "proof"]
CLOCKS = ("deadline_at", "expires_at", "latest_email_at")


def the(rows: list[Any]) -> Any:
    [one] = rows
    return one


def cellos(workspace: Workspace) -> Any:
    return the([alert for alert in workspace.alerts() if alert["customer_id"] == "cello"])


def storm_hours() -> list[Row]:
    """Usage of the twelve hours of the template's storm."""
    world = band_world(storm("cello-org", STORM, 12))
    return [row for row in world.usage if row["org_id"] == "cello-org" and STORM <= row["hour"] < STORM + 12 * HOUR]


def letters(workspace: Workspace) -> list[Any]:
    """The letters to the vendor that are in the outbox."""
    messages = [message_from_bytes(content, policy=policy.default) for content in workspace.outbox().values()]
    return [message for message in messages if "partner-cs@vendor.example" in message["To"]]


def ingest(workspace: Workspace, world: World) -> None:
    write_usage(world, workspace.path.parent / "more.csv")
    workspace.well("ingest", "files", workspace.path.parent / "more.csv")


def test_a_storm_becomes_an_alert_a_draft_and_after_the_review_hours_a_ticket(stored: Workspace) -> None:
    stored.run(STORM)
    assert not stored.alerts(), "the storm's first hour is not over"
    stored.run(STORM + HOUR)
    alert = cellos(stored)
    assert list(alert) == ALERT
    assert (alert["partner_id"], alert["org_id"], alert["meter"]) == ("band", "cello-org", "infra_host")
    assert (alert["kind"], alert["state"]) == ("spike", "open")
    assert (alert["started_at"], alert["detected_at"], alert["last_hour"]) == tuple(
        map(clock, (STORM, STORM + HOUR, STORM))
    )
    assert alert["stake"]["amount"] == "0.00", "one hour is forgiven"
    assert alert["quiet"]
    stored.run(STORM + 12 * HOUR)
    alert = cellos(stored)
    assert (alert["last_hour"], alert["quiet"], alert["free_hours_left"]) == (clock(STORM + 11 * HOUR), False, 0)
    assert alert["stakes"] == [alert["stake"]]
    assert (alert["stake"]["currency"], alert["stake"]["month"]) == ("USD", "2026-11")
    ninth = sorted(row["quantity"] for row in storm_hours())[-9]
    assert Decimal(alert["stake"]["amount"]) in [18 * (ninth - usual) for usual in (20, 21)]
    draft = the(stored.tickets())
    assert list(draft) == TICKET
    assert (draft["kind"], draft["state"], draft["opened_at"], draft["deliveries"]) == ("usage", "draft", None, [])
    assert [draft[name] for name in CLOCKS] == ["2026-12-01T00:00:00Z", "2026-12-01T05:00:00Z", "2026-11-27T14:00:00Z"]
    stored.run(STORM + 24 * HOUR)
    assert the(stored.tickets())["state"] == "draft", "23 hours after it was detected"
    stored.run(STORM + 25 * HOUR)
    ticket = the(stored.tickets())
    assert (ticket["ticket_id"], ticket["state"]) == (draft["ticket_id"], "open")
    assert ticket["opened_at"] == clock(STORM + 25 * HOUR)
    assert (ticket["call_after_email"], ticket["call_from"], ticket["call_by"]) == (False, None, None)
    stake = cellos(stored)["stake"]
    named = {"alert_id": alert["alert_id"], "org_id": "cello-org", "meter": "infra_host"}
    assert ticket["claims"] == [named | {"amount": stake["amount"], "currency": "USD"}]
    delivery = the(ticket["deliveries"])
    assert list(delivery)[: len(DELIVERY)] == DELIVERY
    assert (delivery["sink"], delivery["to"], delivery["state"]) == ("eml", "partner-cs@vendor.example", "written")
    assert (delivery["attempts"], delivery["sent_at"]) == (1, None)
    assert (stored.path / delivery["proof"]).is_file()
    assert the(letters(stored))["To"] == "partner-cs@vendor.example"
    stored.run(STORM + 36 * HOUR)
    assert cellos(stored)["state"] == "over", "24 quiet hours"
    assert the(stored.tickets())["state"] == "open", "a file contacts nobody; an alert that is over owes its claim"
    assert len(letters(stored)) == 1


def test_the_same_clock_again_and_an_earlier_one_change_nothing(stored: Workspace) -> None:
    stored.run(STORM + 26 * HOUR)
    stored.run(STORM + 51 * HOUR)
    before = stored.tables(), stored.outbox(), stored.alerts(), stored.tickets()
    assert before[1]
    for moment in (STORM + 51 * HOUR, STORM + 51.5 * HOUR, STORM + 27 * HOUR):
        stored.run(moment)
        assert (stored.tables(), stored.outbox(), stored.alerts(), stored.tickets()) == before


def test_a_confirmed_alert_opens_its_ticket_in_the_next_cycle(stored: Workspace) -> None:
    stored.run(STORM + 12 * HOUR)
    stored.well(
        "alert", cellos(stored)["alert_id"], "confirm", "--note", "누군가 봤다", "--at", clock(STORM + 12 * HOUR)
    )
    assert cellos(stored)["state"] == "confirmed"
    stored.run(STORM + 13 * HOUR)
    ticket = the(stored.tickets())
    assert (ticket["state"], ticket["opened_at"]) == ("open", clock(STORM + 13 * HOUR))
    stored.run(STORM + 48 * HOUR)
    assert cellos(stored)["state"] == "confirmed", "a verdict outlives the storm"


@pytest.mark.parametrize("verdict,state", [("dismiss", "dismissed"), ("planned", "planned")])
def test_a_dismissed_or_planned_alert_owes_no_ticket(stormy: Workspace, verdict: str, state: str) -> None:
    stormy.run(STORM + 12 * HOUR)
    stormy.well("alert", cellos(stormy)["alert_id"], verdict)
    stormy.run(STORM + 48 * HOUR)
    assert cellos(stormy)["state"] == state
    assert [ticket["opened_at"] for ticket in stormy.tickets()] in ([], [None])
    assert not letters(stormy)


def test_a_verdict_after_the_letter_withdraws_the_ticket_with_a_second_letter(stormy: Workspace) -> None:
    stormy.run(STORM + 12 * HOUR)
    stormy.run(STORM + 25 * HOUR + 12 * HOUR)
    ticket = the(stormy.tickets())
    stormy.well("alert", cellos(stormy)["alert_id"], "planned")
    stormy.run(STORM + 40 * HOUR)
    withdrawn = the(stormy.tickets())
    assert (withdrawn["ticket_id"], withdrawn["state"], withdrawn["claims"]) == (ticket["ticket_id"], "withdrawn", [])
    first, second = letters(stormy)
    assert first["Message-ID"] in second["References"]


def test_a_vendor_fault_has_no_clock(stored: Workspace) -> None:
    stored.run(STORM + 12 * HOUR)
    stored.well("alert", cellos(stored)["alert_id"], "vendor-fault")
    stored.run(STORM + 37 * HOUR)
    opened = the([ticket for ticket in stored.tickets() if ticket["opened_at"]])
    assert (opened["kind"], opened["state"]) == ("vendor_fault", "open")
    assert [opened[name] for name in CLOCKS] == [None] * 3
    assert (opened["call_after_email"], opened["call_from"], opened["call_by"]) == (False, None, None)
    stored.run(at("12-01 12"))
    assert the([t for t in stored.tickets() if t["opened_at"]])["state"] == "open", "it does not expire"


def test_below_the_least_stake_an_alert_is_quiet_and_owes_no_ticket(stormy: Workspace) -> None:
    stormy.run(STORM + 12 * HOUR, FLOODMARK_DETECTION__MIN_STAKE="1000000")
    assert cellos(stormy)["quiet"]
    stormy.run(STORM + 48 * HOUR, FLOODMARK_DETECTION__MIN_STAKE="1000000")
    assert not stormy.tickets()
    assert not letters(stormy)


def test_storms_that_the_percentile_forgives_are_worth_nothing_until_they_add_up(stormy: Workspace) -> None:
    """Five hours of ten times the hosts cost nothing; four days later five more cost the month."""
    second = STORM + 96 * HOUR
    ingest(stormy, band_world([*storm("cello-org", STORM, 5), *storm("cello-org", second, 5)]))
    stormy.run(STORM + 48 * HOUR)
    first = cellos(stormy)
    assert (first["quiet"], first["stake"]["amount"], first["free_hours_left"]) == (True, "0.00", 3)
    assert not stormy.tickets()
    stormy.run(second + 5 * HOUR)
    stormy.run(second + 30 * HOUR)
    amounts = {alert["started_at"]: float(alert["stake"]["amount"]) for alert in stormy.alerts()}
    assert amounts[clock(STORM)] == 0 < 2000 < amounts[clock(second)]
    assert the(stormy.tickets())["opened_at"] == clock(second + 30 * HOUR)


def test_a_first_run_judges_the_open_month_only(stormy: Workspace, tmp_path: Path) -> None:
    ingest(stormy, band_world([*storm("drum-org", at("10-14 06"), 20), *storm("cello-org", STORM, 12)]))
    stormy.run(STORM + 12 * HOUR)
    assert {alert["customer_id"] for alert in stormy.alerts()} == {"cello"}


def test_a_second_storm_joins_the_ticket_as_a_follow_up_in_its_thread(stormy: Workspace) -> None:
    second = at("11-17 12")
    ingest(stormy, band_world([*storm("cello-org", STORM, 12), *storm("cello-org", second, 12, factor=20)]))
    stormy.run(STORM + 12 * HOUR)
    stormy.run(STORM + 37 * HOUR)
    opened = the(stormy.tickets())
    stormy.run(second + 12 * HOUR)
    stormy.run(second + 60 * HOUR)
    ticket = the(stormy.tickets())
    assert (ticket["ticket_id"], ticket["opened_at"]) == (opened["ticket_id"], opened["opened_at"])
    assert len(ticket["claims"]) == 2
    first, *others = letters(stormy)
    assert others
    assert all(first["Message-ID"] in other["References"] for other in others)
    assert len({message["Message-ID"] for message in letters(stormy)}) == 1 + len(others)


def test_restated_usage_that_explains_it_away_withdraws_alert_and_ticket(stored: Workspace) -> None:
    stored.run(STORM + 12 * HOUR)
    assert the(stored.tickets())["state"] == "draft"
    ingest(stored, band_world())
    stored.run(STORM + 13 * HOUR)
    assert cellos(stored)["state"] == "withdrawn"
    assert the(stored.tickets())["state"] == "withdrawn"
    stored.run(STORM + 48 * HOUR)
    assert not letters(stored)


def test_a_calm_month_writes_to_nobody_but_the_partners(stormy: Workspace) -> None:
    ingest(stormy, band_world())
    for day in range(11, 15):
        stormy.run(at(f"11-{day} 08"))
    assert not stormy.alerts()
    assert len(stormy.outbox()) == 2 * 4, "a digest a partner a day"


def test_reviewers_get_a_loud_alert_once_and_a_quiet_one_never(stormy: Workspace) -> None:
    reviewers = {"FLOODMARK_MAIL__REVIEWERS": "eve@msp.example"}
    counts = []
    for hours in (1, 12, 13, 14):
        stormy.run(STORM + hours * HOUR, **reviewers)
        messages = [message_from_bytes(content, policy=policy.default) for content in stormy.outbox().values()]
        counts.append(sum("eve@msp.example" in message["To"] for message in messages))
    assert counts == [0, 1, 1, 1]


def test_earlier_hours_that_arrive_late_join_the_alert(stormy: Workspace) -> None:
    ingest(stormy, band_world(storm("cello-org", STORM + 4 * HOUR, 8)))
    stormy.run(STORM + 12 * HOUR)
    before = cellos(stormy)
    assert before["started_at"] == clock(STORM + 4 * HOUR)
    ingest(stormy, band_world(storm("cello-org", STORM, 12)))
    stormy.run(STORM + 13 * HOUR)
    after = cellos(stormy)
    assert (after["alert_id"], after["detected_at"]) == (before["alert_id"], before["detected_at"])
    assert after["started_at"] == clock(STORM)
    assert float(after["stake"]["amount"]) > float(before["stake"]["amount"])
