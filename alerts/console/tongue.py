"""What pages say in one language: sentences, words, days, instants, spans, and what was written in English before."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cached_property
from string import Formatter
from typing import NamedTuple

from alerts.alert import Alert
from alerts.charts import Words
from alerts.words import Language
from billing.hours import Month, parse_time

_INSTANT = re.compile(r"(?<!--from )(?<!--to )\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class Shape(NamedTuple):
    """A sentence with places: the text around them, one more than there are names."""

    names: tuple[str, ...]
    around: tuple[str, ...]

    @classmethod
    def of(cls, sentence: str) -> "Shape":
        parts = list(Formatter().parse(sentence))
        names = tuple(name for _, name, _, _ in parts if name)
        around = tuple(text for text, *_ in parts)
        return cls(names, around if len(around) > len(names) else (*around, ""))

    def places_in(self, text: str) -> dict[str, str]:
        """name -> what stands in its place; empty where the text is another one. Takes time in step with its length."""
        first, *middle, last = self.around
        if not (text.startswith(first) and text.endswith(last) and len(text) > len(first) + len(last)):
            return {}
        rest, found = text[len(first) : len(text) - len(last)], []
        for literal in middle:
            at = rest.find(literal, 1)
            if at < 0:
                return {}
            found.append(rest[:at])
            rest = rest[at + len(literal) :]
        return dict(zip(self.names, [*found, rest], strict=True)) if rest else {}


Shapes = list[tuple[Shape, str]]


@dataclass(frozen=True, eq=False)
class Tongue:
    """name: what its readers call it. language: the one of its mails.

    sentences, written, pieces: from English, with the same placeholders on both sides. `written` are those that were
    filled before they came here, such as the reasons in the journal; `pieces` are what may stand in their places.
    """

    code: str
    name: str
    language: Language
    sentences: Mapping[str, str]
    written: Mapping[str, str]
    pieces: Mapping[str, str]

    def say(self, english: str, **values: object) -> str:
        """`_("{n} hours", n=3)`: the sentence, filled; in English where nobody has translated it."""
        said = self.sentences.get(english, english)
        return said.format(**values) if values else said

    def retold(self, english: str) -> str:
        """A sentence of the product's that was filled in English; what another machine wrote stays as it is."""
        if not self.written:
            return _INSTANT.sub(lambda found: self._value("", found[0]), english)
        whole, *more = (self._filled(one, self.written, self._shapes) for one in (english, *english.split("; ")))
        if None not in more:
            return "; ".join(map(str, more))
        return whole or "; ".join(said or one for said, one in zip(more, english.split("; "), strict=True))

    def notes(self, alert: Alert) -> list[str]:
        """What is still to come of a live alert, and what was said of it when it was raised."""
        return [*map(self.retold, alert.reasons), *self.language.notes(alert)]

    def month(self, month: Month) -> str:
        """September 2026"""
        return self.language.month(month)

    def day(self, day: date) -> str:
        """Wed 30 Sep 2026"""
        return self.language.day(day)

    def moment(self, at: datetime, zone: tzinfo = UTC) -> str:
        """Thu 12 Nov 2026 00:00 UTC"""
        local = at.astimezone(zone)
        return f"{self.language.day(local)} {local:%H:%M %Z}"

    def opening(self, opens: datetime, closes: datetime) -> str:
        """Thu 12 Nov 2026 09:00 – 18:00, on the clock that they are on."""
        return f"{self.language.day(opens)} {opens:%H:%M} – {closes:%H:%M}"

    def brief(self, at: datetime) -> str:
        """12 Nov 00:00, in UTC."""
        at = at.astimezone(UTC)
        return f"{self.language.short(at)} {at:%H:%M}"

    def span(self, length: timedelta) -> str:
        """3 d 4 h, 4 h 10 min, 12 min; without a sign."""
        minutes = int(abs(length).total_seconds() // 60)
        days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
        if days:
            return self.say("{days} d {hours} h", days=days, hours=hours)
        if hours:
            return self.say("{hours} h {minutes} min", hours=hours, minutes=minutes)
        return self.say("{minutes} min", minutes=minutes)

    @property
    def spoken(self) -> dict[str, Callable[..., str]]:
        """What templates call."""
        names = ("retold", "month", "day", "moment", "opening", "brief", "span")
        return {"_": self.say, **{name: getattr(self, name) for name in names}}

    @property
    def drawn(self) -> Words:
        """The words on a picture in a page, which is drawn with the reader's own fonts."""
        say, language = self.say, self.language
        return Words(
            actual=say("actual"),
            expected=say("expected"),
            usual=say("usual range"),
            odd=say("anomalous hours"),
            short_form=language.short_form,
            months=language.dated_months,
        )

    @cached_property
    def _shapes(self) -> Shapes:
        return _shapes(self.written)

    @cached_property
    def _small_shapes(self) -> Shapes:
        return _shapes(self.pieces)

    def _filled(self, english: str, table: Mapping[str, str], shapes: Shapes) -> str | None:
        if english in table:
            return table[english]
        for shape, said in shapes:
            if found := shape.places_in(english):
                return said.format(**{name: self._value(name, text) for name, text in found.items()})
        return None

    def _value(self, name: str, text: str) -> str:
        """What stood in a place: a person's own words, an instant, words of the console's, or anything else."""
        if name == "note":
            return text
        with suppress(ValueError):
            if _INSTANT.fullmatch(text):
                return f"{self.brief(parse_time(text))} UTC"
        said = self._filled(text, self.pieces, self._small_shapes)
        return self.sentences.get(text, text) if said is None else said


def _shapes(table: Mapping[str, str]) -> Shapes:
    return [(Shape.of(english), said) for english, said in table.items() if "{" in english]
