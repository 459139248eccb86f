"""Tickets and customers in a real Chromium: by keyboard and without scripts."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from flows.cycle import run
from tests.alerts.console.browser import served, tab
from tests.alerts.console.rooms import Room

LATE = datetime(2026, 11, 30, 15, tzinfo=UTC)


@pytest.fixture
def late(workspace: Path, tmp_path: Path) -> Iterator[Room]:
    """Each customer's ticket was opened so late that the desk has to be called."""
    room = Room.copied(workspace, tmp_path / "w", LATE)
    run(room.app, LATE, LATE)
    yield room
    room.app.engine.dispose()


def the(room: Room) -> str:
    [one] = [ticket.ticket_id for ticket in room.tickets() if ticket.customer_id == "c1"]
    return one


def test_a_call_and_a_grant_by_keyboard_alone(browser: Browser, late: Room) -> None:
    with served(late) as base, tab(browser, base) as here:
        here.go("/tickets")
        here.press("j")
        here.page.locator(f"#{the(late)} a").focus()
        here.press("Enter")
        here.page.locator("[name=what][value=called]").focus()
        here.press("Space", "Tab")
        here.page.keyboard.type("Ms Gray, case 4711: jkcd?")
        here.press("Tab", "Enter")
        expect(here.page.locator("#status")).to_contain_text("somebody was spoken to")
        here.page.locator("[name=what][value=granted]").focus()
        here.press("Space", "Tab")
        here.page.keyboard.type("10")
        here.press("Enter")
        expect(here.page.locator("#status")).to_contain_text("granted")
        expect(here.page.locator(".thread")).to_contain_text("10.00 USD")
        assert here.complaints.none, here.complaints


def test_a_partners_month_comes_by_itself_and_without_scripts_by_a_link(browser: Browser, late: Room) -> None:
    with served(late) as base:
        with tab(browser, base, java_script_enabled=False) as here:
            here.go("/partners/p1")
            here.page.get_by_role("link", name="Work out what the month comes to").click()
            expect(here.page.locator("[aria-labelledby=month]")).to_contain_text("projected")
        with tab(browser, base) as here:
            here.go("/partners/p2")
            expect(here.page.locator("[aria-labelledby=month]")).to_contain_text("projected")
            assert here.complaints.none, here.complaints


def test_without_scripts_an_answer_is_recorded(browser: Browser, late: Room, tmp_path: Path) -> None:
    proof = tmp_path / "case.txt"
    proof.write_text("case 4711")
    with served(late) as base, tab(browser, base, java_script_enabled=False) as here:
        here.go(f"/tickets/{the(late)}")
        here.page.locator("[name=what][value=refused]").check()
        here.page.locator("[name=proofs]").set_input_files(proof)
        here.page.get_by_role("button", name="Record the answer").click()
        expect(here.page.locator("#faults")).to_contain_text("write the reason")
        here.page.locator("[aria-labelledby=answer] [name=note]").fill("not theirs")
        here.page.get_by_role("button", name="Record the answer").click()
        expect(here.page.locator(".thread")).to_contain_text("not theirs")
