"""The month-end clock against a walk through every minute, and month ends against a search through every zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.clock import Clock, Desk, call_window, month_clock, month_end_in, shown
from billing.hours import Month

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NEW_YORK, SEOUL, UTC_ZONE = ZoneInfo("America/New_York"), ZoneInfo("Asia/Seoul"), ZoneInfo("UTC")
VENDOR = Desk.parse("America/New_York", "09:00-18:00", "US")
# Offsets of whole, half and quarter hours; clock changes on Sundays, Fridays (Cairo) and never; both ends of the day.
ZONES = [
    "UTC",
    "America/New_York",
    "America/Los_Angeles",
    "America/St_Johns",
    "America/Santiago",
    "America/Havana",
    "Europe/London",
    "Europe/Moscow",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Seoul",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Beirut",
    "Australia/Adelaide",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def federal_holidays(year: int) -> set[date]:
    """Federal holidays of a year by the rules of 5 U.S.C. 6103, with the weekday on which each is observed."""

    def nth(month: int, weekday: int, number: int) -> date:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))

    memorial = date(year, 5, 31) - timedelta(days=date(year, 5, 31).weekday())
    floating = {nth(1, 0, 3), nth(2, 0, 3), memorial, nth(9, 0, 1), nth(10, 0, 2), nth(11, 3, 4)}
    fixed = {date(year, 1, 1), date(year, 6, 19), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)}
    shift = {5: -DAY, 6: DAY}
    return floating | {day + shift.get(day.weekday(), timedelta()) for day in fixed | {date(year + 1, 1, 1)}}


FEDERAL = frozenset(day for year in range(2023, 2032) for day in federal_holidays(year))


def is_open(at: datetime, desk: Desk, holidays: frozenset[date]) -> bool:
    local = at.astimezone(desk.zone)
    since_midnight = timedelta(hours=local.hour, minutes=local.minute)
    return local.weekday() < 5 and local.date() not in holidays and desk.opens <= since_midnight < desk.closes


def walked_start(deadline: datetime, needed: timedelta, desk: Desk, holidays: frozenset[date]) -> datetime:
    at = deadline
    while needed > timedelta():
        at -= MINUTE
        needed -= MINUTE * is_open(at, desk, holidays)
    return at


def walked_window(
    opened: datetime, deadline: datetime, desk: Desk, holidays: frozenset[date]
) -> tuple[datetime | None, datetime | None]:
    call_from = call_by = None
    at, was_open = opened, False
    while at <= deadline:
        now_open = is_open(at, desk, holidays)
        if was_open and (not now_open or at.astimezone(desk.zone).time() == time()):
            call_by = at
        if now_open and call_from is None and at < deadline:
            call_from = at
        at, was_open = at + MINUTE, now_open
    return call_from, call_by


@st.composite
def desks(draw: st.DrawFn) -> Desk:
    opens = draw(st.integers(0, 12 * 60))
    closes = draw(st.one_of(st.integers(opens + 60, 22 * 60), st.just(24 * 60)))
    hours = f"{opens // 60:02}:{opens % 60:02}-{closes // 60:02}:{closes % 60:02}"
    return Desk.parse(draw(st.sampled_from(ZONES)), hours, draw(st.sampled_from(["US", ""])))


months = st.builds(Month, st.integers(2024, 2030), st.integers(1, 12))
zones = st.sampled_from([ZoneInfo(name) for name in ZONES])


def holidays_of(desk: Desk) -> frozenset[date]:
    return FEDERAL if desk.country else frozenset()


@settings(max_examples=300, deadline=None)
@given(month=months, desk=desks(), partner=zones, answer_hours=st.sampled_from([0, 1, 24, 25, 48, 100]))
def test_latest_email_agrees_with_a_walk_through_the_minutes(
    month: Month, desk: Desk, partner: ZoneInfo, answer_hours: int
) -> None:
    clock = month_clock(month, desk, partner, answer_hours)
    days = {0: 0, 1: 1, 24: 1, 25: 2, 48: 2, 100: 5}[answer_hours]
    needed = days * (desk.closes - desk.opens)
    assert clock.latest_email_at == walked_start(clock.deadline_at, needed, desk, holidays_of(desk))


@settings(max_examples=300, deadline=None)
@given(month=months, desk=desks(), partner=zones, before=st.integers(-300, 6 * 24 * 60))
def test_call_window_agrees_with_a_walk_through_the_minutes(
    month: Month, desk: Desk, partner: ZoneInfo, before: int
) -> None:
    clock = month_clock(month, desk, partner, 48)
    opened = clock.deadline_at - before * MINUTE
    assert call_window(opened, clock.deadline_at, desk) == walked_window(
        opened, clock.deadline_at, desk, holidays_of(desk)
    )


@settings(max_examples=100, deadline=None)
@given(month=months, vendor=desks(), partner=zones)
def test_deadline_is_never_later_than_any_month_end_and_expiry_never_earlier(
    month: Month, vendor: Desk, partner: ZoneInfo
) -> None:
    clock = month_clock(month, vendor, partner, 48)
    for zone in (UTC, vendor.zone, partner):
        last_moment = (clock.deadline_at - timedelta(microseconds=1)).astimezone(zone)
        assert (last_moment.year, last_moment.month) <= (month.year, month.number)
        expired = clock.expires_at.astimezone(zone)
        assert (expired.year, expired.month) >= (month.next.year, month.next.number)


def searched_month_end(month: Month, zone: ZoneInfo) -> datetime:
    """The first second whose local date is in the next month: in quarter hours, then back by seconds."""
    first = month.next.first_day
    at = month.end - 15 * HOUR
    while at.astimezone(zone).date() < first:
        at += 15 * MINUTE
    if at.astimezone(zone).time() != time():
        seconds = (at - n * timedelta(seconds=1) for n in range(900, -1, -1))
        at = next(second for second in seconds if second.astimezone(zone).date() >= first)
    return at


@pytest.mark.parametrize("year", [1994, 1999, 2011, 2026, 2030])
def test_month_ends_of_every_zone_agree_with_a_search(year: int) -> None:
    zone_names = sorted(available_timezones())
    assert len(zone_names) > 500
    for name in zone_names:
        zone = ZoneInfo(name)
        for number in range(1, 13):
            month = Month(year, number)
            assert month_end_in(month, zone) == searched_month_end(month, zone), (name, month)


@pytest.mark.parametrize(
    ("zone", "month", "end", "local"),
    [
        ("America/Asuncion", Month(2000, 9), "2000-10-01T04:00", "01:00"),  # midnight skipped
        ("America/Havana", Month(2012, 3), "2012-04-01T05:00", "01:00"),  # midnight skipped
        ("America/St_Johns", Month(2009, 10), "2009-11-01T02:30", "00:00"),  # midnight twice, an hour apart
    ],
)
def test_month_end_where_midnight_is_skipped_or_comes_twice(zone: str, month: Month, end: str, local: str) -> None:
    found = month_end_in(month, ZoneInfo(zone))
    assert found.astimezone(ZoneInfo(zone)).strftime("%H:%M") == local
    assert found == utc(end)


def test_a_day_whose_midnight_lies_inside_a_gap_begins_where_the_gap_ends() -> None:
    """Toronto went from 23:30 on 30 March 1919 to 00:30 on the 31st, a Monday."""
    opens, _ = Desk.parse("America/Toronto", "00:00-24:00", "").span(date(1919, 3, 31)) or (None, None)
    assert opens == utc("1919-03-31T04:30")


def test_the_example_of_the_contract() -> None:
    clock = month_clock(Month(2026, 11), VENDOR, UTC_ZONE, 48)
    assert clock == Clock(utc("2026-12-01T00:00"), utc("2026-12-01T05:00"), utc("2026-11-27T14:00"))


def test_a_partner_in_seoul_ends_the_month_in_the_middle_of_the_desks_day() -> None:
    clock = month_clock(Month(2026, 11), VENDOR, SEOUL, 48)
    assert clock.deadline_at == utc("2026-11-30T15:00")  # Monday 10:00 in New York: one hour of that day counts
    assert clock.expires_at == utc("2026-12-01T05:00")
    assert clock.latest_email_at == utc("2026-11-25T15:00")  # 1 h on Monday, 9 h on Friday, 8 h on Wednesday
    assert call_window(utc("2026-11-30T14:30"), clock.deadline_at, VENDOR) == (utc("2026-11-30T14:30"), None)
    assert call_window(utc("2026-11-26T15:00"), clock.deadline_at, VENDOR) == (
        utc("2026-11-27T14:00"),
        utc("2026-11-27T23:00"),
    )


@pytest.mark.parametrize(
    ("answer_hours", "latest"),
    [(0, "2026-12-01T00:00"), (24, "2026-11-30T14:00"), (48, "2026-11-27T14:00"), (100, "2026-11-23T14:00")],
)
def test_each_begun_day_of_the_answer_is_a_desk_day(answer_hours: int, latest: str) -> None:
    assert month_clock(Month(2026, 11), VENDOR, UTC_ZONE, answer_hours).latest_email_at == utc(latest)


def test_new_years_day_of_a_saturday_closes_the_desk_on_the_31st() -> None:
    """2022-01-01 was a Saturday: observed on Friday the 31st; the 24th stood in for Saturday's Christmas."""
    clock = month_clock(Month(2021, 12), VENDOR, UTC_ZONE, 48)
    assert clock.latest_email_at == utc("2021-12-29T14:00")
    assert VENDOR.span(date(2021, 12, 24)) is None
    assert VENDOR.span(date(2021, 12, 27)) is not None


