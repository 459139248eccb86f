"""Every page of a house with something of everything, read in Korean: what is left in Latin letters is no English."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alerts import answer_store, journal, outbox
from alerts.alert import VERDICTS
from alerts.answers import WORDS, Said
from alerts.console.languages import TONGUES
from alerts.evidence import base_unit
from billing.database import reading
from billing.hours import HOUR
from flows import answers
from flows.cycle import run
from flows.ingest import ingest_files
from flows.verdicts import SNOOZES
from tests.alerts.console.filled import filled
from tests.alerts.console.reached import reached
from tests.alerts.console.rooms import Room, two_partners
from tests.billing.worlds import usage_row
from tests.flows.small import END, small_workspace
from tests.flows.two_partners import routes

OPENED = END + 25 * HOUR
LATE = OPENED.replace(month=11, day=30, hour=15)
BAD = """org_id,product_family,usage_type,hour,quantity
o1,infra_hosts,host_count,2026-11-31T00:00:00Z,4
o1,infra_hosts,host_count,2026-11-10T00:00:00Z,-7
,infra_hosts,host_count,2026-11-10T00:30:00Z,1.5
"""
KEPT = {"Floodmark", "floodmark", "floodmark.toml", "tickets.phone", "UTC", "CSV", "ID", "STL", "ISO", "sha256"} | {
    "B",
    "kB",
    "TB",
    "M",
}
"""Names of the product, of its settings, of standards and units."""
PEOPLE = ("kim", "lee")
MACHINE = re.compile(
    r"`[^`]*`|[0-9a-f]{16,}|\S+@\S+|\S*/\S+|\S+\.(?:csv|txt|json|eml)\b|'?[-0-9:T]+Z'?|\b(?:hour|quantity): '"
)
"""Commands, hashes, addresses, paths, files, instants of files, their columns."""
HEARD = ("title", "aria-label", "alt", "placeholder", "data-label", "data-failed", "data-away", "summary")


class Reader(HTMLParser):
    """What of a page a person reads or is read to, but for what is said to be in another language, and keys."""

    VOID = ("meta", "link", "input", "br", "rect", "path", "polygon")

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        foreign = given.get("lang", "ko") != "ko" or given.get("translate") == "no"
        aside = any(self.open) or foreign or tag in ("kbd", "script", "style")
        if not aside:
            self.words += [given[name] or "" for name in HEARD if name in given]
        if tag not in self.VOID:
            self.open.append(aside)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.VOID:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if not any(self.open):
            self.words.append(data)


@pytest.fixture(scope="module", params=["filled", "talked"])
def room(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    directory = tmp_path_factory.mktemp(request.param) / "w"
    found = Room.of(filled(directory), LATE) if request.param == "filled" else talked(directory)
    yield found
    found.app.engine.dispose()


def talked(directory: Path) -> Room:
    """Two partners' storms; a commitment, a product that nobody knows, refused rows, every verdict and answer."""
    world = two_partners()
    for place, row in enumerate([*world.partners, *world.customers, *world.orgs]):
        row["name"] = f"Wrenly {place}"
    world.terms = [
        {"contract_id": "k1", "meter": "infra_host", "option": "monthly", "commit_units": "100", "commit_price": "15"}
        | {"on_demand_price": "18"}
    ]
    hours = [END - place * HOUR for place in range(1, 30)]
    world.usage += [usage_row("o1", ("llm_guard", "prompts"), hour, 5) for hour in hours]
    world.usage += [usage_row("o9", ("infra_hosts", "host_count"), hour, 5) for hour in hours]
    app = small_workspace(directory, world)
    bad = app.workspace / "files" / "bad.csv"
    bad.write_text(BAD)
    ingest_files(app, [bad], END)
    run(app, END, END)
    run(app, OPENED, OPENED)
    found = Room.of(app.workspace, LATE)
    first = found.of_org("o1")
    found.house.comment(first.alert_id, "kim", "물어보았음", OPENED)
    found.house.put_off(first.alert_id, OPENED + HOUR, "kim", "나중에", OPENED)
    found.house.decide([first.alert_id], "confirm", "kim", "", OPENED)
    found.house.undo([first.alert_id], "kim", OPENED)
    mine = next(ticket for ticket in found.tickets() if ticket.customer_id == "c2")
    for said in (Said("called", "통화"), Said("refused", "거절"), Said("open", "다시"), Said("granted", "")):
        answers.give(app, mine.ticket_id, said, [("proof.txt", b"x")], "kim", OPENED)
    run(app, LATE, LATE)
    return found


def names(room: Room) -> re.Pattern[str]:
    """What is the same in every language: names, ids, units, zones."""
    with reading(room.app.engine) as connection:
        book, sent = room.house.book(connection), outbox.all_deliveries(connection)
        said = [one for all_ in answer_store.all_answers(connection).values() for one in all_]
        noted = list(journal.rows(connection))
    found = KEPT | {
        *PEOPLE,
        "o9",
        "nobodys-org",
        "llm_guard / prompts",
        *book.partners,
        *book.customers,
        *book.orgs,
        *book.contracts,
    }
    called = {one.name for kind in (book.partners, book.customers, book.orgs) for one in kind.values()}
    found |= called | {f"{name[:length].rstrip()}…" for name in called for length in range(1, len(name))}
    for name in (str(room.house.desk.zone), *(one.time_zone for one in book.partners.values())):
        found |= {name, *(f"{month.astimezone(ZoneInfo(name)):%Z}" for month in (LATE, LATE.replace(month=7)))}
    for meter in room.house.catalog.meters.values():
        found |= {meter.meter, meter.name, meter.unit, base_unit(meter), *meter.usage_types}
    found |= {one.key for one in sent} | {one.sink for one in sent} | {one.currency for one in book.contracts.values()}
    found |= {one.note for one in said} | {row.moved.why for row in noted if row.moved.who in PEOPLE}
    found |= {one.alert_id for one in room.alerts()} | {one.ticket_id for one in room.tickets()}
    return re.compile("|".join(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])" for name in sorted(found, key=len)[::-1]))


