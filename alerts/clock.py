"""The month-end clock: how long a charge can still be claimed, and when the vendor's desk is there to hear it."""

import functools
import itertools
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from billing.hours import Month, utc

BLIND = timedelta(hours=72)  # how late the vendor may still restate usage
_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")

Span = tuple[datetime, datetime]


@functools.lru_cache(maxsize=256)
def national_holidays(country: str, year: int) -> frozenset[date]:
    """National holidays of the country and the days they are observed on instead; none for the empty country."""
    if not country:
        return frozenset()
    from holidays import country_holidays

    return frozenset(country_holidays(country, years=year))


def desk_hours(text: str) -> tuple[timedelta, timedelta]:
    """`09:00-18:00` as times since midnight. Raises ValueError with a sentence."""
    match = _HOURS.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} are not desk hours: write them as 09:00-18:00")
    opens, closes = (
        timedelta(hours=int(hour or 24), minutes=int(minute or 0))
        for hour, minute in (match.group(1, 2), match.group(3, 4))
    )
    if closes <= opens:
        raise ValueError(f"desk hours {text!r} end before they start: a desk opens and closes on the same day")
    return opens, closes


@dataclass(frozen=True)
class Desk:
    """The vendor's desk: open Monday to Friday, the same hours each day, closed on the country's national holidays.

    `opens` and `closes` are wall-clock times of `zone`, counted from midnight (24 h is the midnight that ends the day).
    `days`: those with other hours, None where it stays closed; `days_file`: where they are written down.
    """

    zone: ZoneInfo
    opens: timedelta
    closes: timedelta
    country: str = ""
    days: Mapping[date, tuple[timedelta, timedelta] | None] = field(default_factory=dict, hash=False)
    days_file: str = ""

    @classmethod
    def parse(cls, zone: str, hours: str, holidays: str) -> "Desk":
        """From an IANA zone, `09:00-18:00`, and a country code of the `holidays` package or nothing.

        Raises ValueError with a sentence for the person who wrote the setting.
        """
        try:
            known_zone = ZoneInfo(zone)
        except (LookupError, ValueError, OSError):
            raise ValueError(f"{zone!r} is not a time zone: write an IANA name, such as America/New_York") from None
        opens, closes = desk_hours(hours)
        country = holidays.strip().upper()
        try:
            national_holidays(country, 2000)
        except NotImplementedError:
            raise ValueError(
                f"{holidays!r} has no holiday calendar: write a country code, such as US, or nothing for no holidays"
            ) from None
        return cls(known_zone, opens, closes, country)

    @property
    def day_length(self) -> timedelta:
        """Open hours of one desk day."""
        return self.closes - self.opens

    def span(self, day: date) -> Span | None:
        """The UTC instants between which the desk is open on a local day; None where it stays closed."""
        hours = self.days[day] if day in self.days else self._usual(day)
        if hours is None:
            return None
        midnight = datetime.combine(day, datetime.min.time())
        opens, closes = hours
        return _first_instant(midnight + opens, self.zone), _first_instant(midnight + closes, self.zone)

    def _usual(self, day: date) -> tuple[timedelta, timedelta] | None:
        closed = day.weekday() >= 5 or day in national_holidays(self.country, day.year)
        return None if closed else (self.opens, self.closes)

    @property
    def calendar(self) -> str:
        """Which days and hours are kept, in words."""
        hours = "-".join(f"{time // _HOUR:02}:{time % _HOUR // _MINUTE:02}" for time in (self.opens, self.closes))
        holidays = f"national holidays of {self.country}" if self.country else "no holidays"
        changed = f", other days by {self.days_file} ({len(self.days)})" if self.days_file else ""
        return f"Monday to Friday {hours} ({self.zone}), {holidays}{changed}"

    def spans_from(self, at: datetime) -> Iterator[Span]:
        """Open spans that end after `at`, next first."""
        days = (at.astimezone(self.zone).date() + n * _DAY for n in itertools.count())
        return (span for span in map(self.span, days) if span and span[1] > at)

    def spans_until(self, at: datetime) -> Iterator[Span]:
        """Open spans that start before `at`, last first."""
        days = (at.astimezone(self.zone).date() - n * _DAY for n in itertools.count())
        return (span for span in map(self.span, days) if span and span[0] < at)

    def is_open(self, at: datetime) -> bool:
        """Whether somebody is there at the instant; the closing time itself is closed."""
        return next(self.spans_from(at))[0] <= at


