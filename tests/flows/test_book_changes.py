"""A book that changes under living alerts and tickets: nothing breaks, nothing is shown to the wrong partner."""

from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.billing.worlds import World
from tests.flows.command import Workspace
from tests.flows.storms import START, STORM, at, band_world, clock, files_of

HOUR = timedelta(hours=1)


def without(customer_id: str) -> World:
    world = band_world(end=START)
    return replace(
        world,
        customers=[row for row in world.customers if row["customer_id"] != customer_id],
        orgs=[row for row in world.orgs if row["customer_id"] != customer_id],
        contracts=[row for row in world.contracts if row["customer_id"] != customer_id],
        terms=[row for row in world.terms if row["contract_id"] != f"{customer_id}-26"],
    )


def moved(customer_id: str, partner_id: str) -> World:
    world = band_world(end=START)
    customers = [
        row | {"partner_id": partner_id} if row["customer_id"] == customer_id else row for row in world.customers
    ]
    return replace(world, customers=customers)


def digest_texts(folder: Path) -> dict[str, str]:
    """{receiver: the digest as text}."""
    texts = {}
    for path in folder.glob("*.eml"):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        assert isinstance(message, EmailMessage)
        body = message.get_body(("plain",))
        assert body is not None
        texts[str(message["To"])] = body.get_content()
    return texts


@pytest.mark.parametrize("hours", [12, 26], ids=["draft", "opened"])
def test_a_customer_that_leaves_the_book_stops_nobody_elses_cycle(
    stormy: Workspace, tmp_path: Path, hours: int
) -> None:
    stormy.run(STORM + 12 * HOUR)
    stormy.run(STORM + hours * HOUR)
    stormy.well("book", "load", files_of(without("cello"), tmp_path / "new")[0])
    stormy.run(at("11-12 12"))
    stormy.run(at("12-01 06"))
    assert stormy.alerts()
    stormy.well("tickets")
    stormy.well("digest", "--at", "2026-11-13T08:00:00Z", "--out", tmp_path / "digests")
    assert not [to for to, text in digest_texts(tmp_path / "digests").items() if "Cello" in text]


def test_a_customer_that_moves_is_shown_to_its_new_partner_alone(stormy: Workspace, tmp_path: Path) -> None:
    stormy.run(STORM + 12 * HOUR)
    stormy.run(STORM + 25 * HOUR)
    stormy.well("book", "load", files_of(moved("cello", "choir"), tmp_path / "new")[0])
    stormy.run(STORM + 26 * HOUR)
    stormy.well("digest", "--at", clock(STORM + 26 * HOUR), "--out", tmp_path / "digests")
    texts = digest_texts(tmp_path / "digests")
    assert "The Cello Company" not in texts["band@partner.example"]
    [ticket] = stormy.tickets()
    assert ticket["ticket_id"] in texts["choir@partner.example"]
    assert ticket["partner_id"] == "choir"


def test_a_partner_without_an_address_stops_nobody_elses_digest(stormy: Workspace, tmp_path: Path) -> None:
    world = band_world(end=START)
    world.partners[0]["emails"] = ""
    stormy.well("book", "load", files_of(world, tmp_path / "new")[0])
    stormy.run(STORM)
    stormy.well("digest", "--at", clock(STORM), "--out", tmp_path / "digests")
    assert "choir@partner.example" in digest_texts(tmp_path / "digests")
