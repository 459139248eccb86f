"""Where an episode ends."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.hours import HOUR
from detectors.episodes import belongs, is_over
from detectors.scan import Finding

AT = datetime(2026, 3, 29, tzinfo=UTC)
FINDING = Finding(("org", "m"), "spike", (AT,), (1.0,), (9.0,), AT + HOUR, 12.0, ("why",), np.zeros(168))


def finding(first: int, last: int) -> Finding:
    return replace(FINDING, hours=tuple(AT + hour * HOUR for hour in range(first, last + 1)))


@pytest.mark.parametrize(("quiet", "together"), [(0, True), (23, True), (24, False), (100, False)])
def test_fewer_than_24_quiet_hours_join(quiet, together):
    assert belongs(AT, AT + 5 * HOUR, finding(6 + quiet, 8 + quiet)) is together
    assert belongs(AT, AT + 5 * HOUR, finding(-3 - quiet, -1 - quiet)) is together


def test_an_overlap_joins():
    assert belongs(AT, AT + 5 * HOUR, finding(2, 3))
    assert belongs(AT, AT + 5 * HOUR, finding(-2, 30))


@given(gap=st.integers(-50, 50))
def test_it_is_over_just_when_nothing_new_could_belong(gap):
    """An hour that closes at `at` is judged then; once over, the next hour cannot join."""
    at = AT + gap * HOUR
    assert is_over(AT, at) is (gap >= 25)
    if gap > 0:
        assert belongs(AT, AT, finding(gap, gap)) is not is_over(AT, at)
