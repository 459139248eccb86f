"""A workspace after two years of a large reseller: many alerts, their tickets and journal, and hours of usage.

`python -m tests.benchmarks.full_house DIR [--alerts N] [--hours N]` makes one. Same seed, same workspace. A fifth of
the alerts is still to be decided, half of all are of the last six weeks, of which there is usage; a tenth stands below
another; the last day of usage came in by the hour. A PostgreSQL to be filled stands in FLOODMARK_STORE__DATABASE.
"""

import argparse
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl
from sqlalchemy import Table, insert, text
from sqlalchemy.engine import Connection

from alerts import journal, store, tables
from alerts.alert import Alert, Stake, Transition, alert_id
from alerts.answers import stated
from alerts.bill_step import BillStep, Side
from alerts.ticket import Ticket, claims_of, ticket_id
from billing import book_store
from billing.book import Book, Contract, Customer, Org, Partner, Term
from billing.database import transaction
from billing.frames import TIME, USAGE
from billing.hours import DAY, HOUR, Month
from billing.lake import Lake
from flows import workspace
from flows.wiring import App, open_app
from tests.benchmarks.usage import TYPES

T = TypeVar("T")
SEED = 20261122
NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
PARTNERS, CUSTOMERS, ORGS, METERS = 20, 400, 1000, 2
PAST = 730 * DAY
ZONE = "Europe/Berlin"
WHO = ("kim", "lee", "ana", "raj", "mia", "tom")
CHUNK = 5000
# (state, whether it is quiet, of a hundred)
STATES = (
    ("over", True, 50),
    ("withdrawn", True, 8),
    ("over", False, 12),
    ("open", False, 8),
    ("snoozed", False, 1),
    ("confirmed", False, 10),
    ("dismissed", False, 8),
    ("planned", False, 2),
    ("vendor_fault", False, 1),
)
DECIDED = ("confirmed", "dismissed", "planned", "vendor_fault")
SETTLED, WAITING = ("granted", "granted", "refused", "expired"), ("draft", "open", "sent", "acknowledged")


def book_of() -> Book:
    """Customers of two or three orgs each; a contract commits to some of their meters."""
    terms = {row[0]: Term(row[0], "monthly", Decimal(row[3]), Decimal(1), Decimal("1.70")) for row in TYPES}
    return Book(
        {
            f"p{n}": Partner(f"p{n}", f"Partner {n}", "gold", ZONE, "en", "USD", "daily", (f"p{n}@x.example",))
            for n in range(PARTNERS)
        },
        {f"c{n}": Customer(f"c{n}", f"p{n % PARTNERS}", f"Customer {n}", 100, "none") for n in range(CUSTOMERS)},
        {f"o{n}": Org(f"o{n}", f"c{n % CUSTOMERS}", f"Org {n}") for n in range(ORGS)},
        {f"k{n}": Contract(f"k{n}", f"c{n}", "annual", date(2025, 1, 1), None, "USD", terms) for n in range(CUSTOMERS)},
    )


def kinds() -> list[tuple[str, tuple[Any, ...]]]:
    """(org, row of TYPES) of every series."""
    return [(f"o{n}", TYPES[(METERS * n + k) % len(TYPES)]) for n in range(ORGS) for k in range(METERS)]


