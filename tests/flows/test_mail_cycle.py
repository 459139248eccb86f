"""`floodmark run` with a mail server: proof of contact, exactly one letter each, whatever the server does."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.flows.command import Workspace
from tests.flows.mailbox import Mailbox
from tests.flows.storms import STORM, at, clock

HOUR = timedelta(hours=1)
DESK = "partner-cs@vendor.example"
OPENS = STORM + 25 * HOUR


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


def raised(workspace: Workspace) -> None:
    """The storm is known and reviewed by nobody; digests so far went into files."""
    workspace.run(STORM + HOUR)
    workspace.run(STORM + 12 * HOUR)


def ticket(workspace: Workspace) -> Any:
    [one] = workspace.tickets()
    return one


def test_a_sent_ticket_has_the_message_id_as_proof(stored: Workspace, mailbox: Mailbox) -> None:
    raised(stored)
    stored.run(OPENS, **mailbox.settings)
    [letter] = mailbox.to(DESK)
    sent = ticket(stored)
    [delivery] = sent["deliveries"]
    assert (sent["state"], delivery["state"], delivery["sink"]) == ("sent", "sent", "smtp")
    assert (delivery["attempts"], delivery["sent_at"], delivery["to"]) == (1, clock(OPENS), DESK)
    assert str(letter["Message-ID"]) in delivery["proof"]
    before = stored.tables()
    stored.run(OPENS, **mailbox.settings)
    assert stored.tables() == before
    assert len(mailbox.to(DESK)) == 1


def test_a_server_that_is_down_is_3_and_a_later_run_sends_exactly_once(stored: Workspace) -> None:
    raised(stored)
    mailbox = Mailbox()
    for moment in (OPENS, OPENS + HOUR):
        done = stored.call("run", "--at", clock(moment), **mailbox.settings)
        assert done.code == 3
        assert str(mailbox.port) in done.err
        waiting = ticket(stored)
        [delivery] = waiting["deliveries"]
        assert (waiting["state"], waiting["opened_at"], delivery["state"]) == ("open", clock(OPENS), "due")
        assert delivery["proof"] is None
        assert str(mailbox.port) in delivery["error"], "the reason is shown"
    with mailbox:
        for moment in (OPENS + 2 * HOUR, OPENS + 3 * HOUR):
            stored.run(moment, **mailbox.settings)
    assert len(mailbox.to(DESK)) == 1
    assert len({message["Message-ID"] for message in mailbox.messages}) == len(mailbox.messages)
    sent = ticket(stored)
    assert (sent["state"], sent["deliveries"][0]["attempts"]) == ("sent", 3)


def test_a_server_that_is_busy_is_asked_again(stormy: Workspace, mailbox: Mailbox) -> None:
    raised(stormy)
    mailbox.refusal = "451 later"
    assert stormy.call("run", "--at", clock(OPENS), **mailbox.settings).code == 3
    assert ticket(stormy)["deliveries"][0]["state"] == "due"
    mailbox.refusal = ""
    stormy.run(OPENS + HOUR, **mailbox.settings)
    assert ticket(stormy)["state"] == "sent"


def test_a_refusal_for_good_is_failed_and_shown_and_not_repeated(stormy: Workspace, mailbox: Mailbox) -> None:
    raised(stormy)
    mailbox.refusal = "554 no such desk"
    assert stormy.call("run", "--at", clock(OPENS), **mailbox.settings).code == 3
    [delivery] = ticket(stormy)["deliveries"]
    assert (delivery["state"], ticket(stormy)["state"]) == ("failed", "open")
    assert "no such desk" in delivery["error"]
    assert "no such desk" in stormy.well("tickets").out.replace("\n", "")
    stormy.run(OPENS + HOUR, **mailbox.settings)
    assert not mailbox.messages


def test_undelivered_it_is_tried_until_the_month_has_ended_everywhere(stormy: Workspace) -> None:
    """New York's midnight is 05:00Z: an hour before it still sends, and is not too late."""
    raised(stormy)
    mailbox = Mailbox()
    assert stormy.call("run", "--at", clock(OPENS), **mailbox.settings).code == 3
    assert stormy.call("run", "--at", clock(at("12-01 03")), **mailbox.settings).code == 3
    with mailbox:
        stormy.run(at("12-01 04"), **mailbox.settings)
    assert len(mailbox.to(DESK)) == 1
    stormy.run(at("12-01 12"))
    assert ticket(stormy)["state"] == "sent"


def test_undelivered_by_then_it_is_expired_and_not_sent(stormy: Workspace) -> None:
    raised(stormy)
    mailbox = Mailbox()
    assert stormy.call("run", "--at", clock(OPENS), **mailbox.settings).code == 3
    with mailbox:
        stormy.call("run", "--at", clock(at("12-01 05")), **mailbox.settings)
        stormy.run(at("12-01 12"), **mailbox.settings)
    assert not mailbox.to(DESK)
    expired = ticket(stormy)
    [delivery] = expired["deliveries"]
    assert (expired["state"], delivery["state"]) == ("expired", "failed")
    assert delivery["error"]


def test_digests_go_to_their_partner_once_a_day(stormy: Workspace, mailbox: Mailbox) -> None:
    for hours in range(0, 30, 3):
        stormy.run(at("11-12 00") + hours * HOUR, FLOODMARK_MAIL__URL=mailbox.url)
    for partner, other in (("band", "choir"), ("choir", "band")):
        digests = mailbox.to(f"{partner}@partner.example")
        assert len(digests) == 2 or len(digests) == 3, "of the 11th (the first run), the 12th, the 13th"
        assert all(f"{other}@partner.example" not in str(message) for message in digests)
        assert len({message["Message-ID"] for message in digests}) == len(digests)
