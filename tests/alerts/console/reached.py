"""Every page of the console that a person can come to, found by following its links and the choices of its forms."""

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from httpx2 import Response

from tests.alerts.console.rooms import Visitor

MOST, CHOSEN = 3, 1  # pages of one shape: the same route with the same parameters; with some set in a query
START = ("/", "/?state=all")


@dataclass
class Links(HTMLParser):
    """The addresses that a page leads to."""

    page: str
    found: list[str] = field(default_factory=list)
    _form: str = ""
    _select: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in of:
            self._add(of["href"])
        elif tag == "iframe":
            self._add(of["src"])
        elif tag == "form":
            self._form = of["action"] if of["method"] == "get" else ""
        elif tag == "select":
            self._select = of["name"]
        elif tag == "option" and self._form:
            self._add(f"{self._form}?{urlencode({self._select: of.get('value', '')})}")

    def _add(self, address: str) -> None:
        parts = urlsplit(urljoin(self.page, address))
        query = urlencode(parse_qsl(parts.query))  # without what is left empty
        self.found.append(urlunsplit(("", "", parts.path, query, "")))


@dataclass(frozen=True)
class Reached:
    """pages: addresses with a whole page each. routes: of everything that was led to."""

    pages: list[str]
    routes: set[str]


def reached(visitor: Visitor, paths: Collection[str]) -> Reached:
    """From the first page on. paths: of the routes that answer GET, such as /alerts/{alert_id}."""
    pages, routes, seen = [], set(), Counter[tuple[str, frozenset[str]]]()
    waiting, known = list(START), set(START)
    while waiting:
        address = waiting.pop(0)
        route = route_of(address, paths)
        chosen = frozenset(name for name, value in parse_qsl(urlsplit(address).query) if value)
        if seen[route, chosen] == (CHOSEN if chosen else MOST):
            continue
        seen[route, chosen] += 1
        routes.add(route)
        answer = visitor.client.get(address)
        assert answer.status_code == 200, f"a link leads to {address}, which answers {answer.status_code}"
        if is_page(answer):
            pages.append(address)
            links = Links(address)
            links.feed(answer.text)
            waiting += [one for one in dict.fromkeys(links.found) if one not in known]
            known.update(links.found)
    return Reached(pages, routes)


def is_page(answer: Response) -> bool:
    """Whether it is a whole page of ours: no file, no part of a page, no mail that is shown in a frame."""
    framed = "sandbox" in answer.headers.get("content-security-policy", "")
    return answer.headers["content-type"].startswith("text/html") and "<!doctype" in answer.text and not framed


def route_of(address: str, paths: Collection[str]) -> str:
    """The route that answers to the address; one without parameters before one with them."""
    path = urlsplit(address).path
    fitting = [one for one in sorted(paths) if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", one), path)]
    assert fitting, f"a link leads to {address}, where nothing is"
    return min(fitting, key=lambda one: one.count("{"))
