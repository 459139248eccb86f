"""The one place where real things are put together: settings become an App."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from alerts import schema
from alerts.alert import Alert
from alerts.clock import Clock, Desk, month_clock
from alerts.desk_calendar import read_days
from alerts.mailbox.place import mailbox
from alerts.mailbox.unread import Mailbox
from alerts.outbox import Sink
from alerts.phone import Phone
from alerts.queue import Queue
from alerts.ticket import Policy
from billing import book_store, catalog, policy
from billing.bill import Rules
from billing.book import Book, Partner
from billing.database import connect
from billing.errors import Fault, SettingsError
from billing.hours import Month
from billing.lake import Lake
from detectors.scan import Scanner
from flows import settings as settings_file
from flows.settings import Settings
from flows.sinks import sinks

_UNUSABLE = re.compile(r"%[0-9A-Fa-f]{2}|[\[\]]")  # what the Delta library takes for an encoding or a pattern


@dataclass(frozen=True)
class App:
    """A workspace at work. Everything that touches the world hangs on it."""

    workspace: Path
    settings: Settings
    engine: Engine
    lake: Lake
    rules: Rules
    partner_policy: policy.Policy
    desk: Desk
    sinks: Mapping[str, Sink]
    scanner: Scanner
    mailbox: Mailbox | None = None
    clocks: dict[tuple[Month, str], Clock] = field(default_factory=dict)
    books: dict[int, Book] = field(default_factory=dict)  # of `engine`, by version

    def book(self, connection: Connection) -> Book:
        """The book that holds. A version never changes, so that each is read once; the last one is kept."""
        version = book_store.newest(connection)
        book = self.books.get(version)
        if book is None:
            book = book_store.load(connection, version)
            self.books.clear()
            self.books[version] = book
        return book

    def clock(self, month: Month, partner: Partner) -> Clock:
        """The month-end clock of the partner's customers."""
        key = (month, partner.time_zone)
        if key not in self.clocks:
            zone = ZoneInfo(partner.time_zone)
            self.clocks[key] = month_clock(month, self.desk, zone, self.settings.tickets.answer_hours)
        return self.clocks[key]

    def queue(self, book: Book, at: datetime) -> Queue:
        """The reviewers' queue at `at`; a customer that left the book has no clock."""

        def clock(alert: Alert, month: Month) -> Clock | None:
            known = alert.customer_id in book.customers
            return self.clock(month, book.partner_of(alert.customer_id)) if known else None

        return Queue(clock, self.settings.detection.least, at)

    @property
    def phone(self) -> Phone:
        return Phone(self.settings.tickets.phone, self.desk.zone, self.desk.calendar)

    @property
    def policy(self) -> Policy:
        review = timedelta(hours=self.settings.tickets.review_hours)
        return Policy(self.desk, review, self.settings.detection.least)

    @property
    def loud_alerts_a_day(self) -> int:
        """How many new ones all reviewers together are told of; whoever looks at a workspace without any is one."""
        return self.settings.detection.loud_alerts_a_day * max(1, len(self.settings.mail.reviewers))

    @property
    def mail_sink(self) -> str:
        """Where digests and mails to reviewers go."""
        return "smtp" if self.settings.mail.url else "eml"

    @property
    def pings(self) -> tuple[str, ...]:
        """Whom to call when a person must act."""
        return tuple(url.get_secret_value() for url in self.settings.pings.urls)


def open_app(workspace: Path, environ: Mapping[str, str] = os.environ) -> App:
    """The workspace's App, its store at the newest schema. Raises SettingsError, WorldError."""
    settings = settings_file.read(workspace, environ)
    engine = connect(_database_url(workspace, settings.store.database))
    schema.upgrade(engine)
    return assemble(workspace, settings, engine)


@contextmanager
def opened(workspace: Path) -> Iterator[App]:
    """The workspace's App, closed at the end."""
    app = open_app(workspace)
    try:
        yield app
    finally:
        app.engine.dispose()


def assemble(workspace: Path, settings: Settings, engine: Engine) -> App:
    """The App of these settings on this store."""
    return App(
        workspace=workspace,
        settings=settings,
        engine=engine,
        lake=Lake(_lake_uri(workspace, settings.store.lake)),
        rules=Rules(_catalog(workspace, settings), settings.billing.p99_rank),
        partner_policy=_policy(workspace, settings),
        desk=_desk(workspace, settings),
        sinks=sinks(workspace, settings),
        scanner=scanner(settings),
        mailbox=mailbox(url, workspace) if (url := settings.mailbox.url.get_secret_value()) else None,
    )


def scanner(settings: Settings) -> Scanner:
    detection = settings.detection
    return Scanner(budget=detection.alerts_per_series_month, min_history_days=detection.min_history_days)


def _desk(workspace: Path, settings: Settings) -> Desk:
    tickets = settings.tickets
    desk = Desk.parse(tickets.vendor_time_zone, tickets.vendor_hours, tickets.vendor_holidays)
    if not tickets.vendor_calendar:
        return desk
    file = workspace / tickets.vendor_calendar
    return replace(desk, days=read_days(file, (desk.opens, desk.closes)), days_file=file.name)


def _catalog(workspace: Path, settings: Settings) -> catalog.Catalog:
    return catalog.load(workspace / settings.billing.catalog) if settings.billing.catalog else catalog.load()


def _policy(workspace: Path, settings: Settings) -> policy.Policy:
    return policy.load(workspace / settings.billing.policy) if settings.billing.policy else policy.load()


def _lake_uri(workspace: Path, lake: str) -> str:
    path = str((workspace / lake).resolve())
    if "://" not in lake and _UNUSABLE.search(path):
        what = f"the lake cannot live in {path}: a path with %XX or brackets is misread; choose another"
        raise SettingsError([Fault(settings_file.FILE, 0, "store.lake", what)])
    return lake if "://" in lake else path


def _database_url(workspace: Path, url: str) -> str:
    """A SQLite path is relative to the workspace."""
    scheme, separator, path = url.partition(":///")
    if not separator or not scheme.startswith("sqlite") or not path:
        return url
    file = (workspace / path).resolve()
    if not file.parent.is_dir():
        raise SettingsError(
            [Fault(settings_file.FILE, 0, "store.database", f"the directory {file.parent} is not there")]
        )
    return f"{scheme}:///{file}"
