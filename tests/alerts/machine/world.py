"""Two partners' last weeks of 2026 on a store in memory: real cycles, over usage, a desk and a mailbox that are played.

Partner `dawn` (Seoul) has the customer `cello` with four orgs, partner `noon` (UTC) has `drum` with one. Every org uses
100 units an hour; a unit beyond that costs 0.05 USD.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
from sqlalchemy import delete, update

from alerts import tables
from alerts.alert import Alert, Stake
from alerts.answers import Said
from alerts.claims import LEASE, _machine
from alerts.mail import Letter, message_id
from alerts.outbox import drain
from alerts.ticket import Ticket
from billing import book_store, catalog, policy
from billing.bill import Rules
from billing.book import Book, Customer, Org, Partner
from billing.database import METADATA, connect, transaction
from billing.errors import SettingsError
from billing.grid import Grid
from billing.hours import DAY, HOUR, Month, floor_hour, hours_between
from detectors.scan import Finding
from flows import detect, tickets
from flows.answers import give
from flows.replies import read_replies
from flows.settings import Settings
from flows.usage import Known
from flows.wiring import App, scanner
from tests.alerts.claims import DESK
from tests.alerts.machine.desk import Desk, Killed, Mailbox

START, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
LAST = END + 8 * HOUR  # a clock at which December has ended everywhere
METER, USUAL, ODD, PRICE = "ingested_spans", 100, 110, Decimal("0.05")
CELLO = ("c0", "c1", "c2", "c3")
ORGS = (*CELLO, "d0")
SENDER, DESK_ADDRESS = "claims@reseller.example", "partner-cs@vendor.example"
DEAD = 1 << 23  # no process has this number
MINUTE = timedelta(minutes=1)
BOOK = Book(
    partners={
        "dawn": Partner("dawn", "Dawn", "gold", "Asia/Seoul", "ko", "USD", "none", ()),
        "noon": Partner("noon", "Noon", "gold", "UTC", "en", "USD", "none", ()),
    },
    customers={c: Customer(c, p, c.title(), 10, "none") for c, p in (("cello", "dawn"), ("drum", "noon"))},
    orgs={org: Org(org, "drum" if org == "d0" else "cello", org) for org in ORGS},
    contracts={},
)
STATE = (
    *(tables.answers, tables.mails, tables.deliveries, tables.journal, tables.journal_end),
    *(tables.tickets, tables.alerts, tables.judged),
)


@cache
def app(sink: str) -> App:
    """An App whose tickets go to this sink; its store has the book and nothing else."""
    given = {"tickets": {"sink": sink}, "mail": {"sender": SENDER}, "detection": {"loud_alerts_a_day": 3}}
    settings = Settings.model_validate(given)
    engine = connect("sqlite://")
    METADATA.create_all(engine)
    with transaction(engine) as connection:
        book_store.save(connection, BOOK, START)
    folder = Path(tempfile.mkdtemp(prefix="floodmark-machine-"))
    lake: Any = None  # nothing here reads it
    rules = Rules(catalog.load(), settings.billing.p99_rank)
    return App(folder, settings, engine, lake, rules, policy.load(), DESK, {}, scanner(settings))


class World:
    """What there is at the clock `at`. `usage`: org -> units by hour from START."""

    def __init__(self, at: datetime, sink: str) -> None:
        self.at = at
        self.usage = {org: np.full(hours_between(START, END), USUAL, np.int64) for org in ORGS}
        self.desk, self.mailbox = Desk(by_key=sink != "smtp"), Mailbox()
        self.desk.second = self._second_worker
        self.app = replace(app(sink), sinks={sink: self.desk}, mailbox=self.mailbox, clocks={})
        with transaction(self.app.engine) as connection:
            for table in STATE:
                connection.execute(delete(table))
        self.asked: Counter[str] = Counter()  # how often a person had a message sent again, by key
        self.died = False  # in the last drain
        self.answering = False  # a person is
        instead = {"judged": self._judged, "weigh": _weigh, "_second_opinions": lambda alerts, *_: alerts}
        with ExitStack() as played:
            played.enter_context(mock.patch.multiple(detect, **instead))
            played.enter_context(mock.patch.object(tickets, "letter", _letter))
            self._played = played.pop_all()

    def close(self) -> None:
        self._played.close()

    def judge(self) -> None:
        """The part of a cycle that comes before the outbox."""
        usage = self.known()
        detect.detect(self.app, self.at, usage)
        read_replies(self.app, self.at)
        tickets.settle_tickets(self.app, self.at, usage)

    def send(self, plan: Sequence[str]) -> None:
        """Drain the outbox, while the desk does as planned. A worker that died is of this machine, or of another."""
        self.desk.plan, self.desk.at = list(plan), self.at
        self.desk.drain += 1
        self.died = False
        try:
            drain(self.app.engine, self.app.sinks, self.at, self.at)
        except Killed:
            self.died = True
            holder = f"{_machine()}:{DEAD}" if len(self.desk.came) % 2 else "elsewhere:1"
            held = update(tables.deliveries).where(tables.deliveries.c.state == "sending")
            with transaction(self.app.engine) as connection:
                connection.execute(held.values(leased_by=holder))

    def _second_worker(self, lease_is_over: bool) -> None:
        mine, self.desk.drain = self.desk.drain, self.desk.drain + 1_000
        drain(self.app.engine, self.app.sinks, self.at, self.at + lease_is_over * (LEASE + MINUTE))
        self.desk.drain = mine

    def answer(self, ticket: Ticket, what: str, share: str | None) -> None:
        """A person says what the desk said; `share`: of what was asked. What makes no sense is refused."""
        self.answering = True
        amount = None
        if share and what == "granted":
            amount = round(sum((claim.amount for claim in ticket.told), Decimal(0)) * Decimal(share), 2)
        with suppress(SettingsError):
            give(self.app, ticket.ticket_id, Said(what, "so they say", amount), [], "eve", self.at)

    def surge(self, org: str, first: datetime, hours: int, units: int) -> None:
        """What the org uses in these hours; known when they are over."""
        begin = max(0, hours_between(START, floor_hour(first)))
        self.usage[org][begin : begin + hours] = units

    def known(self) -> Known:
        width = hours_between(START, floor_hour(self.at))
        values = np.array([self.usage[org][:width] for org in ORGS])
        keys = tuple((org, METER) for org in ORGS)
        return Known.all_of(Grid(keys, START, values, np.ones(values.shape, np.bool_)))

    def _judged(self, case: Any, usage: Known) -> Any:
        found = [finding for row in range(len(ORGS)) for finding in _odd(usage.grid, row)]
        return SimpleNamespace(found=found, taught={}, skipped=[], usage=usage, since=START, expect=None, panel=None)


def excess(alert: Alert, grid: Grid, month: Month) -> int:
    """Units beyond the usual in the alert's hours of the month."""
    values = grid.values[grid.row_of[alert.key]]
    hours = [hour for hour in alert.hours if Month.of(hour) == month and START <= hour < grid.end]
    return sum(int(values[hours_between(START, hour)]) - USUAL for hour in hours)


