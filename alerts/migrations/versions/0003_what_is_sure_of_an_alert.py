"""what is sure of an alert: how far its hours stray, which may still change, what comes after the free ones"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("scale", sa.Float(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("provisional", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("next_cost", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.drop_column("next_cost")
        batch_op.drop_column("provisional")
        batch_op.drop_column("scale")
