"""A workspace on disk: made, examined, written to."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from alerts.mail import Letter, compose
from alerts.pings import unknown
from alerts.sinks.jsm import Jsm
from alerts.sinks.smtp import Smtp
from alerts.sinks.webhook import Webhook
from alerts.sinks.zendesk import Zendesk
from billing import book_store, outgoing
from billing.book import Book, Partner
from billing.database import reading
from billing.errors import Fault, FloodmarkError, InputError, SettingsError, WorldError
from billing.hours import HOUR, floor_hour, iso
from billing.spreadsheet import guarded
from flows import settings as settings_file
from flows.digests import slug
from flows.ingest import source
from flows.wiring import App, open_app

TEMPLATE = Path(__file__).parent / "floodmark.toml"
COLUMNS = {
    "org": "partner_id,customer_id,org_id,contract_id,meter,usage,amount,currency",
    "customer": "partner_id,customer_id,currency,amount,unpriced",
    "partner": "partner_id,currency,amount,unpriced",
}


def create(directory: Path) -> None:
    """Write a commented floodmark.toml into `directory`. Raises SettingsError where one is already."""
    target = directory / settings_file.FILE
    if target.exists():
        raise SettingsError([Fault(str(target), 0, "", "is there already; nothing was changed")])
    try:
        directory.mkdir(parents=True, exist_ok=True)
        target.write_text(TEMPLATE.read_text(encoding="utf-8"), encoding="utf-8")
    except OSError as error:
        raise SettingsError([Fault(str(target), 0, "", f"cannot be written: {error.strerror}")]) from error


def examine(
    workspace: Path, now: datetime, environ: Mapping[str, str] = os.environ
) -> tuple[list[FloodmarkError], list[str]]:
    """Every fault of settings, store, book, mail and keys, and notes on what is as it should be."""
    try:
        app = open_app(workspace, environ)
    except FloodmarkError as error:
        return [error], []
    errors: list[FloodmarkError] = []
    book = Book()
    span = "unreadable"
    try:
        with reading(app.engine) as connection:
            book = book_store.load(connection)
        span = _span(app)
    except WorldError as error:
        errors.append(error)
    if faults := _book_faults(app, book):
        errors.insert(0, InputError(faults))
    if faults := _console_faults(app, book):
        errors.append(SettingsError(faults))
    errors += _probe_receivers(app)
    errors += [wrong for probe in (_probe_mailbox, _probe_vendor) if (wrong := probe(app, now))]
    notes = [
        f"settings: {workspace / settings_file.FILE}",
        f"database: {app.engine.url.render_as_string()}",
        f"lake: {app.lake.uri}, {span}",
        f"book: {len(book.partners)} partners, {len(book.customers)} customers, {len(book.orgs)} orgs",
        f"tickets: {app.settings.tickets.sink} to {app.settings.tickets.to}",
        f"mail: {'the server in [mail] url' if app.settings.mail.url else 'files under outbox/'}",
        f"mailbox: {'read every cycle' if app.mailbox else 'not read, so replies are answered by `floodmark ticket`'}",
        f"people to call: {len(app.pings) or 'nobody, see [pings]'}",
        "vendor keys: set"
        if app.settings.datadog.has_keys
        else "vendor keys: not set, so `run` ingests nothing (DD_API_KEY, DD_APP_KEY)",
    ]
    app.engine.dispose()
    return errors, notes


def write_rows(rows: Sequence[Mapping[str, Any]], by: str, csv: Path | None, parquet: Path | None) -> None:
    """Rows of a bill as files; numbers stay exact text, and names never become formulas."""
    from billing.statement import column_names

    names = column_names() if by == "line" else COLUMNS[by].split(",")
    frame = pl.DataFrame(
        [{name: None if row[name] is None else str(row[name]) for name in names} for row in rows],
        schema=dict.fromkeys(names, pl.String),
    )
    writers: dict[Path, Callable[[Path], object]] = {}
    if csv:
        writers[csv] = guarded(frame).write_csv
    if parquet:
        writers[parquet] = frame.write_parquet
    outgoing.write(writers)


def write_letters(letters: Sequence[tuple[Partner, Letter]], directory: Path) -> list[Path]:
    """Each letter as KEY.eml (as it would be sent) and KEY.html (to look at); the paths."""
    contents: dict[Path, bytes] = {}
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"no directory for the digests can be made there: {error.strerror}"
        raise SettingsError([Fault(str(directory), 0, "", what)]) from error
    for partner, letter in letters:
        name = slug(partner.partner_id)
        contents[directory / f"{name}.eml"] = compose(letter)
        contents[directory / f"{name}.html"] = _standalone(letter).encode()
    outgoing.write({path: partial(_write, content) for path, content in contents.items()})
    return list(contents)


def _write(content: bytes, path: Path) -> None:
    path.write_bytes(content)


def _standalone(letter: Letter) -> str:
    """The HTML with its pictures inside, for a browser."""
    import base64

    html = letter.html
    for picture in letter.images:
        data = base64.b64encode(picture.png).decode()
        html = html.replace(f"cid:{picture.cid}", f"data:image/png;base64,{data}")
    return html


def _console_faults(app: App, book: Book) -> list[Fault]:
    from flows.console import door_faults

    settings = app.settings.console
    return door_faults(settings) + [
        Fault(settings_file.FILE, 0, f"console.people.{name}", f"the partner {partner_id!r} is not in the book")
        for name, right in settings.people.items()
        if (partner_id := right.partition(" ")[2]) and partner_id not in book.partners
    ]


def _book_faults(app: App, book: Book) -> list[Fault]:
    if not book.partners:
        return [Fault("book", 0, "", "is empty: `floodmark book load DIR`")]
    faults = [
        Fault("book", 0, partner.partner_id, f"has a {partner.digest} digest and no address to send it to")
        for partner in book.partners.values()
        if partner.digest != "none" and not partner.emails
    ]
    faults += [
        Fault("book", 0, customer_id, "has no contract, so nothing of it is billed")
        for customer_id in sorted(book.customers)
        if customer_id not in book.contracts_of
    ]
    unknown = {
        meter for c in book.contracts.values() for meter in (*c.terms, *c.tiers)
    } - app.rules.catalog.meters.keys()
    faults += [Fault("book", 0, meter, "is priced in a contract but not in the catalogue") for meter in sorted(unknown)]
    return faults + [
        Fault("policy", 0, id_, f"is named in a row of the policy and no {what} of the book")
        for what, ids in (("partner", book.partners), ("customer", book.customers))
        for id_ in sorted(app.partner_policy.named(f"{what}_id") - ids.keys())
    ]


def _probe_receivers(app: App) -> Iterator[WorldError]:
    """Log in or connect wherever something is sent to, and see that the people to call can be; nothing is sent."""
    for name, sink in app.sinks.items():
        try:
            if isinstance(sink, Smtp | Zendesk | Jsm | Webhook):
                sink.probe()
        except WorldError as error:
            yield WorldError(f"{settings_file.FILE}: {'mail.url' if name == 'smtp' else name}: {error}")
    try:
        for number in unknown(app.pings):
            yield WorldError(f"{settings_file.FILE}: pings.urls: number {number} is not a URL that Apprise knows")
    except WorldError as error:
        yield error


def _probe_mailbox(app: App, now: datetime) -> WorldError | None:
    """Look for mails as a cycle does; none of them is read."""
    try:
        if app.mailbox:
            list(app.mailbox.unread(lambda places: {*places}, now))
    except WorldError as error:
        return WorldError(f"{settings_file.FILE}: mailbox.url: {error}")
    return None


def _probe_vendor(app: App, now: datetime) -> WorldError | None:
    """One hour of usage asked for; nothing of it is kept."""
    hour = floor_hour(now) - HOUR
    try:
        if app.settings.datadog.has_keys:
            list(source(app, retries=0).fetch(hour, hour + HOUR, now))
    except WorldError as error:
        return error
    return None


def _span(app: App) -> str:
    span = app.lake.span()
    return f"usage from {iso(span[0])} to {iso(span[1])}" if span else "empty: `floodmark ingest files PATH...`"
