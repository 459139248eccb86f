"""Alembic's entry: runs the migrations on the connection it is handed (see alerts/schema.py)."""

from alembic import context

from alerts.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
