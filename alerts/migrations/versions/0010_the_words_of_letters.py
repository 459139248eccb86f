"""the words that people wrote for letters"""

import sqlalchemy as sa
from alembic import op

from billing.database import Instant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "wordings",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.String(length=64), nullable=False),
        sa.Column("letter", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("instead_of", sa.Text(), nullable=False),
        sa.Column("claims", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.ticket_id"], name=op.f("fk_wordings_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_wordings")),
    )
    op.create_index(op.f("ix_wordings_ticket_id"), "wordings", ["ticket_id"])


def downgrade() -> None:
    op.drop_table("wordings")
