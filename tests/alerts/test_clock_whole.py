"""The clocks over every zone: a sample with the suite, all of it by `make whole`.

Holidays are the days that a drawn file closes, so that the walk needs no calendar of its own but that file.
"""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from alerts.clock import Desk, call_window, month_clock, month_end_in
from billing.hours import Month, utc
from tests.alerts.test_clock import DAY, MINUTE, searched_month_end

NAMES = sorted(available_timezones())
YEARS = range(2024, 2032)
SAMPLE, WHOLE = 60, 3_000
SEED = 20261122


def drawn_desk(draw: random.Random) -> Desk:
    """A desk in any zone, with hours of its own on a dozen days of the last week of a month."""
    opens = draw.randrange(0, 12 * 60)
    closes = draw.choice([draw.randrange(opens + 60, 23 * 60), 24 * 60])
    hours = f"{opens // 60:02}:{opens % 60:02}-{closes // 60:02}:{closes % 60:02}"
    desk = Desk.parse(draw.choice(NAMES), hours, "")
    days = {}
    for _ in range(12):
        day = date(draw.choice(YEARS), draw.randrange(1, 13), draw.randrange(22, 29))
        own = (timedelta(hours=10), timedelta(hours=14))
        days[day] = draw.choice([None, own, (desk.opens, desk.closes)])
    return replace(desk, days=days)


def is_open(at: datetime, desk: Desk) -> bool:
    local = at.astimezone(desk.zone)
    if local.date() in desk.days:
        hours = desk.days[local.date()]
    else:
        hours = (desk.opens, desk.closes) if local.weekday() < 5 else None
    now = timedelta(hours=local.hour, minutes=local.minute)
    return hours is not None and hours[0] <= now < hours[1]


def steady(desk: Desk, month: Month) -> bool:
    """Whether the zone's clocks stand still around the month's end: else a wall-clock minute comes twice or never."""
    days = (month.end + n * DAY for n in range(-20, 2))
    return len({at.astimezone(desk.zone).utcoffset() for at in days}) == 1


def check(draw: random.Random) -> None:
    desk, partner = drawn_desk(draw), ZoneInfo(draw.choice(NAMES))
    month, days = Month(draw.choice(YEARS), draw.randrange(1, 13)), draw.choice([0, 1, 2, 3])
    clock = month_clock(month, desk, partner, 24 * days)
    ends = [searched_month_end(month, zone) for zone in (ZoneInfo("UTC"), desk.zone, partner)]
    assert (clock.deadline_at, clock.expires_at) == (min(ends), max(ends))
    assert clock.latest_email_at <= clock.deadline_at
    if not steady(desk, month):
        return
    at, needed = clock.deadline_at, days * desk.day_length
    while needed > timedelta():
        at -= MINUTE
        needed -= MINUTE * is_open(at, desk)
    assert clock.latest_email_at == at, (desk, month, partner)
    opened = clock.deadline_at - draw.randrange(-300, 6 * 24 * 60) * MINUTE
    assert call_window(opened, clock.deadline_at, desk) == walked_window(opened, clock.deadline_at, desk), (
        desk,
        month,
        partner,
    )


def walked_window(opened: datetime, deadline: datetime, desk: Desk) -> tuple[datetime | None, datetime | None]:
    call_from = call_by = None
    at, was_open = opened, False
    while at <= deadline:
        now_open = is_open(at, desk)
        if was_open and (not now_open or at.astimezone(desk.zone).time() == time()):
            call_by = at
        if now_open and call_from is None and at < deadline:
            call_from = at
        at, was_open = at + MINUTE, now_open
    return call_from, call_by


def test_a_sample_of_clocks_agrees_with_a_walk_through_the_minutes() -> None:
    draw = random.Random(SEED)
    for _ in range(SAMPLE):
        check(draw)


@pytest.mark.whole
@pytest.mark.timeout(3600)
def test_clocks_of_every_zone_agree_with_a_walk_through_the_minutes() -> None:
    draw = random.Random(SEED + 1)
    for _ in range(WHOLE):
        check(draw)


@pytest.mark.whole
@pytest.mark.timeout(3600)
def test_month_ends_of_every_zone_and_eight_years_agree_with_a_search() -> None:
    assert len(NAMES) > 500
    for name in NAMES:
        for year in YEARS:
            for number in range(1, 13):
                month = Month(year, number)
                assert month_end_in(month, ZoneInfo(name)) == searched_month_end(month, ZoneInfo(name)), (name, month)


def test_every_first_of_a_month_without_a_midnight_or_with_two_begins_at_its_first_instant() -> None:
    """1990 to 2037. A midnight that was skipped is not shown by what its own instant reads; one shown twice differs by
    fold."""
    skipped, twice = [], []
    for name in NAMES:
        zone = ZoneInfo(name)
        for year in range(1990, 2038):
            for number in range(1, 13):
                first, second = (datetime(year, number, 1, tzinfo=zone, fold=fold) for fold in (0, 1))
                if first.utcoffset() == second.utcoffset():
                    continue
                shown = first.astimezone(UTC).astimezone(zone)
                exists = (shown.day, shown.hour, shown.minute) == (1, 0, 0)
                (twice if exists else skipped).append((name, Month.of(datetime(year, number, 1, tzinfo=UTC) - DAY)))
    assert len(skipped) >= 50 and len(twice) >= 10
    for name, month in skipped + twice:
        zone = ZoneInfo(name)
        end = month_end_in(month, zone)
        assert end == searched_month_end(month, zone), (name, month)
        before, after = ((end + n * MINUTE).astimezone(zone) for n in (-1, 0))
        assert (before.month, after.month, after.day) == (month.number, month.next.number, 1)
        assert utc(end) == end
