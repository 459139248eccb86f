"""What real usage does: clocks, holidays, month starts, counters, gaps, absurd numbers. None is an incident."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from billing.hours import DAY, HOUR, Month, hours_between
from detectors.episodes import incidents
from detectors.scan import Finding, Scanner
from detectors.series import Floats, Origin, Panel

SERIES = 20
# zone, a Monday 84 days long before which and after which the clock changes: spring and autumn, north and south
CHANGES = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Sydney", date(2026, 4, 5)),
    ("Australia/Sydney", date(2026, 10, 4)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
]


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def business(start: datetime, days: int, zone: str, seed: int, closed: tuple[date, ...] = ()) -> Floats:
    """Steep edges by the clock on the wall: ten times as much from 9 to 18 on working days."""
    wall = [(start + hour * HOUR).astimezone(ZoneInfo(zone)) for hour in range(days * 24)]
    busy = [at.weekday() < 5 and 9 <= at.hour < 18 and at.date() not in closed for at in wall]
    chance = np.exp(0.05 * np.random.default_rng(seed).standard_normal(len(wall)))
    return np.rint(np.where(busy, 1000, 100) * chance)


def panel(start: datetime, rows: list[Floats], origin: Origin) -> Panel:
    values = np.array(rows, dtype=np.float64)
    keys = tuple((f"org{row:02}", "m") for row in range(len(rows)))
    return Panel(keys, start, values, np.ones(values.shape, np.bool_), tuple(origin for _ in rows))


def raised(found: list[Finding]) -> list[tuple[str, datetime]]:
    return [(incident.org_id, incident.first_hour) for incident in incidents(found)]


def scan(known: Panel, since: datetime) -> list[Finding]:
    return Scanner().scan(known, since)[0]


@pytest.mark.parametrize(("zone", "changes"), CHANGES)
def test_a_clock_that_changes_is_no_incident_and_hides_none(zone, changes):
    start, since = midnight(changes) - 48 * DAY, midnight(changes) - 2 * DAY
    rows = [business(start, 84, zone, seed) for seed in range(SERIES)]
    blind = raised(scan(panel(start, rows, Origin()), since))
    assert len(blind) >= SERIES / 2, "the test data lost its point"
    assert raised(scan(panel(start, rows, Origin(zone=zone)), since)) == []

    begins = 48 * 24 + np.arange(SERIES) * 27
    for row, first in zip(rows, begins, strict=True):
        row[first : first + 3] += 2000
    hit = raised(scan(panel(start, rows, Origin(zone=zone)), since))
    assert hit == [(f"org{row:02}", start + int(first) * HOUR) for row, first in enumerate(begins)]


@pytest.mark.parametrize(("zone", "changes"), CHANGES[:2])
def test_a_season_that_lives_in_utc_does_not_mind_the_zone(zone, changes):
    start, since = midnight(changes) - 48 * DAY, midnight(changes) - 2 * DAY
    rows = [business(start, 84, "UTC", seed) for seed in range(SERIES)]
    assert raised(scan(panel(start, rows, Origin(zone=zone)), since)) == []


KOREAN = tuple(map(date.fromisoformat, ["2026-05-05", "2026-05-25"]))
SPRING = datetime(2026, 3, 9, tzinfo=UTC)  # a Monday


@pytest.mark.parametrize("leisure", [False, True])
def test_a_holiday_is_no_incident_nor_is_the_day_after_and_hides_none(leisure):
    zone = "Asia/Seoul"
    rows = [business(SPRING, 84, zone, seed, KOREAN) for seed in range(SERIES)]
    if leisure:  # what works while others rest
        rows = [1100 - row for row in rows]
    known = panel(SPRING, rows, Origin(zone=zone))
    since = SPRING + 50 * DAY
    if leisure:
        assert len(raised(scan(known, since))) >= SERIES, "the test data lost its point"
    korean = tuple(Origin(zone=zone, holidays=frozenset(KOREAN)) for _ in rows)
    assert raised(scan(replace(known, origins=korean), since)) == []

    first = hours_between(SPRING, datetime(2026, 5, 5, 3, tzinfo=UTC))
    known.values[:, first : first + 3] += 2000
    hit = raised(scan(replace(known, origins=korean), since))
    assert hit == [(org_id, SPRING + first * HOUR) for org_id, _ in known.keys]


NEW_YEAR = datetime(2026, 1, 5, tzinfo=UTC)
JOBS = {
    "the first at 02:00": [datetime(2026, month, 1, 2, tzinfo=UTC) for month in (2, 3, 4, 5)],
    "the first at 00:00 in Berlin": [
        datetime(2026, 1, 31, 23, tzinfo=UTC),
        datetime(2026, 2, 28, 23, tzinfo=UTC),
        datetime(2026, 3, 31, 22, tzinfo=UTC),
        datetime(2026, 4, 30, 22, tzinfo=UTC),
    ],
    "the last day at 20:00": [datetime(2026, month, day, 20, tzinfo=UTC) for month, day in ((1, 31), (2, 28), (3, 31))],
    "the 15th at 09:00": [datetime(2026, month, 15, 9, tzinfo=UTC) for month in (1, 2, 3, 4)],
}


@pytest.mark.parametrize("hours", [1, 4, 24])
@pytest.mark.parametrize("at", JOBS.values(), ids=JOBS)
def test_a_job_of_every_month_is_raised_once(usage, at, hours):
    rows = [usage(122, seed=seed) for seed in range(SERIES)]
    for seed, row in enumerate(rows):
        for hour, larger in zip(at, np.random.default_rng(seed).uniform(0.9, 1.1, len(at)), strict=True):
            first = hours_between(NEW_YEAR, hour)
            row[first : first + hours] += 2000 * larger
    known = panel(NEW_YEAR, rows, Origin(zone="Europe/Berlin"))
    job_hours = {hour + more * HOUR for hour in at for more in range(hours)}
    first_ones = {org_id: hour for org_id, hour in raised(scan(known, at[0] - DAY)) if hour in job_hours}
    assert raised(scan(known, at[0] - DAY)) == sorted(first_ones.items())
    assert set(first_ones.values()) == {at[0]}
    assert len(first_ones) == SERIES

    other = hours_between(NEW_YEAR, at[-1])
    known.values[:, other : other + hours] += 4000
    assert len({org_id for org_id, hour in raised(scan(known, at[-1] - DAY)) if hour in job_hours}) == SERIES


def test_a_job_that_was_left_out_for_a_month_is_raised_again(usage):
    row = usage(122)
    for month in (2, 4):
        row[hours_between(NEW_YEAR, datetime(2026, month, 1, 2, tzinfo=UTC))] += 5000
    hit = raised(scan(panel(NEW_YEAR, [row], Origin()), NEW_YEAR + 20 * DAY))
    assert [hour.month for _, hour in hit] == [2, 4]


def active_users(start: datetime, days: int, seed: int, users: int = 5000) -> Floats:
    """How many were active since the month's start: a rush, then fewer new ones, by day more than by night."""
    dice = np.random.default_rng(seed)
    grown, height = [], 0
    for hour in (start + nth * HOUR for nth in range(days * 24)):
        height = 0 if hour == Month.of(hour).start else height
        height += dice.poisson(
            (users - height) / 150 * (1.5 if 8 <= hour.hour < 20 else 0.5) * (hour.weekday() < 5 or 0.4)
        )
        grown.append(height)
    return np.array(grown, dtype=float)


