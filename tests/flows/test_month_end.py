"""`floodmark run` at the end of a month: the blind window, calls, expiry, an alert over midnight.

November 2026, vendor in New York, partner in UTC: the last e-mail that can be answered leaves on the 27th at 14:00Z
(the 26th is Thanksgiving), so the blind window opens on the 24th at 14:00Z; the month ends at the vendor's at 05:00Z.
"""

from datetime import timedelta
from typing import Any

from tests.billing.worlds import World, write_usage
from tests.flows.command import Workspace
from tests.flows.storms import STORM, at, band_world, clock, files_of, storm

HOUR = timedelta(hours=1)


def the(rows: list[Any]) -> Any:
    [one] = rows
    return one


def ingest(workspace: Workspace, world: World) -> None:
    write_usage(world, workspace.path.parent / "more.csv")
    workspace.well("ingest", "files", workspace.path.parent / "more.csv")


def test_a_fresh_alert_in_the_blind_window_opens_a_precaution_at_once(stored: Workspace) -> None:
    late = at("11-25 06")
    ingest(stored, band_world([*storm("drum-org", late, 12), *storm("cello-org", STORM, 0)]))
    stored.run(at("11-24 14"))
    assert not stored.tickets()
    stored.run(late + 12 * HOUR)
    ticket = the(stored.tickets())
    assert (ticket["customer_id"], ticket["kind"], ticket["state"]) == ("drum", "precaution", "open")
    assert ticket["opened_at"] == clock(late + 12 * HOUR)
    stored.run(at("11-29 12"))
    assert the(stored.tickets())["kind"] == "precaution", "it stays one"


def test_in_the_blind_window_nothing_waits_for_review(stormy: Workspace) -> None:
    stormy.run(at("11-24 13"), FLOODMARK_TICKETS__REVIEW_HOURS="700")
    assert the(stormy.tickets())["state"] == "draft"
    stormy.run(at("11-24 14"), FLOODMARK_TICKETS__REVIEW_HOURS="700")
    ticket = the(stormy.tickets())
    assert (ticket["kind"], ticket["state"], ticket["opened_at"]) == ("usage", "open", "2026-11-24T14:00:00Z")


def test_opened_too_late_for_an_e_mail_it_asks_for_a_call(stormy: Workspace) -> None:
    """On Saturday the 28th; the desk opens on Monday at 09:00 in New York and closes at 18:00."""
    stormy.run(at("11-28 10"))
    ticket = the(stormy.tickets())
    assert (ticket["state"], ticket["call_after_email"]) == ("open", True)
    assert (ticket["call_from"], ticket["call_by"]) == ("2026-11-30T14:00:00Z", "2026-11-30T23:00:00Z")


def test_a_file_that_nobody_sent_expires_when_the_month_has_ended_everywhere(stormy: Workspace) -> None:
    stormy.run(at("11-12 00"))
    stormy.run(at("11-14 00"))
    states = []
    for moment in (at("12-01 00"), at("12-01 04"), at("12-01 05")):
        stormy.run(moment)
        states.append(the([t for t in stormy.tickets() if t["month"] == "2026-11"])["state"])
    assert states == ["open", "open", "expired"]


def test_a_fresh_alert_in_the_blind_window_joins_the_open_ticket(stormy: Workspace) -> None:
    late = at("11-25 06")
    ingest(stormy, band_world([*storm("cello-org", STORM, 12), *storm("cello-org", late, 12, factor=20)]))
    stormy.run(STORM + 12 * HOUR)
    stormy.run(STORM + 36 * HOUR)
    opened = the(stormy.tickets())
    stormy.run(late + 12 * HOUR)
    ticket = the(stormy.tickets())
    assert (ticket["ticket_id"], ticket["kind"]) == (opened["ticket_id"], "usage")
    assert len(ticket["claims"]) == len(ticket["deliveries"]) == 2


def test_an_alert_over_midnight_has_a_stake_in_each_month(stormy: Workspace) -> None:
    ingest(stormy, band_world([*storm("drum-org", at("11-30 06"), 30), *storm("cello-org", STORM, 0)]))
    stormy.run(at("11-30 20"))
    stormy.run(at("12-01 04"))
    stormy.run(at("12-01 12"))
    alert = the(stormy.alerts())
    assert [stake["month"] for stake in alert["stakes"]] == ["2026-11", "2026-12"]
    assert alert["stake"] == alert["stakes"][1]
    assert all(float(stake["amount"]) > 1000 for stake in alert["stakes"])
    tickets = {ticket["month"]: ticket for ticket in stormy.tickets()}
    assert (tickets["2026-11"]["kind"], tickets["2026-11"]["opened_at"]) == ("precaution", clock(at("11-30 20")))
    assert tickets["2026-12"]["deadline_at"] == "2027-01-01T00:00:00Z"
    for month, stake in zip(("2026-11", "2026-12"), alert["stakes"], strict=True):
        assert the(tickets[month]["claims"])["amount"] == stake["amount"]


def test_over_midnight_each_partners_tickets_claim_their_own_month(stormy: Workspace) -> None:
    """Played again in steps of three hours: partners in UTC, Seoul and Los Angeles, whose months end 17 hours apart.

    What December brings changes nothing of November's claims: they are those of storms that stop at midnight.
    """

    def played(hours: int) -> list[Any]:
        world = band_world([storm(f"{name}-org", at("11-30 06"), hours)[0] for name in ("cello", "drum", "alto")])
        zones = {"band": "America/Los_Angeles", "choir": "Asia/Seoul"}
        world.partners = [row | {"time_zone": zones[row["partner_id"]]} for row in world.partners]
        world.partners.append({**world.partners[0], "partner_id": "utc", "name": "U", "time_zone": "UTC"})
        world.customers = [
            row | ({"partner_id": "utc"} if row["customer_id"] == "drum" else {}) for row in world.customers
        ]
        folder = stormy.path.parent / f"world-{hours}"
        book, usage = files_of(world, folder)
        stormy.well("book", "load", book, "--at", "2026-10-01T00:00:00Z")
        stormy.well("ingest", "files", usage)
        span = ("--from", "2026-11-29T00:00:00Z", "--to", "2026-12-02T00:00:00Z", "--every", "3h")
        return list(stormy.well("replay", *span, "--json").json["tickets"])

    short, long = ({(t["customer_id"], t["month"]): t for t in played(hours) if t["claims"]} for hours in (18, 36))
    assert {month for _, month in short} == {"2026-11"}
    for customer in ("cello", "drum", "alto"):
        november, december = long[customer, "2026-11"], long[customer, "2026-12"]
        assert november["claims"] == short[customer, "2026-11"]["claims"]
        assert the(december["claims"])["alert_id"] == the(november["claims"])["alert_id"]
        assert float(the(december["claims"])["amount"]) > 1000
        assert november["opened_at"] < november["expires_at"] and december["opened_at"] < december["deadline_at"]
    assert len({long[customer, "2026-12"]["deadline_at"] for customer in ("cello", "drum", "alto")}) == 2
