"""The judges of pages can tell: each finds the fault that is planted for it in a page without fault."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.alerts.console.browser import Tab, served, tab
from tests.alerts.console.judges import axe, doubled, judge, walked
from tests.alerts.console.rooms import Room

SHEET = "document.adoptedStyleSheets = [new CSSStyleSheet()]; document.adoptedStyleSheets[0].replaceSync"
LINK = "document.querySelector('main a')"
TAG = "document.querySelector('main .tag')"


def style(rules: str) -> str:
    """Rules that the page's policy lets nobody but its own script bring in."""
    return f"{SHEET}(`{rules}`)"


AXE = {
    "image-alt": "document.querySelector('main').append(new Image())",
    "label": "document.querySelector('label[for=note]').remove()",
    "button-name": "document.querySelector('main button').textContent = ''",
    "color-contrast": style("main a { color: #ccc }"),
    "html-has-lang": "document.documentElement.removeAttribute('lang')",
    "document-title": "document.title = ''",
    "aria-roles": "document.querySelector('section').setAttribute('role', 'knob')",
    "list": "document.querySelector('ol').prepend(document.createElement('div'))",
}
OWN = {
    "focus: no ring": ("focus", style("a:focus-visible { outline: none }")),
    "focus: a faint ring": ("focus", style("a:focus-visible { outline-color: #eee }")),
    "clicks: a div that waits for one": ("clicks", f"{TAG}.addEventListener('click', () => {{}})"),
    "clicks: a hand over what is no link": ("clicks", style("h1 { cursor: pointer }")),
    "clicks: a part that is fetched": ("clicks", f"{TAG}.setAttribute('hx-get', '/')"),
    "targets": ("targets", style("main a { padding: 0 }")),
    "colours: a dot": ("colours", f"{TAG}.className = 'tag urgent'; {TAG}.textContent = ''"),
    "colours: a number": ("colours", f"{TAG}.textContent = '12'; {TAG}.className = 'bad'"),
    "colours: the page one is on": ("colours", style(".top nav a[aria-current] { font-weight: 400 }")),
    "pictures": ("pictures", style("svg.chart path { stroke: #eee !important }")),
    "fits: too wide": ("fits", style("main { width: 2000px }")),
    "fits: cut off": ("fits", style("main .tag { display: inline-block; width: 9px; overflow: hidden }")),
    "still": ("still", style("button { transition: opacity 1s }")),
    "bare": ("bare", style("button { border: 0 }")),
}
KEYBOARD = {
    "does not come to": f"{LINK}.tabIndex = -1; {LINK}.id = 'lost'",
    "is covered": style("header.top { position: fixed; inset: 0; z-index: 9 }"),
}


@pytest.fixture(scope="module")
def shared(browser: Browser, workspace: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tab, str]]:
    room = Room.copied(workspace, tmp_path_factory.mktemp("judges") / "w")
    with served(room) as base, tab(browser, base) as here:
        yield here, f"/alerts/{room.of_org('o1').alert_id}"
    room.app.engine.dispose()


@pytest.fixture
def page(shared: tuple[Tab, str]) -> Page:
    here, path = shared
    here.go(path)
    here.press("Tab")
    return here.page


@pytest.mark.parametrize("rule", AXE)
def test_axe_is_there_and_finds(page: Page, rule: str) -> None:
    page.evaluate(AXE[rule])
    assert any(found.startswith(f"{rule}:") for found in axe(page))


@pytest.mark.parametrize("fault", OWN)
def test_what_axe_does_not_see_is_found(page: Page, fault: str) -> None:
    judged, seed = OWN[fault]
    assert judge(page, judged) == []
    page.evaluate(seed)
    assert judge(page, judged)


@pytest.mark.parametrize("wrong", KEYBOARD)
def test_what_the_keyboard_does_not_come_to_is_found(page: Page, wrong: str) -> None:
    page.evaluate(KEYBOARD[wrong])
    assert any(wrong in found for found in walked(page))


def test_text_that_does_not_grow_is_found(page: Page) -> None:
    page.evaluate(style("html { font-size: 14px }"))
    assert any("times as large" in found for found in doubled(page))
