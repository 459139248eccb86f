"""What every answer of the console brings along, and requests that try their luck with method, path, host and size."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from alerts.console.api.app import PATH
from alerts.console.app import create
from alerts.console.assets import static
from alerts.console.headers import HEADERS, MAIL_HEADERS
from alerts.console.intake import FILES, WORDS
from alerts.console.users import User
from flows.console import house
from flows.wiring import App
from tests.flows.two_partners import (
    NOW,
    ORIGIN,
    Ids,
    OpenDoor,
    Route,
    address,
    bearer,
    client,
    ids,
    named,
    routes,
    two_partners,
)

ALL = routes()
GETS = [route for route in ALL if route.method == "GET"]
KIM = User("kim", "admin")
METHODS = ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    made = two_partners(tmp_path_factory.mktemp("two"))
    yield made
    made.engine.dispose()


@pytest.fixture(scope="module")
def mine(app: App) -> Ids:
    return ids(app, "p1")


@pytest.fixture(scope="module")
def browser(app: App) -> TestClient:
    found = client(app, KIM)
    found.headers |= bearer(app, "admin")
    return found


def strict(answer: Any) -> None:
    found = {name: answer.headers.get(name) for name in HEADERS}
    assert found in (HEADERS, HEADERS | MAIL_HEADERS)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("route", GETS, ids=named)
def test_every_status_has_the_headers(app: App, browser: TestClient, mine: Ids, route: Route) -> None:
    where = address(route, mine)
    answers = {
        200: browser.get(where),
        404: browser.get(address(route, Ids(dict.fromkeys(mine.of, "9999-99")))) if route.in_path else None,
        405: browser.request("PATCH", where),
        422: browser.get(where + "?q=%00"),
        500: broken(app, where),
    }
    for status, answer in answers.items():
        if answer is not None and not (route.is_api and status in (404, 422)):
            assert answer.status_code == status
            strict(answer)
            assert "Traceback" not in answer.text and "RuntimeError" not in answer.text


def broken(app: App, where: str) -> Any:
    """The answer of a console in which something raises what nobody foresaw."""

    def raises(*_: object) -> Any:
        raise RuntimeError("secret of the house")

    rotten = replace(house(app, lambda: NOW), book=raises, now=raises)
    made = TestClient(create(rotten, OpenDoor(KIM)), base_url=ORIGIN, raise_server_exceptions=False)
    answer = made.get(where, headers=bearer(app, "admin"))
    assert "secret of the house" not in answer.text
    return answer


@pytest.mark.parametrize("route", GETS, ids=named)
def test_head_says_what_get_would_and_sends_nothing(browser: TestClient, mine: Ids, route: Route) -> None:
    got, head = browser.get(address(route, mine)), browser.head(address(route, mine))
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers["content-type"] == got.headers["content-type"]
    strict(head)


@pytest.mark.parametrize("route", ALL, ids=named)
def test_another_method_is_refused_and_none_is_taken_for_another(browser: TestClient, mine: Ids, route: Route) -> None:
    known = {one.method for one in ALL if one.path == route.path}
    for method in (one for one in METHODS if one not in known):
        answer = browser.request(method, address(route, mine), headers={"X-HTTP-Method-Override": route.method})
        assert answer.status_code == 405, method
        assert known <= set(answer.headers["allow"].split(", ")) | {"HEAD"} or len(known) > 1
        strict(answer)
    if route.method != "GET":
        over = {"X-HTTP-Method-Override": route.method, "X-Method-Override": route.method}
        asked = browser.get(address(route, mine), params={"_method": route.method}, headers=over)
        assert asked.status_code == 405 or "GET" in known


@pytest.mark.parametrize(
    "path",
    [
        "/alerts/..%2f..%2fetc%2fpasswd",
        "/alerts/%2e%2e/%2e%2e/",
        "/static/..%2f..%2fapp.py/x",
        "/static/0/..%2f..%2fapp.py",
        "/tickets/%00",
        "//evil.example/",
        "//evil.example/tickets/",
        "/tickets/",
        "/api/v1/alerts/",
        "/%5Cevil.example",
        "/alerts/%0d%0aLocation:%20https://evil.example",
        "/;/runs",
        "/runs;x=.css",
        "/runs/.css",
    ],
)
def test_a_trick_with_the_path_leads_nowhere(browser: TestClient, path: str) -> None:
    answer = browser.get(ORIGIN + path, headers={"Host": "evil.example"})
    assert answer.status_code in (404, 422)
    assert "location" not in answer.headers and "evil.example" not in str(answer.headers)
    strict(answer)


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "X-Original-URL", "X-Rewrite-URL", "Forwarded"])
def test_what_a_request_calls_us_is_in_no_answer(browser: TestClient, mine: Ids, header: str) -> None:
    for route in GETS:
        answer = browser.get(address(route, mine), headers={header: "evil.example"})
        assert "evil.example" not in answer.text and "evil.example" not in str(answer.headers), route


def test_what_is_the_same_for_all_may_be_kept_and_sets_no_cookie(browser: TestClient) -> None:
    answer = browser.get(static("console.css"))
    assert "immutable" in answer.headers["cache-control"] and "set-cookie" not in answer.headers
    for path in ("/", "/login", "/static/0/console.css", "/nowhere"):
        assert browser.get(path).headers["cache-control"] == "no-store", path


def test_a_part_of_a_page_is_for_who_asks_for_it_and_is_kept_by_nobody(browser: TestClient, mine: Ids) -> None:
    """htmx's headers choose among parts of the same page; none of them brings more than the page."""
    odd = {"HX-Request": "true", "HX-Target": "<script>", "HX-Current-URL": "https://evil.example", "HX-Prompt": "x"}
    for route in GETS:
        answer = browser.get(address(route, mine), headers=odd)
        assert answer.status_code == 200 and "evil.example" not in answer.text
        assert not [name for name in answer.headers if name.startswith("hx-")]


