"""Every page, for everybody: axe finds nothing, nor do our own judges, however it is looked at, in both languages."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from flows import workspace
from tests.alerts.console.browser import Tab, served, tab
from tests.alerts.console.filled import LATE
from tests.alerts.console.judges import COLOURS, axe, doubled, judge, looked_at, walked
from tests.alerts.console.reached import is_page, reached, route_of
from tests.alerts.console.rooms import Room
from tests.flows.two_partners import routes

PATHS = {route.path for route in routes() if route.method == "GET" and not route.is_api}
OPEN = ["/login"]  # to those who have not signed in
WIDE, NARROW, NARROWEST, LOW = (
    {"width": w, "height": h} for w, h in ((1280, 800), (375, 700), (320, 700), (1280, 500))
)
ZOOMED = {"width": 640, "height": 400}  # what is left of 1280 x 800 at 200 %


@dataclass(frozen=True)
class Shown:
    """A console that is served, and its pages."""

    room: Room
    base: str
    pages: list[str]
    routes: set[str]


@pytest.fixture(scope="session")
def empty_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace as `floodmark init` makes it."""
    directory = tmp_path_factory.mktemp("empty") / "w"
    workspace.create(directory)
    return directory


@pytest.fixture(scope="session", params=["full_house", "empty_house"])
def shown(request: pytest.FixtureRequest) -> Iterator[Shown]:
    directory: Path = request.getfixturevalue(request.param)
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


def test_every_page_is_led_to(shown: Shown) -> None:
    """So that a new page is judged here without being named; what no link leads to is no whole page."""
    visitor = shown.room.visitor()
    left = {path for path in PATHS - shown.routes if "{" not in path}
    assert not [path for path in left if is_page(visitor.client.get(path))]
    if shown.room.alerts():
        assert PATHS - shown.routes == left


def test_nothing_is_wrong_with_any_page(here: Tab, shown: Shown) -> None:
    def judged(page: Page) -> list[str]:
        return in_light_and_dark(page) + enlarged(page) + plain(page)

    assert wrong(here, shown.pages, judged) == {}


@pytest.mark.parametrize("size", [LOW, NARROW], ids=["low", "narrow"])
def test_the_tab_key_comes_everywhere(browser: Browser, shown: Shown, size: dict[str, int]) -> None:
    one_of_each = {route_of(path, PATHS | set(OPEN)): path for path in reversed(shown.pages)}
    with tab(browser, shown.base, viewport=size) as here:
        assert wrong(here, one_of_each.values(), walked) == {}


def wrong(here: Tab, pages: Iterable[str], judged: Callable[[Page], list[str]]) -> dict[str, list[str]]:
    """What the judge finds, by page."""
    found = {}
    for path in pages:
        here.go(path)
        expect(here.page.locator("[hx-trigger=load]")).to_have_count(0)
        found[path] = judged(here.page)
    return {path: some for path, some in found.items() if some}


def in_light_and_dark(page: Page) -> list[str]:
    """Wide and narrow. In the dark nothing but the colours is another."""
    found = []
    for size in (NARROW, WIDE):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme="dark")
        found += axe(page, COLOURS) + looked_at(page)
        page.emulate_media(color_scheme="light")
        found += axe(page) + looked_at(page)
    return found


def enlarged(page: Page) -> list[str]:
    """By the browser's zoom, down to the narrowest window there is, and by its size of text alone."""
    found = []
    for size in (NARROWEST, ZOOMED, WIDE):
        page.set_viewport_size(size)
        found += judge(page, "fits")
    return found + doubled(page)


def plain(page: Page) -> list[str]:
    """Without motion, and with the reader's own few colours."""
    page.emulate_media(reduced_motion="reduce", forced_colors="active")
    found = [*judge(page, "still"), *judge(page, "bare"), *looked_at(page)]
    page.emulate_media(reduced_motion="no-preference", forced_colors="none")
    return found
