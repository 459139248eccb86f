"""Every page and form of the console under made-up values, on both databases: no server error, ever."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from alerts.alert import VERDICTS
from alerts.answers import WORDS
from alerts.console.app import create
from alerts.console.users import User
from alerts.listing import STATES
from flows.console import house
from tests.alerts.console.rooms import CSRF
from tests.flows.two_partners import NOW, ORIGIN, Ids, OpenDoor, Route, ids, named, routes, two_partners
from tests.fuzz.hostile import QUANTITIES, TEXTS, TIMES
from tests.fuzz.names import NAMES, ODD

PAGES = [route for route in routes() if not route.is_api]
DAYS = ["0001-01-01", "0001-01-02", "2026-11-01", "2026-11-12", "2026-11-30", "9999-12-30", "9999-12-31"]
LIKELY = {
    "verdict": list(VERDICTS),
    "state": list(STATES),
    "what": list(WORDS),
    "currency": ["USD", "KRW"],
    "amount": ["0", "0.01", "1e999999999", "-1", "NaN", "Infinity", "9" * 400],
    "zoom": ["month", "alert", "week", "quarter"],
    "first": [*DAYS, "0", "40", str(10**6), str(10**30)],
    "last": DAYS,
    "until": ["0001-01", "9999-12", "2026-11", *(f"{day}T23:59" for day in DAYS), "0001-01-01T00:00:00+14:00"],
    "month": ["0001-01", "2026-11", "9999-12", "1"],
    "after": ["0001-01-01T00:00:00Z~x", "9999-12-31T23:59:59-14:00~x", "~tk_x", "2026-11-30T05:00:00Z~tk_x"],
    "number": ["0", "-1", str(10**30), "٣"],
}
MADE_UP = st.one_of(
    st.sampled_from([text[:2000] for text in (*NAMES, *ODD, *TEXTS, *TIMES, *QUANTITIES)]), st.text(max_size=30)
)


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory, house_database: str) -> Iterator[tuple[TestClient, Ids, str]]:
    """A browser of somebody who may everything, what there is, and the token of its forms."""
    app = two_partners(tmp_path_factory.mktemp("two"), house_database)
    built = create(house(app, lambda: NOW), OpenDoor(User("kim", "admin")))
    browser = TestClient(built, base_url=ORIGIN, follow_redirects=False, raise_server_exceptions=False)
    token = CSRF.search(browser.get("/").text)
    assert token
    yield browser, ids(app, "p1"), token[1]
    app.engine.dispose()


def coded(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def some(draw: Any, known: Ids, name: str) -> str:
    """What is there, what makes sense, or anything."""
    likely = [*LIKELY.get(name, ()), *([known.of[name]] if name in known.of else [])]
    return draw(st.sampled_from(likely)) if likely and draw(st.integers(0, 3)) else draw(MADE_UP)


@pytest.mark.parametrize("route", PAGES, ids=named)
def test_nothing_that_is_asked_or_written_breaks_it(console: tuple[TestClient, Ids, str], route: Route) -> None:
    browser, known, token = console
    fields = list((route.body or {"properties": {}})["properties"])

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        path = route.path.replace(":path", "").format(
            **{name: coded(some(data.draw, known, name)) for name in route.in_path}
        )
        asked = "&".join(
            f"{name}={coded(some(data.draw, known, name))}" for name in route.in_query if data.draw(st.booleans())
        )
        written = [
            ("csrf", token),
            *((name, some(data.draw, known, name)) for name in fields if data.draw(st.booleans())),
        ]
        kind = data.draw(st.sampled_from(["plain", "multipart", "unicode_escape"])) if fields else ""
        headers = {"hx-request": "true"} if data.draw(st.booleans()) else {}
        body, said = _body(kind, written)
        answer = browser.request(route.method, f"{path}?{asked}", content=body, headers=headers | said)
        assert answer.status_code < 500, (route, path, asked, written, answer.text[-400:])
        assert answer.headers["content-security-policy"]

    holds()


def _body(kind: str, written: list[tuple[str, str]]) -> tuple[bytes, dict[str, str]]:
    """The form, coded so or so, and the header that says how."""
    if not kind:
        return b"", {}
    if kind == "plain":
        coded_ = "&".join(f"{coded(name)}={coded(value)}" for name, value in written)
        return coded_.encode(), {"content-type": "application/x-www-form-urlencoded"}
    codec = "utf-8" if kind == "multipart" else kind
    parts = []
    for name, value in written:
        file = '; filename="x.txt"' if name == "proofs" else ""
        content = value.encode(codec, "surrogatepass") if codec == "utf-8" else value.encode(codec)
        parts.append(f'--b\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content)
    return b"\r\n".join([*parts, b"--b--\r\n"]), {"content-type": f"multipart/form-data; boundary=b; charset={codec}"}
