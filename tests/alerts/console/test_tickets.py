"""Tickets in the console: the board, one ticket, what the desk said, the letter as it was sent, the report."""

import csv
import email
import email.policy
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from alerts import answer_store, outbox, store
from alerts.answers import Answer, Proof
from alerts.console.users import User
from alerts.ticket import Ticket
from billing.database import reading, transaction
from billing.hours import HOUR
from flows.cycle import run
from tests.alerts.console.rooms import Room, routes, very_mail
from tests.flows.small import END

OPENED = END + 25 * HOUR
LATE = datetime(2026, 11, 30, 15, tzinfo=UTC)  # the desk in New York is open, and no e-mail is answered in time


def after(workspace: Path, target: Path, at: datetime) -> Room:
    room = Room.copied(workspace, target, at)
    run(room.app, at, at)
    return room


@pytest.fixture
def opened(workspace: Path, tmp_path: Path) -> Iterator[Room]:
    """Each customer's ticket is open, its letter written."""
    room = after(workspace, tmp_path / "w", OPENED)
    yield room
    room.app.engine.dispose()


@pytest.fixture
def late(workspace: Path, tmp_path: Path) -> Iterator[Room]:
    """Each customer's ticket was opened so late that the desk has to be called."""
    room = after(workspace, tmp_path / "w", LATE)
    yield room
    room.app.engine.dispose()


def the(room: Room, customer_id: str = "c1") -> Ticket:
    [one] = [ticket for ticket in room.tickets() if ticket.customer_id == customer_id]
    return one


def answers(room: Room, ticket: Ticket) -> list[Answer]:
    with reading(room.app.engine) as connection:
        return answer_store.answers_to(connection, ticket.ticket_id)


def ids(page: str) -> list[str]:
    return re.findall(r'<li class="ticket" id="(tk_\w+)"', page)


def test_the_board_shows_every_ticket_of_the_month_with_its_clock_and_money(opened: Room) -> None:
    page = opened.visitor().client.get("/tickets").text
    assert sorted(ids(page)) == sorted(ticket.ticket_id for ticket in opened.tickets())
    amount = sum(claim.amount for claim in the(opened).claims)
    assert f"{amount:,.2f} USD" in page and "16 d 12 h left" in page
    assert "No tickets in this month." in opened.visitor().client.get("/tickets?month=2026-10").text
    for odd in ("month=soon", "partner=nobody", "state=open&after=x~y"):
        assert opened.visitor().client.get(f"/tickets?{odd}").status_code == 404


def test_a_state_is_read_page_by_page_and_nothing_is_missed_or_twice(opened: Room) -> None:
    one = the(opened)
    ends = [None, LATE, LATE + HOUR]
    more = [replace(one, ticket_id=f"tk_{n:04}", deadline_at=ends[n % 3]) for n in range(120)]
    with transaction(opened.app.engine) as connection:
        store.save_tickets(connection, [], more)
    client, seen, page = opened.visitor().client, [], "/tickets?state=open"
    while page:
        text = client.get(page).text
        seen += ids(text)
        found = re.search(r'<a href="(\?[^"]*after=[^"]+)">', text)
        page = "/tickets" + found[1].replace("&amp;", "&") if found else ""
    assert len(seen) == 122 and set(seen) == {ticket.ticket_id for ticket in opened.tickets()}
    assert len(ids(client.get("/tickets").text)) == 20


def test_months_that_still_wait_are_named(opened: Room) -> None:
    client = opened.at(datetime(2026, 12, 9, tzinfo=UTC)).visitor().client
    assert "November 2026 (2)" in client.get("/tickets").text


def test_a_ticket_tells_its_claims_its_clocks_in_every_zone_and_its_thread(opened: Room) -> None:
    ticket = the(opened)
    page = opened.visitor().client.get(f"/tickets/{ticket.ticket_id}").text
    for claim in ticket.claims:
        assert f'href="/alerts/{claim.alert_id}"' in page and f"{claim.amount:,.2f} USD" in page
    deadline = "Mon 30 Nov 2026 18:00 EST", "Tue 1 Dec 2026 00:00 CET", "Mon 30 Nov 2026 23:00 UTC"
    assert all(moment in page for moment in deadline)
    assert "nobody at the desk has answered" in page and "nobody was contacted" in page
    assert "Call the vendor" not in page


def test_a_call_says_whom_when_on_both_clocks_and_what_and_wants_an_outcome(late: Room) -> None:
    ticket = the(late)
    with_number = replace(late.house, phone=replace(late.house.phone, number="+1 555 0100"))
    page = Room(late.app, with_number).visitor().client.get(f"/tickets/{ticket.ticket_id}").text
    assert "+1 555 0100" in page and "8 h 0 min left" in page
    assert "Mon 30 Nov 2026 10:00 – 18:00" in page or "Mon 30 Nov 2026 09:00 – 18:00" in page
    assert "Mon 30 Nov 2026 15:00 – 00:00" in page, "the same on the partner's clock"
    assert f"Our request {ticket.ticket_id} for Customer asks you to waive" in page
    assert page.count('name="what" value="called" required') == page.count('name="what" value="missed" required') == 1