def test_a_counter_that_starts_again_is_no_incident_and_a_jump_of_it_is_one():
    rows = [active_users(NEW_YEAR, 84, seed) for seed in range(SERIES)]
    known = panel(NEW_YEAR, rows, Origin(counter=True))
    since = NEW_YEAR + 14 * DAY
    assert len(raised(scan(known, since))) <= 2  # 47 series-months; two starts of a month each

    first = hours_between(NEW_YEAR, datetime(2026, 3, 11, 10, tzinfo=UTC))
    end = hours_between(NEW_YEAR, datetime(2026, 4, 1, tzinfo=UTC))
    before = known.values[:, first - 1].copy()
    known.values[:, first:end] += 1500
    assert scan(replace(known, origins=()), NEW_YEAR + first * HOUR) == [], "by its height it would have been found"
    found = scan(known, NEW_YEAR + first * HOUR)
    assert raised(found) == [(org_id, NEW_YEAR + first * HOUR) for org_id, _ in known.keys]
    for finding, height in zip(sorted(found, key=lambda one: one.key), before, strict=True):
        assert finding.expected[0] == pytest.approx(height, rel=0.05)
        assert finding.actual[0] - finding.expected[0] == pytest.approx(1500, rel=0.1)
        assert (finding.profile == finding.expected[0]).all()


