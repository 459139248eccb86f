"""The schema of the SQL store, brought up to date by Alembic migrations."""

from pathlib import Path

from sqlalchemy import Engine, inspect, text

from alerts import store, tables
from billing import book_store, rules_store, versions
from billing.database import METADATA, transaction

HEAD = "0012"
MIGRATIONS = Path(__file__).parent / "migrations"

__all__ = ["HEAD", "METADATA", "book_store", "rules_store", "tables", "upgrade", "versions"]


def upgrade(engine: Engine) -> None:
    """Bring the store to the newest schema; nothing to do where it is. Raises WorldError."""
    with transaction(engine) as connection:
        version = text("SELECT version_num FROM alembic_version")
        if inspect(connection).has_table("alembic_version") and connection.scalar(version) == HEAD:
            return
        store.lock_cycle(connection)
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
