"""The words of a letter in the console: written, previewed, put back, sent; by two at once; over claims that change."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, expect

from alerts import journal, outbox, store, tokens
from alerts.console import mails
from alerts.console.users import User
from alerts.ticket import Ticket
from billing.database import reading, transaction
from tests.alerts.console.browser import served, tab
from tests.alerts.console.rooms import BASE, Room, Visitor, very_mail
from tests.alerts.test_wording import HARM
from tests.flows.small import END

WORDS = "Dear desk,\n\nthis one first: 먼저 <b>이것</b>.\nThank you."
LEE = User("lee", "approver")
BOX = re.compile(r"<textarea id=\"words\"[^>]*>\n(.*?)</textarea>", re.DOTALL)
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


@dataclass
class Desk:
    """One person at the letter of the first customer's alert. page: what they look at."""

    visitor: Visitor
    path: str
    page: str = ""

    @classmethod
    def of(cls, room: Room, user: User | None = None) -> "Desk":
        visitor = room.visitor(user) if user else room.visitor()
        return cls(visitor, f"/alerts/{room.of_org('o1').alert_id}/letter").look()

    def look(self, query: str = "") -> "Desk":
        self.page = self.visitor.client.get(self.path + query).text
        return self

    @property
    def box(self) -> str:
        found = BOX.search(self.page)
        assert found
        return html.unescape(found[1])

    @property
    def body(self) -> str:
        return self.visitor.client.get(f"{self.path}/body").text

    def post(self, to: str, words: str | None, **more: str) -> int:
        """The form of the page that they look at."""
        form = {name: html.unescape(value) for name, value in HIDDEN.findall(self.page.partition("textarea")[0])}
        form |= {} if words is None else {"words": words.replace("\n", "\r\n")}
        answer = self.visitor.client.post(to, data={**form, **more})
        self.page = answer.text
        return answer.status_code

    def save(self, words: str | None) -> int:
        return self.post(self.path, words)

    def undo(self) -> int:
        """The form of the status line."""
        form = {name: html.unescape(value) for name, value in HIDDEN.findall(self.page.partition('id="status"')[2])}
        answer = self.visitor.client.post(self.path, data=form)
        self.page = answer.text
        return answer.status_code


def the(room: Room) -> Ticket:
    [one] = [ticket for ticket in room.tickets() if ticket.customer_id == "c1"]
    return one


def change_stake(room: Room) -> None:
    alert = room.of_org("o1")
    more = tuple(replace(stake, amount=stake.amount + Decimal("10.01")) for stake in alert.stakes)
    with transaction(room.app.engine) as connection:
        store.save_alerts(connection, [alert], [replace(alert, stakes=more)])


def test_the_box_has_what_goes_out_and_what_is_saved_goes_out(room: Room) -> None:
    kim = Desk.of(room)
    generated = kim.box
    assert generated.startswith("Please waive") and "Generated from the claims." in kim.page
    assert kim.save(WORDS) == 200
    assert kim.box == WORDS and "Written by kim, Fri 13 Nov 2026 10:00 UTC." in kim.page
    assert "this one first: 먼저 &lt;b&gt;이것&lt;/b&gt;.\n<br>Thank you." in kim.body.replace("\r", "")
    with reading(room.app.engine) as connection:
        [row] = journal.of(connection, the(room).ticket_id)[-1:]
    assert row.who == "kim" and row.why.startswith("words of letter 1 written, sha256 ")
    assert kim.save(None) == 200 and kim.box == generated
    assert "Words written before" in kim.page and html.escape("<b>이것</b>") in kim.page


def test_a_preview_is_kept_by_nobody(room: Room) -> None:
    kim = Desk.of(room)
    before = kim.page
    answer = kim.visitor.client.post(f"{kim.path}/body", data={"csrf": kim.visitor.csrf(), "words": WORDS})
    assert "this one first" in answer.text and "sandbox" in answer.headers["content-security-policy"]
    assert Desk.of(room).box == BOX.search(before)[1]  # type: ignore[index]
    assert "this one first" not in kim.body


