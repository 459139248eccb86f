"""the last cycles, and the tokens of the API"""

import sqlalchemy as sa
from alembic import op

from billing.database import Instant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COUNTS = "rows_changed rows_refused raised letters delivered mails replies open_alerts skipped_series".split()


def upgrade() -> None:
    op.create_table(
        "cycles",
        sa.Column("at", Instant(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS),
        sa.Column("judged_upto", Instant(), nullable=True),
        sa.Column("failures", sa.JSON(), nullable=False),
        sa.Column("concerns", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("at", name=op.f("pk_cycles")),
    )
    op.create_table(
        "tokens",
        sa.Column("token_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("partner_id", sa.Text(), nullable=True),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=True),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_tokens_digest")),
    )


def downgrade() -> None:
    op.drop_table("tokens")
    op.drop_table("cycles")
