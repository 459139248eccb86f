"""Recall and false alarms on the reporting half of the public panel: series that nothing was tuned on.

By the protocol of the detection page. The floors leave room for chance; they catch a detector that breaks.
"""

import pytest

from detectors.injection import SCORED_FROM
from tests.benchmarks.detection import material, ours
from tests.benchmarks.detection.material import Series
from tests.benchmarks.detection.protocol import Outcome, chosen, delay, false_rate, recall

pytestmark = pytest.mark.skipif(not material.PANEL.exists(), reason="the folder shared is not beside the repository")


@pytest.fixture(scope="module")
def reporting_half() -> list[Series]:
    return material.read("reporting")


@pytest.fixture(scope="module")
def alarms(reporting_half) -> dict[str, list[ours.Alarm]]:
    return {one.name: mine for one, mine in zip(reporting_half, ours.clean(reporting_half), strict=True)}


@pytest.fixture(scope="module")
def outcomes(reporting_half, alarms) -> list[Outcome]:
    return ours.judged(material.copies(reporting_half), alarms)


def test_false_alarms_stay_within_the_budget(reporting_half, alarms):
    assert false_rate(reporting_half, [ours.tickets(mine) for mine in alarms.values()]) <= 0.25


def test_recall(outcomes):
    assert len({one.copy.case for one in outcomes}) == 18
    assert recall(outcomes) >= 0.65


@pytest.mark.parametrize(("times", "floor"), [(1.3, 0.35), (2.0, 0.65), (5.0, 0.85)])
def test_recall_by_size(outcomes, times, floor):
    assert recall(chosen(outcomes, lambda case: case.times == times)) >= floor


def test_what_is_found_is_mostly_found_at_once(outcomes):
    for case in {one.copy.case for one in outcomes}:
        if case.shape != "ramp" and case.times >= 2:
            assert delay(chosen(outcomes, case.__eq__), 50) == 0, case
    assert delay(chosen(outcomes, lambda case: (case.shape, case.hours, case.times) == ("ramp", 24, 2.0)), 50) <= 8


def test_the_split_is_the_one_of_the_protocol(reporting_half):
    assert len(reporting_half) == 49
    assert all(len(series.values) > SCORED_FROM + 168 for series in reporting_half)
