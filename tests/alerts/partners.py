"""A small world for letters: two partners, a month of usage with two spikes, their alerts, tickets and bills."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np

from alerts.alert import Alert, Stake, alert_id
from alerts.bill_step import BillStep, Side
from alerts.clock import Desk, call_window, month_clock
from alerts.digest import Standing
from alerts.letter import Desks
from alerts.pack import Grounds
from alerts.projection import ProjectedLine
from alerts.standing import Sending
from alerts.ticket import Claim, Ticket, ticket_id
from billing import catalog
from billing.bill import Line
from billing.book import Book, Contract, Customer, Org, Partner
from billing.grid import Grid
from billing.hours import HOUR, Month, hours_between
from billing.money import round_money
from detectors.forecast import PATHS

CATALOG = catalog.load()
MONTH = Month(2026, 9)
AT = datetime(2026, 9, 24, 14, tzinfo=UTC)
GROUNDS = Grounds(lake=12, book=3, rules=1, budget=0.2, calendar="US national holidays")
DESK = Desk.parse("America/New_York", "09:00-18:00", "US")
DESKS = Desks("Floodmark <claims@reseller.example>", ("partner-cs@vendor.example",), "America/New_York", 48)
SENDER = DESKS.sender

WREN = Partner("wren", "Wren & Tallow Cloud", "gold", "America/New_York", "en", "USD", "daily", ("cs@wren.example",))
DAWN = Partner("dawn", "새벽고래 클라우드", "gold", "Asia/Seoul", "ko", "KRW", "daily", ("cs@dawn.example",))
CUSTOMERS = (
    Customer("oriole", "wren", "Oriole & Gable Freight", 6400, "none"),
    Customer("lantern", "wren", "Lanternfish Labs", 60, "none"),
    Customer("narae", "dawn", "나래고양이 상점", 1200, "none"),
)
BOOK = Book(
    partners={"wren": WREN, "dawn": DAWN},
    customers={one.customer_id: one for one in CUSTOMERS},
    orgs={
        "or11": Org("or11", "oriole", "Oriole production"),
        "la21": Org("la21", "lantern", "Lanternfish"),
        "na31": Org("na31", "narae", "나래 운영"),
    },
    contracts={
        "c-oriole": Contract("c-oriole", "oriole", "annual", date(2025, 11, 1), date(2026, 11, 1), "USD"),
        "c-lantern": Contract("c-lantern", "lantern", "month_to_month", date(2026, 1, 1), None, "USD"),
        "c-narae": Contract("c-narae", "narae", "annual", date(2026, 1, 1), None, "KRW"),
    },
)


def renamed(name: str) -> Book:
    """The book with this name on the first partner, its first customer and its first org."""
    return replace(
        BOOK,
        partners={**BOOK.partners, "wren": replace(WREN, name=name)},
        customers={**BOOK.customers, "oriole": replace(BOOK.customers["oriole"], name=name)},
        orgs={**BOOK.orgs, "or11": replace(BOOK.orgs["or11"], name=name)},
    )


def usual(level: int) -> np.ndarray:
    """A week: busy on weekdays by day, calm else."""
    hour, day = np.arange(168) % 24, np.arange(168) // 24
    busy = np.sin(np.clip((hour - 6) / 14, 0, 1) * np.pi) * np.where(day < 5, 1.0, 0.35)
    return np.rint(level * (0.6 + 0.6 * busy)).astype(np.int64)


SPIKES = {
    ("or11", "logs_ingested"): (40_000_000_000, datetime(2026, 9, 22, 3, tzinfo=UTC), 30, 7),
    ("or11", "infra_host"): (400, datetime(2026, 9, 22, 5, tzinfo=UTC), 11, 3),
    ("na31", "logs_indexed_15day"): (3_000_000, datetime(2026, 9, 20, 1, tzinfo=UTC), 9, 5),
}


def usage(at: datetime = AT) -> Grid:
    """Hours from 25 August to `at`, with the spikes in them and one hour that nothing was said of."""
    start = datetime(2026, 8, 25, tzinfo=UTC)
    width, noise = hours_between(start, at), np.random.default_rng(7)
    rows = []
    for level, first, count, times in SPIKES.values():
        week = np.roll(usual(level), -24 * start.weekday())
        row = np.resize(week, width) * noise.normal(1, 0.03, width)
        begin = hours_between(start, first)
        row[begin : begin + count] *= times
        rows.append(np.rint(row).astype(np.int64))
    seen = np.ones((len(rows), width), np.bool_)
    seen[0, -100] = False
    return Grid(tuple(SPIKES), start, np.where(seen, np.array(rows), 0), seen)


GRID = usage()


def spike(org_id: str, meter: str, amount: str, currency: str = "USD", **changes: object) -> Alert:
    """The alert of a planted spike, with this stake in September."""
    level, first, count, times = SPIKES[org_id, meter]
    customer = BOOK.customers[BOOK.orgs[org_id].customer_id]
    alert = Alert(
        alert_id=alert_id((org_id, meter), first),
        partner_id=customer.partner_id,
        customer_id=customer.customer_id,
        org_id=org_id,
        meter=meter,
        kind="spike",
        state="confirmed",
        detected_at=first + 3 * HOUR,
        hours=tuple(first + i * HOUR for i in range(count)),
        profile=usual(level),
        reasons=("6 hours came to 7.1 times what the past expects",),
        quiet=False,
        expected=level * count,
        actual=level * count * times,
        stakes=(Stake(MONTH, Decimal(amount), currency, steps=_steps(customer.customer_id, meter, Decimal(amount))),),
    )
    return replace(alert, **changes)


def _steps(customer_id: str, meter: str, amount: Decimal) -> tuple[BillStep, ...]:
    """Its own line, dearer by the amount and a tenth; where it includes another product, that one is cheaper by it."""
    (contract,) = BOOK.contracts_of[customer_id]
    child = next((m.meter for m in CATALOG.meters.values() if m.parent == meter), None)
    offset = round_money(amount / 10, contract.currency) if child else Decimal(0)
    own = [
        Side(Decimal(480), Decimal(0), Decimal(480), Decimal(7200)),
        Side(Decimal(1511), Decimal(0), Decimal(1511), 7200 + amount + offset),
    ]
    found = [BillStep(contract.contract_id, meter, Decimal(0), Decimal("0.10"), *own)]
    if child:
        usual = Side(Decimal(9000), Decimal(0), Decimal(9000), offset)
        spared = Side(Decimal(9000), Decimal(9000), Decimal(0), Decimal(0))
        found.append(BillStep(contract.contract_id, child, Decimal(0), Decimal("0.002"), usual, spared))
    return tuple(found)


LOGS = spike("or11", "logs_ingested", "842.15")
HOSTS = spike("or11", "infra_host", "12300.00", state="open", free_hours_left=0)
KOREAN = spike("na31", "logs_indexed_15day", "1250000", "KRW")


def ticket(*alerts: Alert, kind: str = "usage", at: datetime = AT, **changes: object) -> Ticket:
    """The customer's opened ticket that claims these alerts, with the clock of its partner."""
    customer_id = alerts[0].customer_id
    partner = BOOK.partner_of(customer_id)
    clock = month_clock(MONTH, DESK, ZoneInfo(partner.time_zone), DESKS.answer_hours)
    claims = tuple(
        Claim(a.alert_id, a.org_id, a.meter, stake.amount, stake.currency)
        for a in alerts
        if (stake := a.stake_in(MONTH))
    )
    found = Ticket(
        ticket_id(customer_id, MONTH, kind),
        partner.partner_id,
        customer_id,
        MONTH,
        kind,
        "open",
        opened_at=at,
        claims=claims,
    )
    if kind != "vendor_fault":
        late = at > clock.latest_email_at
        call_from, call_by = call_window(at, clock.deadline_at, DESK) if late else (None, None)
        found = replace(
            found,
            deadline_at=clock.deadline_at,
            expires_at=clock.expires_at,
            latest_email_at=clock.latest_email_at,
            call_after_email=late,
            call_from=call_from,
            call_by=call_by,
        )
    return replace(found, **changes)


