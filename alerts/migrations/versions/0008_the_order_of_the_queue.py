"""the place of an alert in the queue, and the orders in which lists of alerts are read"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BY = {
    "queue": (),
    "state": ("state",),
    "partner": ("partner_id",),
    "customer": ("customer_id",),
    "meter": ("meter",),
}


def upgrade() -> None:
    op.add_column("alerts", sa.Column("place", sa.Integer(), server_default="2147483647", nullable=False))
    for name, columns in BY.items():
        order: list[str | sa.TextClause] = [*columns, "place", sa.text("last_hour DESC"), sa.text("alert_id DESC")]
        op.create_index(op.f(f"ix_alerts_{name}"), "alerts", order)
    op.create_index(op.f("ix_alerts_above"), "alerts", ["above"])
    op.create_index(op.f("ix_journal_who"), "journal", ["who", "subject"])


def downgrade() -> None:
    op.drop_index(op.f("ix_journal_who"), "journal")
    for name in ("above", *BY):
        op.drop_index(op.f(f"ix_alerts_{name}"), "alerts")
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.drop_column("place")
