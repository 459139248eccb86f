"""The journal: what is appended can be read back, and whatever is done to a row is found."""

import hashlib
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, select, update

from alerts import journal, store
from alerts.alert import Transition
from alerts.journal import NOTHING, START, End, Row, fault, sealed
from alerts.tables import journal as table
from alerts.tables import journal_end
from billing.database import transaction

AT = datetime(2026, 11, 27, 12, tzinfo=UTC)
MOVED = Transition("al_a", AT, "", "open", "floodmark", "far above its usual level")
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
MOVES = st.lists(
    st.builds(
        Transition,
        st.sampled_from(["al_a", "al_b", "tk_a"]),
        st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  hypothesis
        *[TEXTS] * 4,
    ),
    min_size=1,
    max_size=12,
)


def chain(moves: list[Transition]) -> tuple[list[Row], End]:
    rows: list[Row] = []
    for number, moved in enumerate(moves, start=1):
        rows.append(sealed(number, moved, rows[-1].hash if rows else START))
    return rows, End(rows[-1].number, rows[-1].hash)


@given(moves=MOVES, data=st.data())
def test_any_row_that_is_edited_removed_added_or_swapped_is_found(moves: list[Transition], data: st.DataObject) -> None:
    rows, end = chain(moves)
    assert fault(rows, end) == ""
    place = data.draw(st.integers(0, len(rows) - 1))
    row = rows[place]
    act = data.draw(st.sampled_from(["edit", "reseal", "remove", "truncate", "add", "swap"]))
    name = data.draw(st.sampled_from(["subject", "was", "now", "who", "why", "at"]))
    value = timedelta(microseconds=1) + row.moved.at if name == "at" else getattr(row.moved, name) + "x"
    edited = replace(row.moved, **{name: value})
    if act == "edit":
        rows[place] = row._replace(moved=edited)
    elif act == "reseal":
        rows[place] = sealed(row.number, edited, rows[place - 1].hash if place else START)
    elif act == "remove":
        del rows[place]
    elif act == "truncate":
        del rows[place:]
    elif act == "add":
        rows.append(sealed(rows[-1].number + 1, edited, rows[-1].hash))
    else:
        other = data.draw(st.integers(0, len(rows) - 1).filter(lambda n: rows[n].moved != row.moved or len(rows) == 1))
        if other == place:
            return
        rows[place], rows[other] = row._replace(moved=rows[other].moved), rows[other]._replace(moved=row.moved)
    found = fault(rows, end)
    assert found
    if act == "edit":
        assert f"row {place + 1} " in found, "the first broken one is named"


def test_swapped_numbers_and_hashes_are_found_too() -> None:
    rows, end = chain([MOVED, replace(MOVED, was="open", now="over"), replace(MOVED, subject="al_b")])
    assert "row 1 is not" in fault([rows[1]._replace(number=1), rows[0]._replace(number=2), rows[2]], end)
    assert fault([rows[1], rows[0], rows[2]], end) == "row 1 is missing"
    assert fault(rows, None) and fault([], end) and fault(rows, End(3, START))
    assert fault([], None) == fault([], NOTHING) == ""


def test_the_seal_can_be_made_by_others_from_the_documented_recipe() -> None:
    [row], _ = chain([replace(MOVED, why='far "above", 한국')])
    texts = '[1,"al_a","2026-11-27T12:00:00.000000Z","","open","floodmark","far \\"above\\", \\ud55c\\uad6d","'
    assert row.hash == hashlib.sha256((texts + "0" * 64 + '"]').encode()).hexdigest()
    document = json.loads(json.dumps(row.document))
    assert list(document) == ["number", "subject", "at", "was", "now", "who", "why", "hash"]


def test_what_is_appended_is_read_back_in_order_and_whole(engine: Engine) -> None:
    moves = [replace(MOVED, was=str(n), now=str(n + 1), at=AT - timedelta(hours=n, microseconds=n)) for n in range(3)]
    with transaction(engine) as connection:
        journal.append(connection, [])
        assert journal.end(connection) is None
        journal.append(connection, [*moves, replace(MOVED, subject="tk_b")])
    with transaction(engine) as connection:
        journal.append(connection, [replace(MOVED, was="3", now="4")])
        assert journal.of(connection, "al_a") == [*moves, replace(MOVED, was="3", now="4")]
        rows, end = list(journal.rows(connection)), journal.end(connection)
    assert [row.number for row in rows] == [1, 2, 3, 4, 5]
    assert fault(rows, end) == ""


def test_a_transaction_that_fails_leaves_the_chain_as_it_was(engine: Engine) -> None:
    with transaction(engine) as connection:
        journal.append(connection, [MOVED])
    with pytest.raises(RuntimeError), transaction(engine) as connection:
        journal.append(connection, [MOVED])
        raise RuntimeError
    with transaction(engine) as connection:
        journal.append(connection, [replace(MOVED, was="open", now="over")])
        rows, end = list(journal.rows(connection)), journal.end(connection)
    assert ([row.number for row in rows], fault(rows, end)) == ([1, 2], "")


def test_writers_at_once_make_one_chain(engine: Engine) -> None:
    errors: list[BaseException] = []

    def write(name: str) -> None:
        try:
            for n in range(10):
                with transaction(engine) as connection:
                    journal.append(connection, [replace(MOVED, subject=name, now=str(n))] * 2)
        except BaseException as error:  # noqa: BLE001  handed to the test
            errors.append(error)

    threads = [threading.Thread(target=write, args=(f"al_{n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with transaction(engine) as connection:
        rows, end = list(journal.rows(connection)), journal.end(connection)
    assert (errors, len(rows), fault(rows, end)) == ([], 60, "")


@pytest.mark.parametrize("place", [1, 2, 3])
def test_an_edit_by_sql_is_found(engine: Engine, place: int) -> None:
    with transaction(engine) as connection:
        journal.append(connection, [replace(MOVED, now=str(n)) for n in range(3)])
        connection.execute(update(table).where(table.c.number == place).values(who="nobody"))
        found = fault(journal.rows(connection), journal.end(connection))
        assert found.startswith(f"row {place} ")
        connection.execute(update(table).where(table.c.number == place).values(who="floodmark"))
        assert fault(journal.rows(connection), journal.end(connection)) == ""
        connection.execute(delete(table).where(table.c.number == place))
        assert fault(journal.rows(connection), journal.end(connection)).startswith(f"row {place} is missing")
        assert connection.scalar(select(journal_end.c.number)) == 3


def test_what_a_reviewer_decided_last_is_in_the_journal(engine: Engine) -> None:
    dismissed = replace(MOVED, was="open", now="dismissed", at=AT)
    with transaction(engine) as connection:
        journal.append(connection, [MOVED, dismissed, replace(dismissed, at=AT - timedelta(days=9), subject="al_b")])
        assert store.decided(connection, AT - timedelta(days=1)) == {"al_a": AT}