def line(customer_id: str, meter: str, amount: str | None, quantity: str = "1234567890") -> Line:
    """One line of a bill; an amount of None is unpriced."""
    contract = BOOK.contracts_of[customer_id][0]
    money = None if amount is None else Decimal(amount)
    return Line(
        partner_id=BOOK.customers[customer_id].partner_id,
        customer_id=customer_id,
        contract_id=contract.contract_id,
        meter=meter,
        rollup=CATALOG.meters[meter].rollup,
        quantity=Decimal(quantity),
        included=Decimal(0),
        on_demand_quantity=Decimal(0),
        committed_amount=None if money is None else money / 2,
        on_demand_amount=None if money is None else money / 2,
        amount=money,
        currency=contract.currency,
        hours_seen=560,
        hours_expected=566,
        fault="it has no price" if money is None else None,
    )


def ahead(customer_id: str, meter: str, amount: str, quantity: str = "1234567890") -> ProjectedLine:
    """One line of the full month: the amount in the middle, the paths 1 % apart."""
    shown = line(customer_id, meter, amount, quantity)
    ways = [round_money(Decimal(amount) * (100 + path - PATHS // 2) / 100, shown.currency) for path in range(PATHS)]
    return ProjectedLine.along([replace(shown, amount=way) for way in ways])


WREN_STANDING = Standing(
    partner=WREN,
    month=MONTH,
    at=AT,
    to_date=[
        line("oriole", "infra_host", "18250.40", "1203"),
        line("oriole", "logs_ingested", "5120.77", "51207700000000"),
        line("oriole", "siem_analyzed", None),
        line("lantern", "logs_ingested", "310.02", "3100200000000"),
        line("lantern", "rum_session", "92.50", "61666"),
    ],
    projected=[
        ahead("oriole", "infra_host", "18250.40", "1203"),
        ahead("oriole", "logs_ingested", "6402.10"),
        ahead("lantern", "logs_ingested", "398.70"),
        ahead("lantern", "rum_session", "118.00"),
    ],
    alerts=[HOSTS, LOGS, replace(LOGS, alert_id="al_quiet", quiet=True)],
    tickets=[ticket(LOGS, HOSTS)],
    deliveries={ticket(LOGS).ticket_id: Sending("written", "outbox/tk-1.eml")},
    complete_to=datetime(2026, 9, 24, 12, tzinfo=UTC),
    unassigned=[{"org_id": "zz99", "rows": 14}],
    unknown_products=[{"product_family": "quantum", "usage_type": "qubit_hours", "rows": 3}],
    uncontracted=[{"customer_id": "lantern", "meter": "infra_host", "hours": 12}],
)
DAWN_STANDING = replace(
    WREN_STANDING,
    partner=DAWN,
    to_date=[line("narae", "logs_indexed_15day", "7400300", "2466766666")],
    projected=[ahead("narae", "logs_indexed_15day", "9100000")],
    alerts=[KOREAN],
    tickets=[ticket(KOREAN, at=datetime(2026, 9, 29, 15, tzinfo=UTC))],
    deliveries={},
    unassigned=[],
    unknown_products=[],
    uncontracted=[],
)
STANDINGS: Mapping[str, Standing] = {
    "en": WREN_STANDING,
    "ko": DAWN_STANDING,
    "ru": replace(WREN_STANDING, partner=replace(WREN, language="ru", time_zone="Asia/Almaty")),
}
