"""The tables of alerts, tickets and the outbox."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    and_,
    false,
    literal_column,
)

from billing.database import METADATA, Exact, Instant, Sums

ID = String(64)
LAST = 2**31 - 1  # the place of an alert that nobody has to decide

# `place`: in the reviewers' queue as at the last cycle, from 1.
alerts = Table(
    "alerts",
    METADATA,
    Column("alert_id", ID, primary_key=True),
    Column("partner_id", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("org_id", Text, nullable=False),
    Column("meter", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("quiet", Boolean, nullable=False),
    Column("detected_at", Instant, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("last_hour", Instant, nullable=False),
    Column("hours", JSON, nullable=False),
    Column("profile", JSON, nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("expected", Exact, nullable=False),
    Column("actual", Exact, nullable=False),
    Column("excess", Float, nullable=False),
    Column("largest_excess", Float, nullable=False),
    Column("scale", Float, nullable=False, server_default="0"),
    Column("provisional", Integer, nullable=False, server_default="0"),
    Column("stakes", JSON, nullable=False),
    Column("free_hours_left", Integer),
    Column("next_cost", JSON(none_as_null=True)),
    Column("announced_at", Instant),
    Column("snoozed_until", Instant),
    Column("above", ID, index=True),
    Column("place", Integer, nullable=False, server_default=str(LAST)),
    Index("ix_alerts_last_hour", "last_hour"),
    Index("ix_alerts_series", "org_id", "meter", "last_hour"),
)
_ORDER = (alerts.c.place, alerts.c.last_hour.desc(), alerts.c.alert_id.desc())
# All that a list is narrowed by: what has to be looked through is looked through here, and not where the hours lie.
_NARROWED = [alerts.c[name] for name in "state quiet snoozed_until above partner_id customer_id org_id meter".split()]
Index("ix_alerts_queue", *_ORDER, *_NARROWED)
# The same of those that are loud and undecided: few, however many there were. `TO_DECIDE` is said as queries have to.
TO_DECIDE = literal_column("(state || '') IN ('open', 'over')", Boolean)
_LOUD = and_(~alerts.c.quiet, TO_DECIDE)
Index("ix_alerts_undecided", *_ORDER, *_NARROWED, sqlite_where=_LOUD, postgresql_where=_LOUD)
Index("ix_alerts_state", alerts.c.state, *_ORDER)
Index("ix_alerts_partner", alerts.c.partner_id, *_ORDER)
Index("ix_alerts_customer", alerts.c.customer_id, *_ORDER)
Index("ix_alerts_meter", alerts.c.meter, *_ORDER)

# Every change of an alert or a ticket, a chain of hashes: see alerts/journal.py. `journal_end` is one row.
journal = Table(
    "journal",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("subject", ID, nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("was", Text, nullable=False),
    Column("now", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("hash", ID, nullable=False),
    Index("ix_journal_who", "who", "subject"),
)

journal_end = Table(
    "journal_end",
    METADATA,
    Column("name", String(16), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("hash", ID, nullable=False),
)

# `claims_sum`, `told_sum`: what they come to, for who does not need them one by one.
tickets = Table(
    "tickets",
    METADATA,
    Column("ticket_id", ID, primary_key=True),
    Column("partner_id", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("month", String(7), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("opened_at", Instant),
    Column("deadline_at", Instant),
    Column("expires_at", Instant),
    Column("latest_email_at", Instant),
    Column("call_after_email", Boolean, nullable=False),
    Column("call_from", Instant),
    Column("call_by", Instant),
    Column("claims", JSON, nullable=False),
    Column("letters", Integer, nullable=False),
    Column("told", JSON, nullable=False),
    Column("told_at", Instant),
    Column("claims_sum", Sums, nullable=False, server_default="{}"),
    Column("told_sum", Sums, nullable=False, server_default="{}"),
    Index("ix_tickets_customer_id", "customer_id", "month"),
    Index("ix_tickets_state", "state", "month"),
)

# A message owed to one receiver. `key` is also sent along, so that a repeat can be told from a new one.
deliveries = Table(
    "deliveries",
    METADATA,
    Column("key", String(128), primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("ticket_id", ID, ForeignKey("tickets.ticket_id"), index=True),
    Column("partner_id", Text),
    Column("sink", Text, nullable=False),
    Column("to", JSON, nullable=False),
    Column("subject", Text, nullable=False),
    Column("message", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("tried_at", Instant),
    Column("leased_until", Instant),
    Column("leased_by", Text),
    Column("sent_at", Instant),
    Column("proof", Text),
    Column("external_id", Text),
    Column("maybe_twice", Boolean, nullable=False, server_default=false()),
    Column("error", Text),
    Index("ix_deliveries_due", "state", "due_at"),
)

# What is known of the vendor's side of a ticket. `granted` and `asked`: currency -> amount; `proofs`: kept files.
answers = Table(
    "answers",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("ticket_id", ID, ForeignKey("tickets.ticket_id"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("what", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("asked", JSON, nullable=False),
    Column("granted", JSON, nullable=False),
    Column("proofs", JSON, nullable=False),
)

# What people wrote for letters; `instead_of` and `claims`: the generated words, and what they asked for.
wordings = Table(
    "wordings",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("ticket_id", ID, ForeignKey("tickets.ticket_id"), nullable=False, index=True),
    Column("letter", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("who", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("instead_of", Text, nullable=False),
    Column("claims", JSON, nullable=False),
)

# The mails that were read, each once. `place`: where it lies; `digest`: of what was read of it.
mails = Table(
    "mails",
    METADATA,
    Column("place", String(256), primary_key=True),
    Column("digest", ID, nullable=False, index=True),
    Column("read_at", Instant, nullable=False),
    Column("kind", Text, nullable=False),
    Column("ticket_id", ID, ForeignKey("tickets.ticket_id")),
)

# How far the usage has been judged; one row. `seq`: the last lake row that was seen.
judged = Table(
    "judged",
    METADATA,
    Column("name", String(16), primary_key=True),
    Column("since", Instant, nullable=False),
    Column("upto", Instant, nullable=False),
    Column("seq", Exact, nullable=False),
)

quarantine = Table(
    "quarantine",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("file", Text, nullable=False),
    Column("line", Integer, nullable=False),
    Column("column", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("row", Text, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

# What the cycles of one hour did, and how things stood at the end of the last of them.
cycles = Table(
    "cycles",
    METADATA,
    Column("at", Instant, primary_key=True),
    Column("rows_changed", Integer, nullable=False),
    Column("rows_refused", Integer, nullable=False),
    Column("raised", Integer, nullable=False),
    Column("letters", Integer, nullable=False),
    Column("delivered", Integer, nullable=False),
    Column("mails", Integer, nullable=False),
    Column("replies", Integer, nullable=False),
    Column("open_alerts", Integer, nullable=False),
    Column("skipped_series", Integer, nullable=False),
    Column("judged_upto", Instant),
    Column("failures", JSON, nullable=False),
    Column("concerns", JSON, nullable=False),
)

# Sessions of the console that their people ended: whoever kept the cookie of one has nothing.
ended_sessions = Table(
    "ended_sessions",
    METADATA,
    Column("session_id", ID, primary_key=True),
    Column("at", Instant, nullable=False),
)

# Who may ask the API, by the hash of what they bring along.
tokens = Table(
    "tokens",
    METADATA,
    Column("token_id", ID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("digest", ID, nullable=False, unique=True),
    Column("scopes", JSON, nullable=False),
    Column("partner_id", Text),
    Column("made_at", Instant, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("ends_at", Instant),
    Column("revoked_at", Instant),
)
