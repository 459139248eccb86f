"""A meter that jumps in six orgs at once: one alert on top, in the list, in the mails, and one verdict for all."""

from decimal import Decimal
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from billing.hours import HOUR
from tests.billing.worlds import World
from tests.flows.command import Workspace, new_workspace
from tests.flows.storms import STORM, band_world, clock, files_of, storm


def world() -> World:
    """The storm of `drum`, and an hour later that of five orgs of `cello`."""
    found = band_world([*storm("drum-org", STORM, 12), *storm("cello-org", STORM + HOUR, 12)])
    for n in range(4):
        found.orgs.append({"org_id": f"cello-{n}", "customer_id": "cello", "name": f"Cello {n}"})
        found.usage += [row | {"org_id": f"cello-{n}"} for row in found.usage if row["org_id"] == "cello-org"]
    return found


@pytest.fixture
def jumped(tmp_path: Path) -> Workspace:
    book, usage = files_of(world(), tmp_path)
    made = new_workspace(tmp_path / "workspace", FLOODMARK_MAIL__REVIEWERS="cs@reseller.example")
    made.well("book", "load", book, "--at", "2026-10-01T00:00:00Z")
    made.well("ingest", "files", usage, "--at", "2026-12-02T00:00:00Z")
    made.run(STORM + 13 * HOUR)
    return made


def texts(workspace: Workspace, start: str) -> list[str]:
    messages = [message_from_bytes(eml, policy=policy.default) for n, eml in workspace.outbox().items() if start in n]
    return [str(message.get_body(("plain",)).get_content()) for message in messages]  # type: ignore[union-attr]


def top_of(alerts: list[Any]) -> Any:
    [top] = [alert for alert in alerts if alert["below"]]
    return top


def test_one_alert_is_on_top_and_sums_the_stakes(jumped: Workspace) -> None:
    alerts = jumped.alerts()
    assert len(alerts) == 6
    top = top_of(alerts)
    assert top["above"] is None and len(top["below"]) == 5
    assert {alert["above"] for alert in alerts if alert is not top} == {top["alert_id"]}
    together = sum(Decimal(alert["stake"]["amount"]) for alert in alerts)
    assert together > 10_000
    assert top["together"] == [{"amount": f"{together}", "currency": "USD"}]
    assert [alert["queue"] for alert in alerts if alert is not top] == [None] * 5 and top["queue"] == 1
    shown = jumped.well("alerts").out
    assert f"{top['alert_id']}: on top of 5 that jumped with it (-): together {together:,} USD" in shown
    [review] = texts(jumped, "review")
    assert review.count("Decide: floodmark alert") == 1
    assert f"{together:,} USD" in review and "jumped in 5 more orgs" in review


def test_no_money_is_hidden_every_claim_stands_on_one_ticket(jumped: Workspace) -> None:
    jumped.run(STORM + 38 * HOUR)
    alerts, tickets = jumped.alerts(), jumped.tickets()
    claimed = [claim["alert_id"] for ticket in tickets for claim in ticket["claims"]]
    assert sorted(claimed) == sorted(alert["alert_id"] for alert in alerts if Decimal(alert["stake"]["amount"]))
    assert len(tickets) == len({(ticket["customer_id"], ticket["month"]) for ticket in tickets}) == 2
    [digest] = texts(jumped, "digest-band-2026-11-11")
    assert "the same jump in 5 more of your orgs" in digest


def test_a_verdict_is_for_one_or_with_below_for_all(jumped: Workspace) -> None:
    top = top_of(jumped.alerts())
    at = ("--at", clock(STORM + 14 * HOUR))
    jumped.well("alert", top["below"][0], "confirm", *at)
    assert sorted(alert["state"] for alert in jumped.alerts()) == ["confirmed"] + ["open"] * 5
    done = jumped.well("alert", top["alert_id"], "vendor-fault", "--below", *at)
    assert done.out.count("is vendor_fault") == 6
    assert {alert["state"] for alert in jumped.alerts()} == {"vendor_fault"}
    jumped.run(STORM + 15 * HOUR)
    assert {ticket["kind"] for ticket in jumped.tickets() if ticket["claims"]} == {"vendor_fault"}
