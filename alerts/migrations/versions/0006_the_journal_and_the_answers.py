"""a chained journal of alerts and tickets, answers to tickets, mails that were read, snoozed alerts"""

import hashlib
import json
from datetime import UTC

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

FIELDS = ("at", "was", "now", "who", "why")


def upgrade() -> None:
    moved = (sa.Column(name, sa.Text(), nullable=False) for name in FIELDS[1:])
    journal = op.create_table(
        "journal",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *moved,
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_journal")),
    )
    journal_end = op.create_table(
        "journal_end",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_journal_end")),
    )
    op.create_index(op.f("ix_journal_subject"), "journal", ["subject"])
    _chain(op.get_bind(), journal, journal_end)
    op.drop_table("transitions")
    op.create_table(
        "answers",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("what", "who", "note")),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("asked", "granted", "proofs")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.ticket_id"], name=op.f("fk_answers_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_answers")),
    )
    op.create_index(op.f("ix_answers_ticket_id"), "answers", ["ticket_id"])
    op.create_table(
        "mails",
        sa.Column("place", sa.String(length=256), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.ticket_id"], name=op.f("fk_mails_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_mails")),
    )
    op.create_index(op.f("ix_mails_digest"), "mails", ["digest"])
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True))


def _chain(connection: sa.Connection, journal: sa.Table, journal_end: sa.Table) -> None:
    """Seal the transitions of before in the order in which they were written."""
    columns = [sa.column("alert_id"), sa.column("at", sa.DateTime(timezone=True)), *map(sa.column, FIELDS[1:])]
    query = sa.select(*columns).select_from(sa.table("transitions")).order_by(sa.column("number"))
    seal, sealed = "0" * 64, []
    for number, (subject, at, *texts) in enumerate(connection.execute(query).all(), start=1):
        utc = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        content = [number, subject, utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), *texts, seal]
        seal = hashlib.sha256(json.dumps(content, separators=(",", ":")).encode("ascii")).hexdigest()
        row = dict(zip(FIELDS, (utc, *texts), strict=True))
        sealed.append({"number": number, "subject": subject, **row, "hash": seal})
    if sealed:
        connection.execute(sa.insert(journal), sealed)
        connection.execute(sa.insert(journal_end).values(name="journal", number=len(sealed), hash=seal))


def downgrade() -> None:
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.drop_column("snoozed_until")
    op.drop_table("mails")
    op.drop_table("answers")
    op.create_table(
        "transitions",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("alert_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in FIELDS[1:]),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.alert_id"], name=op.f("fk_transitions_alert_id_alerts")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_transitions")),
    )
    op.create_index(op.f("ix_transitions_alert_id"), "transitions", ["alert_id"])
    names = ", ".join(f'"{name}"' for name in FIELDS)
    kept = f"SELECT number, subject, {names} FROM journal WHERE subject IN (SELECT alert_id FROM alerts)"  # noqa: S608
    op.execute(f"INSERT INTO transitions (number, alert_id, {names}) {kept}")
    op.drop_table("journal_end")
    op.drop_table("journal")