def test_undo_goes_one_step_back(room: Room) -> None:
    kim = Desk.of(room)
    generated = kim.box
    kim.save("One.")
    kim.save("Two.")
    assert kim.undo() == 200 and kim.box == "One."
    kim.look().save("Two.")
    kim.save(None)
    assert kim.box == generated and kim.undo() == 200 and kim.box == "Two."
    kim = Desk.of(room)
    assert 'data-key="u"' not in kim.page, "what was done a while ago is not undone by a key"


def test_sending_keeps_the_words_in_the_box_and_sends_what_was_previewed(room: Room) -> None:
    kim = Desk.of(room)
    form = {"csrf": kim.visitor.csrf(), "words": WORDS}
    previewed = very_mail(kim.visitor.client.post(f"{kim.path}/body", data=form))
    assert kim.post(kim.path.replace("/letter", "/send"), WORDS, note="seen") == 200
    assert "nobody was contacted yet" in kim.page
    with reading(room.app.engine) as connection:
        message = outbox.message(connection, f"{the(room).ticket_id}-1")
    assert message and mails.taken_apart(message).html == previewed
    assert WORDS in mails.taken_apart(message).text.replace("\r\n", "\n")
    kim.look()
    assert "It is not owed now" in kim.page and "<textarea" not in kim.page
    assert kim.post(kim.path, "More.") == 409 and "No letter of it is to be written" in kim.page
    assert '<blockquote class="said">More.</blockquote>' in kim.page, "what was written is not lost"


def test_the_second_of_two_people_is_told_and_loses_nothing(room: Room) -> None:
    kim, lee = Desk.of(room), Desk.of(room, LEE)
    kim.save("Of kim.")
    for to in (lee.path, lee.path.replace("/letter", "/send")):
        lee.look()
        old = re.sub(r'name="version" value="[^"]+"', 'name="version" value="0.x"', lee.page)
        lee.page = old
        assert lee.post(to, "Of lee.", note="my note") == 409
        assert lee.box == "Of lee." and "Of kim." in lee.page and 'role="alert"' in lee.page
        assert 'value="my note"' in lee.page
    assert Desk.of(room).box == "Of kim." and the(room).letters == 0
    assert lee.save("Of lee.") == 200, "now that they have seen it"
    assert lee.box == "Of lee." and "Of kim." in lee.page and "Written by lee" in lee.page


def test_a_page_that_was_opened_before_somebody_else_saved_is_told_so(room: Room) -> None:
    kim, lee = Desk.of(room), Desk.of(room, LEE)
    kim.save("Of kim.")
    assert lee.save("Of lee.") == 409 and "Somebody else has changed the words" in lee.page
    assert lee.save("Of lee.") == 200


def test_claims_that_change_drop_the_words_and_offer_them(room: Room) -> None:
    kim = Desk.of(room)
    amount = re.findall(r"[\d.,]+ USD", kim.box)[0]
    kim.save(f"We ask for {amount}.")
    change_stake(room)
    kim.look()
    assert kim.box.startswith("Please waive") and amount not in kim.box and amount not in kim.body
    assert "What kim wrote does not go out" in kim.page
    [link] = re.findall(r'href="(\?ticket_id=[^"]+)#words"', kim.page)
    kim.look(html.unescape(link))
    assert kim.box == f"We ask for {amount}."
    assert kim.save(kim.box) == 409 and f"{amount} is no amount of this letter" in kim.page
    assert kim.box == f"We ask for {amount}."
    assert kim.save("We ask for what stands below.") == 200 and "below" in kim.body
    assert kim.visitor.client.get(f"{kim.path}?earlier=99").status_code == 404


def test_a_page_from_before_the_claims_changed_neither_saves_nor_sends(room: Room) -> None:
    kim = Desk.of(room)
    change_stake(room)
    assert kim.post(kim.path.replace("/letter", "/send"), "Dear desk.") == 409
    assert "What the letter claims has changed meanwhile" in kim.page and kim.box == "Dear desk."
    assert the(room).letters == 0 and room.of_org("o1").state == "over"


