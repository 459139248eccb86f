"""Hours and months against the calendar of the standard library."""

import calendar
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.hours import HOUR, Month, floor_hour, hour_of_week, hours_between, iso, parse_time, utc

offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=offsets)  # noqa: DTZ001  naive bounds
months = st.builds(Month, st.integers(1990, 2200), st.integers(1, 12))


@given(instants)
def test_an_instant_is_the_same_in_utc_and_as_text(at: datetime) -> None:
    assert utc(at) == at
    assert utc(at).tzinfo is UTC
    assert iso(at).endswith("Z")
    assert parse_time(iso(at)) == at
    assert parse_time(f" {at.isoformat()}\n") == at
    assert floor_hour(at) <= at < floor_hour(at) + HOUR


def test_times_as_the_contract_writes_them() -> None:
    at = datetime(2026, 10, 31, 23, tzinfo=UTC)
    assert iso(at) == "2026-10-31T23:00:00Z"
    assert iso(at + timedelta(microseconds=1)) == "2026-10-31T23:00:00.000001Z"
    for text in ("2026-10-31T23:00:00Z", "2026-10-31T23:00", "2026-11-01T08:00:00+09:00", "2026-10-31 23:00:00"):
        assert parse_time(text) == at


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "2026-02-29", "2026-10-31T25:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:30:00-14:00"),
        *(
            "2026-10-31x23:00:00Z",
            "2026-10-31T23:00:000Z",
            "2026-10-31T23:00:00.0000001Z",
            "2026-10-31T23:00:00+01:000",
        ),
    ],
)
def test_what_is_no_time_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        parse_time(text)


@given(months)
def test_a_month_is_its_days(month: Month) -> None:
    days = calendar.monthrange(month.year, month.number)[1]
    assert (month.days, month.hours) == (days, days * 24)
    assert month.end - month.start == timedelta(days=days)
    assert Month.of(month.start) == Month.of(month.end - timedelta(microseconds=1)) == month
    assert month.next.previous == month.previous.next == month
    assert month.next.start == month.end
    assert Month.parse(str(month)) == month
    assert month.first_day == month.start.date()


@given(instants)
def test_the_month_of_an_instant_is_that_of_utc(at: datetime) -> None:
    assert Month.of(at).start <= at < Month.of(at).end


@given(instants, st.integers(-1000, 1000), st.integers(0, 3599))
def test_whole_hours_are_counted(start: datetime, hours: int, seconds: int) -> None:
    end = utc(start) + hours * HOUR + timedelta(seconds=seconds)
    assert hours_between(utc(start), end) == max(0, hours)


@given(instants)
def test_the_week_starts_on_monday_in_utc(at: datetime) -> None:
    monday = datetime(2026, 11, 30, tzinfo=UTC)
    assert hour_of_week(at) == (utc(at) - monday) // HOUR % 168


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "2026-1", "26-10", "2026-10-01", " 2026-10", "0000-01"]
)
def test_what_is_no_month_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        Month.parse(text)
