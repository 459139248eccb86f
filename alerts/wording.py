"""The words of a letter as a person put them: what they may say, and how long they hold. Pure."""

import hashlib
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from alerts.mail import body_text
from alerts.ticket import Claim, Ticket
from billing.money import CURRENCIES

LONGEST = 4000  # characters
Figures = Mapping[str, AbstractSet[Decimal]]  # by currency

_SIGNS = "$€£¥₩₽"
_UNIT = rf"(?<![A-Za-z])[A-Za-z]{{3}}|[{_SIGNS}]"
_MONEY = re.compile(rf"(?:(?P<before>{_UNIT})\s?)?(?P<amount>\d[\d.,'’]*)(?:\s?(?P<after>[A-Za-z]{{3}}\b|[{_SIGNS}]))?")


class Money(NamedTuple):
    """An amount in a text. unit: a currency, or a sign that many have; amount: None for what is none; said: as it
    stands there."""

    unit: str
    amount: Decimal | None
    said: str


@dataclass(frozen=True)
class Wording:
    """What somebody wrote for the letter of a ticket, kept as row `number`. text: empty for the generated words.

    letter: the number of the letter, from 1. instead_of: the generated words that it was written for; claims: those
    that they asked for.
    """

    number: int
    ticket_id: str
    letter: int
    at: datetime
    who: str
    text: str
    instead_of: str
    claims: tuple[Claim, ...]

    def holds(self, ticket: Ticket, generated: str) -> bool:
        """Whether it speaks of what the ticket's next letter says."""
        said = (self.letter, self.claims, self.instead_of)
        return bool(self.text) and said == (ticket.letters + 1, ticket.claims, generated)


@dataclass(frozen=True)
class Draft:
    """A ticket's next letter before it is sent, with its claims confirmed.

    ticket: as it would be then. generated: its words as they are by themselves. written: what people wrote for this
    letter, oldest first. owed: whether sending would send it.
    """

    ticket: Ticket
    generated: str
    written: Sequence[Wording]
    owed: bool

    @property
    def newest(self) -> Wording | None:
        return self.written[-1] if self.written else None

    @property
    def edited(self) -> Wording | None:
        """The wording that goes out, where one does."""
        return self.newest if self.newest and self.newest.holds(self.ticket, self.generated) else None

    @property
    def dropped(self) -> Wording | None:
        """The wording that does not go out any more, because what it was written over has changed."""
        return self.newest if self.newest and self.newest.text and not self.edited else None

    @property
    def words(self) -> str:
        """The words that go out."""
        return self.edited.text if self.edited else self.generated

    @property
    def before(self) -> str:
        """The text that went out before the newest was written; empty for the generated words."""
        earlier = self.written[-2] if len(self.written) > 1 else None
        return earlier.text if earlier and earlier.holds(self.ticket, self.generated) else ""

    @property
    def is_open(self) -> bool:
        """Whether it says anything that the last letter did not: only then can it ever be sent."""
        return self.ticket.claims != self.ticket.told and self.ticket.state != "expired"

    @property
    def version(self) -> str:
        """What a person saw who writes words for it: the last row that was written, and what it is written over."""
        seen = repr((self.ticket.letters, self.ticket.claims, self.generated))
        number = self.newest.number if self.newest else 0
        return f"{number}.{hashlib.sha256(seen.encode('utf-8', 'replace')).hexdigest()[:24]}"

    def told(self, words: str | None) -> str | None:
        """The words as they would be kept; None for the generated ones, however they are told."""
        text = None if words is None else cleaned(words)
        return None if text == cleaned(self.generated) else text

    def tried(self, words: str, at: datetime) -> Wording:
        """A wording that nobody keeps, to see what its letter looks like."""
        ticket = self.ticket
        return Wording(
            0, ticket.ticket_id, ticket.letters + 1, at, "", self.told(words) or "", self.generated, ticket.claims
        )

    def changed_since(self, version: str, text: str | None) -> str:
        """Why a text written for that version is none for this one; empty where it is."""
        written, _, seen = version.partition(".")
        now, _, there = self.version.partition(".")
        if seen != there:
            return "What the letter claims has changed meanwhile. Look at its figures again before you save the words."
        if written != now and text != self.told(self.words):
            return "Somebody else has changed the words meanwhile. Theirs go out unless you save yours in their place."
        return ""


def cleaned(text: str) -> str:
    """The words as they are kept and sent: lines and paragraphs, without what nobody sees."""
    lines = (" ".join(line.split()) for line in body_text(text).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def figures(letter: str) -> Figures:
    """The amounts that a letter states."""
    found: dict[str, set[Decimal]] = {}
    for unit, amount, _ in _amounts(letter):
        if amount is not None:
            found.setdefault(unit, set()).add(amount)
    return found


def faults(text: str, stated: Figures) -> Iterator[str]:
    """What is wrong with words that were cleaned. stated: the amounts of the letter; the words may say no other."""
    if not any(map(str.isalnum, text)):
        yield "The words say nothing: write what is asked, or put the generated words back."
    if len(text) > LONGEST:
        yield f"The words have {len(text)} characters; at most {LONGEST} fit."
    for unit, amount, said in _amounts(text, stated):
        if not any(amount in amounts for code, amounts in stated.items() if unit in (code, *_SIGNS)):
            yield f"{said} is no amount of this letter: write one of its figures."


def _amounts(text: str, own: Container[str] = ()) -> Iterator[Money]:
    """What stands in the text as a number beside a currency. own: currencies that may also be in small letters."""
    for found in _MONEY.finditer(text):
        for unit in (found["before"], found["after"]):
            code = (unit or "").upper()
            if unit in CURRENCIES or code in own or (unit and unit in _SIGNS):
                yield Money(code, _amount(found["amount"]), found[0].strip(" .,"))


def _amount(text: str) -> Decimal | None:
    try:
        return Decimal(text.rstrip(".,'’").replace(",", ""))
    except InvalidOperation:
        return None
