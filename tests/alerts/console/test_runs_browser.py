"""The picture of how complete usage is, in a real Chromium: it says what it says to everybody."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.alerts.console.browser import Tab, served, tab
from tests.alerts.console.filled import GAP, LATE
from tests.alerts.console.rooms import Room


@pytest.fixture
def here(browser: Browser, full_house: Path) -> Iterator[Tab]:
    room = Room.of(full_house, LATE)
    with served(room) as base, tab(browser, base, viewport={"width": 375, "height": 700}) as found:
        found.go("/runs")
        yield found
        assert found.complaints.none, found.complaints
    room.app.engine.dispose()


def shape(cell: Locator) -> tuple[bool, float]:
    """Whether it is an outline, and how dark it is filled."""
    fill, opacity = (cell.get_attribute(name) for name in ("fill", "fill-opacity"))
    return fill == "none", 0 if fill == "none" else float(opacity or 1)


def test_what_is_missing_differs_in_form_and_shade_and_not_in_hue_alone(here: Tab) -> None:
    picture = here.page.get_by_role("img", name=re.compile("by org and hour"))
    legend = [shape(picture.locator("g").nth(place).locator("rect")) for place in range(3)]
    assert legend == [(True, 0), (False, 0.5), (False, 1)]
    for word in ("no data", "some meters", "all meters"):
        expect(picture.get_by_text(word, exact=True)).to_be_visible()
    drawn = {shape(cell) for cell in picture.locator("> rect").all()[1:]}  # the first one is the paper
    assert drawn == set(legend)


def test_the_table_says_the_same_in_numbers(here: Tab) -> None:
    table = here.page.get_by_role("region", name="Usage of the last seven days")
    drum, cello = (table.get_by_role("row", name=re.compile(name)) for name in ("Drum", "Cello"))
    assert drum.get_by_role("cell").all_inner_texts()[-3:] == [str(GAP), str(GAP), "0"]
    expect(cello.get_by_role("cell").last).to_have_text(re.compile("[1-9]"))


def test_what_is_wider_than_a_phone_is_moved_by_keyboard(here: Tab) -> None:
    region = here.page.get_by_role("region", name="Picture")
    region.focus()
    here.press("ArrowRight")
    here.page.wait_for_function("(one) => one.scrollLeft > 0", arg=region.element_handle())
