"""The whole main job on the shipped sample: no key, no server, no network."""

import csv
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from alerts import store
from alerts.alert import Alert
from billing import book_store
from billing.book import Book
from billing.book_files import read_book
from billing.database import transaction
from billing.errors import Fault, SettingsError
from billing.hours import DAY, HOUR, Month, iso, parse_time
from flows import settings, show, workspace
from flows.bill import bill
from flows.cycle import Cycle, judge
from flows.digests import digests
from flows.ingest import ingest_files
from flows.prefect_start import run_flow
from flows.usage import Recording
from flows.verdicts import give
from flows.wiring import App, open_app

PLACES = (Path(__file__).parent / "sample", Path(__file__).parents[1] / "deployments" / "sample")
MARK = ".floodmark-demo"
STAKES = "min_stake = { USD = 50, EUR = 50, KRW = 70000 }"  # a won is worth under a thousandth of a dollar


@dataclass(frozen=True)
class Verdict:
    """What the sample's reviewer says of the alert of a series that starts in [first, last], from `at` on."""

    org_id: str
    meter: str
    first: datetime
    last: datetime
    verdict: str
    at: datetime
    note: str


def demo(directory: Path) -> None:
    """Make a workspace in `directory`, play the sample's last month in it, and print what came of it."""
    sample = next(place for place in PLACES if place.is_dir())
    _fresh(directory)
    app = open_app(directory, {})
    out = show.out()
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Loading the book and 75 days of usage", total=None)
        book = _load(app, sample)
        end = _last_hour(app) + HOUR
        clocks = _clocks(end)
        progress.update(task, description="Stepping through the month", total=len(clocks))
        for _ in _steps(app, clocks, read_verdicts(sample / "verdicts.csv")):
            progress.advance(task)
        progress.update(task, description="Running the last cycle as a Prefect flow", total=None)
        done = run_flow(directory, end)
    _show(app, book, done, directory, end, out)
    app.engine.dispose()


def read_verdicts(path: Path) -> list[Verdict]:
    """The sample's verdicts."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Verdict(
                row["org_id"],
                row["meter"],
                parse_time(row["first_hour_from"]),
                parse_time(row["first_hour_to"]),
                row["verdict"],
                parse_time(row["at"]),
                row["note"],
            )
            for row in csv.DictReader(file)
        ]


def _fresh(directory: Path) -> None:
    """A new workspace; an earlier demo is replaced, anything else is refused."""
    if directory.exists() and any(directory.iterdir()):
        if not (directory / MARK).exists():
            raise SettingsError(
                [Fault(str(directory), 0, "", "is not empty and no earlier demo: name another directory")]
            )
        shutil.rmtree(directory)
    workspace.create(directory)
    (directory / MARK).touch()
    file = directory / settings.FILE
    file.write_text(file.read_text(encoding="utf-8").replace("# min_stake = 50 ", f"{STAKES} #", 1), encoding="utf-8")


def _load(app: App, sample: Path) -> Book:
    book = read_book(sample / "book", app.rules.catalog)
    now = datetime.now(UTC)
    with transaction(app.engine) as connection:
        book_store.save(connection, book, now)
    ingest_files(app, [sample / "usage.parquet"], now)
    return book


def _last_hour(app: App) -> datetime:
    span = app.lake.span()
    assert span, "the sample has usage"
    return span[1]


def _clocks(end: datetime) -> list[datetime]:
    """The last month by the day, its last week by the hour; the very last cycle is left to the flow."""
    week = end - timedelta(days=7)
    days = [clock for n in range(1, 31) if (clock := Month.of(end - HOUR).start + n * DAY) < week]
    return [*days, *(week + n * HOUR for n in range(7 * 24))]


def _steps(app: App, clocks: Sequence[datetime], verdicts: list[Verdict]) -> Iterator[datetime]:
    recording = Recording.of(app.lake, app.rules.catalog, clocks[0], clocks[-1])
    for at in clocks:
        verdicts = [verdict for verdict in verdicts if not (at >= verdict.at and _given(app, verdict, at))]
        judge(app, at, datetime.now(UTC), recording.at(at))
        yield at


def _given(app: App, verdict: Verdict, at: datetime) -> bool:
    """Whether the verdict's alert was there and now has it."""
    with transaction(app.engine) as connection:
        alerts = store.alerts(connection, verdict.first)
    key = (verdict.org_id, verdict.meter)
    found = next((a for a in alerts if a.key == key and verdict.first <= a.started_at <= verdict.last), None)
    if found:
        give(app, found.alert_id, verdict.verdict, "Partner CS", verdict.note, at)
    return found is not None


def _show(app: App, book: Book, done: Cycle, directory: Path, end: datetime, out: Console) -> None:
    with transaction(app.engine) as connection:
        alerts, tickets = store.alerts(connection), store.tickets(connection)
    month = Month.of(end - HOUR)
    out.print(show.cycle(done))
    out.print(f"{month} so far:")
    for total in bill(app, month, end, end).totals:
        out.print(f"  {book.partners[total['partner_id']].name}: {Decimal(total['amount']):,} {total['currency']}")
    out.print()
    seen = app.queue(book, end).ordered(_worth_seeing(alerts))
    title = f"What it found by {iso(end)}"
    out.print(show.findings(seen, tickets, book, app.rules.catalog, title))
    out.print()
    out.print(*show.tickets(tickets, book, app.phone, "What is claimed, and by when"), sep="\n")
    letters = workspace.write_letters(digests(app, end), directory / "digests")
    out.print("\nLook at:")
    out.print(f"  {directory / 'outbox'}/  {len(list((directory / 'outbox').glob('*.eml')))} letters as .eml files")
    for path in letters:
        if path.suffix == ".html":
            out.print(f"  {path}")
    out.print(f"  floodmark bill {month} --workspace {directory} --at {iso(end)}")
    out.print(f"  floodmark alerts --workspace {directory}")


def _worth_seeing(alerts: Sequence[Alert]) -> list[Alert]:
    """All that somebody has to know of: quiet ones that nobody touched are left to `floodmark alerts`."""
    return [alert for alert in alerts if not alert.quiet or alert.free_hours_left is not None or not alert.live]
