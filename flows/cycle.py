"""One cycle, top to bottom: usage in, bill, alerts, tickets, letters out. Running it again changes nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields
from datetime import datetime

from alerts import cycles, store
from billing.database import reading, transaction
from billing.errors import WorldError
from billing.hours import HOUR, Month, floor_hour
from flows.audit import watch
from flows.bill import bill
from flows.detect import Detected, detect
from flows.digests import owe_digests
from flows.ingest import Ingested, ingest_vendor
from flows.replies import read_replies
from flows.tickets import deliver, settle_tickets
from flows.usage import Known
from flows.versions import close_months, remember
from flows.wiring import App


@dataclass(frozen=True)
class Cycle:
    """What a cycle did, for people and for the run's summary."""

    at: datetime
    rows_changed: int
    rows_refused: int
    judged_upto: datetime | None
    totals: Sequence[Mapping[str, str]]
    raised: int
    open_alerts: int
    skipped_series: int
    letters: int
    digests: Sequence[str]
    delivered: int
    failures: Sequence[str] = field(default_factory=tuple)
    mails: int = 0  # read now
    replies: int = 0  # those of them that were about a ticket
    concerns: Sequence[str] = field(default_factory=tuple)


def run(app: App, at: datetime, now: datetime) -> Cycle:
    """The cycle at the clock `at`, which sees the hours that are over. `now`: the present time, for the outbox.

    A vendor or a mail server that fails is among `failures` and stops nothing else: tickets have deadlines.
    """
    failures: list[str] = []
    try:
        read = ingest(app, at)
    except WorldError as error:
        read, failures = Ingested(), [str(error)]
    with owed_goes_out(lambda: deliver(app, at, now)):
        remember(app, at)
        close_months(app, at)
        totals = month_to_date(app, at)
        detected = detect(app, at)
        mail = read_replies(app, at)
        letters = settle_tickets(app, at, detected.usage).letters
        digests = owe_digests(app, at)
    drained = deliver(app, at, now)
    watched = watch(app, at, now)
    failures += (*mail.failures, *drained.failures, *watched.failures)
    done = Cycle(
        at,
        read.changed,
        len(read.bad),
        judged_upto(app),
        totals,
        **counted(detected),
        letters=letters,
        digests=digests,
        delivered=drained.delivered,
        failures=failures,
        mails=mail.read,
        replies=mail.matched,
        concerns=watched.concerns,
    )
    note(app, done)
    return done


@contextmanager
def owed_goes_out(send: Callable[[], object]) -> Iterator[None]:
    """A lake that cannot be read ends the cycle, and holds up no letter that was owed before."""
    try:
        yield
    except Exception:
        with suppress(WorldError):
            send()
        raise


def ingest(app: App, at: datetime) -> Ingested:
    """The vendor's trailing days, where keys are set."""
    return ingest_vendor(app, at) if app.settings.datadog.has_keys else Ingested()


def month_to_date(app: App, at: datetime) -> list[dict[str, str]]:
    """What the open month costs so far, per partner and currency."""
    return bill(app, Month.of(at - HOUR), at, at).totals


def judge(app: App, at: datetime, now: datetime, usage: Known) -> Detected:
    """The part of a cycle that looks at usage: alerts, tickets, letters. What replay and the demo step through."""
    detected = detect(app, at, usage)
    settle_tickets(app, at, usage)
    deliver(app, at, now)
    return detected


def judged_upto(app: App) -> datetime | None:
    """How far usage has been judged; a cycle with an earlier clock judges nothing."""
    with reading(app.engine) as connection:
        mark = store.judged(connection)
    return mark.upto if mark else None


def counted(detected: Detected) -> dict[str, int]:
    """How many alerts were raised and are open, and how many series could not be judged."""
    return {
        "raised": len(detected.raised),
        "open_alerts": sum(alert.state == "open" for alert in detected.alerts),
        "skipped_series": len(detected.skipped),
    }


def note(app: App, done: Cycle) -> None:
    """Keep what the cycle did, for the page of runs."""
    kept = {one.name: getattr(done, one.name) for one in fields(cycles.Ran)} | {"at": floor_hour(done.at)}
    with transaction(app.engine) as connection:
        cycles.note(connection, cycles.Ran(**kept))


def summary(done: Cycle) -> str:
    """The cycle as Markdown."""
    rows = [
        ("usage rows changed", done.rows_changed),
        ("usage rows refused", done.rows_refused),
        ("alerts raised", done.raised),
        ("alerts open", done.open_alerts),
        ("series without an opinion", done.skipped_series),
        ("mails read, about a ticket", f"{done.mails}, {done.replies}"),
        ("letters owed", done.letters),
        ("digests owed", ", ".join(done.digests) or "none"),
        ("messages delivered", done.delivered),
        *((f"month to date, {t['partner_id']}", f"{t['amount']} {t['currency']}") for t in done.totals),
        *(("failed", failure) for failure in done.failures),
        *(("needs a person", concern) for concern in done.concerns),
    ]
    return "\n".join(["| what | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])
