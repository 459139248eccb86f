"""From a storm in the usage to money that the vendor granted: by keyboard alone, and by clicks without scripts."""

import csv
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from flows.console import house
from flows.wiring import open_app
from tests.alerts.console.browser import Tab, served, tab
from tests.alerts.console.hands import Hands, Keyboard, Mouse
from tests.alerts.console.rooms import Room
from tests.flows.command import Workspace
from tests.flows.mailbox import Mailbox
from tests.flows.small import END, small_workspace

LAST_DAY = datetime(2026, 11, 30, 15, tzinfo=UTC)
"""An e-mail alone would be answered too late: the desk has to be called as well."""
NUMBER = "+1 212 555 0100"
OWN_WORDS = "A loop in a deployment wrote these logs; it is mended."
HANDS: dict[str, tuple[Callable[[Tab], Hands], bool]] = {
    "keyboard": (Keyboard, True),
    "clicks without scripts": (lambda _: Mouse(), False),
}


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as found:
        yield found


@pytest.fixture
def room(tmp_path: Path, mailbox: Mailbox) -> Iterator[Room]:
    """What `floodmark run` made of six weeks of usage; letters go to a mail server."""
    settings = mailbox.settings | {"FLOODMARK_TICKETS__PHONE": NUMBER}
    small_workspace(tmp_path / "w").engine.dispose()
    Workspace(tmp_path / "w", settings).run(END)
    app = open_app(tmp_path / "w", settings)
    yield Room(app, house(app, lambda: LAST_DAY))
    app.engine.dispose()


@pytest.mark.parametrize("by", HANDS)
def test_a_storm_is_reviewed_claimed_called_about_and_granted(
    browser: Browser, room: Room, mailbox: Mailbox, tmp_path: Path, by: str
) -> None:
    hands_of, scripts = HANDS[by]
    with served(room) as base, tab(browser, base, java_script_enabled=scripts) as here:
        page, hands, status = here.page, hands_of(here), here.page.get_by_role("status")

        hands.use(page.locator("[data-go]").first)
        expect(page.get_by_role("heading", level=1)).to_contain_text("Logs")
        hands.use(page.get_by_role("link", name="week"))
        expect(page.locator("#zoom-week")).to_have_attribute("aria-current", "true")
        hands.use(page.get_by_role("button", name="Confirm"), "c")
        expect(status).to_contain_text("Now confirmed: 1.")
        hands.use(page.get_by_role("link", name="Read and send the letter"), "l")
        expect(page.frame_locator("iframe").locator("h1").first).to_contain_text("Waiver request")
        hands.write(page.get_by_role("textbox", name="What stands above the tables"), OWN_WORDS)
        hands.use(page.get_by_role("button", name="Save the words"))
        expect(page.frame_locator("iframe").locator("body")).to_contain_text(OWN_WORDS)
        hands.use(page.get_by_role("button", name="Confirm and send now"), "s")
        expect(status).to_contain_text("Sent to ")
        [sent] = mailbox.to("vendor.example")
        assert OWN_WORDS in str(sent.get_body(("plain",)))

        hands.use(page.get_by_role("region", name="Claim").get_by_role("link", name="November 2026"))
        call = page.get_by_role("region", name="Call the vendor's desk")
        expect(call).to_contain_text(NUMBER)
        hands.choose(call.get_by_label("somebody was spoken to"))
        hands.write(call.get_by_role("textbox"), "Ms Gray, case 4711")
        hands.use(call.get_by_role("button", name="Record the call"))
        expect(page.locator(".thread")).to_contain_text("case 4711")
        answer = page.get_by_role("region", name="What the desk said")
        hands.choose(answer.get_by_label("granted", exact=True))
        hands.write(answer.locator("[name=amount]"), "10")
        hands.use(answer.get_by_role("button", name="Record the answer"))
        expect(page.locator(".thread")).to_contain_text("10.00 USD")

        hands.use(page.get_by_role("navigation").get_by_role("link", name="Tickets"))
        hands.use(page.get_by_role("link", name="Recovery by month"))
        expect(page.get_by_role("row", name="November 2026")).to_contain_text("10.00")
        with page.expect_download() as download:
            hands.use(page.get_by_role("link", name="Download as CSV"))
        download.value.save_as(tmp_path / "recovery.csv")
        [row] = csv.DictReader((tmp_path / "recovery.csv").read_text().splitlines())
        assert (row["month"], row["granted"]) == ("2026-11", "10.00")
        assert here.complaints.none, here.complaints


def test_to_put_off_and_to_note_by_keyboard_alone(browser: Browser, room: Room) -> None:
    early = room.at(END)
    own = room.of_org("o1")
    with served(early) as base, tab(browser, base) as here:
        page, hands, status = here.page, Keyboard(here), here.page.get_by_role("status")
        here.press("j", "Enter")
        hands.write(page.get_by_role("textbox", name="Comment"), "They know of nothing: jkcdpvu?")
        hands.use(page.get_by_role("button", name="Add the comment"))
        expect(status).to_contain_text("Comment added.")
        expect(page.locator(".history")).to_contain_text("They know of nothing: jkcdpvu?")
        hands.use(page.locator("summary", has_text="Snooze"))
        hands.use(page.get_by_role("button", name="Snooze"))
        expect(status).to_contain_text("Snoozed.")
        assert room.alert(own.alert_id).snoozed_until
        hands.use(page.locator("summary", has_text="Snooze"))
        hands.use(page.get_by_role("button", name="Back to the queue"))
        expect(status).to_contain_text("Back in the queue.")
        here.press("d")
        expect(status).to_contain_text("Now dismissed: 1.")
        here.press("u")
        expect(status).to_contain_text("Undone.")
        assert room.alert(own.alert_id) == own
        assert here.complaints.none, here.complaints
