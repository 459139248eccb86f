"""How good is detection on the lake's own usage? Injected run-aways, or labels, with what each would have cost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np

from alerts.alert import Stake, whole
from alerts.excess import Bills
from billing import book_store
from billing.database import reading
from billing.errors import Fault, InputError
from billing.grid import Grid
from billing.hours import HOUR, WEEK_HOURS, Month, floor_hour, hour_of_week, hours_between, iso
from detectors.episodes import incidents
from detectors.injection import SCORED_FROM
from detectors.scan import Finding
from detectors.score import Label, Raised, first_hit
from detectors.series import Floats, Panel, SeriesKey
from detectors.trial import LOOK_BACK, Injected, deal, play, run_aways, scored_from, unlearn
from flows.judging import forecast
from flows.labels import read_labels
from flows.usage import Known, panel
from flows.wiring import App


@dataclass(frozen=True)
class Asked:
    """What to judge. None: all there is. each: cases injected into a series; labels: a file, judged instead of them."""

    first: datetime | None = None
    last: datetime | None = None
    org_id: str | None = None
    meter: str | None = None
    each: int = 6
    seed: int = 1
    labels: Path | None = None


@dataclass(frozen=True)
class Tried:
    """Odd usage in [start, end), injected or labelled, and what came of it.

    kind: of the case, or of the alert that found the label; `times` None for a label. detected: None where it was
    missed. stakes: None without a price. more: base units an hour above what was, or above what was expected.
    """

    key: SeriesKey
    start: datetime
    end: datetime
    kind: str
    times: float | None
    detected: datetime | None
    stakes: Sequence[Stake] | None
    more: Sequence[int]

    @property
    def caught(self) -> dict[str, Decimal]:
        """Per currency what could still be claimed: it was found before the month that it is billed in had ended."""
        return self._sum(in_time=True)

    @property
    def missed(self) -> dict[str, Decimal]:
        return self._sum(in_time=False)

    def _sum(self, *, in_time: bool) -> dict[str, Decimal]:
        sums: dict[str, Decimal] = {}
        for stake in self.stakes or ():
            claimable = self.detected is not None and self.detected < stake.month.end
            amount = max(stake.amount, Decimal(0)) if claimable == in_time else Decimal(0)
            sums[stake.currency] = sums.get(stake.currency, Decimal(0)) + amount
        return sums


@dataclass(frozen=True)
class Trial:
    """The hours [first, last) judged. judged: how many of each series. tried: injected cases or labels. raised: on
    usage as it was. young: series left out. outside: labels left out. panel: what was found is not learned."""

    first: datetime
    last: datetime
    judged: Mapping[SeriesKey, int]
    tried: Sequence[Tried]
    raised: Sequence[Raised]
    young: int
    outside: int
    labelled: bool
    panel: Panel


def trial(app: App, asked: Asked) -> Iterator[float | Trial]:
    """Yields the share of the hours that is done, then the result. Raises InputError where nothing can be judged."""
    with reading(app.engine) as connection:
        book = book_store.load(connection)
    first, last = _span(app, asked)
    grid = _read(app, first, last)
    known = panel(Known.all_of(grid.between(grid.start, last)), book, app.rules.catalog, [])
    if not known.keys:
        raise _nothing(app, "no org of the book has usage")
    rows = _chosen(known, asked)
    begins = {row: begin for row, begin in zip(rows, scored_from(known, first, rows), strict=True) if begin < last}
    if not begins:
        raise _nothing(app, "no series of the book's orgs has four weeks of usage before the end")
    begin = {known.keys[row]: at for row, at in begins.items()}
    labels, outside = _labels(asked.labels, known, begin, last) if asked.labels else ([], 0)
    injected = [] if asked.labels else deal(known, begins, asked.each, asked.seed)
    if not injected and not labels:
        raise _nothing(app, "none of the cases dealt fits into these hours; ask for more hours or more cases")

    findings: list[Finding] = []
    found: list[tuple[Injected, Finding | None]] = []
    for number, week in enumerate(play(app.scanner, known, first, injected)):
        findings += week.findings
        found += week.tried
        yield min(1.0, (number + 1) * WEEK_HOURS / hours_between(first, last))
    unlearn(known.learned, known, findings)
    alarms = incidents(findings if asked.labels else run_aways(findings))
    raised = [alarm for alarm in alarms if alarm.key in begin and alarm.detected_at > begin[alarm.key]]
    bills = Bills(book, app.rules, grid, forecast(app, known))
    tried = [_injected(known, bills, one, alarm) for one, alarm in found]
    tried += [_labelled(app, known, bills, label, raised) for label in labels]
    judged = {key: hours_between(at, last) for key, at in begin.items()}
    young = len(rows) - len(begins)
    yield Trial(first, last, judged, tried, raised, young, outside, bool(asked.labels), known)


def _span(app: App, asked: Asked) -> tuple[datetime, datetime]:
    """What is asked for of the lake's hours with four weeks before them."""
    span = app.lake.span()
    if span is None:
        raise InputError([Fault(app.settings.store.lake, 0, "", "holds no usage yet: see `floodmark ingest`")])
    earliest, end = span[0] + SCORED_FROM * HOUR, span[1] + HOUR
    first = max(earliest, floor_hour(asked.first)) if asked.first else earliest
    last = min(end, floor_hour(asked.last)) if asked.last else end
    if first >= last:
        raise _nothing(
            app, f"there is usage from {iso(span[0])} to {iso(end)}, and its first four weeks are not judged"
        )
    return first, last


