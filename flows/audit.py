"""The auditor at work: after every cycle, and when asked. It tells the operator, or says that all is well."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from alerts import journal, outbox, store
from alerts.alert import of_book
from alerts.audit import Concern, Records, audit
from alerts.audit_letter import audit_key, audit_letter
from alerts.clock import Clock
from alerts.sinks.answers import RefusedError, accepted
from billing.database import reading, transaction
from billing.errors import WorldError
from billing.grid import Grid
from billing.hours import DAY, HOUR, Month, floor_hour, hours_between, iso
from flows.sinks import PING, outgoing
from flows.tickets import deliver
from flows.usage import LATE, open_months
from flows.wiring import App

WEEK = 7 * DAY
STEADY = 0.9  # of the hours of a week: an org of which less is heard may be silent without anything missing
HOLE = 3  # hours


@dataclass(frozen=True)
class Watched:
    """What the auditor found, and what went wrong with telling it; sentences."""

    concerns: tuple[str, ...]
    failures: tuple[str, ...]


def concerns(app: App, at: datetime, now: datetime) -> list[Concern]:
    """Everything that is not as it should be at the clock `at`. `now`: the present time, which leases go by."""
    with reading(app.engine) as connection:
        book, mark = app.book(connection), store.judged(connection)

        def clock(month: Month, customer_id: str) -> Clock | None:
            return app.clock(month, book.partner_of(customer_id)) if customer_id in book.customers else None

        records = Records(
            of_book(store.alerts(connection, open_months(at)[0].start), book, app.rules.catalog.meters),
            store.tickets(connection),
            outbox.all_deliveries(connection),
            mark.upto if mark else None,
            clock,
            app.policy,
        )
        broken = journal.fault(journal.rows(connection), journal.end(connection))
    found = [*audit(records, at, now), *holes(_last_weeks(app, at), book.orgs, at)]
    if broken:
        todo = "compare `floodmark journal --jsonl FILE` with a copy or a last hash that was kept elsewhere"
        found.append(Concern("journal", "journal", f"it was tampered with: {broken}", todo))
    return found


def watch(app: App, at: datetime, now: datetime) -> Watched:
    """The last step of a cycle: the operator is told what needs a person, the dead man's switch that nothing does."""
    with reading(app.engine) as connection:
        mark = store.judged(connection)
    if mark and floor_hour(at) < mark.upto:
        return Watched((), ())
    found = concerns(app, at, now)
    failures: tuple[str, ...] = ()
    try:
        if found:
            failures = _tell(app, found, at, now)
        elif url := app.settings.audit.dead_man_url.get_secret_value():
            _all_is_well(app, url)
    except WorldError as error:
        failures = (str(error),)
    return Watched(tuple(map(str, found)), failures)


def holes(grid: Grid, orgs: Collection[str], at: datetime) -> Iterator[Concern]:
    """Usage that is missing from the last week of a grid of two: hours before others that are there, or all of late.

    An org counts as silent in an hour only if it was heard of at the same hour of the week before. One that stopped is
    no hole: detection tells its partner.
    """
    week = hours_between(grid.start, grid.start + WEEK)
    heard_last = None
    for org_id in sorted(grid.meters_of.keys() & set(orgs)):
        said: NDArray[np.bool_] = np.any([grid.seen[grid.row_of[org_id, m]] for m in grid.meters_of[org_id]], axis=0)
        last = int(np.flatnonzero(said)[-1])
        heard_last = max(last, heard_last or 0)
        before = said[:week]
        missing = week + np.flatnonzero(before & ~said[week:])
        missing = missing[missing < last]
        if before.mean() >= STEADY and len(missing) >= HOLE:
            start, end = (iso(grid.start + int(column) * HOUR) for column in (missing[0], missing[-1] + 1))
            what = f"nothing is known of {len(missing)} hours from {start} to {end}, though later ones are there"
            yield Concern("usage", org_id, what, f"`floodmark ingest datadog --from {start} --to {end}`")
    if heard_last is not None and (newest := grid.start + (heard_last + 1) * HOUR) <= at - LATE:
        what = f"nothing is known of any hour since {iso(newest)}"
        yield Concern(
            "usage", "lake", what, f"see why nothing comes in: `floodmark ingest datadog --from {iso(newest)}`"
        )


def _last_weeks(app: App, at: datetime) -> Grid:
    start, end = floor_hour(at) - 2 * WEEK, floor_hour(at)
    return Grid.of(app.lake.current(start, end), app.rules.catalog, start, end)


def _tell(app: App, found: Sequence[Concern], at: datetime, now: datetime) -> tuple[str, ...]:
    """Owe the operator a letter and, where some are set up, pings, each set of concerns once a day; send them."""
    told = [one for one in found if not one.where.startswith("audit-")]  # a letter about a letter would never end
    mail, pings = app.settings.mail, [name for name in app.sinks if name.startswith(PING)]
    if not told or not (mail.reviewers or pings):
        return ()
    key, letter = audit_key(told, at), audit_letter(told, mail.sender, mail.reviewers or (mail.sender,), at)
    with transaction(app.engine) as connection:
        if mail.reviewers:
            outbox.owe(connection, letter, key, "audit", app.mail_sink, at)
        for name in pings:
            outbox.owe(connection, letter, f"{key}-{name}", "audit", name, at, expires_at=at + DAY)
    return deliver(app, at, now).failures


def _all_is_well(app: App, url: str) -> None:
    """Tell the dead man's switch. Raises WorldError, without the URL, which is a secret."""
    where = "the dead man's switch of [audit] dead_man_url"
    try:
        accepted(where, outgoing(app.settings).send("GET", url))
    except RefusedError:
        raise
    except WorldError as error:
        raise WorldError(f"{where}: {error}") from None
