"""Customers and partners in the console: the same figures as the commands', shares, changes, the very digest."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from starlette.testclient import TestClient

from alerts import figures
from alerts.console.mails import taken_apart
from alerts.console.users import User
from alerts.figures import Figures
from alerts.mail import compose
from billing import book_store
from billing.book import Term
from billing.database import reading, transaction
from billing.frames import TIME
from billing.hours import DAY, HOUR, Month
from billing.money import money_text
from flows import standings
from flows.bill import bill
from flows.digests import digests
from flows.projection import projection, totals
from tests.alerts.console.rooms import Room, judged, two_partners, very_mail
from tests.flows.small import END

NOVEMBER = Month(2026, 11)
ODD = "c/1?x=#&% <b>é"


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first customer has an odd id, a second org, and commits to 100 hosts."""
    world = two_partners()
    for row in (*world.customers, *world.orgs, *world.contracts):
        row.update({key: ODD for key, value in row.items() if key == "customer_id" and value == "c1"})
    world.orgs.append({"org_id": "o3", "customer_id": ODD, "name": "Annex"})
    world.usage += [
        row | {"org_id": "o3"} for row in world.usage if row["org_id"] == "o1" and row["hour"] >= NOVEMBER.start
    ]
    world.terms = [
        {"contract_id": "k1", "meter": "infra_host", "option": "monthly", "commit_units": "100", "commit_price": "15"}
        | {"on_demand_price": "18"}
    ]
    return judged(tmp_path_factory.mktemp("customers") / "w", world)


@pytest.fixture
def room(there: Path, tmp_path: Path) -> Iterator[Room]:
    found = Room.copied(there, tmp_path / "w")
    yield found
    found.app.engine.dispose()


def of(room: Room, customer_id: str = ODD, at: datetime = END) -> Figures:
    with reading(room.app.engine) as connection:
        customer = room.app.book(connection).customers[customer_id]
        found = room.house.figures(connection, [customer], at, True)
        assert found
        return found


def page(room: Room, path: str = "/customers", **more: str) -> str:
    answer = room.visitor().client.get(path, **more)
    assert answer.status_code == 200
    return answer.text


def the_customer(client: TestClient) -> str:
    """The page of the customer with the odd id, found as a person does."""
    link = re.search(r'href="(/customers/[^"]+)" data-go><strong>Customer<', client.get("/customers").text)
    assert link
    quick = client.get(link[1]).text
    assert f'href="{link[1]}?month=1"' in quick or "Since last month" in quick
    return client.get(f"{link[1]}?month=1").text


def test_the_month_is_the_bills_and_the_projections(room: Room) -> None:
    found = of(room)
    lines = [line for line in bill(room.app, NOVEMBER, END, END).lines if line.customer_id == ODD]
    assert list(found.standing.to_date) == lines
    ahead = [line for line in projection(room.app, NOVEMBER, END) if line.customer_id == ODD]
    assert list(found.standing.projected) == ahead
    [(_, estimate)] = totals(ahead).items()
    text = the_customer(room.visitor().client)
    for amount in (sum(line.amount or 0 for line in lines), estimate.middle, estimate.low, estimate.high):
        assert money_text(Decimal(amount), "USD") in text
    assert [month for month, *_ in figures.spent(found)] == [Month(2026, 10)]
    october = sum(
        line.amount or 0 for line in bill(room.app, Month(2026, 10), None, END).lines if line.customer_id == ODD
    )
    assert [one.amount for one in figures.spent(found)] == [october]


def test_the_shares_of_orgs_add_up_to_the_month(room: Room) -> None:
    found = of(room)
    shares = figures.shares(found)
    assert {one.org_id for one in shares} == {"o1", "o3"} and all(40 <= one.percent <= 60 for one in shares)
    assert sum(one.amount for one in shares) == sum(line.amount or 0 for line in found.standing.to_date)


def test_a_commitment_tells_what_is_used_of_it(room: Room) -> None:
    with reading(room.app.engine) as connection:
        [one] = figures.commitments(of(room), room.app.book(connection), room.app.rules.catalog)
    assert (one.meter, one.committed) == ("infra_host", 100)
    assert one.used > 200 and one.percent > 200, "two orgs of more than 100 hosts"
    assert f"{one.percent} % at month end" in the_customer(room.visitor().client)


def test_what_changed_is_the_projection_less_the_month_before(room: Room) -> None:
    found = of(room)
    before = sum(one.amount for one in figures.spent(found))
    changes = figures.changes(found)
    now = sum(one.projected.middle for one in found.meters)
    assert sum(one.difference for one in changes) == now - before
    assert [abs(one.difference) for one in changes] == sorted((abs(one.difference) for one in changes), reverse=True)


