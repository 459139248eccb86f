"""The console in a real Chromium: by keyboard alone, without a complaint, without scripts."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, expect

from alerts import store
from alerts.listing import keep_places
from billing.database import transaction
from tests.alerts.console.browser import Tab, served, tab
from tests.alerts.console.rooms import Room


@pytest.fixture
def ids(room: Room) -> list[str]:
    """Three alerts in the queue, in this order, before the others."""
    alert = room.of_org("o1")
    more = [replace(alert, alert_id=f"al_copy{n}", quiet=False, state="open", above=None) for n in range(3)]
    with transaction(room.app.engine) as connection:
        store.save_alerts(connection, [], more)
        keep_places(connection, {one.alert_id: place for place, one in enumerate(more, start=1)})
    return [one.alert_id for one in more]


@pytest.fixture
def base(room: Room, ids: list[str]) -> Iterator[str]:
    with served(room) as found:
        yield found


@pytest.fixture
def here(browser: Browser, base: str) -> Iterator[Tab]:
    with tab(browser, base) as found:
        yield found


def has_focus(here: Tab, alert_id: str) -> None:
    """The alert's row has it, now or soon."""
    here.page.wait_for_function("(id) => document.activeElement.closest('[data-row]')?.id === id", arg=f"r-{alert_id}")


def test_verdicts_by_keyboard_alone(here: Tab, room: Room, ids: list[str]) -> None:
    here.press("j", "j", "k")
    has_focus(here, ids[0])
    here.press("d")
    expect(here.page.locator("#status")).to_contain_text("Now dismissed: 1.")
    assert room.alert(ids[0]).state == "dismissed"
    expect(here.page.locator(f"#r-{ids[0]}")).to_have_count(0)
    has_focus(here, ids[1])  # what took its place
    here.press("u")
    expect(here.page.locator("#status")).to_contain_text("Undone.")
    assert room.alert(ids[0]).state == "open"
    here.page.locator(f"#r-{ids[0]} a").focus()
    here.press("x", "j", "x", "p")
    expect(here.page.locator("#status")).to_contain_text("Now planned: 2.")
    assert [room.alert(one).state for one in ids] == ["planned", "planned", "open"]
    assert here.complaints.none, here.complaints


def test_an_alert_is_opened_decided_and_sent_by_keyboard_alone(here: Tab, room: Room) -> None:
    own = room.of_org("o1").alert_id
    here.page.locator(f"#r-{own} a").focus()
    here.press("Enter")
    expect(here.page.locator("h1")).to_contain_text("Org")
    here.press("c")
    expect(here.page.locator("#status")).to_contain_text("confirmed")
    here.press("l")
    expect(here.page.locator("h1")).to_contain_text("letter")
    expect(here.page.frame_locator("iframe.mail").locator("h1").first).to_contain_text("Waiver request")
    here.press("s")
    expect(here.page.locator("#status")).to_contain_text("nobody was contacted yet")
    assert room.alert(own).state == "confirmed"
    assert [ticket.letters for ticket in room.tickets() if ticket.customer_id == "c1"] == [1]
    assert here.complaints.none, here.complaints


def test_keys_do_nothing_while_somebody_writes(here: Tab, room: Room, ids: list[str]) -> None:
    here.press("j", "/")
    here.page.keyboard.type("cdpv?")
    assert here.page.locator("#q").input_value() == "cdpv?"
    assert {room.alert(one).state for one in ids} == {"open"}


def test_the_help_opens_and_closes(here: Tab) -> None:
    here.press("?")
    expect(here.page.locator("dialog")).to_be_visible()
    here.press("Escape")
    expect(here.page.locator("dialog")).not_to_be_visible()


def test_a_filter_and_a_zoom_change_a_part_and_the_address(here: Tab, room: Room) -> None:
    here.page.locator("select[name=partner]").select_option("p2")
    expect(here.page).to_have_url(re.compile("partner=p2"))
    expect(here.page.locator("#list")).not_to_contain_text("Org,")
    expect(here.page.locator("#list")).to_contain_text("Buyer two")
    here.go(f"/alerts/{room.of_org('o1').alert_id}")
    here.page.locator("#zoom-week").click()
    expect(here.page.locator("#zoom-week")).to_have_attribute("aria-current", "true")
    expect(here.page).to_have_url(re.compile(r"\?zoom=week$"))
    here.page.go_back()
    expect(here.page.locator("#zoom-month")).to_have_attribute("aria-current", "true")
    assert here.complaints.none, here.complaints


def test_without_scripts_everything_works(browser: Browser, base: str, room: Room, ids: list[str]) -> None:
    with tab(browser, base, java_script_enabled=False) as here:
        here.page.locator(f"#r-{ids[0]} [data-pick]").check()
        here.page.get_by_role("button", name="Dismiss").click()
        expect(here.page.locator("#status")).to_contain_text("Now dismissed: 1.")
        here.page.get_by_role("button", name="Undo").click()
        expect(here.page.locator("#status")).to_contain_text("Undone.")
        here.page.locator("#q").fill("org two")
        here.page.locator("#filters").get_by_role("button", name="Show").click()
        assert "q=org+two" in here.page.url
        assert room.alert(ids[0]).state == "open" and here.complaints.none, here.complaints
