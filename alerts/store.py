"""Alerts and tickets in SQL: rows to values and back. One transaction a cycle; the caller opens it."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
from sqlalchemy import Column, ColumnElement, Select, Table, and_, bindparam, func, insert, or_, select, text, update
from sqlalchemy.engine import Connection

from alerts import bill_step, tables
from alerts.alert import VERDICTS, Ahead, Alert, Stake
from alerts.ticket import Claim, Ticket, asked
from billing.hours import Month, iso

CYCLE_LOCK = 0x666C6F6F646D  # "floodm": one cycle at a time on PostgreSQL; SQLite's write lock does the same
SUMS = {"claims": "claims_sum", "told": "told_sum"}  # of a ticket
SUMMED = ("ticket_id", "partner_id", "customer_id", "month", "kind", "state")


@dataclass(frozen=True)
class Judged:
    """Usage has been judged in the hours [since, upto), with every lake row up to `seq` seen."""

    since: datetime
    upto: datetime
    seq: int


def lock_cycle(connection: Connection) -> None:
    """Wait until no other cycle is at work in this store; held to the end of the transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": CYCLE_LOCK})


def judged(connection: Connection) -> Judged | None:
    row = connection.execute(select(tables.judged)).mappings().first()
    return Judged(row["since"], row["upto"], int(row["seq"])) if row else None


def save_judged(connection: Connection, mark: Judged) -> None:
    row = {"since": mark.since, "upto": mark.upto, "seq": Decimal(mark.seq)}
    _put(connection, tables.judged, {"name": "usage"}, row)


def alerts(connection: Connection, since: datetime | None = None) -> list[Alert]:
    """The alerts with an hour at or after `since`, by start; all of them without it."""
    query = select(tables.alerts).order_by(tables.alerts.c.started_at, tables.alerts.c.alert_id)
    if since is not None:
        query = query.where(tables.alerts.c.last_hour >= since)
    return [_alert(row) for row in connection.execute(query).mappings()]


def alerts_of(connection: Connection, orgs: Iterable[str], since: datetime) -> list[Alert]:
    """Those of these orgs with an hour at or after `since`, by start."""
    columns = tables.alerts.c
    query = select(tables.alerts).where(columns.org_id.in_(sorted(orgs)), columns.last_hour >= since)
    rows = connection.execute(query.order_by(columns.started_at, columns.alert_id))
    return [_alert(row) for row in rows.mappings()]


def alerts_beside(connection: Connection, orgs: Iterable[str], since: datetime) -> list[Alert]:
    """The same, and with them those of any org that stand above or below one of them, or below the same."""
    columns = tables.alerts.c
    mine, late = columns.org_id.in_(sorted(orgs)), columns.last_hour >= since
    ids, tops = select(columns.alert_id).where(mine, late), select(columns.above).where(mine, late)
    heads = tops.where(columns.above.is_not(None))
    group = or_(columns.alert_id.in_(heads), columns.above.in_(heads), columns.above.in_(ids))
    found = alerts_by(connection, mine, late) + alerts_by(connection, group, late, ~mine)
    return sorted(found, key=lambda one: (one.started_at, one.alert_id))


def alert(connection: Connection, alert_id: str) -> Alert | None:
    query = select(tables.alerts).where(tables.alerts.c.alert_id == alert_id)
    row = connection.execute(query).mappings().first()
    return _alert(row) if row else None


def below(connection: Connection, alert_id: str) -> list[Alert]:
    """The alerts that have this one on top, by id."""
    return alerts_by(connection, tables.alerts.c.above == alert_id)


def alerts_by(connection: Connection, *where: ColumnElement[bool]) -> list[Alert]:
    """The alerts of which all of it is true, by id."""
    query = select(tables.alerts).where(*where).order_by(tables.alerts.c.alert_id)
    return [_alert(row) for row in connection.execute(query).mappings()]


def save_alerts(connection: Connection, before: Sequence[Alert], after: Iterable[Alert]) -> None:
    """Write the alerts that are new or differ from `before`."""
    known = {a.alert_id: a for a in before}
    rows = [_alert_row(one) for one in after if known.get(one.alert_id) != one]
    _put_all(connection, tables.alerts.c.alert_id, known.keys(), rows)


def decided(connection: Connection, since: datetime) -> dict[str, datetime]:
    """alert_id -> when a reviewer last decided it, of those decided at or after `since`."""
    columns = tables.journal.c
    query = select(columns.subject, func.max(columns.at)).group_by(columns.subject)
    rows = connection.execute(query.where(columns.now.in_(VERDICTS.values()), columns.at >= since))
    return dict(rows.tuples().all())


def tickets(connection: Connection, months: Iterable[Month] | None = None) -> list[Ticket]:
    """The tickets of `months`, or all, by month, customer and kind."""
    columns = tables.tickets.c
    query = select(tables.tickets).order_by(columns.month, columns.customer_id, columns.kind)
    if months is not None:
        query = query.where(columns.month.in_([str(month) for month in months]))
    return tickets_by(connection, query)


def summed_tickets(connection: Connection, *where: ColumnElement[bool]) -> list[Ticket]:
    """Tickets without clocks and letters, and with what they claim and told in all alone: a claim a currency, of no
    alert."""
    query = select(*(tables.tickets.c[name] for name in (*SUMMED, *SUMS.values())))
    return [_summed(row) for row in connection.execute(query.where(*where)).mappings()]


def tickets_by(connection: Connection, query: Select[Any]) -> list[Ticket]:
    """The tickets that a select of the whole table finds, in its order."""
    return [_ticket(row) for row in connection.execute(query).mappings()]