@pytest.mark.parametrize("hours", [70 * 24 + 5, 75 * 24])
def test_with_a_calendar_too_the_future_changes_nothing(usage, hours):
    rows = [active_users(NEW_YEAR, 84, 0), usage(84), business(NEW_YEAR, 84, "Europe/Berlin", 0)]
    for row in rows[1:]:
        row[[37 * 24 + 12, 66 * 24 + 12, 69 * 24 + 3, 80 * 24]] += 9000
    known = panel(NEW_YEAR, rows, Origin(zone="Europe/Berlin", holidays=frozenset(KOREAN)))
    known = replace(known, origins=(replace(known.origins[0], counter=True), *known.origins[1:]))
    known.values[0, 68 * 24 :] += 1500
    early = replace(known, values=known.values[:, :hours], learned=known.learned[:, :hours])
    since = NEW_YEAR + 65 * DAY
    one, other = scan(early, since), [f for f in scan(known, since) if f.detected <= early.end]
    assert {f.key for f in one} == {*known.keys}, "the test data lost its point"
    assert [(f.key, f.hours, f.expected, f.score) for f in one] == [
        (f.key, f.hours, f.expected, f.score) for f in other
    ]


RATES = [0.02, 0.2, 1.0, 5.0]


@pytest.mark.parametrize("rate", RATES)
def test_mostly_nothing_is_quiet_and_a_burst_of_it_is_found(rate):
    """47 series-months at 0.2 make 9 false incidents; chance adds as much again in one case of 1,000."""
    rows = list(np.random.default_rng(int(rate * 100)).poisson(rate, (25, 84 * 24)).astype(float))
    known = panel(NEW_YEAR, rows, Origin())
    assert len(raised(scan(known, NEW_YEAR + 28 * DAY))) <= 19
    known.values[:, 60 * 24 : 60 * 24 + 6] += max(5.0, 5 * rate)
    hit = {org_id for org_id, hour in raised(scan(known, NEW_YEAR + 60 * DAY)) if hour < NEW_YEAR + 61 * DAY}
    assert len(hit) >= 0.85 * len(rows)


def test_bursts_among_zeros_are_what_is_usual_there():
    """Every night at a random hour a batch of a random size, else nothing."""
    rows = []
    for seed in range(25):
        dice, row = np.random.default_rng(seed), np.zeros(84 * 24)
        row[np.arange(84) * 24 + dice.integers(0, 5, 84)] = np.rint(1000 * dice.lognormal(0, 0.3, 84))
        rows.append(row)
    known = panel(NEW_YEAR, rows, Origin())
    assert len(raised(scan(known, NEW_YEAR + 28 * DAY))) <= 19
    known.values[:, 60 * 24 + 12] += 20_000
    assert len(raised(scan(known, NEW_YEAR + 60 * DAY))) >= 0.85 * len(rows)


