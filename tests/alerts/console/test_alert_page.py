"""An alert's page: what it says is what the store and the lake say, and what is done on it is kept."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.console.alert_hours import ZOOMS
from alerts.console.headers import MAIL_CSP
from alerts.console.languages import TONGUES
from alerts.snooze import latest
from billing.hours import Month, iso
from billing.money import money_text
from tests.alerts.console.rooms import Room, judged, two_partners
from tests.flows.small import END, STORM

HARM = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


def test_it_says_what_it_costs_and_why(room: Room) -> None:
    alert = room.of_org("o1")
    page = room.visitor().client.get(f"/alerts/{alert.alert_id}").text
    assert alert.stake and money_text(alert.stake.amount, alert.stake.currency) in page
    assert "Difference: the claim" in page and "<svg" in page and "Latest e-mail" in page
    assert all(TONGUES["en"].retold(reason).split("'")[0] in page for reason in alert.reasons)
    assert "billable_ingested_bytes" in page and "this one" in page


def test_the_table_and_the_file_have_the_hours_of_the_lake(room: Room) -> None:
    alert = room.of_org("o1")
    client = room.visitor().client
    text = client.get(f"/alerts/{alert.alert_id}/hours.csv?zoom=month").text
    rows = {line.split(",")[0]: line.split(",") for line in text.splitlines()[1:]}
    assert list(rows)[-1] == iso(END - timedelta(hours=1))
    assert {hour for hour, row in rows.items() if row[3]} == {iso(hour) for hour in alert.hours}
    at_noon = 100 + 20 + (END.replace(day=10, hour=12) - room.app.lake.span()[0]) // timedelta(hours=1) % 7  # type: ignore[index]
    assert rows["2026-11-10T12:00:00Z"][2] == str(at_noon * 10**9)
    assert rows[iso(STORM)][2] == str((100 + (STORM - room.app.lake.span()[0]) // timedelta(hours=1) % 7) * 10**10)  # type: ignore[index]


@pytest.mark.parametrize(
    "query", [*(f"zoom={one}" for one in ZOOMS), "first=2026-11-10&last=2026-11-12", "first=x&zoom=y"]
)
def test_every_zoom_is_a_picture(room: Room, query: str) -> None:
    alert = room.of_org("o1")
    part = room.visitor().client.get(f"/alerts/{alert.alert_id}?{query}", headers={"hx-target": "hours"}).text
    assert part.startswith('<section id="hours"') and "<svg" in part and "<html" not in part


def test_a_verdict_a_comment_and_their_history(room: Room) -> None:
    visitor, alert = room.visitor(), room.of_org("o1")
    path = f"/alerts/{alert.alert_id}"
    page = visitor.post(f"{path}/verdict", verdict="vendor-fault", note="their agent").text
    assert room.alert(alert.alert_id).state == "vendor_fault" and "their agent" in page and "Undo" in page
    page = visitor.post(f"{path}/comment", note="line one\nline two").text
    assert "line one\nline two" in page and room.alert(alert.alert_id).state == "vendor_fault"
    page = visitor.post("/undo", alert=alert.alert_id, back=alert.alert_id).text
    assert room.alert(alert.alert_id).state == alert.state and "taken back: vendor_fault" in page
    assert visitor.post(f"{path}/comment", note="  ").status_code == 409


def test_a_snooze_ends_before_the_claim_is_late(room: Room) -> None:
    visitor, alert = room.visitor(), room.of_org("o1")
    path = f"/alerts/{alert.alert_id}/snooze"
    partner = next(iter(two_partners().partners))
    assert partner["partner_id"] == "p1"
    with room.app.engine.connect() as connection:
        book = room.app.book(connection)
    last = latest(alert, lambda month: room.app.clock(month, book.partners["p1"]), END)
    assert last
    refused = visitor.post(path, until=iso(last + timedelta(hours=1))[:16])
    assert refused.status_code == 409 and "snooze it until then at most" in refused.text
    assert visitor.post(path, until="never").status_code == 409
    visitor.post(path, until=iso(last)[:16])
    assert room.alert(alert.alert_id).snoozed_until == last
    assert alert.alert_id not in visitor.client.get("/").text
    visitor.post(path, until="")
    assert room.alert(alert.alert_id).snoozed_until is None


def test_the_letter_is_shown_in_a_frame_where_nothing_acts(room: Room) -> None:
    visitor, alert = room.visitor(), room.of_org("o1")
    page = visitor.client.get(f"/alerts/{alert.alert_id}/letter").text
    assert "partner-cs@vendor.example" in page and "Waiver request" in page
    body = visitor.client.get(f"/alerts/{alert.alert_id}/letter/body")
    assert body.headers["content-security-policy"] == MAIL_CSP
    assert "data:image/png;base64,iVBOR" in body.text and "cid:" not in body.text


def test_sending_confirms_opens_and_delivers(room: Room) -> None:
    visitor, alert = room.visitor(), room.of_org("o1")
    assert {ticket.state for ticket in room.tickets()} == {"draft"}
    page = visitor.post(f"/alerts/{alert.alert_id}/send", note="seen with the customer").text
    assert "nobody was contacted yet" in page and room.alert(alert.alert_id).state == "confirmed"
    ticket = next(one for one in room.tickets() if one.customer_id == "c1" and one.month == Month.of(END))
    assert ticket.state == "open" and ticket.letters == 1
    assert [path.name for path in (room.app.workspace / "outbox").glob("tk_*.eml")] == [f"{ticket.ticket_id}-1.eml"]
    early = room.at(END - timedelta(hours=2)).visitor()
    assert early.post(f"/alerts/{alert.alert_id}/send").status_code == 409


def test_no_name_becomes_a_tag(tmp_path: Path) -> None:
    names = dict.fromkeys(("partners", "customers", "orgs"), HARM)
    room = Room.of(judged(tmp_path / "w", two_partners(**names)))
    visitor, alert = room.visitor(), room.of_org("o1")
    visitor.post(f"/alerts/{alert.alert_id}/comment", note=HARM)
    visitor.post(f"/alerts/{alert.alert_id}/verdict", verdict="dismiss", note=HARM)
    for path in ("/", "/?state=all", f"/alerts/{alert.alert_id}", f"/alerts/{alert.alert_id}/letter", f"/?q={HARM}"):
        text = visitor.client.get(path).text
        assert "<script>alert" not in text and "<img" not in text, path
        assert re.findall(r"<script src=\"([^\"]+)", text)
    assert "&lt;script&gt;" in visitor.client.get("/?state=all").text
    room.app.engine.dispose()