def english(page: str, known: re.Pattern[str]) -> list[str]:
    """The texts in which Latin words are left that are no names."""
    reader = Reader()
    reader.feed(page)
    assert not reader.open
    return [text.strip() for text in reader.words if re.search("[A-Za-z]", known.sub("", MACHINE.sub("", text)))]


def addresses(room: Room) -> list[str]:
    """All that a person can come to, and some that are not there."""
    paths = {route.path for route in routes() if route.method == "GET" and not route.is_api}
    return [*reached(room.visitor(), paths).pages, "/login", "/nowhere", "/alerts/al_x", "/runs?first=x", "/tickets/x"]


def test_no_page_says_a_word_of_english(room: Room) -> None:
    client, known = room.visitor().client, names(room)
    client.headers["accept-language"] = "ko-KR,ko;q=0.9,en;q=0.8"
    found = {}
    for address in addresses(room):
        page = client.get(address).text
        assert '<html lang="ko">' in page, address
        found[address] = english(page, known)
    assert {address: words for address, words in found.items() if words} == {}


def test_what_a_person_does_wrongly_is_told_in_korean(room: Room) -> None:
    visitor, known = room.visitor(), names(room)
    visitor.client.headers["accept-language"] = "ko"
    alert, ticket = room.alerts()[0].alert_id, room.tickets()[0].ticket_id
    wrong = [
        visitor.post(f"/alerts/{alert}/verdict", verdict="x"),
        visitor.post(f"/alerts/{alert}/comment", note=" "),
        visitor.post(f"/alerts/{alert}/snooze", until="soon"),
        visitor.post(f"/alerts/{alert}/snooze", until="2026-11-01T00:00:00Z"),
        visitor.post(f"/alerts/{alert}/snooze", until="2027-11-01T00:00:00Z"),
        visitor.post("/undo", alert=alert),
        visitor.post("/verdict", verdict="confirm"),
        *(visitor.post(f"/tickets/{ticket}/answers", what=what) for what in ("", "refused", "open", "called")),
        *(visitor.post(f"/tickets/{ticket}/answers", what="granted", amount=text) for text in ("x", "-1", "9e9")),
        visitor.client.post("/undo"),
    ]
    choices = ", ".join((*VERDICTS, *SNOOZES)), ", ".join(WORDS), "'x'", "'soon'", "9E+9", "''"
    known = re.compile("|".join([*map(re.escape, choices), known.pattern]))
    for answer in wrong:
        assert english(answer.text, known) == [], answer.text  # type: ignore[attr-defined]


def test_a_language_is_chosen_on_any_page_and_kept(room: Room) -> None:
    visitor = room.visitor()
    there = "http://127.0.0.1:8787/tickets?month=2026-11"
    answer = visitor.client.post(
        "/language", data={"csrf": visitor.csrf(), "language": "ko"}, headers={"referer": there}, follow_redirects=False
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/tickets?month=2026-11")
    assert '<html lang="ko">' in visitor.client.get("/", headers={"accept-language": "en"}).text
    visitor.post("/logout")
    assert '<html lang="ko">' in visitor.client.get("/login").text
    assert 'lang="en">English</button>' in visitor.client.get("/login").text
    visitor.client.post("/language", data={"csrf": visitor.csrf(), "language": "xx"})
    assert '<html lang="ko">' in visitor.client.get("/login").text


@pytest.mark.parametrize(
    ("asked", "language"),
    [("ko", "ko"), ("fr-CH, ko;q=0.9, en;q=0.8", "ko"), ("kok-IN", "en"), ("KO-kr", "ko"), ("", "en"), ("*", "en")],
)
def test_the_browser_asks_for_a_language(room: Room, asked: str, language: str) -> None:
    page = room.visitor().client.get("/login", headers={"accept-language": asked}).text
    assert f'<html lang="{language}">' in page


@pytest.mark.parametrize("referer", ["", "https://evil.example//evil.example", "javascript:alert(1)", "//evil.example"])
def test_choosing_a_language_leads_nowhere_else(room: Room, referer: str) -> None:
    visitor = room.visitor()
    form = {"csrf": visitor.csrf(), "language": "ko"}
    answer = visitor.client.post("/language", data=form, headers={"referer": referer}, follow_redirects=False)
    assert answer.headers["location"] == "/"


def test_what_was_written_in_english_is_told_with_its_values() -> None:
    retold, same = TONGUES["ko"].retold, TONGUES["en"].retold
    restated = "restated on 2026-11-12T10:00:00Z from 1,920 to 410, where 400 was expected"
    assert retold(restated) == "정정됨: 1,920 → 410, 예상 400 (11월 12일 10:00 UTC)"
    assert retold("snoozed until 2026-11-12T10:00:00Z: granted") == "11월 12일 10:00 UTC까지 보류: granted"
    assert retold("taken back: planned") == "판정 되돌림: 계획된 사용"
    assert same(restated) == restated.replace("2026-11-12T10:00:00Z", "12 Nov 10:00 UTC")
    assert same("`floodmark ingest datadog --from 2026-11-12T10:00:00Z`").endswith("2026-11-12T10:00:00Z`")
    assert retold("250 2.0.0 OK queued") == "250 2.0.0 OK queued"
    for text in ("snoozed until ", "snoozed until 2026-99-99T10:00:00Z", "{x}", "", "; ", "a {b} c" * 1000):
        assert isinstance(retold(text), str)