@pytest.mark.parametrize(
    ("words", "wrong"),
    [("  \n ", "say nothing"), ("x" * 4001, "4001 characters"), ("Waive 1.00 USD", "1.00 USD is no amount")],
    ids=["empty", "long", "amount"],
)
def test_what_cannot_be_said_is_refused_with_a_sentence(room: Room, words: str, wrong: str) -> None:
    kim = Desk.of(room)
    assert kim.save(words) == 409 and wrong in kim.page
    assert 'aria-describedby="how faults"' in kim.page and Desk.of(room).box.startswith("Please waive")


def test_words_that_mean_harm_stay_words_on_every_page(room: Room) -> None:
    kim, ticket = Desk.of(room), the(room)
    for harm in HARM:
        if len(harm) > 4000:
            continue
        kim.look().save(harm.encode("utf-8", "replace").decode())
        for path in (kim.path, f"{kim.path}/body", f"/tickets/{ticket.ticket_id}"):
            answer = kim.visitor.client.get(path)
            assert answer.status_code == 200
            for tag in ("<script>alert", "<img src=x", "<h1>Paid", "<b>x"):
                assert tag not in answer.text, path


def test_who_may_not_send_sees_the_words_and_has_no_form(room: Room) -> None:
    Desk.of(room).save("Of kim.")
    for role in ("viewer", "reviewer"):
        desk = Desk.of(room, User("lee", role))
        assert "Of kim." in desk.page and "<textarea" not in desk.page
        csrf = desk.visitor.csrf()
        for to in (desk.path, f"{desk.path}/body", desk.path.replace("/letter", "/send")):
            assert desk.visitor.client.post(to, data={"csrf": csrf, "words": "x"}).status_code == 403
    assert Desk.of(room).box == "Of kim." and the(room).letters == 0


def test_the_files_are_those_of_the_mail(room: Room) -> None:
    kim, found = Desk.of(room), []
    for path in re.findall(r'href="(/alerts/\w+/letter/files/\d[^"]*)"', kim.page):
        answer = kim.visitor.client.get(html.unescape(path))
        assert answer.headers["content-disposition"].startswith("attachment")
        found.append(answer.content)
    with reading(room.app.engine) as connection:
        letter = room.house.letter(connection, the(room).ticket_id, END, None)
    assert letter and found == [file.content for file in letter.attachments] and len(found) == 4
    assert kim.visitor.client.get(f"{kim.path}/files/4").status_code == 404


def test_a_program_reads_and_writes_them_with_a_scope_of_its_own(room: Room) -> None:
    client = TestClient(room.application(), base_url=BASE)
    with transaction(room.app.engine) as connection:
        held = {
            scope: tokens.make(connection, "desk", [scope], "kim", END)[1] for scope in ("read", "answer", "letter")
        }
    bearer = {scope: {"Authorization": f"Bearer {secret}"} for scope, secret in held.items()}
    path = f"/api/v1/tickets/{the(room).ticket_id}/letter"
    found = client.get(path, headers=bearer["read"]).json()
    assert found["words"] == found["generated"] and found["words"] in found["text"] and found["owed"]
    said = {"words": WORDS, "version": found["version"]}
    for scope, status in {"read": 403, "answer": 403, "letter": 200}.items():
        answer = client.put(path, headers=bearer[scope], json=said)
        assert answer.status_code == status
    now = answer.json()
    assert now["words"] == WORDS and WORDS in now["text"] and now["version"] != found["version"]
    assert [(one["who"].split()[0], one["words"]) for one in now["written"]] == [("desk", WORDS)]
    assert Desk.of(room).box == WORDS
    again = client.put(path, headers=bearer["letter"], json={**said, "words": "Other."})
    assert again.status_code == 409 and "Somebody else" in again.json()["detail"]
    back = client.put(path, headers=bearer["letter"], json={"words": None, "version": now["version"]}).json()
    assert back["words"] == back["generated"] and back["written"][-1]["words"] is None