def test_the_observed_days_are_the_federal_ones() -> None:
    weekdays = (date(2024, 1, 1) + n * DAY for n in range(7 * 365))
    closed = {day for day in weekdays if day.weekday() < 5 and VENDOR.span(day) is None}
    assert closed == {day for day in FEDERAL if date(2024, 1, 1) <= day <= max(closed) and day.weekday() < 5}


def test_the_desk_keeps_its_wall_clock_when_the_clocks_change() -> None:
    assert VENDOR.span(date(2026, 10, 30)) == (utc("2026-10-30T13:00"), utc("2026-10-30T22:00"))
    assert VENDOR.span(date(2026, 11, 2)) == (utc("2026-11-02T14:00"), utc("2026-11-02T23:00"))


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-25T13:59", False),
        ("2026-11-25T14:00", True),
        ("2026-11-25T22:59", True),
        ("2026-11-25T23:00", False),
        ("2026-11-26T16:00", False),  # Thanksgiving
        ("2026-11-28T16:00", False),  # Saturday
    ],
)
def test_the_desk_is_open_from_its_opening_to_just_before_its_closing(at: str, expected: bool) -> None:
    assert VENDOR.is_open(utc(at)) is expected


def test_the_blind_window_opens_72_hours_before_the_last_email_and_ends_at_the_deadline() -> None:
    clock = month_clock(Month(2026, 11), VENDOR, UTC_ZONE, 48)
    assert not clock.in_blind_window(utc("2026-11-24T13:59:59"))
    assert clock.in_blind_window(utc("2026-11-24T14:00"))
    assert clock.in_blind_window(utc("2026-11-30T23:59:59"))
    assert not clock.in_blind_window(clock.deadline_at)


