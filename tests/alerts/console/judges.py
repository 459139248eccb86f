"""What is asked of every page so that everybody can use it: axe's rules, and what axe does not see."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Frame, Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOKS = ("focus", "clicks", "targets", "colours", "pictures", "fits")
"""What can be told by looking at the page as it is: functions of judges.js."""
COLOURS = ["color-contrast", "link-in-text-block"]
RUN = """async (asked) => (await axe.run(document, {runOnly: asked, resultTypes: ['violations'], iframes: false}))
  .violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target} ${node.failureSummary}`))"""
STEPS = 5  # a field for a date has so many parts for the Tab key
DOUBLE = {"standard": 32, "fixed": 26}


@cache
def _axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


@cache
def _judges() -> str:
    return Path(__file__).with_name("judges.js").read_text(encoding="utf-8")


def axe(page: Page, asked: Sequence[str] = TAGS) -> list[str]:
    """What axe finds against rules or all of a kind: of WCAG 2.2 AA and good practice, if nothing else is asked."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe())
    found: list[str] = page.evaluate(RUN, asked)
    return found


def judge(page: Page, name: str) -> Any:
    """What one function of judges.js says of the page."""
    return page.evaluate(f"{_judges()}.{name}()")


def looked_at(page: Page) -> list[str]:
    """What is wrong with the page as it is."""
    page.keyboard.press("Tab")  # who uses a keyboard is shown the focus
    return [found for name in LOOKS for found in judge(page, name)]


def walked(page: Page) -> list[str]:
    """What the Tab key does not come to, and what cannot be seen when it has the focus, there and back."""
    wanted = judge(page, "reachable")
    found: list[str] = []
    places: set[int] = set()
    groups: set[str] = set()
    page.locator(".skip").focus()
    for key in ("Tab", "Shift+Tab"):
        for _ in range(STEPS * len(wanted)):
            held = judge(page, "held")
            if held["place"] < 0:
                break
            places.add(held["place"])
            groups.add(held["group"])
            found += [] if held["open"] else [f"{held['name']} has the focus and is covered"]
            found += [] if not held["frame"] or any(map(_ringed, page.frames)) else [f"{held['name']} shows no focus"]
            page.keyboard.press(key)
        page.keyboard.press("Shift+Tab")
    missed = [one["name"] for one in wanted if one["place"] not in places and one["group"] not in groups - {""}]
    return [*dict.fromkeys(found), *(f"Tab does not come to {name}" for name in missed)]


def _ringed(frame: Frame) -> bool:
    """Whether the mail in the frame has the focus and shows it within its edges."""
    ring = "(({outlineStyle, outlineOffset}) => outlineStyle === 'solid' && parseFloat(outlineOffset) < 0)"
    return bool(frame.evaluate(f"document.body.matches(':focus') && {ring}(getComputedStyle(document.body))"))


def doubled(page: Page) -> list[str]:
    """With twice the size of text asked of the browser, all text is twice as large and still fits."""
    size = "parseFloat(getComputedStyle(document.querySelector('main')).fontSize)"
    before = page.evaluate(size)
    session: CDPSession = page.context.new_cdp_session(page)
    session.send("Page.setFontSizes", {"fontSizes": DOUBLE})
    grown = page.evaluate(size) / before
    found = list(judge(page, "fits")) + ([] if grown == 2 else [f"text is {grown:.1f} times as large"])
    session.send("Page.setFontSizes", {"fontSizes": {"standard": 16, "fixed": 13}})
    session.detach()
    return found