def test_nobody_reached_leaves_the_task_and_somebody_reached_proves_contact(late: Room) -> None:
    ticket, visitor = the(late), late.visitor()
    path = f"/tickets/{ticket.ticket_id}/answers"
    page = visitor.post(path, what="missed", note="it rang out").text
    assert "Recorded: nobody was reached" in page and "Call the vendor" in page and "it rang out" in page
    page = visitor.post(path, what="called", note="Ms Gray, case 4711").text
    assert "Call the vendor" not in page and "called (kim)" in page
    assert (the(late).state, [one.what for one in answers(late, ticket)]) == ("acknowledged", ["missed", "called"])


def test_a_part_is_granted_with_a_file_that_proves_it(opened: Room) -> None:
    ticket, visitor = the(opened), opened.visitor()
    fields = {"csrf": visitor.csrf(), "what": "granted", "amount": "10.50", "note": "사례 4711"}
    files = {"proofs": ("answer.PDF", b"%PDF", "application/pdf")}
    page = visitor.client.post(f"/tickets/{ticket.ticket_id}/answers", data=fields, files=files).text
    [one] = answers(opened, ticket)
    assert (one.granted, one.who, one.note, one.at) == ({"USD": Decimal("10.50")}, "kim", "사례 4711", OPENED)
    [proof] = one.proofs
    assert (opened.app.workspace / proof.path).read_bytes() == b"%PDF" and proof.sha256 in page
    assert "10.50 USD" in page and the(opened).state == "granted"


def answered_with(room: Room, *files: tuple[str, bytes]) -> Sequence[Proof]:
    """The proofs of an answer to the customer's ticket, as they were kept."""
    visitor, ticket = room.visitor(), the(room)
    fields = {"csrf": visitor.csrf(), "what": "acknowledged"}
    sent = [("proofs", (name, content, "text/html")) for name, content in files]
    assert visitor.client.post(f"/tickets/{ticket.ticket_id}/answers", data=fields, files=sent).status_code == 200
    return answers(room, ticket)[-1].proofs


def test_a_proof_is_saved_as_it_was_given_and_never_shown(opened: Room) -> None:
    ticket, client = the(opened), opened.visitor().client
    names = {
        "case 4711.pdf": "case%204711.pdf",
        "../../etc/passwd": ".._.._etc_passwd".lstrip("."),
        "답변.html": "%EB%8B%B5%EB%B3%80.html",
        "<script>alert(1)</script>.svg": "%3Cscript%3Ealert%281%29%3C_script%3E.svg",
        "a\u202egnp.exe": "agnp.exe",
        "x; filename=evil.exe": "x%3B%20filename%3Devil.exe",
        "C:\\autoexec.bat": "autoexec.bat",
    }
    proofs = answered_with(opened, *((name, name.encode() * 3) for name in names))
    page = client.get(f"/tickets/{ticket.ticket_id}").text
    assert "<script>alert" not in page
    for proof, (name, saved) in zip(proofs, names.items(), strict=True):
        path = f"/tickets/{ticket.ticket_id}/proofs/{proof.sha256}"
        answer = client.get(path)
        assert f'href="{path}"' in page and answer.content == name.encode() * 3
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{saved}"
    other = the(opened, "c2").ticket_id
    for odd in (f"{other}/proofs/{proofs[0].sha256}", f"{ticket.ticket_id}/proofs/{'0' * 64}"):
        assert client.get(f"/tickets/{odd}").status_code == 404


def test_a_proof_that_was_tampered_with_is_not_given_out(opened: Room) -> None:
    ticket, client = the(opened), opened.visitor().client
    [proof] = answered_with(opened, ("case.txt", b"case 4711"))
    path, kept = f"/tickets/{ticket.ticket_id}/proofs/{proof.sha256}", opened.app.workspace / proof.path
    kept.write_bytes(b"case 4712")
    answer = client.get(path)
    assert answer.status_code == 503 and "is not the file that was kept" in answer.text
    kept.unlink()
    assert client.get(path).status_code == 503


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"what": "refused", "note": "  "}, "write the reason"),
        ({"what": "granted", "amount": "1e9", "note": "kept"}, "is not between 0 and"),
        ({"what": "granted", "amount": "lots", "note": "kept"}, "is not an amount"),
        ({"what": "granted", "amount": "NaN", "note": "kept"}, "is not between 0 and"),
        ({"what": "granted", "amount": "1.005", "note": "kept"}, "2 digits after the point"),
        ({"what": "open", "note": "kept"}, "no answer to take back"),
        ({"what": "<b>x", "note": "kept"}, "is no answer"),
        ({}, "is no answer"),
    ],
)
def test_what_makes_no_sense_changes_nothing_and_what_was_written_is_still_there(
    opened: Room, fields: dict[str, str], what: str
) -> None:
    ticket = the(opened)
    answer = opened.visitor().post(f"/tickets/{ticket.ticket_id}/answers", **fields)
    assert answer.status_code == 422 and what in answer.text and "<b>x" not in answer.text
    assert fields.get("note", "").strip() in answer.text
    assert (the(opened), answers(opened, ticket)) == (ticket, [])


