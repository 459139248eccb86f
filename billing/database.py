"""The SQL store: one engine, one MetaData, and the column types that keep money and time exact."""

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import DateTime, Dialect, Engine, MetaData, Table, Text, create_engine, event, text
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import StaticPool
from sqlalchemy.types import TypeDecorator

from billing.errors import Fault, SettingsError, WorldError

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
BUSY_MILLISECONDS = 30_000


class Exact(TypeDecorator[Decimal]):
    """A decimal kept as text: SQLite would pass it through a float."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:  # noqa: ARG002  the base's
        return None if value is None else f"{value:f}"

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002  the base's
        return None if value is None else Decimal(value)


class Sums(TypeDecorator[Mapping[str, Decimal]]):
    """Exact amounts by currency, kept as a text of JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, Decimal] | None, dialect: Dialect) -> str | None:  # noqa: ARG002  the base's
        return None if value is None else json.dumps({currency: f"{amount:f}" for currency, amount in value.items()})

    def process_result_value(self, value: str | None, dialect: Dialect) -> Mapping[str, Decimal] | None:  # noqa: ARG002  the base's
        return None if value is None else {code: Decimal(text) for code, text in json.loads(value).items()}


class Instant(TypeDecorator[datetime]):
    """A UTC instant; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  the base's
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  the base's
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def connect(url: str) -> Engine:
    """An engine for `sqlite:///path`, `sqlite://` (in memory) or `postgresql+psycopg://...`. Raises SettingsError."""
    try:
        parsed = make_url(url)
        options: dict[str, Any] = {"hide_parameters": True}
        if parsed.get_backend_name() == "sqlite":
            options["connect_args"] = {"timeout": BUSY_MILLISECONDS / 1000}
            if not parsed.database:
                options |= {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
        else:
            options["pool_pre_ping"] = True
        engine = create_engine(parsed, **options)
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
        what = (
            f"no database can be opened with it ({type(error).__name__}): write sqlite:///file or postgresql+psycopg://"
        )
        raise SettingsError([Fault("floodmark.toml", 0, "store.database", what)]) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_immediate)
    return engine


def reading(engine: Engine) -> AbstractContextManager[Connection]:
    """A transaction that only reads: on SQLite it waits for no writer."""
    return transaction(engine.execution_options(reading=True))


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """All or nothing. A database that fails is a WorldError; nothing was written."""
    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise WorldError(f"the database {engine.url.render_as_string()} failed: {cause}") from error


def alone(connection: Connection, table: Table) -> None:
    """Nobody else writes to the table until the transaction ends; on SQLite nobody does anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE"))


def _prepare_sqlite(connection: Any, record: object) -> None:  # noqa: ARG001  the event's signature
    connection.isolation_level = None
    for pragma in (f"busy_timeout={BUSY_MILLISECONDS}", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    for attempt in range(200):  # the change of mode does not wait for the lock as everything else does
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if attempt == 199:
                raise
            time.sleep(0.05)
        else:
            return


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get("reading") else "BEGIN IMMEDIATE")
