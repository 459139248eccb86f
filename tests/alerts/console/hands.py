"""Two ways to use a page: the keys of a keyboard and nothing else, and clicks in a browser without scripts."""

from dataclasses import dataclass
from typing import Protocol

from playwright.sync_api import Locator, expect

from tests.alerts.console.browser import Tab

FAR = 120  # more steps than any page has


class Hands(Protocol):
    def use(self, one: Locator, key: str = "") -> None:
        """A link or a button; `key` does the same."""
        ...

    def choose(self, one: Locator) -> None:
        """One of some choices."""
        ...

    def write(self, one: Locator, text: str) -> None:
        """Instead of what stands in a field."""
        ...


@dataclass(frozen=True)
class Keyboard:
    here: Tab

    def use(self, one: Locator, key: str = "") -> None:
        expect(one).to_be_visible()
        if key:
            self.here.press(key)
        else:
            self._tab_to(one)
            self.here.press("Enter")

    def choose(self, one: Locator) -> None:
        group = one.locator("xpath=ancestor::fieldset[1]").locator("[type=radio]")
        self._tab_to(group.first)
        self.here.press("Space")
        for _ in range(group.count()):
            if not one.is_checked():
                self.here.press("ArrowDown")
        expect(one).to_be_checked()

    def write(self, one: Locator, text: str) -> None:
        self._tab_to(one)
        self.here.press("Control+a")
        self.here.page.keyboard.type(text)

    def _tab_to(self, one: Locator) -> None:
        expect(one).to_be_visible()
        for _ in range(FAR):
            if one.evaluate("(one) => one === document.activeElement"):
                return
            self.here.press("Tab")
        raise AssertionError(f"the Tab key does not come to {one}")


class Mouse:
    def use(self, one: Locator, key: str = "") -> None:
        one.click()

    def choose(self, one: Locator) -> None:
        one.check()

    def write(self, one: Locator, text: str) -> None:
        one.fill(text)
