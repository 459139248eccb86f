"""versions of a bill: the rules that held, and the months that were closed"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "closings",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lake", sa.Integer(), nullable=False),
        sa.Column("book", sa.Integer(), nullable=False),
        sa.Column("rules", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_closings")),
    )
    op.create_table(
        "rules_versions",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rank", sa.String(length=16), nullable=False),
        sa.Column("meters", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_rules_versions")),
    )


def downgrade() -> None:
    op.drop_table("rules_versions")
    op.drop_table("closings")
