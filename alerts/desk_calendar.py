"""The days on which the vendor's desk keeps other hours than its calendar says, from a CSV file."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from alerts.clock import desk_hours
from billing.csv_rows import Row, read_rows
from billing.errors import Fault, SettingsError

COLUMNS = ("date", "hours", "name")

Hours = tuple[timedelta, timedelta] | None  # from midnight; None where the desk stays closed


def read_days(path: Path, usual: tuple[timedelta, timedelta]) -> Mapping[date, Hours]:
    """Rows of `date,hours,name`; hours: `closed`, `open` (the usual ones, whatever day it is) or such as 10:00-14:00.

    Raises SettingsError with every fault.
    """
    faults: list[Fault] = []
    days: dict[date, Hours] = {}
    for row in read_rows(path, COLUMNS, faults):
        day, hours = row.day("date", required=True), _hours(row, usual)
        row.text("name")
        if day in days:
            row.fault("date", f"{day} stands there twice")
        elif day:
            days[day] = hours
    if faults:
        raise SettingsError(faults)
    return days


def _hours(row: Row, usual: tuple[timedelta, timedelta]) -> Hours:
    said = row.cells["hours"].lower()
    if said in ("open", "closed"):
        return usual if said == "open" else None
    try:
        return desk_hours(said)
    except ValueError as error:
        row.fault("hours", f"{error}, or open, or closed")
        return None
