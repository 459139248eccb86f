"""The queue as people use it: order, filters, verdicts on many and their undoing."""

import re
from dataclasses import replace

import pytest

from alerts import journal, store
from alerts.console.users import User
from alerts.listing import keep_places
from billing.database import reading, transaction
from tests.alerts.console.rooms import Room

LINK = re.compile(r'href="/alerts/(al_[^"]+)" data-go')


def shown(text: str) -> list[str]:
    return LINK.findall(text)


def copies(room: Room, many: int) -> list[str]:
    """So many more alerts in the queue, behind each other."""
    alert = room.of_org("o1")
    more = [replace(alert, alert_id=f"al_copy{n:04d}", quiet=False, state="open", above=None) for n in range(many)]
    with transaction(room.app.engine) as connection:
        store.save_alerts(connection, [], more)
        keep_places(connection, {one.alert_id: place for place, one in enumerate(more, start=1)})
    return [one.alert_id for one in more]


def test_the_order_is_that_of_the_command(room: Room) -> None:
    with reading(room.app.engine) as connection:
        places = room.app.queue(room.app.book(connection), room.house.now()).places(room.alerts())
    assert places
    assert shown(room.visitor().client.get("/").text) == sorted(places, key=lambda key: places[key])


def test_pages_follow_each_other_to_the_end(room: Room) -> None:
    ids, client, found, address = copies(room, 120), room.visitor().client, [], "/"
    while address:
        page = client.get(address).text
        found += shown(page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        address = following[1] if following else ""
    assert found[:120] == ids and len(found) == len(set(found))


def test_a_verdict_on_many_is_one_and_can_be_undone(room: Room) -> None:
    visitor, ids = room.visitor(), copies(room, 3)
    page = visitor.post("/verdict", alert=ids[:2], verdict="planned", note="a load test")
    assert "Now planned: 2." in page.text and shown(page.text)[0] == ids[2]
    assert [room.alert(one).state for one in ids] == ["planned", "planned", "open"]
    with reading(room.app.engine) as connection:
        assert [row.why for row in journal.of(connection, ids[0])] == ["a load test"]
    page = visitor.post("/undo", alert=ids[:2])
    assert "Undone." in page.text and [room.alert(one).state for one in ids] == ["open"] * 3
    assert "Undone." not in visitor.client.get("/").text


def test_a_part_of_the_page_comes_with_the_line_and_what_was_done(room: Room) -> None:
    visitor, ids = room.visitor(), copies(room, 2)
    fields = {"alert": ids[0], "verdict": "confirm"}
    token = visitor.csrf()
    part = visitor.client.post("/verdict", data=fields, headers={"hx-request": "true", "x-csrf-token": token}).text
    assert "<html" not in part and 'id="list"' in part and 'id="line"' in part and "Now confirmed: 1." in part


def test_a_verdict_holds_for_all_or_for_none(room: Room) -> None:
    visitor, ids = room.visitor(), copies(room, 2)
    before = room.alerts()
    assert visitor.post("/verdict", alert=[ids[0], "al_nobody"], verdict="confirm").status_code == 404
    assert visitor.post("/verdict", alert=ids, verdict="certain").status_code == 409
    assert room.alerts() == before


def test_a_verdict_on_the_one_on_top_is_for_those_below_it(room: Room) -> None:
    visitor, ids = room.visitor(), copies(room, 3)
    before = [room.alert(one) for one in ids]
    with transaction(room.app.engine) as connection:
        store.save_alerts(connection, before, [replace(one, above=ids[0]) for one in before[1:]])
    page = visitor.client.get("/").text
    assert "and 2 more orgs" in page and shown(page)[0] == ids[0] and ids[1] not in shown(page)
    visitor.post("/verdict", alert=ids[0], verdict="dismiss")
    assert {room.alert(one).state for one in ids} == {"dismissed"}


def test_nobody_takes_back_what_another_decided(room: Room) -> None:
    ids = copies(room, 1)
    room.visitor().post("/verdict", alert=ids, verdict="confirm")
    other = room.visitor(User("lee", "reviewer"))
    answer = other.post("/undo", alert=ids)
    assert answer.status_code == 409 and "no verdict of yours" in answer.text
    assert room.alert(ids[0]).state == "confirmed"


@pytest.mark.parametrize("query", ["q=buyer", "q=ORG+TWO", "q=c2", "q=second", "partner=p2", "customer=c2"])
def test_a_list_is_narrowed(room: Room, query: str) -> None:
    ids = shown(room.visitor().client.get(f"/?state=all&{query}").text)
    assert ids and {room.alert(one).org_id for one in ids} == {"o2"}


def test_mine_are_those_in_whose_history_i_stand(room: Room) -> None:
    visitor, ids = room.visitor(), copies(room, 2)
    assert shown(visitor.client.get("/?mine=yes").text) == []
    visitor.post(f"/alerts/{ids[1]}/comment", note="I am at it")
    assert shown(visitor.client.get("/?mine=yes").text) == [ids[1]]


@pytest.mark.parametrize(
    "query", ["state=nonsense", "after=al_nobody", "meter=nothing", "q=%01%F0%9F%92%A9'%22", "x=1"]
)
def test_an_address_that_makes_no_sense_is_a_list_all_the_same(room: Room, query: str) -> None:
    assert room.visitor().client.get(f"/?{query}").status_code == 200
