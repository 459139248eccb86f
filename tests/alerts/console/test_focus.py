"""After every part of a page that is replaced the focus is where somebody can go on, and what happened is said."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Locator, expect

from alerts import store
from alerts.listing import keep_places
from billing.database import transaction
from tests.alerts.console.browser import Tab, served, tab
from tests.alerts.console.rooms import Room

MANY = 60  # more than a page


@pytest.fixture
def room(room: Room) -> Room:
    """With so many alerts that the queue has two pages."""
    alert = room.of_org("o1")
    more = [replace(alert, alert_id=f"al_copy{n:02}", quiet=False, state="open", above=None) for n in range(MANY)]
    with transaction(room.app.engine) as connection:
        store.save_alerts(connection, [], more)
        keep_places(connection, {one.alert_id: place for place, one in enumerate(more, start=1)})
    return room


@pytest.fixture
def here(browser: Browser, room: Room) -> Iterator[Tab]:
    with served(room) as base, tab(browser, base) as found:
        yield found
        assert found.complaints.none, found.complaints


def said(here: Tab, text: str) -> None:
    """The status line, which is there from the start, says it."""
    expect(here.page.get_by_role("status")).to_contain_text(text)


def press_on(one: Locator, key: str = "Enter") -> None:
    one.focus()
    one.press(key)


def row(here: Tab, number: int) -> Locator:
    return here.page.locator(f"#r-al_copy{number:02} a")


def test_a_filter_keeps_it_and_says_how_many_there_are(here: Tab) -> None:
    partner = here.page.locator("select[name=partner]")
    partner.focus()
    here.press("S")  # Second, the other partner
    said(here, "to decide")
    expect(here.page.locator("#list")).not_to_contain_text("Org,")
    expect(partner).to_be_focused()


def test_a_verdict_by_its_button_and_its_undoing(here: Tab) -> None:
    press_on(here.page.locator("#r-al_copy03 [data-pick]"), "Space")
    here.page.get_by_role("button", name="Dismiss").focus()
    here.press("Enter")
    said(here, "Now dismissed: 1.")
    expect(row(here, 0)).to_be_focused()
    press_on(here.page.get_by_role("button", name="Undo"))
    said(here, "Undone.")
    expect(row(here, 0)).to_be_focused()


def test_a_verdict_by_its_key_goes_on_with_the_next(here: Tab) -> None:
    row(here, 5).focus()
    here.press("p")
    said(here, "Now planned: 1.")
    expect(row(here, 6)).to_be_focused()


def test_a_verdict_on_many(here: Tab) -> None:
    press_on(here.page.get_by_label("Select all"), "Space")
    here.press("v")
    said(here, "Now vendor's fault: 50.")
    expect(row(here, 50)).to_be_focused()


def test_what_fails_is_said_and_takes_nothing_away(here: Tab, room: Room) -> None:
    row(here, 1).focus()
    with transaction(room.app.engine) as connection:
        store.save_alerts(connection, room.alerts(), [replace(room.alert("al_copy01"), org_id="gone")])
    here.press("d")
    said(here, "nothing of this name")
    expect(row(here, 1)).to_be_focused()
    here.complaints.failed.clear()
    here.complaints.console.clear()


def test_the_line_is_fetched_again_and_disturbs_nobody(browser: Browser, room: Room) -> None:
    with served(room) as base, tab(browser, base) as here:
        here.page.clock.install()
        here.page.reload()
        row(here, 2).focus()
        with here.page.expect_response("**/line"):
            here.page.clock.run_for(31_000)
        expect(row(here, 2)).to_be_focused()
        assert here.complaints.none, here.complaints


def test_another_page_of_the_list(here: Tab) -> None:
    press_on(here.page.get_by_role("link", name="Next page"))
    expect(row(here, 55)).to_be_visible()
    here.press("j")
    expect(row(here, 50)).to_be_focused()


def test_the_picture_and_its_dates(here: Tab, room: Room) -> None:
    here.go(f"/alerts/{room.of_org('o1').alert_id}")
    week = here.page.locator("#zoom-week")
    press_on(week)
    said(here, "Hour by hour: week")
    expect(week).to_have_attribute("aria-current", "true")
    expect(week).to_be_focused()
    first = here.page.locator("#first")
    first.fill("2026-11-01")
    here.page.locator("#last").fill("2026-11-12")
    press_on(here.page.locator("#show"))
    said(here, "2026-11-01 – 2026-11-12")
    expect(here.page.locator("#show")).to_be_focused()
    here.page.go_back()
    expect(here.page.locator("#first")).to_have_value("")
    expect(here.page.locator("#content")).to_be_focused()


def test_what_was_done_on_a_page_is_said_on_the_next_once_it_is_there(here: Tab, room: Room) -> None:
    """A screen reader speaks of what changes in a status line, not of what a page came with."""
    here.page.add_init_script(
        "addEventListener('DOMContentLoaded', () => new MutationObserver((all) => { window.spoken = all.at(-1).target"
        ".textContent }).observe(document.getElementById('status'), { childList: true }))"
    )
    here.go(f"/alerts/{room.of_org('o1').alert_id}")
    here.press("c")
    said(here, "confirmed")
    here.page.wait_for_function("() => window.spoken?.includes('confirmed')")


def test_a_month_that_takes_longer_leaves_the_focus_alone(here: Tab) -> None:
    here.go("/partners/p1")
    search = here.page.get_by_role("link", name="Preview of the digest")
    search.focus()
    expect(here.page.locator("[aria-labelledby=month]")).to_contain_text("projected")
    expect(search).to_be_focused()
