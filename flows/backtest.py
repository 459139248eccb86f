"""How good were the projections? Every day of the months in the lake, knowing only what was known by then."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from statistics import fmean, median

from alerts.projection import Estimate, project, summed
from billing import book_store, statement
from billing.bill import Line, lines
from billing.book import Book
from billing.database import reading
from billing.errors import Fault, InputError
from billing.hours import DAY, HOUR, Month, hours_between
from flows.usage import LATE, Known, Recording, panel
from flows.wiring import App

HISTORY = 8 * DAY  # that a month's first projection stands on
VOLUMES = ("sum", "hourly_overage")  # a straight line is drawn through these; of the others the present value is held
TOTAL = "total"  # the money of a partner, beside the roll-ups


@dataclass(frozen=True)
class Judged:
    """One projection and what came. `simple`: the straight line, or the present value; None for a total."""

    rollup: str
    day: int  # of the month, at whose end it was made
    estimate: Estimate
    simple: Decimal | None
    actual: Decimal

    @property
    def covered(self) -> bool:
        return self.estimate.low <= self.actual <= self.estimate.high

    def miss(self, said: Decimal) -> float:
        """As a share of what came."""
        return float(abs(said - self.actual) / self.actual)


@dataclass(frozen=True)
class Quality:
    """Of the projections of one roll-up made on one day of the month (0: on any).

    An error is absolute and a share of what came: its mean, led by the few lines that nothing could foresee, and its
    median, that of the typical line. coverage: the share of month ends inside the interval.
    """

    rollup: str
    day: int
    projections: int
    error: float
    simple_error: float | None
    typical_error: float
    typical_simple_error: float | None
    coverage: float

    @property
    def ratio(self) -> float | None:
        """The error as a share of the simple one; None where that is 0."""
        return self.error / self.simple_error if self.simple_error else None


def months_to_judge(app: App, first: Month | None, last: Month | None) -> list[Month]:
    """The whole months of the lake with enough before them. Raises InputError where none is asked for."""
    span = app.lake.span()
    found = []
    if span:
        month = Month.of(span[0] + HISTORY)
        while month.end <= span[1] + HOUR:
            if month.start >= span[0] + HISTORY and (first or month) <= month <= (last or month):
                found.append(month)
            month = month.next
    if not found:
        wanted = "a month from the first usage to the last, with 8 days of usage before it"
        raise InputError([Fault(app.settings.store.lake, 0, "", f"nothing to judge: it takes {wanted}")])
    return found


def backtest(app: App, month: Month) -> Iterator[list[Judged]]:
    """A list for each day of the month: what was projected at its end, line by line and partner by partner.

    Lines and totals that came to 0 are left out: an error is a share of what came.
    """
    with reading(app.engine) as connection:
        book = book_store.load(connection)
    final = statement.state(book, app.rules, app.lake.current(month.start, month.end), month, month.end, "final").lines
    recording = Recording.of(app.lake, app.rules.catalog, month.start, month.end)
    for day in range(1, month.days + 1):
        at = month.start + day * DAY
        yield list(_judged(app, book, recording.at(at), month, day, final))


def _judged(app: App, book: Book, usage: Known, month: Month, day: int, final: Sequence[Line]) -> Iterator[Judged]:
    series = panel(usage, book, app.rules.catalog, [])
    projected = project(book, app.rules, usage.grid, series, month, usage.at, LATE, book.customers)
    own = usage.grid.between(month.start, usage.at).of_owners(book.customer_of)
    so_far = _by_line(lines(book, app.rules, own, month, usage.at))
    estimates = {(line.contract_id, line.meter): Estimate.of(line.quantities) for line in projected}
    for key, line in _by_line(final).items():
        if line.quantity and key in estimates:
            simple = _simple(book, month, usage.at, so_far.get(key), line)
            yield Judged(line.rollup, day, estimates[key], simple, line.quantity)
    came: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in final:
        came[line.partner_id, line.currency] += line.amount or 0
    for of, total in summed(projected, lambda line: (line.partner_id, line.currency)).items():
        if came[of]:
            yield Judged(TOTAL, day, total, None, came[of])


def _simple(book: Book, month: Month, at: datetime, so_far: Line | None, final: Line) -> Decimal | None:
    """Without a model: a volume grows on in a straight line, anything else stays as it is."""
    span = book.contracts[final.contract_id].span(month)
    over = hours_between(span[0], min(at, span[1])) if span else 0
    if so_far is None or not over:
        return Decimal(0)
    return so_far.quantity * final.hours_expected / over if final.rollup in VOLUMES else so_far.quantity


def _by_line(found: Iterable[Line]) -> Mapping[tuple[str, str], Line]:
    return {(line.contract_id, line.meter): line for line in found}


def quality(judged: Sequence[Judged]) -> list[Quality]:
    """By roll-up and day, then by roll-up over all days."""
    groups: defaultdict[tuple[str, int], list[Judged]] = defaultdict(list)
    for one in judged:
        groups[one.rollup, one.day].append(one)
        groups[one.rollup, 0].append(one)
    return [_quality(*key, groups[key]) for key in sorted(groups)]


def _quality(rollup: str, day: int, judged: Sequence[Judged]) -> Quality:
    errors = [one.miss(one.estimate.middle) for one in judged]
    simple = [one.miss(one.simple) for one in judged if one.simple is not None]
    return Quality(
        rollup,
        day,
        len(judged),
        error=fmean(errors),
        simple_error=fmean(simple) if simple else None,
        typical_error=median(errors),
        typical_simple_error=median(simple) if simple else None,
        coverage=fmean(one.covered for one in judged),
    )
