"""The desk's other days from a file, in the clocks and in words."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alerts.clock import Desk, call_window, month_clock
from alerts.desk_calendar import read_days
from billing.errors import SettingsError
from billing.hours import HOUR, Month
from tests.alerts.claims import DESK, LATEST, NOVEMBER


def desk(tmp_path: Path, *rows: str) -> Desk:
    file = tmp_path / "desk.csv"
    file.write_text("\n".join(["date,hours,name", *rows]) + "\n", encoding="utf-8")
    return replace(DESK, days=read_days(file, (DESK.opens, DESK.closes)), days_file=file.name)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_day_is_closed_open_or_has_hours_of_its_own(tmp_path: Path) -> None:
    own = desk(
        tmp_path,
        "2026-12-24,closed,Executive order",
        "2026-11-26,open,they work on Thanksgiving",
        "2026-11-28,10:00-14:00,a Saturday",
        "2026-11-27,09:00-13:00,the day after Thanksgiving",
    )
    assert own.span(date(2026, 12, 24)) is None and DESK.span(date(2026, 12, 24)) is not None
    assert own.span(date(2026, 11, 26)) == (utc("2026-11-26T14:00"), utc("2026-11-26T23:00"))
    assert own.span(date(2026, 11, 28)) == (utc("2026-11-28T15:00"), utc("2026-11-28T19:00"))
    assert own.span(date(2026, 11, 27)) == (utc("2026-11-27T14:00"), utc("2026-11-27T18:00"))
    assert own.span(date(2026, 11, 25)) == DESK.span(date(2026, 11, 25))


def test_one_closed_day_moves_the_latest_e_mail_and_the_call(tmp_path: Path) -> None:
    """Friday the 27th is closed by executive order: the two desk days are Wednesday and Monday."""
    own = desk(tmp_path, "2026-11-27,closed,Executive order")
    clock = month_clock(NOVEMBER, own, ZoneInfo("UTC"), 48)
    assert clock.latest_email_at == utc("2026-11-25T14:00") < LATEST
    assert call_window(utc("2026-11-26T15:00"), clock.deadline_at, own) == (
        utc("2026-11-30T14:00"),
        utc("2026-11-30T23:00"),
    )


def test_a_desk_that_works_on_a_holiday_has_more_time(tmp_path: Path) -> None:
    own = desk(tmp_path, "2026-11-28,open,", "2026-11-29,open,")
    assert month_clock(NOVEMBER, own, ZoneInfo("UTC"), 48).latest_email_at == LATEST + 48 * HOUR


def test_which_calendar_was_used_is_said(tmp_path: Path) -> None:
    assert DESK.calendar == "Monday to Friday 09:00-18:00 (America/New_York), national holidays of US"
    assert desk(tmp_path, "2026-11-27,closed,").calendar == f"{DESK.calendar}, other days by desk.csv (1)"
    assert Desk.parse("UTC", "08:30-24:00", "").calendar == "Monday to Friday 08:30-24:00 (UTC), no holidays"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("27.11.2026,closed,x", "desk.csv:2: date: '27.11.2026' is not a date"),
        ("2026-11-27,shut,x", "desk.csv:2: hours: 'shut' are not desk hours"),
        ("2026-11-27,18:00-09:00,x", "desk.csv:2: hours: desk hours '18:00-09:00' end before they start"),
        ("2026-11-27,closed,x\n2026-11-27,open,y", "desk.csv:3: date: 2026-11-27 stands there twice"),
        ("2026-11-27,closed", "desk.csv:2"),
    ],
)
def test_faults_are_named_by_line(tmp_path: Path, row: str, said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        desk(tmp_path, row)
    assert said in str(raised.value)


def test_months_without_other_days_are_as_before(tmp_path: Path) -> None:
    own = desk(tmp_path, "2026-11-27,closed,")
    for month in (Month(2026, 10), Month(2026, 12)):
        assert month_clock(month, own, ZoneInfo("UTC"), 48) == month_clock(month, DESK, ZoneInfo("UTC"), 48)
