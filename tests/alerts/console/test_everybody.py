"""Every page, for everybody: axe finds nothing, nor do our own judges, however it is looked at and in whatever words."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from flows import workspace
from tests.alerts.console.browser import Tab, served, tab
from tests.alerts.console.filled import LATE, filled
from tests.alerts.console.judges import axe, doubled, judge, looked_at, walked
from tests.alerts.console.reached import is_page, reached
from tests.alerts.console.rooms import Room
from tests.flows.two_partners import routes

pytestmark = pytest.mark.xdist_group("browser")
PATHS = {route.path for route in routes() if route.method == "GET" and not route.is_api}
OPEN = ["/login"]  # to those who have not signed in
WIDE, NARROW, NARROWEST, LOW = ({"width": w, "height": h} for w, h in ((1280, 800), (375, 700), (320, 700), (1280, 500)))
ZOOMED = {"width": 640, "height": 400}  # what is left of 1280 x 800 at 200 %


@dataclass(frozen=True)
class Shown:
    """A console that is served, and its pages."""

    room: Room
    base: str
    pages: list[str]
    routes: set[str]


@pytest.fixture(scope="session", params=["filled", "empty"])
def shown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    directory: Path = tmp_path_factory.mktemp(request.param) / "w"
    if request.param == "filled":
        filled(directory)
    else:
        workspace.create(directory)
    room = Room.of(directory, LATE)
    found = reached(room.visitor(), PATHS)
    with served(room) as base:
        yield Shown(room, base, found.pages + OPEN, found.routes)
    room.app.engine.dispose()


@pytest.fixture(params=["en-GB", "ko-KR"])
def here(request: pytest.FixtureRequest, browser: Browser, shown: Shown) -> Iterator[Tab]:
    with tab(browser, shown.base, locale=request.param) as found:
        yield found
        assert found.complaints.none, found.complaints


def each(here: Tab, shown: Shown, judged: Callable[[Page], list[str]]) -> None:
    """Nothing is wrong with any page."""
    wrong = {}
    for path in shown.pages:
        here.go(path)
        here.page.wait_for_load_state("networkidle")
        if found := judged(here.page):
            wrong[path] = found
    assert not wrong, wrong


def test_every_page_is_led_to(shown: Shown) -> None:
    """So that a new page is judged here without being named; what no link leads to is no whole page."""
    visitor = shown.room.visitor()
    left = {path for path in PATHS - shown.routes if "{" not in path}
    assert {path for path in left if is_page(visitor.client.get(path))} == set(OPEN)
    if shown.routes > {"/alerts/{alert_id}"}:  # where there is something to lead to
        assert PATHS - shown.routes == left


def test_nothing_is_found_in_light_and_dark_wide_and_narrow(here: Tab, shown: Shown) -> None:
    def judged(page: Page) -> list[str]:
        found = []
        for size in (NARROW, WIDE):
            page.set_viewport_size(size)
            for scheme in ("dark", "light"):
                page.emulate_media(color_scheme=scheme)
                found += axe(page) + looked_at(page)
        return found

    each(here, shown, judged)


def test_every_page_can_be_enlarged(here: Tab, shown: Shown) -> None:
    """By the browser's zoom, down to the narrowest window there is, and by its size of text alone."""

    def judged(page: Page) -> list[str]:
        found = []
        for size in (NARROWEST, ZOOMED, WIDE):
            page.set_viewport_size(size)
            found += judge(page, "fits")
        return found + doubled(page)

    each(here, shown, judged)


def test_every_page_keeps_still_and_is_clear_without_its_colours(here: Tab, shown: Shown) -> None:
    here.page.emulate_media(reduced_motion="reduce", forced_colors="active")
    each(here, shown, lambda page: [*judge(page, "still"), *judge(page, "bare"), *looked_at(page)])


@pytest.mark.parametrize("size", [LOW, NARROW], ids=["low", "narrow"])
def test_the_tab_key_comes_everywhere(browser: Browser, shown: Shown, size: dict[str, int]) -> None:
    with tab(browser, shown.base, viewport=size) as here:
        each(here, shown, walked)
