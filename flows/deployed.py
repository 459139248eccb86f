"""The Prefect flows: thin wrappers with retries and a summary around the plain functions of this folder.

Import this module only where Prefect is wanted: the import alone takes more than a second.
A task takes and returns small values, opens the workspace itself, and may run again at any time.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from prefect import Task, flow, runtime, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from alerts.outbox import Drained
from billing.errors import WorldError
from billing.hours import iso, utc
from flows import cycle as plain
from flows import detect as detection
from flows import digests as digesting
from flows import tickets as ticketing
from flows.audit import Watched, watch
from flows.replies import Read, read_replies
from flows.wiring import opened

P = ParamSpec("P")
R = TypeVar("R")


def worth_retrying(task_: Any, run: Any, state: Any) -> bool:  # noqa: ARG001  Prefect's signature
    """Whether the world may be better in a moment."""
    try:
        state.result()
    except WorldError as error:
        return not error.permanent
    except Exception:  # noqa: BLE001  whatever else went wrong will go wrong again
        return False
    return False


def worldly(step: Callable[P, R]) -> Task[P, R]:
    """A task that touches the world: tried again, with jitter, while that may help."""
    settings = task(
        retries=3,
        retry_delay_seconds=exponential_backoff(2),
        retry_jitter_factor=0.5,
        retry_condition_fn=worth_retrying,
        cache_policy=NO_CACHE,
    )
    return settings(step)


@worldly
def read_vendor(workspace: str, at: datetime) -> tuple[int, int]:
    """The vendor's trailing days into the lake; how many rows changed it, how many were refused."""
    with opened(Path(workspace)) as app:
        read = plain.ingest(app, at)
    return read.changed, len(read.bad)


@task(cache_policy=NO_CACHE)
def month_to_date(workspace: str, at: datetime) -> list[dict[str, str]]:
    """What the open month costs so far, per partner and currency."""
    with opened(Path(workspace)) as app:
        return plain.month_to_date(app, at)


@worldly
def judge(workspace: str, at: datetime) -> dict[str, int]:
    """Alerts with their money."""
    with opened(Path(workspace)) as app:
        return plain.counted(detection.detect(app, at))


@worldly
def replies(workspace: str, at: datetime) -> Read:
    """What the desk and mail servers wrote."""
    with opened(Path(workspace)) as app:
        return read_replies(app, at)


@worldly
def settle(workspace: str, at: datetime) -> int:
    """Tickets and the letters they owe; how many letters."""
    with opened(Path(workspace)) as app:
        return ticketing.settle_tickets(app, at).letters


@worldly
def owe_digests(workspace: str, at: datetime, zone: str | None = None) -> list[str]:
    """The digests that are due; the partners they are for."""
    with opened(Path(workspace)) as app:
        return digesting.owe_digests(app, at, zone=zone)


@worldly
def deliver(workspace: str, at: datetime) -> Drained:
    """Empty the outbox. A message that could not leave knows itself when it is tried again."""
    with opened(Path(workspace)) as app:
        return ticketing.deliver(app, at, datetime.now(UTC))


@worldly
def audit(workspace: str, at: datetime) -> Watched:
    """What needs a person; the operator is told."""
    with opened(Path(workspace)) as app:
        return watch(app, at, datetime.now(UTC))


def delivered(drained: Drained) -> int:
    """How many messages left. Raises WorldError when one could not."""
    if drained.failures:
        raise WorldError("\n".join(drained.failures))
    return drained.delivered


@flow(name="floodmark-cycle")
def cycle(workspace: str = ".", at: datetime | None = None) -> plain.Cycle:
    """One cycle for the scheduled hour. A vendor or mail server that fails stops nothing else; it is told last."""
    hour = clock_of(at)
    failures: list[str] = []
    changed, refused = tolerant(failures, (0, 0), lambda: read_vendor(workspace, hour))
    with plain.owed_goes_out(lambda: deliver(workspace, hour)):
        totals = month_to_date(workspace, hour)
        judged = judge(workspace, hour)
        upto = judged_to(workspace)
        mail = replies(workspace, hour)
        failures += mail.failures
        letters = settle(workspace, hour)
        digests = owe_digests(workspace, hour)
    drained = tolerant(failures, Drained(0, ()), lambda: deliver(workspace, hour))
    watched = tolerant(failures, Watched((), ()), lambda: audit(workspace, hour))
    failures += (*drained.failures, *watched.failures)
    done = plain.Cycle(
        hour,
        changed,
        refused,
        upto,
        totals,
        **judged,
        letters=letters,
        digests=digests,
        delivered=drained.delivered,
        failures=failures,
        mails=mail.read,
        replies=mail.matched,
        concerns=watched.concerns,
    )
    note(workspace, done)
    create_markdown_artifact(plain.summary(done), key="floodmark-cycle", description=f"The cycle of {iso(hour)}")
    if failures:
        raise WorldError("\n".join(failures))
    return done


@flow(name="floodmark-ingest")
def ingest(workspace: str = ".", at: datetime | None = None) -> tuple[int, int]:
    """The vendor's trailing days into the lake."""
    return read_vendor(workspace, clock_of(at))


@flow(name="floodmark-bill")
def bill(workspace: str = ".", at: datetime | None = None) -> list[dict[str, str]]:
    """What the open month costs so far."""
    return month_to_date(workspace, clock_of(at))


@flow(name="floodmark-detect")
def detect(workspace: str = ".", at: datetime | None = None) -> dict[str, int]:
    """Judge what is new."""
    return judge(workspace, clock_of(at))


@flow(name="floodmark-tickets")
def tickets(workspace: str = ".", at: datetime | None = None) -> int:
    """Settle the tickets and send their letters."""
    hour = clock_of(at)
    settle(workspace, hour)
    return delivered(deliver(workspace, hour))


@flow(name="floodmark-digest")
def digest(workspace: str = ".", zone: str | None = None, at: datetime | None = None) -> int:
    """The digests that are due, of all partners or those of one time zone, and out."""
    hour = clock_of(at)
    owe_digests(workspace, hour, zone)
    return delivered(deliver(workspace, hour))


def clock_of(at: datetime | None) -> datetime:
    """The clock of a run: as given, else the time it was scheduled for. Never now: runs start late, or early."""
    scheduled = runtime.flow_run.scheduled_start_time  # pendulum's, whose arithmetic is another
    return utc(at or datetime.fromisoformat(scheduled.isoformat()))


def judged_to(workspace: str) -> datetime | None:
    """How far usage has been judged."""
    with opened(Path(workspace)) as app:
        return plain.judged_upto(app)


def note(workspace: str, done: plain.Cycle) -> None:
    """Keep what the cycle did."""
    with opened(Path(workspace)) as app:
        plain.note(app, done)


def tolerant(failures: list[str], otherwise: R, step: Callable[[], R]) -> R:
    """The step's result; `otherwise` where the world failed, with the sentence added to `failures`."""
    try:
        return step()
    except WorldError as error:
        failures.append(str(error))
        return otherwise