def ticket(connection: Connection, ticket_id: str) -> Ticket | None:
    query = select(tables.tickets).where(tables.tickets.c.ticket_id == ticket_id)
    row = connection.execute(query).mappings().first()
    return _ticket(row) if row else None


def unsettled_months(connection: Connection) -> set[Month]:
    """The months of tickets that were neither sent nor ended, and of faults of the vendor, which have no end.

    A fault's ticket counts too: the last of its alerts may be one no more, and the desk has to hear that.
    """
    columns = tables.tickets.c
    endless = and_(columns.kind == "vendor_fault", columns.state != "withdrawn")
    unsent = select(columns.month).where(or_(columns.state.in_(("draft", "open")), endless)).distinct()
    faults = select(tables.alerts.c.stakes).where(tables.alerts.c.state == "vendor_fault")
    months = [*connection.scalars(unsent), *(stake["month"] for row in connection.scalars(faults) for stake in row)]
    return {Month.parse(month) for month in months}


def save_tickets(connection: Connection, before: Sequence[Ticket], after: Iterable[Ticket]) -> None:
    """Write the tickets that are new or differ from `before`."""
    known = {t.ticket_id: t for t in before}
    rows = [_ticket_row(one) for one in after if known.get(one.ticket_id) != one]
    _put_all(connection, tables.tickets.c.ticket_id, known.keys(), rows)


def _put_all(connection: Connection, key: Column[str], known: Container[str], rows: Sequence[dict[str, Any]]) -> None:
    """Write rows with `key`; those in `known` are there already, and are written in one go."""
    there = [{"this": row[key.name], **row} for row in rows if row[key.name] in known]
    if there:
        connection.execute(update(key.table).where(key == bindparam("this")), there)
    for row in rows:
        if row[key.name] not in known:
            _put(connection, key.table, {key.name: row[key.name]}, row)


def _put(connection: Connection, table: Table, key: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    where = [table.c[name] == value for name, value in key.items()]
    if connection.execute(update(table).where(*where).values(**row)).rowcount == 0:
        connection.execute(insert(table).values({**key, **row}))


def _alert_row(one: Alert) -> dict[str, Any]:
    return {
        **vars(one),
        "started_at": one.started_at,
        "last_hour": one.last_hour,
        "hours": [iso(hour) for hour in one.hours],
        "profile": one.profile.tolist(),
        "reasons": list(one.reasons),
        "expected": Decimal(one.expected),
        "actual": Decimal(one.actual),
        "stakes": [_stake_row(stake) for stake in one.stakes],
        "next_cost": one.next_cost and _text(one.next_cost),
    }


def _alert(row: Any) -> Alert:
    values = {name: value for name, value in row.items() if name not in ("started_at", "last_hour", "place")}
    return Alert(
        **{
            **values,
            "hours": tuple(map(datetime.fromisoformat, row["hours"])),
            "profile": np.array(row["profile"], np.int64),
            "reasons": tuple(row["reasons"]),
            "expected": int(row["expected"]),
            "actual": int(row["actual"]),
            "stakes": stakes_of(row),
            "next_cost": ahead_of(row),
        }
    )


def stakes_of(row: Any) -> tuple[Stake, ...]:
    """The stakes of an alert's row."""
    return tuple(map(_stake, row["stakes"]))


def ahead_of(row: Any) -> Ahead | None:
    """What more of it costs, by an alert's row."""
    return Ahead(**_exact(row["next_cost"])) if row["next_cost"] else None


def _stake_row(stake: Stake) -> dict[str, Any]:
    exact = {"month": str(stake.month), "low": f"{stake.low:f}"}
    return _text(stake) | exact | {"steps": [bill_step.row(step) for step in stake.steps]}


def _stake(row: Mapping[str, Any]) -> Stake:
    """Stakes of before they had a lower bound have none but 0; those of before they kept their bill have no steps."""
    low, steps = Decimal(row.get("low", "0")), tuple(map(bill_step.parsed, row.get("steps", ())))
    return Stake(Month.parse(row["month"]), Decimal(row["amount"]), row["currency"], low, steps)


def _text(money: Stake | Ahead | Claim) -> dict[str, Any]:
    """Its fields, with the amount as text."""
    return {**vars(money), "amount": f"{money.amount:f}"}


def _exact(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "amount": Decimal(row["amount"])}


def _ticket_row(one: Ticket) -> dict[str, Any]:
    claims = {name: claim_rows(getattr(one, name)) for name in SUMS}
    sums = {column: asked(getattr(one, name)) for name, column in SUMS.items()}
    return {**vars(one), "month": str(one.month), **claims, **sums}


def claim_rows(claims: Sequence[Claim]) -> list[dict[str, Any]]:
    """Claims as the rows of a JSON column."""
    return [_text(claim) for claim in claims]


def claims_in(rows: Iterable[Mapping[str, Any]]) -> tuple[Claim, ...]:
    """Claims out of such rows."""
    return tuple(Claim(**_exact(row)) for row in rows)


def _ticket(row: Any) -> Ticket:
    values = {name: value for name, value in row.items() if name not in SUMS.values()}
    claims = {name: claims_in(row[name]) for name in SUMS}
    return Ticket(**{**values, "month": Month.parse(row["month"]), **claims})


def _summed(row: Any) -> Ticket:
    values = {name: row[name] for name in SUMMED}
    claims = {name: tuple(_sum_claims(row[column])) for name, column in SUMS.items()}
    return Ticket(**{**values, "month": Month.parse(row["month"]), **claims})


def _sum_claims(sums: Mapping[str, Decimal]) -> Iterator[Claim]:
    return (Claim("", "", "", amount, currency) for currency, amount in sums.items())