def test_the_letter_is_the_very_mail_with_its_pictures_and_files(opened: Room) -> None:
    ticket, client = the(opened), opened.visitor().client
    with reading(opened.app.engine) as connection:
        [delivery] = outbox.deliveries_of(connection, [ticket.ticket_id])
        message = outbox.message(connection, delivery.key)
    assert message is not None
    sent = email.message_from_bytes(message, policy=email.policy.default)
    path = f"/tickets/{ticket.ticket_id}/letters/{delivery.key}"
    page, body = client.get(path).text, client.get(f"{path}/body")
    assert str(sent["Message-ID"]).strip("<>") in page and str(sent["To"]) in page
    html = sent.get_body(("html",)).get_content()
    assert re.sub(r"data:image/png;base64,[\w+/=]+", "cid", very_mail(body)) == re.sub(r"cid:[\w.-]+", "cid", html)
    assert "sandbox" in body.headers["content-security-policy"] and body.headers["x-frame-options"] == "SAMEORIGIN"
    attached = list(sent.iter_attachments())
    for number, part in enumerate(attached):
        file = client.get(f"{path}/files/{number}")
        assert file.content == part.get_payload(decode=True)
        assert file.headers["content-disposition"].startswith("attachment")
    for odd in (f"{path}/files/{len(attached)}", f"{path}/files/-1", path + "x", path.replace("-1", "-2")):
        assert client.get(odd).status_code == 404
    other = the(opened, "c2").ticket_id
    assert client.get(f"/tickets/{other}/letters/{delivery.key}").status_code == 404, "of another ticket"


def test_the_report_is_the_money_of_the_tickets_on_the_page_and_as_csv(opened: Room) -> None:
    visitor, first, second = opened.visitor(), the(opened), the(opened, "c2")
    visitor.post(f"/tickets/{first.ticket_id}/answers", what="granted", amount="10")
    asked = [sum(round(claim.amount, 2) for claim in one.claims) for one in (first, second)]
    [row] = csv.DictReader(io.StringIO(visitor.client.get("/tickets/recovery.csv").text))
    assert {name: value for name, value in row.items() if name not in ("month", "currency")} == {
        "claimed": f"{asked[0]:.2f}",
        "granted": "10.00",
        "refused": f"{asked[0] - 10:.2f}",
        "waiting": "0.00",
        "expired": "0.00",
        "unsent": f"{asked[1]:.2f}",
    }
    page = visitor.client.get("/tickets/recovery").text
    assert f"{asked[1]:,.2f}" in page and "2026-11" in page
    own = opened.visitor(User("lee", "viewer", "p2")).client.get("/tickets/recovery.csv").text
    assert f"2026-11,USD,0.00,0.00,0.00,0.00,0.00,{asked[1]:.2f}" in own


def test_who_may_only_look_gets_no_form_and_cannot_answer(late: Room) -> None:
    ticket = the(late)
    for role in ("viewer", "reviewer"):
        visitor = late.visitor(User("lee", role))
        assert 'name="what"' not in visitor.client.get(f"/tickets/{ticket.ticket_id}").text
        assert visitor.post(f"/tickets/{ticket.ticket_id}/answers", what="called", note="x").status_code == 403
    assert answers(late, ticket) == []


def test_another_partners_are_not_there_on_any_route(opened: Room) -> None:
    """Generated from OpenAPI, with ids that are there for the other partner."""
    ticket = the(opened)
    theirs = {"ticket_id": ticket.ticket_id, "key": f"{ticket.ticket_id}-1", "number": "0"}
    theirs |= {"customer_id": "c1", "partner_id": "p1"}
    visitor, everybody, asked = opened.visitor(User("lee", "admin", "p2")), opened.visitor(), 0
    [one] = answered_with(opened, ("case.txt", b"case 4711"))
    theirs["sha256"] = one.sha256
    for path, methods in routes(opened.application()).items():
        if not path.startswith(("/tickets/", "/customers/", "/partners/", "/digest")) or "{" not in path:
            continue
        filled = path.format(**theirs)
        for method in methods:
            fields = {"csrf": visitor.csrf(), "what": "refused", "note": "x"}
            assert visitor.client.request(method.upper(), filled, data=fields).status_code == 404, (method, path)
            asked += 1
        if "get" in methods:
            assert everybody.client.get(filled).status_code == 200, path
    assert asked >= 8 and len(answers(opened, ticket)) == 1
    page = visitor.client.get("/tickets").text
    assert ids(page) == [the(opened, "c2").ticket_id] and "Customer</a>" not in page
    assert visitor.client.get("/tickets?partner=p1").status_code == 404


def test_korean(late: Room) -> None:
    page = late.visitor().client.get(f"/tickets/{the(late).ticket_id}", headers={"accept-language": "ko"}).text
    assert '<html lang="ko">' in page and "공급사 창구에 전화" in page and "통화 기록" in page