BODIES: dict[str, Callable[[], tuple[dict[str, str], Any]]] = {
    "form": lambda: ({"content-type": "application/x-www-form-urlencoded"}, b"note=" + b"x" * WORDS),
    "json": lambda: ({"content-type": "application/json"}, b'{"note": "' + b"x" * WORDS + b'"}'),
    "chunked": lambda: ({"content-type": "application/x-www-form-urlencoded"}, iter([b"x" * 10_000] * 50)),
    "files": lambda: (
        {"content-type": "multipart/form-data; boundary=b"},
        b'--b\r\nContent-Disposition: form-data; name="proofs"; filename="x"\r\n\r\n' + b"x" * FILES + b"\r\n--b--",
    ),
}


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("route", [route for route in ALL if route.body], ids=named)
def test_what_is_too_large_is_told_so(browser: TestClient, mine: Ids, route: Route, kind: str) -> None:
    if (kind == "files" and route.is_json) or (kind == "json" and not route.is_json):
        return  # nobody reads it
    headers, content = BODIES[kind]()
    answer = browser.request(route.method, address(route, mine), content=content, headers=headers)
    assert answer.status_code == 413
    strict(answer)
    if route.is_api:
        assert answer.headers["content-type"] == "application/problem+json" and answer.json()["status"] == 413
    else:
        assert "more than can be taken in" in answer.text


def test_a_form_with_a_thousand_fields_too_many_or_none_of_its_own_shape_is_refused(
    browser: TestClient, mine: Ids
) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert browser.post("/verdict", content=b"a=1&" * 1100, headers=form).status_code == 400
    torn = {"content-type": "multipart/form-data; boundary=b"}
    assert browser.post("/verdict", content=b"--b\r\nnothing", headers=torn).status_code in (400, 403)
    assert browser.post("/verdict", content=b"x", headers={"content-type": "text/plain"}).status_code == 403
    assert browser.post("/verdict", content=b"x", headers={"content-type": "multipart/form-data"}).status_code == 400


@pytest.mark.parametrize(
    "said",
    [
        '{"verdict": "confirm", "note": "\\ud800"}',
        '{"verdict": "confirm", "note": "\\u0000"}',
        '{"verdict": "confirm", "note": ' + "[" * 50_000 + "]" * 50_000 + "}",
        '{"verdict": "confirm", "below": ' + "9" * 5000 + "}",
        '{"verdict": "confirm", "verdict": "dismiss", "extra": 1}',
        '{"__proto__": {}, "verdict": ["confirm"]}',
        "NaN",
        "\xff",
    ],
)
def test_the_api_takes_no_odd_document(app: App, browser: TestClient, mine: Ids, said: str) -> None:
    where = f"{PATH}/alerts/{mine['alert_id']}/verdicts"
    sent = said.encode("utf-8", "surrogatepass")
    answer = browser.post(where, content=sent, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert cast(dict[str, Any], answer.json())["status"] == answer.status_code