def _nothing(app: App, why: str) -> InputError:
    return InputError([Fault(app.settings.store.lake, 0, "", f"nothing to judge: {why}")])


def _read(app: App, first: datetime, last: datetime) -> Grid:
    """What detection looks back on, and whole months for their bills."""
    start, end = min(first - LOOK_BACK, Month.of(first).start), Month.of(last - HOUR).end
    return Grid.of(app.lake.current(start, end), app.rules.catalog, start, end)


def _chosen(known: Panel, asked: Asked) -> list[int]:
    """The rows of the series asked for. Raises InputError for an org or a meter without usage."""
    faults = []
    orgs, meters = ({key[part] for key in known.keys} for part in (0, 1))
    for option, wanted, held in (("--org", asked.org_id, orgs), ("--meter", asked.meter, meters)):
        if wanted and wanted not in held:
            faults.append(Fault(option, 0, "", f"no usage of {wanted!r}; there is some of {', '.join(sorted(held))}"))
    if faults:
        raise InputError(faults)
    return [
        row
        for row, (org_id, meter) in enumerate(known.keys)
        if asked.org_id in (None, org_id) and asked.meter in (None, meter)
    ]


def _labels(path: Path, known: Panel, begin: Mapping[SeriesKey, datetime], last: datetime) -> tuple[list[Label], int]:
    """The file's labels as far as they lie in what is judged, and how many do not. Raises InputError."""
    labels = read_labels(path)
    strange = sorted({label.key for label in labels} - {*known.keys})
    faults = [Fault(path.name, 0, "", f"there is no usage of {meter!r} by {org_id!r}") for org_id, meter in strange]
    within = [
        replace(label, start=max(floor_hour(label.start), begin[label.key]), end=min(label.end, last))
        for label in labels
        if label.key in begin and begin[label.key] < label.end and label.start < last
    ]
    if not within and not faults:
        faults.append(Fault(path.name, 0, "", "no label lies in the hours that are judged"))
    if faults:
        raise InputError(faults)
    return within, len(labels) - len(within)


def _injected(known: Panel, bills: Bills, one: Injected, alarm: Finding | None) -> Tried:
    key, start = known.keys[one.row], known.start + one.start * HOUR
    more = [int(units) for units in one.excess]
    return Tried(
        key=key,
        start=start,
        end=start + one.case.hours * HOUR,
        kind=one.case.shape,
        times=one.case.times,
        detected=alarm.detected if alarm else None,
        stakes=bills.stakes(key, start, more),
        more=more,
    )


def _labelled(app: App, known: Panel, bills: Bills, label: Label, raised: Sequence[Raised]) -> Tried:
    """A label costs what its hours cost above those of the baseline at its start."""
    hit = first_hit(label, [alarm for alarm in raised if alarm.key == label.key])
    grid, row = bills.grid, known.keys.index(label.key)
    [profile] = app.scanner.profiles(_before(_alone(known, row), label.start))
    usual, own = whole(profile), grid.row_of[label.key]
    more = []
    for column in range(hours_between(grid.start, label.start), hours_between(grid.start, label.end)):
        hour = hour_of_week(grid.start + column * HOUR)
        more.append(int(grid.values[own, column]) - int(usual[hour]) if grid.seen[own, column] else 0)
    stakes = bills.stakes(label.key, label.start, [-units for units in more])
    return Tried(
        key=label.key,
        start=label.start,
        end=label.end,
        kind=hit.kind if hit else "",
        times=None,
        detected=hit.detected_at if hit else None,
        stakes=None if stakes is None else [replace(stake, amount=-stake.amount) for stake in stakes],
        more=more,
    )


def expected(app: App, trial: Trial) -> Floats:
    """[series, hours] of the panel: what was expected at the start of each week judged; NaN before the first."""
    known, width = trial.panel, trial.panel.values.shape[1]
    course = np.full(known.values.shape, np.nan)
    for column in range(hours_between(known.start, trial.first), width, WEEK_HOURS):
        at = known.start + column * HOUR
        week = (hour_of_week(at) + np.arange(min(WEEK_HOURS, width - column))) % WEEK_HOURS
        course[:, column : column + WEEK_HOURS] = app.scanner.profiles(_before(known, at))[:, week]
    return course


def _alone(known: Panel, row: int) -> Panel:
    return replace(
        known,
        keys=(known.keys[row],),
        values=known.values[[row]],
        learned=known.learned[[row]],
        origins=known.origins[row : row + 1],
        caution=None if known.caution is None else known.caution[[row]],
    )


def _before(known: Panel, at: datetime) -> Panel:
    columns = hours_between(known.start, at)
    return replace(known, values=known.values[:, :columns], learned=known.learned[:, :columns])