def test_the_ticket_leads_to_its_letter(room: Room) -> None:
    kim, ticket = Desk.of(room), the(room)
    link = f"{kim.path}?ticket_id={ticket.ticket_id}"
    assert f'href="{link}"' in kim.visitor.client.get(f"/tickets/{ticket.ticket_id}").text
    assert kim.visitor.client.get(link).status_code == 200
    [other] = [one.ticket_id for one in room.tickets() if one.customer_id == "c2"]
    assert kim.visitor.client.get(f"{kim.path}?ticket_id={other}").status_code == 404
    kim.post(kim.path.replace("/letter", "/send"), WORDS)
    assert link not in kim.visitor.client.get(f"/tickets/{ticket.ticket_id}").text


def test_korean(room: Room) -> None:
    kim = Desk.of(room)
    kim.save("One.")
    change_stake(room)
    page = kim.visitor.client.get(kim.path, headers={"accept-language": "ko"}).text
    for word in (
        "메일 본문",
        "미리보기",
        "본문 저장",
        "자동 작성된 본문으로 되돌리기",
        "이전에 작성한 본문",
        "kim의 본문은",
    ):
        assert word in page


@contextmanager
def at_the_letter(browser: Browser, room: Room, **options: object) -> Iterator[object]:
    with served(room) as base, tab(browser, base, **options) as here:
        here.go(f"/alerts/{room.of_org('o1').alert_id}/letter")
        yield here


def test_written_previewed_saved_undone_and_sent_by_keyboard_alone(browser: Browser, room: Room) -> None:
    with at_the_letter(browser, room) as here:
        mail, status = here.page.frame_locator("iframe.mail"), here.page.locator("#status")
        expect(mail.locator(".ask")).to_contain_text("Please waive")
        here.press("e")
        expect(here.page.locator("#words")).to_be_focused()
        here.press("Control+A")
        here.page.keyboard.type("Dear desk, jkcdpvus?")
        here.press("Tab", "Enter")
        expect(mail.locator(".ask")).to_have_text("Dear desk, jkcdpvus?")
        expect(here.page.get_by_role("button", name="Preview")).to_be_focused()
        expect(status).to_have_text("The preview is shown.")
        here.press("Tab", "Enter")
        expect(status).to_contain_text("These words go out.")
        expect(mail.locator(".ask")).to_have_text("Dear desk, jkcdpvus?")
        here.press("u")
        expect(status).to_contain_text("The generated words go out.")
        here.press("u")
        expect(status).to_contain_text("These words go out.")
        here.press("s")
        expect(status).to_contain_text("nobody was contacted yet")
        assert here.complaints.none, here.complaints
    with reading(room.app.engine) as connection:
        assert b"Dear desk, jkcdpvus?" in (outbox.message(connection, f"{the(room).ticket_id}-1") or b"")


def test_without_scripts_it_is_previewed_saved_put_back_undone_and_sent(browser: Browser, room: Room) -> None:
    with at_the_letter(browser, room, java_script_enabled=False) as here:
        words, status = here.page.locator("#words"), here.page.locator("#status")
        words.fill("Dear desk.")
        here.page.get_by_role("button", name="Preview").click()
        expect(here.page.frame_locator("iframe.mail").locator(".ask")).to_have_text("Dear desk.")
        here.page.get_by_role("button", name="Save the words").click()
        expect(status).to_contain_text("These words go out.")
        here.page.get_by_role("button", name="Put the generated words back").click()
        expect(words).to_have_value(re.compile("Please waive"))
        here.page.get_by_role("button", name="Undo").click()
        expect(words).to_have_value("Dear desk.")
        here.page.get_by_role("button", name="Confirm and send now").click()
        expect(status).to_contain_text("nobody was contacted yet")
        assert here.complaints.none, here.complaints
    assert the(room).letters == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_the_page_fits_with_long_words_and_those_from_before(
    browser: Browser, room: Room, width: int, scheme: str
) -> None:
    kim = Desk.of(room)
    kim.save("w" * 900)
    kim.save("v" * 900)
    options = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    with at_the_letter(browser, room, **options) as here:
        for frame in here.page.frames:
            wide = frame.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, frame.url
        small = here.page.evaluate(
            """[...document.querySelectorAll('main button, main a, main input:not([type=hidden]), textarea')]
            .filter((one) => one.offsetParent && one.getBoundingClientRect().height < 24).map((one) => one.outerHTML)"""
        )
        assert small == [] and here.complaints.none, (small, here.complaints)
