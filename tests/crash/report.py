"""The tables of the trials, as they stand in the documents."""

from collections.abc import Sequence

from tests.crash.claims import Race
from tests.crash.desks import SINKS
from tests.crash.points import CYCLE, OUTBOX, WINDOW
from tests.crash.trials import Trial

HEAD = (
    "| killed | trials | lost | twice by mail | of these flagged | twice at Zendesk | at JSM | at a webhook |",
    "|---|---:|---:|---:|---:|---:|---:|---:|",
)


def faults(trials: Sequence[Trial]) -> list[str]:
    """What breaks the promise, a sentence each."""
    found = [f"{trial}: lost" for trial in trials if trial.lost]
    for trial in trials:
        if trial.twice and (trial.sink != "smtp" or trial.point in {*OUTBOX, *CYCLE} - {*WINDOW}):
            found.append(f"{trial}: twice, outside the one window")
        if trial.twice and not trial.flagged:
            found.append(f"{trial}: twice, and its row does not say so")
    return found


def table(trials: Sequence[Trial]) -> list[str]:
    """A line a point, in the order in which they were tried, and their sum."""
    points = list(dict.fromkeys(trial.point for trial in trials))
    lines = [_line(point, [trial for trial in trials if trial.point == point]) for point in points]
    return [*HEAD, *lines, _line("**all**", trials)]


def _line(name: str, trials: Sequence[Trial]) -> str:
    died = [trial for trial in trials if trial.died]
    twice = {sink: [t for t in trials if t.sink == sink and t.twice] for sink in SINKS}
    by_mail = twice.pop("smtp")
    flagged = sum(trial.flagged for trial in by_mail)
    counts = (len(died), sum(t.lost for t in trials), len(by_mail), flagged, *map(len, twice.values()))
    return f"| {name} | {' | '.join(map(str, counts))} |"


def races(found: Sequence[tuple[str, Race]]) -> list[str]:
    return [
        "| database | messages | workers | claimed twice | attempts | seconds |",
        "|---|---:|---:|---:|---:|---:|",
        *(
            f"| {name} | {one.messages:,} | {len(one.shares)} | {one.claimed_twice} | {one.attempts:,} "
            f"| {one.seconds:.0f} |"
            for name, one in found
        ),
    ]
