"""what a ticket's claims come to, and indexes by which alerts and tickets are found in a large store"""

from decimal import Decimal

import sqlalchemy as sa
from alembic import op

from billing.database import Sums

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

CLAIMS = ("claims", "told")
INDEXES = {
    "ix_alerts_series": ("alerts", ["org_id", "meter", "last_hour"]),
    "ix_tickets_customer_id": ("tickets", ["customer_id", "month"]),
    "ix_tickets_state": ("tickets", ["state", "month"]),
}
ORDER: list[str | sa.TextClause] = ["place", sa.text("last_hour DESC"), sa.text("alert_id DESC")]
NARROWED = "state quiet snoozed_until above partner_id customer_id org_id meter".split()


def upgrade() -> None:
    op.drop_index(op.f("ix_alerts_queue"), "alerts")
    op.create_index(op.f("ix_alerts_queue"), "alerts", [*ORDER, *NARROWED])
    loud = {"sqlite": "quiet = 0", "postgresql": "NOT quiet"}[op.get_bind().dialect.name]
    of = sa.text(f"{loud} AND (state || '') IN ('open', 'over')")
    op.create_index(op.f("ix_alerts_undecided"), "alerts", [*ORDER, *NARROWED], sqlite_where=of, postgresql_where=of)
    for name in CLAIMS:
        op.add_column("tickets", sa.Column(f"{name}_sum", Sums(), server_default="{}", nullable=False))
    for name, (table, columns) in INDEXES.items():
        op.create_index(op.f(name), table, columns)
    _add_up(op.get_bind())


def downgrade() -> None:
    op.drop_index(op.f("ix_alerts_undecided"), "alerts")
    op.drop_index(op.f("ix_alerts_queue"), "alerts")
    op.create_index(op.f("ix_alerts_queue"), "alerts", ORDER)
    for name, (table, _) in INDEXES.items():
        op.drop_index(op.f(name), table)
    with op.batch_alter_table("tickets", schema=None) as batch_op:
        for name in CLAIMS:
            batch_op.drop_column(f"{name}_sum")


def _add_up(connection: sa.Connection) -> None:
    """The sums of the tickets that are there."""
    columns = [sa.column("ticket_id"), *(sa.column(name, sa.JSON()) for name in CLAIMS)]
    sums = [sa.column(f"{name}_sum", Sums()) for name in CLAIMS]
    tickets = sa.table("tickets", *columns, *sums)
    change = sa.update(tickets).where(tickets.c.ticket_id == sa.bindparam("this"))
    change = change.values({f"{name}_sum": sa.bindparam(f"new_{name}") for name in CLAIMS})
    rows = [
        {"this": row.ticket_id, **{f"new_{name}": _sum(getattr(row, name)) for name in CLAIMS}}
        for row in connection.execute(sa.select(*columns).select_from(tickets))
    ]
    if rows:
        connection.execute(change, rows)


def _sum(claims: list[dict[str, str]]) -> dict[str, Decimal]:
    """By currency, none below 0."""
    sums: dict[str, Decimal] = {}
    for claim in claims:
        sums[claim["currency"]] = sums.get(claim["currency"], Decimal(0)) + Decimal(claim["amount"])
    return {currency: max(Decimal(0), amount) for currency, amount in sorted(sums.items())}
