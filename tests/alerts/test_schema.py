"""The migrations and the tables that the code knows are the same thing."""

import multiprocessing
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from multiprocessing.synchronize import Barrier
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event, insert, inspect, text

from alerts import journal, store, tables
from alerts.schema import HEAD, METADATA, MIGRATIONS, upgrade
from alerts.ticket import Ticket, asked
from billing.database import Instant, connect, transaction
from billing.errors import WorldError
from billing.hours import Month
from tests.alerts.claims import alert


def differences(engine: Engine) -> list[object]:
    """What Alembic would still have to do to get from the store to METADATA."""
    with transaction(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, METADATA))


def version(engine: Engine) -> list[str]:
    with transaction(engine) as connection:
        return list(connection.scalars(text("SELECT version_num FROM alembic_version")))


def upgrade_in_process(url: str, barrier: Barrier) -> None:
    engine = connect(url)
    barrier.wait(30)
    upgrade(engine)
    engine.dispose()


def open_in_process(urls: list[str], barrier: Barrier) -> None:
    for url in urls:
        engine = connect(url)
        barrier.wait(30)
        try:
            with transaction(engine):
                pass
        except WorldError:
            barrier.abort()
            raise
        engine.dispose()


def two_at_once(target: Callable[..., None], what: object) -> None:
    """Two processes run `target` on the same, and both come to a good end."""
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(2)
    processes = [spawn.Process(target=target, args=(what, barrier)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_the_migrations_give_exactly_the_tables_of_the_code(engine: Engine) -> None:
    assert differences(engine) == []
    assert version(engine) == [HEAD]
    with transaction(engine) as connection:
        assert set(inspect(connection).get_table_names()) == {*METADATA.tables, "alembic_version"}


def test_the_constraints_have_the_names_and_keys_of_the_code(engine: Engine) -> None:
    """What Alembic's comparison leaves out: primary keys, and names that a later migration has to know."""
    with transaction(engine) as connection:
        inspector = inspect(connection)
        for name, table in METADATA.tables.items():
            found = inspector.get_pk_constraint(name)
            assert found["name"] == f"pk_{name}"
            assert found["constrained_columns"] == [column.name for column in table.primary_key]
            wanted = {(key.name, *key.column_keys) for key in table.foreign_key_constraints}
            assert {(f["name"], *f["constrained_columns"]) for f in inspector.get_foreign_keys(name)} == wanted


def test_upgrading_again_does_nothing(engine: Engine) -> None:
    sent: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: sent.append(args[2].split()[0]))
    upgrade(engine)
    assert set(sent) <= {"SELECT", "PRAGMA", "BEGIN"}
    assert version(engine) == [HEAD]


def test_two_processes_may_upgrade_an_empty_store_at_once(database: str) -> None:
    two_at_once(upgrade_in_process, database)
    engine = connect(database)
    assert version(engine) == [HEAD]
    assert differences(engine) == []
    engine.dispose()


def test_two_processes_may_create_a_sqlite_file_at_once(tmp_path: Path) -> None:
    """The switch to write-ahead logging does not wait for its turn by itself; each file is one chance to see it."""
    two_at_once(open_in_process, [f"sqlite:///{tmp_path / str(n)}.db" for n in range(300)])


def test_the_transitions_of_before_become_a_chained_journal(database: str) -> None:
    engine = connect(database)
    with transaction(engine) as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        there = {column["name"] for column in inspect(connection).get_columns("alerts")}
        row = {name: value for name, value in store._alert_row(alert()).items() if name in there}
        connection.execute(insert(tables.alerts).values(row))
        fields = ("number", "alert_id", "was", "now", "who", "why")
        transitions = sa.table("transitions", sa.column("at", Instant), *map(sa.column, fields))
        at = datetime(2026, 11, 10, 12, 0, 0, 123456, tzinfo=UTC)
        rows = [("", "open", "한국"), ("open", "over", "24 quiet hours"), ("over", "planned", "")]
        for number, (was, now, why) in enumerate(rows, start=1):
            moved = {"at": at, "was": was, "now": now, "who": "kim", "why": why}
            connection.execute(insert(transitions).values(number=10 * number, alert_id="al_a", **moved))
    upgrade(engine)
    with transaction(engine) as connection:
        kept, end = list(journal.rows(connection)), journal.end(connection)
        assert [(row.number, row.moved.was, row.moved.now, row.moved.why) for row in kept] == [
            (number, *row) for number, row in enumerate(rows, start=1)
        ]
        assert {row.moved.at for row in kept} == {at}
        assert journal.fault(kept, end) == ""
        journal.append(connection, [kept[0].moved])
        assert journal.fault(journal.rows(connection), journal.end(connection)) == ""
    engine.dispose()


def test_the_tickets_of_before_get_their_sums(database: str) -> None:
    engine = connect(database)
    of_claims = [("60.50", "USD"), ("-70", "EUR"), ("0.50", "USD")]
    claims = [{"alert_id": "al_a", "org_id": "o", "meter": "m", "amount": a, "currency": c} for a, c in of_claims]
    with transaction(engine) as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0011")
        there = {column["name"] for column in inspect(connection).get_columns("tickets")}
        ticket = Ticket("tk_1", "p", "c", Month(2026, 11), "usage")
        row = {name: value for name, value in store._ticket_row(ticket).items() if name in there}
        connection.execute(insert(tables.tickets).values({**row, "claims": claims}))
    upgrade(engine)
    with transaction(engine) as connection:
        (found,), (summed,) = store.tickets(connection), store.summed_tickets(connection)
    assert asked(found.claims) == asked(summed.claims) == {"EUR": Decimal(0), "USD": Decimal("61.00")}
    assert asked(summed.told) == {}
    engine.dispose()
