"""`floodmark ticket`: what the desk answered, by the command; on both databases where a state is stored."""

from pathlib import Path
from typing import Any

from billing.hours import HOUR
from tests.flows.command import Workspace
from tests.flows.storms import STORM, at, clock

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
