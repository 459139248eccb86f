"""where a customer lives: its time zone and its country"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("customers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("time_zone", sa.Text(), server_default=sa.text("''"), nullable=False))
        batch_op.add_column(sa.Column("country", sa.Text(), server_default=sa.text("''"), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("customers", schema=None) as batch_op:
        batch_op.drop_column("country")
        batch_op.drop_column("time_zone")