def _weigh(book: Book, rules: Rules, grid: Grid, expect: object, alerts: Sequence[Alert], months: Any) -> list[Alert]:
    """Alerts with their price in the open months; what they cost in others stays."""
    found = []
    for alert in alerts:
        stakes = {stake.month: stake for stake in alert.stakes}
        for month in {Month.of(hour) for hour in alert.hours} & {*months}:
            amount = excess(alert, grid, month) * PRICE
            stakes[month] = Stake(month, amount, "USD", max(Decimal(0), amount / 2))
        found.append(replace(alert, stakes=tuple(stakes[month] for month in sorted(stakes))))
    return found


def _odd(grid: Grid, row: int) -> Iterator[Finding]:
    """The odd hours of a series, cut where 24 quiet hours lie between them."""
    columns = np.flatnonzero(grid.values[row] > ODD)
    for part in np.split(columns, np.flatnonzero(np.diff(columns) > DAY // HOUR) + 1):
        if part.size:
            hours = tuple(grid.start + int(column) * HOUR for column in part)
            actual = tuple(map(float, grid.values[row, part]))
            usual = (float(USUAL),) * len(hours)
            flat = np.full(168, float(USUAL))
            yield Finding(grid.keys[row], "spike", hours, usual, actual, hours[0] + HOUR, 9.0, ("high",), flat)


def _letter(app: App, basis: Any, ticket: Ticket, usage: Known, at: datetime) -> Letter:
    key = f"{ticket.ticket_id}-{ticket.letters + 1}"
    text = "\n".join(f"{claim.alert_id} {claim.amount}" for claim in ticket.claims)
    return Letter(SENDER, (DESK_ADDRESS,), f"Claim {key}", f"{text}\n", message_id(key, SENDER), at)
