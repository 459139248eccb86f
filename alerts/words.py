"""What a language needs for a letter: sentences, months, dates and instants. Money is always `money_text`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

from alerts.alert import Alert
from alerts.charts import Words
from billing.hours import Month, utc
from billing.money import money_text

_DRAWABLE = re.compile(r"[ -~\u00c0-\u017f\u0410-\u044fЁё«»–—№]*")


@dataclass(frozen=True)
class Language:
    """`months` stand alone and `dated_months` inside a date, January first; `weekdays` from Monday.

    `month_form` has {month} {number} {year}; `date_form` also {day} {weekday}; `short_form` {month} {day}; `sentences`
    have placeholders of their own. `drawn`: the words on a picture, in letters of the font that is shipped (Latin and
    Cyrillic).
    """

    months: tuple[str, ...]
    dated_months: tuple[str, ...]
    weekdays: tuple[str, ...]
    month_form: str
    date_form: str
    short_form: str
    sentences: Mapping[str, str]
    drawn: Words

    def say(self, sentence: str, **values: object) -> str:
        return self.sentences[sentence].format(**values)

    def kind(self, kind: str) -> str:
        """A detector's kind; one that has no words yet by its name."""
        return self.sentences.get(f"found_{kind}", kind.replace("_", " "))

    def notes(self, alert: Alert) -> list[str]:
        """What is still to come of a live alert, a sentence each: what more of it costs, which hours may change."""
        found = []
        if alert.live and alert.next_cost:
            more = alert.next_cost
            sentence = "next_cost_one" if more.hours == 1 else "next_cost"
            found.append(self.say(sentence, count=more.hours, amount=money_text(more.amount, more.currency)))
            if more.untold:
                found.append(self.say("untold", count=more.untold))
        if alert.live and alert.provisional:
            found.append(self.say("provisional", count=alert.provisional))
        return found

    def month(self, month: Month) -> str:
        """September 2026"""
        return self.month_form.format(month=self.months[month.number - 1], number=month.number, year=month.year)

    def day(self, day: date) -> str:
        """Wed 30 Sep 2026"""
        return self.date_form.format(
            weekday=self.weekdays[day.weekday()],
            day=day.day,
            month=self.dated_months[day.month - 1],
            number=day.month,
            year=day.year,
        )

    def short(self, day: date) -> str:
        """30 Sep"""
        return self.short_form.format(day=day.day, month=self.dated_months[day.month - 1])

    def moment(self, at: datetime, zone: tzinfo = UTC) -> str:
        """An instant to the minute with its offset and zone: Wed 30 Sep 2026 11:00 UTC-04:00 (America/New_York)."""
        local = utc(at).astimezone(zone)
        named = "" if str(zone) == "UTC" else f" ({zone})"
        return f"{self.day(local)} {local:%H:%M} {_offset(local)}{named}"

    def moments(self, at: datetime, *zones: tzinfo) -> str:
        """One instant on each zone's clock by offset: Thu 24 Sep 2026 10:00 UTC-04:00 = 14:00 UTC."""
        readings: list[str] = []
        day: date | None = None
        locals_ = (utc(at).astimezone(zone) for zone in zones)
        for local in {local.isoformat(): local for local in locals_}.values():
            reading = f"{local:%H:%M} {_offset(local)}"
            readings.append(reading if local.date() == day else f"{self.day(local)} {reading}")
            day = local.date()
        return " = ".join(readings)


def _offset(local: datetime) -> str:
    """UTC, UTC-04:00, UTC+05:30"""
    offset = local.isoformat(timespec="minutes")[16:]
    return "UTC" if offset == "+00:00" else f"UTC{offset}"


def drawable(text: str) -> bool:
    """Whether the font that ships for pictures has every letter: Latin and the Cyrillic of Russian."""
    return _DRAWABLE.fullmatch(text) is not None
