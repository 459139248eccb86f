"""Usage into the lake: from files and from the vendor."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from rich.console import Console
from rich.progress import track
from sqlalchemy import insert, select

from alerts.tables import quarantine
from billing.database import transaction
from billing.errors import Fault, InputError, SettingsError, WorldError
from billing.hours import floor_hour
from billing.sources.files import read_parts, usage_paths
from billing.sources.read import Quarantined, Read
from flows.settings import KEYS
from flows.wiring import App

if TYPE_CHECKING:
    from billing.sources.datadog import Datadog


@dataclass(frozen=True)
class Ingested:
    """Rows read, rows that changed the lake, and what was refused: bad rows, and files that could not be read."""

    rows: int = 0
    changed: int = 0
    bad: tuple[Quarantined, ...] = ()
    refused: tuple[Fault, ...] = ()

    @property
    def faults(self) -> list[Fault]:
        return [*self.refused, *(row.fault for row in self.bad)]


def ingest_files(app: App, paths: Sequence[Path], at: datetime) -> Ingested:
    """Each file's good rows into the lake, in one commit a file; bad rows into quarantine; unreadable files refused."""
    done = Ingested()
    found: list[Path] = []
    for path in paths:
        try:
            found += usage_paths([path])
        except InputError as error:
            done = replace(done, refused=(*done.refused, *error.faults))
    for path in track(found, "Ingesting", console=Console(stderr=True), disable=not _is_terminal()):
        try:
            done = _put(app, read_parts(path), done, at)
        except InputError as error:
            done = replace(done, refused=(*done.refused, *error.faults))
    return done


def ingest_vendor(app: App, at: datetime, start: datetime | None = None, end: datetime | None = None) -> Ingested:
    """The vendor's usage of [start, end), by default the trailing days up to `at`; one commit for 24 hours.

    Raises SettingsError without keys, WorldError when the vendor fails; what came before that is kept.
    """
    settings = app.settings.datadog
    if not settings.has_keys:
        what = "is not set: the vendor's API asks for it"
        raise SettingsError([Fault("environment", 0, name, what) for name in KEYS])
    end = floor_hour(end or at)
    start = floor_hour(start or end - timedelta(days=settings.trailing_days))
    if start >= end:
        raise SettingsError([Fault("ingest datadog", 0, "--from", f"{start} is not before {end}")])
    done = Ingested()
    for read in source(app).fetch(start, end, at):
        done = _put(app, [read], done, at)
    return done


def source(app: App, **options: int) -> "Datadog":
    """The vendor's API as the settings say."""
    from billing.sources.datadog import Datadog

    settings = app.settings.datadog
    return Datadog(
        api_url=settings.api_url,
        api_key=settings.api_key.get_secret_value(),
        app_key=settings.app_key.get_secret_value(),
        product_families=settings.product_families,
        connected_accounts=settings.connected_accounts,
        trailing_days=settings.trailing_days,
        **options,
    )


def _put(app: App, parts: Iterable[Read], done: Ingested, at: datetime) -> Ingested:
    """The good rows of all parts in one commit; the bad ones set aside before it."""
    bad: list[Quarantined] = []

    def good() -> Iterator[pl.DataFrame]:
        for part in parts:
            bad.extend(part.bad)
            yield part.usage
        _set_aside(app, bad, at)

    try:
        put = app.lake.put_parts(good(), at)
    except OSError as error:
        raise WorldError(
            f"the lake {app.lake.uri} could not be written: {error}; nothing of this file is in it"
        ) from error
    return replace(
        done,
        rows=done.rows + put.changed + put.same + len(bad),
        changed=done.changed + put.changed,
        bad=(*done.bad, *bad),
    )


def _set_aside(app: App, bad: Sequence[Quarantined], at: datetime) -> None:
    """Bad rows into the quarantine, each once."""
    rows = {}
    for one in bad:
        fault = one.fault
        id_ = hashlib.sha256(repr((fault.place, fault.line, fault.column, fault.what, one.row)).encode()).hexdigest()
        rows[id_] = {
            "id": id_,
            "file": fault.place,
            "line": fault.line,
            "column": fault.column,
            "why": fault.what,
            "row": one.row,
            "seen_at": at,
        }
    if rows:
        with transaction(app.engine) as connection:
            there = set(connection.scalars(select(quarantine.c.id)))
            if fresh := [row for id_, row in rows.items() if id_ not in there]:
                connection.execute(insert(quarantine), fresh)


def _is_terminal() -> bool:
    return Console(stderr=True).is_terminal