@dataclass(frozen=True)
class Clock:
    """The instants that matter to a month's ticket, all UTC."""

    deadline_at: datetime
    expires_at: datetime
    latest_email_at: datetime

    def in_blind_window(self, at: datetime) -> bool:
        """Whether usage that is still to come could arrive too late to be claimed, so that nothing may wait."""
        return self.latest_email_at - BLIND <= at < self.deadline_at


def month_clock(month: Month, desk: Desk, partner_zone: ZoneInfo, answer_hours: int) -> Clock:
    """The clock of a month's charges.

    Nobody says in whose zone a month ends, so the earliest of UTC, the vendor's and the partner's is the deadline and
    the latest of them the end of hope. `answer_hours`: calendar hours in which the vendor promises to answer an e-mail;
    each begun 24 h is one desk day that must fit before the deadline.
    """
    ends = [month_end_in(month, zone) for zone in (UTC, desk.zone, partner_zone)]
    deadline = min(ends)
    return Clock(deadline, max(ends), _latest_start(deadline, -(-answer_hours // 24) * desk.day_length, desk))


def _latest_start(deadline: datetime, needed: timedelta, desk: Desk) -> datetime:
    """The latest instant from which `needed` open desk time fits before the deadline."""
    start = deadline
    spans = desk.spans_until(deadline)
    while needed > timedelta():
        opens, closes = next(spans)
        closes = min(closes, deadline)
        start = max(opens, closes - needed)
        needed -= closes - start
    return start


def call_window(opened_at: datetime, deadline_at: datetime, desk: Desk) -> tuple[datetime | None, datetime | None]:
    """(call_from, call_by) of a ticket opened too late for an e-mail to be answered.

    call_from: `opened_at` if the desk is open then, else its next opening; None if that is not before the deadline.
    call_by: the desk's last closing up to the deadline; None if none is left after call_from.
    """
    call_from = max(opened_at, next(desk.spans_from(opened_at))[0])
    if call_from >= deadline_at:
        return None, None
    call_by = next(closes for _, closes in desk.spans_until(deadline_at) if closes <= deadline_at)
    return call_from, call_by if call_by > call_from else None


def month_end_in(month: Month, zone: tzinfo) -> datetime:
    """The UTC instant at which the first day of the next month begins on the zone's own calendar."""
    return _first_instant(datetime.combine(month.next.first_day, datetime.min.time()), zone)


def _first_instant(wall: datetime, zone: tzinfo) -> datetime:
    """The first UTC instant at which clocks of the zone, having skipped `wall` or not, show it or later.

    A time shown twice is the first of the two. PEP 495: for a skipped time, fold 0 reads the offset from before the gap
    (an instant after it) and fold 1 the offset from after the gap (an instant before it), so the gap lies between.
    """
    first, second = (utc(wall.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    if first <= second:
        return first
    gap = [second + n * _SECOND for n in range((first - second) // _SECOND + 1)]
    return gap[bisect_left(gap, wall, key=lambda at: at.astimezone(zone).replace(tzinfo=None))]


def shown(at: datetime, zones: Iterable[tzinfo]) -> str:
    """One instant as each zone's clocks show it, to the minute, with offset and zone; never a bare time.

    `2026-11-27 09:00-05:00 (America/New_York) = 2026-11-27 14:00+00:00 (UTC)`
    """
    readings = (f"{utc(at).astimezone(zone).isoformat(' ', 'minutes')} ({zone})" for zone in zones)
    return " = ".join(dict.fromkeys(readings))