def test_what_was_worked_out_is_kept_until_the_hour_or_the_usage_is_another(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    work = standings.project
    monkeypatch.setattr(standings, "project", lambda *args: asked.append(args) or work(*args))
    first = of(room)
    assert of(room, at=END + HOUR / 2) is first and len(asked) == 1
    assert of(room, at=END + HOUR) is not first
    of(room, "c2")
    assert len(asked) == 3
    row = room.app.lake.current(END - DAY, END).named().head(1)
    room.app.lake.put(row.with_columns(quantity=pl.lit(7, pl.Int64), observed_at=pl.lit(None, TIME)), END)
    assert of(room) is not first


@pytest.mark.parametrize("later", [0, 1, 25, 24 * 40])
def test_a_page_is_there_whatever_the_clock(room: Room, later: int) -> None:
    client = room.at(END + later * HOUR).visitor().client
    assert "Since last month" in the_customer(client)
    assert client.get("/partners/p1", params={"month": "1"}).status_code == 200


def test_the_preview_is_the_very_mail(room: Room) -> None:
    [(_, letter)] = digests(room.app, END, "p1")
    before = sorted((room.app.workspace / "outbox").iterdir())
    client = room.visitor().client
    assert "p1@partner.example" in client.get("/digests/p1").text
    answer = client.get("/digest-mails/p1")
    assert very_mail(answer) == taken_apart(compose(letter)).html and "data:image/png" in answer.text
    assert "sandbox" in answer.headers["content-security-policy"]
    assert sorted((room.app.workspace / "outbox").iterdir()) == before, "nothing is sent"


def test_a_partner_has_its_customers_at_once_and_their_month_when_asked(room: Room) -> None:
    client = room.visitor().client
    quick, whole = client.get("/partners/p1").text, client.get("/partners/p1?month=1").text
    part = client.get("/partners/p1?month=1", headers={"hx-request": "true"}).text
    assert 'href="/partners/p1?month=1"' in quick and "projected" not in quick
    [total] = of(room).totals
    assert money_text(total.to_date, "USD") in whole and money_text(total.to_date, "USD") in part
    assert "<html" not in part and "Buyer two" not in whole


def test_the_list_is_searched_and_read_page_by_page(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Buyer two" not in page(room, params={"q": "cust"}) and "Buyer two" in page(room, params={"q": "TWO"})
    assert "Buyer two" in page(room, params={"q": "c2"}) and "Buyer two" not in page(room, params={"partner": "p1"})
    monkeypatch.setattr("alerts.console.pages.customers.ROWS", 1)
    first = page(room)
    [more] = re.findall(r'href="(/customers\?[^"]*after=[^"]+)"', first)
    second = page(room, more.replace("&amp;", "&"))
    assert ("Buyer two" in first, "Buyer two" in second, "after=" in second) == (True, False, False)


def test_a_partners_own_users_see_their_partner_alone(room: Room) -> None:
    client = room.visitor(User("lee", "viewer", "p2")).client
    text = (
        client.get("/customers").text
        + client.get("/partners/p2?month=1").text
        + client.get("/customers/c2?month=1").text
    )
    assert "Buyer two" in text and "Customer<" not in text and "p1" not in text
    assert client.get("/digest-mails/p2").status_code == 200


def test_a_contract_tells_what_may_still_be_changed_in_the_month(room: Room) -> None:
    text = the_customer(room.visitor().client)
    assert "products can be changed until" in text and "Mon 30 Nov 2026, in 17 days" in text
    assert "Not used up this month, as far as the loaded books tell." in text
    assert (
        "The commitments come to 1,500.00 USD a month; after a change they must come to at least 1,501.00 USD." in text
    )
    with transaction(room.app.engine) as connection:
        book = room.app.book(connection)
        contract = book.contracts["k1"]
        more = replace(contract, terms={**contract.terms, "apm_host": Term("apm_host")})
        book_store.save(connection, replace(book, contracts={**book.contracts, "k1": more}), END + HOUR)
    assert "Not used up this month" in the_customer(room.visitor().client), "nobody knows of it yet"
    later = room.at(END + 2 * HOUR).visitor().client
    assert "Used up this month: the book loaded on Fri 13 Nov 2026 has other products." in the_customer(later)
    assert "Used up" not in room.at(END + 18 * DAY).visitor().client.get("/customers/c2").text, "another contract"
    next_month = the_customer(room.at(END + 18 * DAY).visitor().client)
    assert "Not used up this month" in next_month and "Thu 31 Dec 2026" in next_month


def test_what_has_to_be_done_is_listed_and_what_may_be_is_not(room: Room) -> None:
    client = room.visitor().client
    assert "products can be changed" not in client.get("/customers").text + client.get("/partners/p1").text


def test_what_is_new_and_what_is_gone_are_told_apart(room: Room) -> None:
    found = of(room)
    host = next(one for one in found.standing.projected if one.meter == "infra_host")
    october = found.history[Month(2026, 10)]
    gone = replace(october[0], meter="apm_host", amount=Decimal(10))
    fewer = [line for line in october if line.meter != "infra_host"]
    changed = replace(found, history={Month(2026, 10): [*fewer, gone]})
    told = {one.meter: (one.before is None, one.projected is None) for one in figures.changes(changed)}
    assert (told[host.meter], told["apm_host"]) == ((True, False), (False, True))
    assert next(one for one in figures.changes(changed) if one.meter == "apm_host").difference == -10
