"""Sixty hostile names on every page in a real Chromium: they are shown, and nothing happens."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote, urlsplit

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from jinja2 import Environment
from playwright.sync_api import Browser
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from alerts.console.app import create
from alerts.console.headers import Headed
from billing.spreadsheet import as_text
from flows.console import house
from tests.alerts.console.browser import Tab, serving, tab
from tests.flows.sixty import DETAILS, LISTS, SLOW, NamedDoor, Sixty, sixty
from tests.flows.two_partners import NOW, routes
from tests.fuzz.names import NAMES, ODD

TAME = [f"Name {k:02d}" for k in range(len(NAMES))]
LOOK = """() => {
  const all = [...document.querySelectorAll('*')];
  const urls = ['href', 'src', 'action', 'formaction', 'data', 'poster', 'srcset', 'background', 'ping', 'xlink:href',
    'hx-get', 'hx-post', 'hx-put', 'hx-patch', 'hx-delete', 'hx-push-url', 'hx-replace-url', 'manifest', 'cite'];
  return {
    acted: window.acted ?? null,
    globals: Object.keys(window).length,
    skeleton: all.map((one) => [one.localName, ...one.getAttributeNames().sort()].join(' ')),
    urls: all.flatMap((one) => urls.filter((name) => one.hasAttribute(name)).map((name) => one.getAttribute(name))),
    words: all.flatMap((one) => [one.value ?? '', ...[...one.attributes].map((each) => each.value)])
      .concat([document.documentElement.textContent]).join(' '),
  };
}"""


@dataclass(frozen=True)
class Seen:
    """A page as the browser made it. skeleton: its elements with the names of their attributes."""

    acted: int | None
    globals: int
    skeleton: list[str]
    urls: list[str]
    words: str

    def shows(self, name: str) -> bool:
        """Letter by letter, but for white space, of which HTML makes one."""
        return " ".join(name.split()) in " ".join(self.words.split())


Tame = Callable[[str, int], Seen]


def look(here: Tab, path: str, by: int = 0) -> Seen:
    """The page, for who is called by the name of that place."""
    here.page.set_extra_http_headers({"x-name": str(by)})
    here.page.route("**/favicon.ico", lambda asked: asked.fulfill(status=204))  # of parts, which name none
    answer = here.page.goto(here.base + path)
    assert answer and answer.status == 200, (path, answer and answer.status)
    seen = Seen(**here.page.evaluate(LOOK))
    assert seen.acted is None and here.complaints.none, (path, here.complaints)
    for url in seen.urls:
        scheme = urlsplit(url).scheme
        assert scheme in ("", "data") and not url.startswith(("//", "\\")), (path, url)
        assert scheme == "" or url.startswith("data:image/png;base64,"), (path, url)
    return seen


def opened(made: Sixty) -> ASGIApp:
    return create(house(made.app, lambda: NOW), NamedDoor(made.names))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sixty]:
    made = sixty(tmp_path_factory.mktemp("hostile") / "w", NAMES, ODD)
    yield made
    made.app.engine.dispose()


@pytest.fixture(scope="module")
def tame(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Tame]:
    """A page of the same house, whose names are as names are: of the path with the parameters in it, the k-th.

    The first is the last of the queue, with no next one; all others have the same elements.
    """
    made = sixty(tmp_path_factory.mktemp("tame") / "w", TAME, ODD)
    with serving(opened(made)) as base, tab(browser, base, token="") as here:
        yield cache(lambda path, k: look(here, path.format(**_quoted(made, k)), k))
    made.app.engine.dispose()


@pytest.fixture(scope="module")
def vocabulary(tame: Tame) -> set[str]:
    """The elements that pages have, each with the names of its attributes."""
    return {one for path in (*LISTS, *DETAILS, *SLOW) for one in tame(path, 1).skeleton}


@pytest.fixture(scope="module")
def here(hostile: Sixty, browser: Browser) -> Iterator[Tab]:
    with serving(opened(hostile)) as base, tab(browser, base, token="") as found:
        yield found


def _quoted(made: Sixty, k: int) -> dict[str, str]:
    return {name: quote(id_, safe="") for name, id_ in made.of(k).items()}


def test_every_page_that_there_is_is_looked_at() -> None:
    """A new page fails here until it is in one of the lists, with what it shows of names."""
    looked = {path.split("?")[0] for path in (*LISTS, *DETAILS, *SLOW)}
    elsewhere = {
        "/alerts/{alert_id}/hours.csv",
        "/tickets/{ticket_id}/letters/{key}/body",
        "/tickets/{ticket_id}/letters/{key}/files/{number}",
        "/tickets/recovery",
        "/tickets/recovery.csv",
    }
    assert {route.path for route in routes() if route.method == "GET" and not route.is_api} == looked | elsewhere


@pytest.mark.parametrize("path", LISTS)
def test_a_list_of_hostile_names_is_a_list(here: Tab, tame: Tame, path: str) -> None:
    seen = look(here, path)
    usual = tame(path, 0)
    assert Counter(seen.skeleton) - Counter(usual.skeleton) == Counter(usual.skeleton) - Counter(seen.skeleton)
    assert seen.globals == usual.globals
    if path in ("/", "/customers", "/runs"):
        shown = sum(seen.shows(name) for name in NAMES)
        assert shown >= 40, path


@pytest.mark.parametrize("k", range(len(NAMES)))
def test_a_hostile_name_is_shown_and_nothing_happens(
    here: Tab, hostile: Sixty, tame: Tame, vocabulary: set[str], k: int
) -> None:
    for path in DETAILS:
        seen, usual = look(here, path.format(**_quoted(hostile, k)), k), tame(path, min(k, 1))
        assert (seen.skeleton, seen.globals) == (usual.skeleton, usual.globals), path
        assert seen.shows(NAMES[k]), path
    for path in hostile.searches(k):
        assert set(look(here, path, k).skeleton) <= vocabulary, path


SAMPLE = [k if k % 6 == 0 else pytest.param(k, marks=pytest.mark.whole) for k in range(len(NAMES))]


@pytest.mark.parametrize("k", SAMPLE)
def test_so_on_pages_for_which_a_bill_is_made_or_a_letter_drawn(here: Tab, hostile: Sixty, tame: Tame, k: int) -> None:
    for path in SLOW:
        seen, usual = look(here, path.format(**_quoted(hostile, k)), k), tame(path, 1)
        assert (seen.skeleton, seen.globals) == (usual.skeleton, usual.globals), path
        assert seen.shows(NAMES[k]) or "\x1b" in NAMES[k] or "mail" in path or "body" in path, path


@pytest.mark.parametrize("k", range(0, len(NAMES), 5))
def test_what_was_written_into_a_form_comes_back_as_it_was(
    here: Tab, hostile: Sixty, vocabulary: set[str], k: int
) -> None:
    """A refused form shows it in the field; a note that was taken stands in the history, and the act is told."""
    name = NAMES[k]
    here.go(f"/tickets/{hostile.ticket_id(k)}")
    form = here.page.locator("form:has([name=amount])")
    form.locator("[name=what][value=granted]").check()
    form.locator("[name=amount]").evaluate("(field, text) => { field.value = text }", name)
    form.locator("[name=note]").evaluate("(field, text) => { field.value = text }", name)
    form.locator("button").click()
    here.page.wait_for_load_state()
    seen = Seen(**here.page.evaluate(LOOK))
    assert "is not an amount" in seen.words and seen.shows(name)
    assert "422" in here.complaints.console.pop()
    here.go(f"/alerts/{hostile.alert_id(k)}")
    here.page.locator("#comment").evaluate("(field, text) => { field.value = text }", f"{name} once more")
    here.page.locator("form.say button").click()
    here.page.wait_for_load_state()
    seen = Seen(**here.page.evaluate(LOOK))
    assert seen.shows(f"{name.strip()} once more")
    assert set(seen.skeleton) <= vocabulary
    assert seen.acted is None and here.complaints.none


def test_no_spreadsheet_reckons_what_is_downloaded(hostile: Sixty) -> None:
    """Every CSV that the console gives, of all names: numbers are numbers, all else starts no formula."""
    browser = TestClient(opened(hostile))
    paths = [route.path for route in routes() if route.path.endswith(".csv")]
    assert len(paths) >= 2
    for path in paths:
        for k in range(len(NAMES)) if "{" in path else [0]:
            answer = browser.get(path.format(**_quoted(hostile, k)))
            assert answer.status_code == 200 and answer.headers["content-disposition"].startswith("attachment")
            for cell in (cell for row in csv.reader(answer.text.splitlines()) for cell in row):
                assert cell == as_text(cell) or re.fullmatch(r"-?[0-9.]+", cell), (path, cell)


CARELESS = {
    "<p>{{ name | safe }}</p>": ["p", [*NAMES[:4], *NAMES[6:14]]],
    "<p title={{ name }}>x</p>": ["p title", NAMES[3:6]],
    '<a href="{{ name }}">x</a>': ["a href", [NAMES[43], NAMES[45], NAMES[46], NAMES[47]]],
}
"""Faults that templates have: the element that is meant, and names that each lets act."""


@pytest.mark.parametrize("fault", CARELESS)
def test_the_check_sees_what_a_careless_template_lets_through(browser: Browser, fault: str) -> None:
    meant, names = CARELESS[fault]
    application, template = FastAPI(), Environment(autoescape=True).from_string(fault)

    @application.get("/{k}")
    def shown(k: int) -> HTMLResponse:
        return HTMLResponse("<!doctype html><title>x</title>" + template.render(name=names[k]))

    with serving(Headed(application)) as base:
        for k in range(len(names)):
            with tab(browser, base, token="") as here:
                assert _noticed(here, f"/{k}", ["html", "head", "title", "body", str(meant)]), names[k]


def _noticed(here: Tab, path: str, skeleton: list[str]) -> bool:
    try:
        return look(here, path).skeleton != skeleton
    except AssertionError:
        return True