@pytest.mark.parametrize("absurd", [1e18, np.inf, 2.0**62])
@pytest.mark.parametrize("found", [True, False], ids=["found", "before the first hour judged"])
def test_one_absurd_hour_is_odd_and_teaches_nothing(usage, absurd, found):
    rows = [usage(84, seed=seed) for seed in range(8)]
    known = panel(NEW_YEAR, rows, Origin())
    known.values[:, 40 * 24 + 7] = absurd
    since = NEW_YEAR + (35 if found else 41) * DAY
    expected = [(key[0], NEW_YEAR + (40 * 24 + 7) * HOUR) for key in known.keys]
    assert raised(scan(known, since)) == (expected if found else [])
    known.values[:, 45 * 24 : 45 * 24 + 24] *= 2
    later = [(key[0], NEW_YEAR + 45 * DAY) for key in known.keys]
    assert sorted(raised(scan(known, since))) == sorted(later + expected * found)
    plain = panel(NEW_YEAR, [usage(84, seed=seed) for seed in range(8)], Origin())
    ours, theirs = (Scanner().profiles(first_days(one, 45)) for one in (known, plain))
    np.testing.assert_allclose(ours, theirs, rtol=0.05)


def first_days(known: Panel, days: int) -> Panel:
    return replace(known, values=known.values[:, : days * 24], learned=known.learned[:, : days * 24])


def test_a_negative_number_is_nothing_said(usage):
    rows = [usage(60, seed=seed) for seed in range(4)]
    negative, missing = panel(NEW_YEAR, rows, Origin()), panel(NEW_YEAR, rows, Origin())
    for values, instead in ((negative.values, -1e6), (missing.values, np.nan)):
        values[:, 40 * 24 : 41 * 24] = instead
        values[:, 50 * 24] *= 5
    ours, theirs = (scan(known, NEW_YEAR + 30 * DAY) for known in (negative, missing))
    assert [(one.key, one.hours, one.score) for one in ours] == [(one.key, one.hours, one.score) for one in theirs]
    assert len(ours) == 4


RUN_AWAYS = {"spike", "shift", "ramp"}  # a trouble may change which of them sees a level move first
TROUBLES = ["missing hours", "a day missing", "the newest hours partly there", "restated", "a zone and holidays"]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_every_kind_is_found_in_spite_of(planted, trouble):
    known, dice = planted.panel, np.random.default_rng(0)
    values = known.values.copy()
    if trouble == "missing hours":
        values[dice.random(values.shape) < 0.05] = np.nan
    elif trouble == "a day missing":
        values[:, 30 * 24 : 31 * 24] = np.nan
    elif trouble == "the newest hours partly there":
        values[1, -6:] *= [0.9, 0.7, 0.5, 0.3, 0.1, 0]
    elif trouble == "restated":
        values[:, 20 * 24 : 23 * 24] = np.rint(values[:, 20 * 24 : 23 * 24] * 1.02)
    else:
        holidays = frozenset({date(2026, 1, 19), date(2026, 2, 16)})
        known = replace(known, origins=(Origin(zone="America/New_York", holidays=holidays),) * len(known.keys))
    found = scan(replace(known, values=values), planted.since)
    told = {one.kind for one in found}
    assert told & (RUN_AWAYS if planted.kind in RUN_AWAYS else {planted.kind})
    assert {one.key for one in found} == {planted.panel.keys[0]}
    assert all(np.isfinite(one.actual).all() and np.isfinite(one.expected).all() for one in found)


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_missing_hours_make_no_incidents_and_hide_none(usage, share):
    rows = [usage(84, seed=seed, noise=0.1) for seed in range(25)]
    known = panel(NEW_YEAR, rows, Origin())
    known.values[np.random.default_rng(0).random(known.values.shape) < share] = np.nan
    assert len(raised(scan(known, NEW_YEAR + 28 * DAY))) <= 19
    known.values[:, 60 * 24 : 60 * 24 + 24] *= 2
    hit = {org_id for org_id, hour in raised(scan(known, NEW_YEAR + 60 * DAY)) if hour < NEW_YEAR + 61 * DAY}
    assert len(hit) >= 0.9 * len(rows)
