"""Backoff: full jitter, never past half of what is left, the same whenever it is asked."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from alerts.retry import FIRST, LEAST, MOST, next_try

AT = datetime(2026, 11, 27, 12, tzinfo=UTC)
SPANS = st.timedeltas(timedelta(seconds=-1000), timedelta(days=40))


@given(st.text(), st.integers(1, 1000), st.lists(SPANS | st.none(), max_size=3))
def test_it_waits_at_most_the_doubled_span_and_half_the_way_to_the_next_step(
    key: str, attempts: int, spans: list[timedelta | None]
) -> None:
    steps = [None if span is None else AT + span for span in spans]
    due = next_try(key, attempts, AT, steps)
    assert due == next_try(key, attempts, AT, steps)
    left = min((step - AT for step in steps if step and step > AT), default=2 * MOST)
    assert LEAST <= due - AT <= max(LEAST, min(MOST, FIRST * 2 ** min(attempts - 1, 20), left / 2))


def test_the_jitter_is_full_and_even() -> None:
    waits = sorted((next_try(f"tk_{n}-1", 9, AT, ()) - AT) / MOST for n in range(1000))
    for tenth in range(1, 10):
        assert abs(waits[tenth * 100] - tenth / 10) < 0.05


@given(st.timedeltas(timedelta(0), timedelta(days=9)))
def test_what_the_receiver_asks_for_is_a_minimum(wait: timedelta) -> None:
    plain = next_try("tk_1-1", 3, AT, ())
    assert next_try("tk_1-1", 3, AT, (), wait) == max(plain, AT + wait)
