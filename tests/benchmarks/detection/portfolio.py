"""All series as customers of one reviewer, with lognormal bills: does the money stand at the top of the list?

In each run one case befalls each of about fifteen series. The incidents found, and all the false ones, are ranked by
the lower bound of their dollars.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tests.benchmarks.detection import ours
from tests.benchmarks.detection.material import Series, dice
from tests.benchmarks.detection.protocol import Outcome, false_incidents

RUNS = 200
BEFALLEN = 15
SPREAD = 1.5  # of the logarithm of a customer's bill
TOP = 10


@dataclass(frozen=True)
class Entry:
    """In units of usage. lower: the lower bound; excess: the true one, 0 for a false incident."""

    lower: float
    excess: float


def ranked(
    series: Sequence[Series], known: Mapping[str, Sequence[ours.Alarm]], outcomes: Sequence[Outcome]
) -> tuple[float, float]:
    """Means over the runs: the share of found dollars that the first ten hold, and the share of them that are true."""
    false = [[Entry(lower, 0.0) for lower in _false(one, known[one.name])] for one in series]
    cases = [[one for one in outcomes if one.copy.series.name == each.name] for each in series]
    level = np.array([np.nanmean(one.values) for one in series])
    shares, precisions = [], []
    for run in range(RUNS):
        chance = dice("portfolio", run)
        price = np.exp(SPREAD * chance.standard_normal(len(series))) / level
        befallen = chance.permutation(len(series))[:BEFALLEN]
        entries = [(price[at], entry) for at, mine in enumerate(false) for entry in mine]
        for at in befallen:
            one = cases[at][int(chance.integers(len(cases[at])))]
            if one.lower is not None:
                entries.append((price[at], Entry(one.lower, one.copy.excess)))
        top = sorted(entries, key=lambda priced: -priced[0] * priced[1].lower)[:TOP]
        found = sum(each * entry.excess for each, entry in entries)
        if found > 0:
            shares.append(sum(each * entry.excess for each, entry in top) / found)
            precisions.append(np.mean([entry.excess > 0 for _, entry in top]))
    return float(np.mean(shares)), float(np.mean(precisions))


def _false(one: Series, alarms: Sequence[ours.Alarm]) -> list[float]:
    """The lower bounds of its false incidents."""
    raised = [alarm for alarm in alarms if alarm.kind != ours.NO_TICKET]
    parts = false_incidents(one, ours.tickets(raised))
    return [
        ours.lower_bound(one.values, one.phase, [alarm for alarm in raised if part[0] <= alarm.column <= part[-1]])
        for part in parts
    ]
