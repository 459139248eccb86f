"""The score by hand, and by a slow definition."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.hours import HOUR
from detectors.score import Label, Raised, Score, score

AT = datetime(2026, 3, 1, tzinfo=UTC)


def label(start: int, end: int, org: str = "a") -> Label:
    return Label(org, "m", AT + start * HOUR, AT + end * HOUR)


def alert(first: int, last: int, detected: int, org: str = "a") -> Raised:
    return Raised(org, "m", AT + first * HOUR, AT + last * HOUR, AT + detected * HOUR)


def test_by_hand():
    labels = [label(100, 106), label(300, 301), label(500, 510), label(100, 106, "b")]
    alerts = [
        alert(100, 105, 101),  # found at once
        alert(302, 303, 304),  # near a label: not found, not false
        alert(490, 500, 495),  # began before the label: no delay below 0
        alert(505, 506, 507),  # the second alert of a label
        alert(700, 700, 701),  # false
        alert(100, 100, 101, "c"),  # false: another series
    ]
    assert score(alerts, labels, 3 * 720) == Score(0.5, 4 / 6, 2 / 3, 0.0, 0.0)


def test_delay_runs_from_the_close_of_the_first_hour():
    found = score([alert(100, 120, 111)], [label(100, 130)], 720)
    assert (found.delay_hours_median, found.delay_hours_p90) == (10, 10)
    assert score([alert(100, 100, 101), alert(210, 210, 211)], [label(100, 106), label(200, 250)], 720) == Score(
        1, 1, 0, 5, pytest.approx(9)
    )


def test_undefined_is_none():
    assert score([], [], 0) == Score(None, None, None, None, None)
    assert score([], [label(0, 1)], 720) == Score(0, None, 0, None, None)


SPANS = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 40), st.sampled_from("ab")), max_size=6)


@given(labelled=SPANS, alerted=SPANS)
def test_against_sets_of_hours(labelled, alerted):
    labels = [label(start, start + length, org) for start, length, org in labelled]
    alerts = [alert(first, first + length - 1, first + length, org) for first, length, org in alerted]

    def hours(first, length, org, around=0):
        return {(org, hour) for hour in range(first - around, first + length + around)}

    found = sum(any(hours(*one) & hours(*other) for other in alerted) for one in labelled)
    true = sum(any(hours(*one) & hours(*other, 24) for other in labelled) for one in alerted)
    result = score(alerts, labels, 1440)
    assert result.recall == (found / len(labelled) if labelled else None)
    assert result.precision == (true / len(alerted) if alerted else None)
    assert result.false_per_series_month == (len(alerted) - true) / 2
