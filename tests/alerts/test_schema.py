"""The migrations and the tables that the code knows are the same thing."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event, inspect, text

from alerts.schema import HEAD, METADATA, MIGRATIONS, upgrade
from billing.database import connect, transaction
from billing.errors import WorldError


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