def test_nobody_can_be_called_after_the_last_closing() -> None:
    clock = month_clock(Month(2026, 11), VENDOR, UTC_ZONE, 48)
    assert call_window(utc("2026-11-30T22:59"), clock.deadline_at, VENDOR) == (
        utc("2026-11-30T22:59"),
        utc("2026-11-30T23:00"),
    )
    assert call_window(utc("2026-11-30T23:00"), clock.deadline_at, VENDOR) == (None, None)
    assert call_window(clock.deadline_at, clock.deadline_at, VENDOR) == (None, None)
    round_the_clock = Desk.parse("UTC", "00:00-24:00", "")
    june = month_clock(Month(2026, 6), round_the_clock, SEOUL, 48)  # until Tuesday the 30th, 15:00 UTC
    assert call_window(utc("2026-06-30T00:00"), june.deadline_at, round_the_clock) == (utc("2026-06-30T00:00"), None)


@pytest.mark.parametrize(
    ("zone", "hours", "holidays", "said"),
    [
        ("New York", "09:00-18:00", "US", "'New York' is not a time zone"),
        ("America", "09:00-18:00", "US", "'America' is not a time zone"),
        ("", "09:00-18:00", "US", "'' is not a time zone"),
        ("../UTC", "09:00-18:00", "US", "'../UTC' is not a time zone"),
        ("UTC", "9-18", "US", "'9-18' are not desk hours"),
        ("UTC", "09:00-24:30", "US", "'09:00-24:30' are not desk hours"),
        ("UTC", "18:00-09:00", "US", "end before they start"),
        ("UTC", "09:00-09:00", "US", "end before they start"),
        ("UTC", "09:00-18:00", "Atlantis", "'Atlantis' has no holiday calendar"),
    ],
)
def test_a_faulty_desk_is_refused_in_words(zone: str, hours: str, holidays: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Desk.parse(zone, hours, holidays)


def test_a_desk_may_close_at_midnight_and_keep_no_holidays() -> None:
    desk = Desk.parse("UTC", "00:00-24:00", "")
    assert desk.span(date(2026, 12, 25)) == (utc("2026-12-25T00:00"), utc("2026-12-26T00:00"))
    assert desk.day_length == DAY


def test_an_instant_is_shown_in_each_zone_with_its_offset() -> None:
    assert shown(utc("2026-11-27T14:00"), [NEW_YORK, UTC, SEOUL, UTC_ZONE]) == (
        "2026-11-27 09:00-05:00 (America/New_York) = 2026-11-27 14:00+00:00 (UTC) = 2026-11-27 23:00+09:00 (Asia/Seoul)"
    )
