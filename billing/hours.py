"""Hours and months. Everything is UTC; an Hour is named by its start and spans [start, start + 1 h)."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK_HOURS = 168
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTH = re.compile(r"(?!9999)[1-9][0-9]{3}-(0[1-9]|1[0-2])")
# Python's own reading lets more pass: any letter after the day, a third digit of a second, parts of a microsecond.
_PARTS = r"[0-9]{2}(:?[0-9]{2}(:?[0-9]{2}"
_TIME = re.compile(rf"[0-9W-]+([T ]{_PARTS}([.,][0-9]{{1,6}}0*)?)?)?(Z|[+-]{_PARTS})?)?)?)?")


def utc(at: datetime) -> datetime:
    """The same instant in UTC; a naive time is taken as UTC."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def parse_time(text: str) -> datetime:
    """An instant from ISO 8601; without an offset it is UTC. Raises ValueError."""
    text = text.strip()
    if not _TIME.fullmatch(text):
        raise ValueError(f"{text!r} is not a time in ISO 8601")
    try:
        return utc(datetime.fromisoformat(text))
    except OverflowError as error:
        raise ValueError(f"{text!r} is out of range") from error


def floor_hour(at: datetime) -> datetime:
    """The hour that `at` lies in."""
    return utc(at).replace(minute=0, second=0, microsecond=0)


def iso(at: datetime) -> str:
    """ISO 8601 in UTC ending in Z, seconds shown: 2026-10-31T23:00:00Z."""
    at = utc(at)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if at.microsecond else "%Y-%m-%dT%H:%M:%SZ")


def hours_between(start: datetime, end: datetime) -> int:
    """Whole hours in [start, end); 0 when end is before start."""
    return max(0, (end - start) // HOUR)


def number(at: datetime) -> int:
    """The number of the hour that `at` lies in, counted from 1970."""
    return (utc(at) - EPOCH) // HOUR


def hour_of(number_: int) -> datetime:
    """The hour of that number."""
    return EPOCH + number_ * HOUR


def hour_of_week(at: datetime) -> int:
    """0 for Monday 00:00 UTC to 167 for Sunday 23:00 UTC."""
    at = utc(at)
    return at.weekday() * 24 + at.hour


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month in UTC: the half-open span [start, end)."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> "Month":
        """From YYYY-MM. Raises ValueError."""
        if not _MONTH.fullmatch(text):
            raise ValueError(f"{text!r} is not a month: write YYYY-MM, such as 2026-10")
        return cls(int(text[:4]), int(text[5:]))

    @classmethod
    def of(cls, at: datetime) -> "Month":
        """The month that the instant `at` lies in."""
        at = utc(at)
        return cls(at.year, at.month)

    @property
    def start(self) -> datetime:
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        return self.next.start

    @property
    def next(self) -> "Month":
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def previous(self) -> "Month":
        return Month.of(self.start - DAY)

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def hours(self) -> int:
        return self.days * 24

    @property
    def first_day(self) -> date:
        return self.start.date()

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"