def fill(lake: Lake, hours: int) -> None:
    """So many hours of all series together, the last day by the hour."""
    series = kinds()
    width = hours // len(series)
    chance = np.random.default_rng(SEED)
    low, high = (np.log([row[column] for _, row in series]) for column in (3, 4))
    level = np.exp(chance.uniform(low, high))[:, None]
    rhythm = 1 + 0.3 * np.sin(np.arange(width) * (2 * np.pi / 24))
    values = (level * rhythm * np.exp(0.08 * chance.standard_normal((len(series), width)))).astype(np.int64)
    start, month = NOW - width * HOUR, Month.of(NOW).start
    rows = pl.DataFrame(
        [(org, family, kind) for org, (_, family, kind, *_) in series],
        dict.fromkeys(USAGE.names()[:3], pl.String),
        orient="row",
    )

    def part(column: int) -> pl.DataFrame:
        said = {"hour": pl.lit(start + column * HOUR, TIME), "observed_at": pl.lit(None, TIME)}
        return rows.with_columns(quantity=pl.Series(values[:, column]), **said).select(USAGE.names())

    last = width - 24
    for first, end in pairwise(sorted({0, min(max(0, (month - start) // HOUR), last), *range(last, width + 1)})):
        lake.put_parts(map(part, range(first, end)), start + end * HOUR)


def alerts_of(count: int) -> list[Alert]:
    """By start. What is not to be decided by itself stands below the last that is."""
    chance = np.random.default_rng(SEED)
    series, book = kinds(), book_of()
    draws = count + count // 20  # a series has one alert an hour
    recent = chance.random(draws) < 0.5
    ago = np.where(recent, chance.integers(2, 960, draws), chance.integers(2, PAST // HOUR, draws))
    which, length = chance.integers(0, len(series), draws), chance.integers(1, 30, draws)
    weights = np.array([row[2] for row in STATES]) / 100
    state = chance.choice(len(STATES), draws, p=weights)
    amount = np.round(np.exp(chance.normal(6, 1.5, draws)), 2)
    profiles = chance.integers(100, 1000, (len(series), 168))
    below = chance.random(draws) < 0.1
    made: dict[str, Alert] = {}
    above: str | None = None
    _, places = np.unique(which * (PAST // HOUR) + ago, return_index=True)
    for n in sorted(np.sort(places)[:count].tolist(), key=lambda n: -ago[n]):
        org_id, row = series[which[n]]
        first = NOW - int(ago[n]) * HOUR
        identity = alert_id((org_id, row[0]), first)
        name, quiet, _ = STATES[state[n]]
        hours = tuple(first + k * HOUR for k in range(min(int(length[n]), int(ago[n]))))
        loud = not quiet or n % 5 == 0
        customer = book.customers[book.orgs[org_id].customer_id]
        queued = name in ("open", "over") and not quiet
        under = above if queued and below[n] else None
        above = identity if queued and not under else above
        expected = int(profiles[which[n], 0])
        made[identity] = Alert(
            identity, customer.partner_id, customer.customer_id, org_id, row[0], "spike",
            "open" if name == "snoozed" else name, hours[0] + HOUR, hours, profiles[which[n]],
            reasons=("10 times what was expected",), quiet=quiet, expected=expected, actual=10 * expected,
            excess=9.0 * expected, largest_excess=9.0 * expected, scale=0.1 * expected, provisional=0,
            stakes=(_stake(customer, row[0], Month.of(hours[-1]), Decimal(str(amount[n]))),) if loud else (),
            announced_at=None if quiet else hours[-1] + HOUR,
            snoozed_until=NOW + DAY if name == "snoozed" else None, above=under,
        )  # fmt: skip
    return list(made.values())


def _stake(customer: Customer, meter: str, month: Month, amount: Decimal) -> Stake:
    usual, actual = Side(Decimal(100), Decimal(50), Decimal(50), Decimal(85)), Decimal(85) + amount
    step = BillStep(
        f"k{customer.customer_id[1:]}", meter, Decimal(50), Decimal("1.70"),
        usual, replace(usual, quantity=Decimal(1000), on_demand=Decimal(950), amount=actual),
    )  # fmt: skip
    return Stake(month, amount, "USD", amount / 2, (step,))


def tickets_of(app: App, alerts: Sequence[Alert]) -> list[Ticket]:
    """One of every customer and month that has a claim; those of the open month wait, the others are settled."""
    found: dict[tuple[str, Month], list[Alert]] = {}
    for alert in alerts:
        for stake in alert.stakes:
            if alert.live:
                found.setdefault((alert.customer_id, stake.month), []).append(alert)
    tickets = []
    for n, ((customer_id, month), mine) in enumerate(sorted(found.items())):
        partner = book_of().partners["p0"]
        clock = app.clock(month, partner)
        state = WAITING[n % 4] if month == Month.of(NOW) else SETTLED[n % 4]
        claims = claims_of(mine, month)
        told = claims if state not in ("draft", "open") else ()
        tickets.append(
            Ticket(
                ticket_id(customer_id, month, "usage"), mine[0].partner_id, customer_id, month, "usage", state,
                month.start + 9 * DAY if state != "draft" else None,
                clock.deadline_at, clock.expires_at, clock.latest_email_at,
                claims=claims, letters=int(bool(told)), told=told, told_at=month.start + 9 * DAY if told else None,
            )
        )  # fmt: skip
    return tickets


def moves(alerts: Sequence[Alert], tickets: Sequence[Ticket]) -> Iterator[Transition]:
    """What became of them, without an order."""
    for n, alert in enumerate(alerts):
        yield Transition(alert.alert_id, alert.detected_at, "", "open", "floodmark", "first seen")
        if alert.state != "open":
            who = WHO[n % len(WHO)] if alert.state in DECIDED else "floodmark"
            yield Transition(alert.alert_id, alert.last_hour + HOUR, "open", alert.state, who, "looked at")
    for ticket in tickets:
        if ticket.state != "draft":
            at = ticket.opened_at or NOW
            yield Transition(ticket.ticket_id, at, "draft", ticket.state, "floodmark", "a claim of it was confirmed")


def _put(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    for some in _parts(rows):
        connection.execute(insert(table), some)


def _parts(rows: Iterable[T]) -> Iterator[list[T]]:
    rows = iter(rows)
    return iter(lambda: list(islice(rows, CHUNK)), [])


def _answers(tickets: Sequence[Ticket]) -> Iterator[dict[str, Any]]:
    for ticket in tickets:
        if ticket.state in ("granted", "refused"):
            asked = {code: f"{amount:f}" for code, amount in stated(ticket).items()}
            yield {
                "ticket_id": ticket.ticket_id, "at": ticket.month.end - DAY, "what": ticket.state, "who": WHO[0],
                "note": "by mail", "asked": asked, "granted": asked if ticket.state == "granted" else {}, "proofs": [],
            }  # fmt: skip


def _deliveries(tickets: Sequence[Ticket]) -> Iterator[dict[str, Any]]:
    for ticket in tickets:
        if ticket.letters:
            yield {
                "key": f"{ticket.ticket_id}-1", "purpose": "ticket", "ticket_id": ticket.ticket_id,
                "partner_id": ticket.partner_id, "sink": "smtp", "to": ["desk@x.example"],
                "subject": "A waiver request", "message": bytes(4000), "state": "sent", "attempts": 1,
                "created_at": ticket.told_at, "due_at": ticket.told_at, "sent_at": ticket.told_at,
            }  # fmt: skip


def _cycles() -> Iterator[dict[str, Any]]:
    counts = "rows_changed rows_refused raised letters delivered mails replies open_alerts skipped_series".split()
    for n in range(30 * 24):
        at = NOW - n * HOUR
        yield {"at": at, **dict.fromkeys(counts, 1), "judged_upto": at, "failures": [], "concerns": ["a sentence"] * 3}


def write(app: App, count: int) -> None:
    """The store, in one transaction."""
    alerts = alerts_of(count)
    tickets = tickets_of(app, alerts)
    queued = [a for a in alerts if a.state in ("open", "over") and not a.quiet and not a.snoozed_until and not a.above]
    queued.sort(key=lambda one: -one.stakes[0].amount)
    place = {one.alert_id: n for n, one in enumerate(queued, 1)}
    with transaction(app.engine) as connection:
        book_store.save(connection, book_of(), NOW - PAST)
        store.save_judged(connection, store.Judged(NOW - PAST, NOW, app.lake.seq))
        rows = ({**store._alert_row(one), "place": place.get(one.alert_id, tables.LAST)} for one in alerts)
        _put(connection, tables.alerts, rows)
        _put(connection, tables.tickets, map(store._ticket_row, tickets))
        _put(connection, tables.answers, _answers(tickets))
        _put(connection, tables.deliveries, _deliveries(tickets))
        _put(connection, tables.cycles, _cycles())
        for some in _parts(sorted(moves(alerts, tickets), key=lambda move: (move.at, move.subject))):
            journal.append(connection, some)
    if app.engine.dialect.name == "postgresql":
        with app.engine.connect() as connection:  # what autovacuum does within a minute
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))


def make(directory: Path, environ: Mapping[str, str], alerts: int = 100_000, hours: int = 2_000_000) -> None:
    """The workspace; a directory that is there already keeps its lake, and gets a store in another database."""
    if not directory.exists():
        workspace.create(directory)
    app = open_app(directory, environ)
    if app.lake.span() is None:
        fill(app.lake, hours)
    write(app, alerts)
    app.engine.dispose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--alerts", type=int, default=100_000)
    parser.add_argument("--hours", type=int, default=2_000_000)
    args = parser.parse_args()
    begun = time.perf_counter()
    make(args.directory, os.environ, args.alerts, args.hours)
    print(f"made in {timedelta(seconds=round(time.perf_counter() - begun))}")
