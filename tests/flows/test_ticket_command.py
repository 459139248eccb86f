"""`floodmark ticket`: what the desk answered, by the command; on both databases where a state is stored."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from billing.hours import HOUR
from tests.billing.worlds import write_usage
from tests.flows.command import Workspace
from tests.flows.storms import STORM, at, band_world, clock, storm

OPENS = STORM + 25 * HOUR
ANSWERED = clock(OPENS + 3 * HOUR)


def opened(workspace: Workspace) -> Any:
    """The one ticket of the storm, opened and written as a file."""
    workspace.run(STORM + HOUR)
    workspace.run(STORM + 12 * HOUR)
    workspace.run(OPENS)
    return the(workspace)


def the(workspace: Workspace) -> Any:
    [one] = workspace.tickets()
    return one


def answer(workspace: Workspace, *args: object) -> Any:
    return workspace.well("ticket", the(workspace)["ticket_id"], *args, "--at", ANSWERED, "--json", USER="kim").json


def journal(workspace: Workspace, subject: str) -> list[tuple[str, str]]:
    rows = workspace.well("journal", "--json").json["rows"]
    return [(row["was"], row["now"]) for row in rows if row["subject"] == subject]


def test_a_grant_of_all_that_was_asked(stored: Workspace) -> None:
    ticket = opened(stored)
    asked = [{"amount": ticket["claims"][0]["amount"], "currency": "USD"}]
    assert (ticket["answers"], ticket["granted"], ticket["contact_proven"]) == ([], [], False)
    proof = stored.path.parent / "answer.PDF"
    proof.write_bytes(b"%PDF granted")
    granted = answer(stored, "granted", "--note", "사례 번호 4711", "--proof", proof)
    assert granted == the(stored), "the command shows what `tickets` shows"
    assert (granted["state"], granted["granted"], granted["unanswered"]) == ("granted", asked, [])
    [one] = granted["answers"]
    assert (one["at"], one["what"], one["who"], one["note"]) == (ANSWERED, "granted", "kim", "사례 번호 4711")
    [kept] = one["proofs"]
    assert (kept["name"], Path(kept["path"]).suffix) == ("answer.PDF", ".pdf")
    assert kept["sha256"] in kept["path"]
    assert (stored.path / kept["path"]).read_bytes() == b"%PDF granted"
    assert granted["contact_proven"] and "kim" in granted["contact_proof"]
    stored.run(at("12-01 12"))
    assert the(stored)["state"] == "granted", "neither expired nor sent again"
    assert journal(stored, granted["ticket_id"]) == [("", "draft"), ("draft", "open"), ("open", "granted")]


def test_a_part_a_refusal_and_a_correction(stored: Workspace) -> None:
    ticket_id = opened(stored)["ticket_id"]
    assert answer(stored, "granted", "--amount", "10.50")["granted"] == [{"amount": "10.50", "currency": "USD"}]
    refused = answer(stored, "refused", "--note", "not this one")
    assert (refused["state"], refused["granted"]) == ("refused", [])
    assert answer(stored, "granted", "--amount", "10.5", "--currency", "usd")["state"] == "granted"
    assert journal(stored, ticket_id)[2:] == [("open", "granted"), ("granted", "refused"), ("refused", "granted")]
    assert answer(stored, "open", "--note", "another customer's")["state"] == "open"
    assert [one["what"] for one in the(stored)["answers"]] == ["granted", "refused", "granted", "open"]
    assert not the(stored)["contact_proven"]


def test_a_call_proves_contact_and_keeps_the_ticket_from_expiring(stormy: Workspace) -> None:
    opened(stormy)
    called = answer(stormy, "called", "--note", "Ms Gray looks into it")
    assert (called["state"], called["contact_proof"]) == ("acknowledged", "called (kim)")
    stormy.run(at("12-01 12"))
    assert the(stormy)["state"] == "acknowledged"


def test_a_new_storm_after_a_grant_joins_in_the_same_thread(stormy: Workspace) -> None:
    second = at("11-17 12")
    storms = [*storm("cello-org", STORM, 12), *storm("cello-org", second, 12, factor=20)]
    write_usage(band_world(storms), stormy.path.parent / "more.csv")
    stormy.well("ingest", "files", stormy.path.parent / "more.csv")
    first = opened(stormy)
    granted = answer(stormy, "granted")["granted"]
    for hours in (12, 60):
        stormy.run(second + hours * HOUR)
    ticket = the(stormy)
    assert (ticket["ticket_id"], ticket["state"], len(ticket["claims"])) == (first["ticket_id"], "granted", 2)
    assert len(ticket["deliveries"]) > 1, "a follow-up asks for the new claim"
    asked = sum(float(claim["amount"]) for claim in ticket["claims"])
    [unanswered] = ticket["unanswered"]
    assert ticket["granted"] == granted
    assert float(unanswered["amount"]) == pytest.approx(asked - float(granted[0]["amount"]), abs=50)
    assert "not answered" in stormy.well("ticket", ticket["ticket_id"]).out
    assert answer(stormy, "granted")["unanswered"] == []


@pytest.mark.parametrize(
    ("args", "what"),
    [
        (["granted", "--amount", "1e9"], "not between 0 and"),
        (["granted", "--amount", "lots"], "is not an amount"),
        (["granted", "--currency", "EUR"], "it asks for USD"),
        (["refused"], "--note: is missing"),
        (["called"], "--note: is missing"),
        (["open", "--note", "x"], "no answer to take back"),
        (["maybe"], "is no answer: write acknowledged"),
        (["--amount", "1"], "answer: is missing"),
        (["granted", "--proof", "nowhere.pdf"], "nowhere.pdf: cannot be read"),
    ],
)
def test_what_makes_no_sense_is_2_and_changes_nothing(stormy: Workspace, args: list[str], what: str) -> None:
    ticket_id = opened(stormy)["ticket_id"]
    before = stormy.files()
    done = stormy.call("ticket", ticket_id, *args)
    assert (done.code, done.out) == (2, "")
    assert what in " ".join(done.err.replace("│", "").split())
    assert stormy.files().keys() == before.keys()
    assert (the(stormy)["answers"], the(stormy)["state"]) == ([], "open")


def test_a_draft_and_an_unknown_ticket_are_2(stormy: Workspace) -> None:
    stormy.run(STORM + 12 * HOUR)
    draft = the(stormy)
    for ticket_id, what in (
        (draft["ticket_id"], "a draft ticket has no answer"),
        ("tk_no", "there is no ticket 'tk_no'"),
    ):
        done = stormy.call("ticket", ticket_id, "granted")
        assert (done.code, what in done.err) == (2, True)
    assert stormy.call("ticket", "tk_no").code == 2


def test_a_ticket_is_shown_in_the_zones_of_desk_and_partner(stormy: Workspace) -> None:
    ticket = opened(stormy)
    answer(stormy, "acknowledged", "--note", "case 4711")
    out = stormy.well("ticket", ticket["ticket_id"], COLUMNS="120").out
    assert "deadline: 2026-11-30 19:00-05:00 (America/New_York) = 2026-12-01 00:00+00:00 (UTC)" in out
    assert "latest e-mail: 2026-11-27 09:00-05:00 (America/New_York)" in out
    for part in (ticket["claims"][0]["alert_id"], "Waiver request", "outbox/", "kim: acknowledged: case 4711"):
        assert part in out
    assert "contact proven: acknowledged (kim)" in out
    assert "contact proven: acknowledged (kim)" in stormy.well("tickets").out


def test_the_journal_is_exported_and_tampering_is_1(stored: Workspace) -> None:
    ticket_id = opened(stored)["ticket_id"]
    answer(stored, "granted")
    file = stored.path.parent / "journal.jsonl"
    assert "as it was written" in stored.well("journal", "--verify", "--jsonl", file).out
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert rows == stored.well("journal", "--json").json["rows"]
    assert {row["subject"][:3] for row in rows} == {"al_", "tk_"}
    assert f"{ticket_id} open -> granted, kim: granted" in stored.well("journal").out.replace("\n", " ")
    url = stored.env["FLOODMARK_STORE__DATABASE"]
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE journal SET who = 'lee' WHERE who = 'kim'"))
    engine.dispose()
    done = stored.call("journal", "--verify")
    number = next(row["number"] for row in rows if row["who"] == "kim")
    assert (done.code, done.out) == (1, "")
    assert f"row {number} is not as it was written" in done.err


def test_a_snooze_by_command(stormy: Workspace) -> None:
    stormy.run(STORM + 12 * HOUR)
    [one] = stormy.alerts()
    now = ("--at", clock(STORM + 13 * HOUR))
    late = stormy.call("alert", one["alert_id"], "snooze", "--until", "2026-11-27T14:00:01Z", *now)
    assert late.code == 2
    assert "2026-11-27 09:00-05:00 (America/New_York) = 2026-11-27 14:00+00:00 (UTC)" in late.err
    assert stormy.call("alert", one["alert_id"], "snooze", *now).code == 2
    stormy.well("alert", one["alert_id"], "snooze", "--until", "2026-11-27T14:00:00Z", "--note", "asked", *now)
    [snoozed] = stormy.alerts()
    assert (snoozed["queue"], snoozed["snoozed_until"]) == (None, "2026-11-27T14:00:00Z")
    reviewers = {"FLOODMARK_MAIL__REVIEWERS": "eve@msp.example"}
    stormy.run(STORM + 36 * HOUR, **reviewers)
    assert the(stormy)["state"] == "open", "the ticket does not wait for it"
    assert not any("review" in name for name in stormy.outbox())
    stormy.run(at("11-27 14"), **reviewers)
    assert sum("review" in name for name in stormy.outbox()) == 1
    stormy.well("alert", one["alert_id"], "snooze", "--until", "2026-11-20T00:00:00Z", *now)
    assert "is" in stormy.well("alert", one["alert_id"], "wake", *now).out
    assert stormy.alerts()[0]["snoozed_until"] is None
    assert stormy.well("journal", "--verify").code == 0
