"""Debian's Chromium on a console that is really served; what it complains of is kept."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright
from starlette.types import ASGIApp

from alerts.console.users import User
from tests.alerts.console.rooms import ADMIN, TOKEN, Room

CHROMIUM = Path("/usr/bin/chromium")
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
TELL = """document.addEventListener('securitypolicyviolation',
  (event) => window.violated(event.violatedDirective + ' ' + event.blockedURI));
window.heard = [];
const add = EventTarget.prototype.addEventListener;
EventTarget.prototype.addEventListener = function (type, ...rest) {
  if (/^(click|mousedown|pointerdown|touchstart)$/.test(type) && this instanceof Element) window.heard.push(this);
  return add.call(this, type, ...rest);
};"""
"""What breaks the policy is told; `heard` are the elements of their own that wait for a click."""
LEFT = ("net::ERR_ABORTED",)  # what a page still waited for when it was left


@dataclass
class Complaints:
    """What a page must never make a browser say."""

    console: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def none(self) -> bool:
        return not any(vars(self).values())


@dataclass
class Tab:
    """A page of somebody who has signed in."""

    page: Page
    base: str
    complaints: Complaints

    def go(self, path: str) -> None:
        self.page.goto(self.base + path)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), headless=True, args=QUIET)
        yield browser
        browser.close()


@contextmanager
def serving(application: ASGIApp) -> Iterator[str]:
    """The address of the application, on loopback, as long as it is served."""
    config = uvicorn.Config(application, port=0, log_level="error", ws="none", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@contextmanager
def served(room: Room, user: User = ADMIN) -> Iterator[str]:
    """The address of the console."""
    with serving(room.application(user)) as found:
        yield found


@contextmanager
def tab(browser: Browser, base: str, token: str = TOKEN, **options: Any) -> Iterator[Tab]:
    """A tab on the console, signed in by a token. `options` of the browser's context, such as color_scheme."""
    found = Complaints()
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
    page = context.new_page()
    page.expose_function("violated", lambda what: found.violations.append(what))
    page.add_init_script(TELL)
    page.on("console", lambda one: found.console.append(one.text) if one.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.console.append(str(error)))
    page.on("dialog", lambda dialog: (found.dialogs.append(dialog.message), dialog.dismiss()))
    page.on(
        "request", lambda asked: None if asked.url.startswith((base, "data:")) else found.elsewhere.append(asked.url)
    )
    page.on("requestfailed", lambda asked: None if asked.failure in LEFT else found.failed.append(asked.url))
    page.on("response", lambda answer: found.failed.append(answer.url) if answer.status >= 400 else None)
    if token:
        page.goto(f"{base}/login?token={token}")
    yield Tab(page, base, found)
    context.close()
