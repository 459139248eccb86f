"""What a page of somebody else can do to the console in a real Chromium: nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from playwright.sync_api import Browser, Page, expect

from alerts.console.intake import FILES
from tests.alerts.console.browser import served, serving, tab
from tests.alerts.console.rooms import TOKEN, Room


@pytest.fixture
def base(room: Room) -> Iterator[str]:
    with served(room) as found:
        yield found


@pytest.fixture
def elsewhere(room: Room, base: str) -> Iterator[tuple[str, list[str]]]:
    """A page on another port that frames the console and sends it forms; and what its server was asked."""
    application, asked = FastAPI(), list[str]()
    own = room.of_org("o1").alert_id

    @application.get("/frame/{path:path}")
    def frame(path: str) -> HTMLResponse:
        return HTMLResponse(f'<!doctype html><iframe src="{base}/{path}"></iframe>')

    @application.get("/form")
    def form() -> HTMLResponse:
        field = '<input name="verdict" value="dismiss"><input name="note" value="x">'
        action = f"{base}/alerts/{own}/verdict"
        return HTMLResponse(f'<!doctype html><form method="post" action="{action}">{field}<button>x</button></form>')

    @application.get("/{path:path}")
    def other(request: Request) -> HTMLResponse:
        asked.append(f"{request.url} {request.headers.get('referer', '')}")
        return HTMLResponse("<!doctype html>x")

    with serving(application) as found:
        yield found, asked


@pytest.fixture
def page(browser: Browser, base: str) -> Iterator[Page]:
    """Of somebody who has signed in to the console, and surfs."""
    with tab(browser, base) as here:
        yield here.page


@pytest.mark.parametrize("path", ["", "tickets", "login", "nowhere", "static/0/x"])
def test_no_page_is_shown_in_a_frame_of_another(page: Page, elsewhere: tuple[str, list[str]], path: str) -> None:
    page.goto(f"{elsewhere[0]}/frame/{path}")
    [_, framed] = page.frames
    assert framed.url.startswith("chrome-error://") or framed.content().count("<main") == 0


def test_a_form_of_another_page_is_refused(page: Page, elsewhere: tuple[str, list[str]], room: Room) -> None:
    before = room.alerts()
    page.goto(f"{elsewhere[0]}/form")
    page.locator("button").click()
    expect(page.locator("h1")).to_have_text("403")
    assert room.alerts() == before


def test_the_token_of_the_address_is_told_to_nobody(page: Page, elsewhere: tuple[str, list[str]], base: str) -> None:
    """It is not in the address of the page that it leads to, and no other page hears where one came from."""
    page.goto(f"{base}/login?token={TOKEN}")
    assert page.url == f"{base}/"
    page.evaluate(f"location.href = '{elsewhere[0]}/out'")
    page.wait_for_url("**/out")
    assert page.evaluate("document.referrer") == ""
    assert elsewhere[1] and not any(TOKEN in one or base in one for one in elsewhere[1])
    assert page.evaluate("history.length") <= 4


def test_no_script_reads_the_session(page: Page, base: str) -> None:
    assert page.goto(base) and page.evaluate("document.cookie") == ""


def test_a_file_that_is_too_large_is_told_so(page: Page, room: Room, base: str, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(b"x" * (FILES + 1_000_000))
    page.goto(f"{base}/login")
    page.evaluate(
        """() => { const form = document.querySelector('.door form'); form.enctype = 'multipart/form-data';
        const file = document.createElement('input'); file.type = 'file'; file.name = 'proofs'; form.append(file);
        document.querySelector('#token').required = false; }"""
    )
    page.locator("[type=file]").set_input_files(large)
    page.locator(".door button").click()
    expect(page.locator("h1")).to_have_text("413")
    expect(page.locator("main")).to_contain_text("40 MB")
