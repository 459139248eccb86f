"""What came of claims: of the money that was asked for, what was granted, refused, still waits, or came too late. Pure.

Of one ticket, and of all of a month: claimed = granted + refused + waiting; unsent and expired were never claimed.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from alerts.answers import Answer, Money, granted, stated, unanswered
from alerts.ticket import Ticket, asked

NOTHING = Decimal(0)
NONE: Money = MappingProxyType({})


class Outcome(NamedTuple):
    """Sums by currency. unsent: nobody was contacted yet; expired: nobody was before the month had ended everywhere."""

    claimed: Money = NONE
    granted: Money = NONE
    refused: Money = NONE
    waiting: Money = NONE
    expired: Money = NONE
    unsent: Money = NONE

    @property
    def currencies(self) -> list[str]:
        """Those in which there is any money."""
        return sorted({currency for money in self for currency, amount in money.items() if amount})

    def of(self, currency: str) -> dict[str, Decimal]:
        """The sums in that currency, by name."""
        return {name: money.get(currency, NOTHING) for name, money in self._asdict().items()}


def outcome(ticket: Ticket, answers: Sequence[Answer]) -> Outcome:
    """Of one ticket. answers: its own, oldest first. A withdrawn ticket claims nothing."""
    if ticket.state == "withdrawn":
        return Outcome()
    if ticket.state == "expired":
        return Outcome(expired=stated(ticket))
    if ticket.state in ("draft", "open"):
        return Outcome(unsent=asked(ticket.claims))
    if ticket.state not in ("granted", "refused"):
        return Outcome(claimed=stated(ticket), waiting=stated(ticket))
    answer = next(one for one in reversed(answers) if one.what in ("granted", "refused"))
    more, grant = unanswered(ticket, answers), granted(answers)
    refused = {currency: amount - grant.get(currency, NOTHING) for currency, amount in answer.asked.items()}
    return Outcome(added([answer.asked, more]), grant, refused, more)


def together(outcomes: Iterable[Outcome]) -> Outcome:
    """Their sums."""
    return Outcome(*map(added, zip(*outcomes, strict=True)))


def added(sums: Iterable[Money]) -> Money:
    """Currency by currency, in their order."""
    total: dict[str, Decimal] = {}
    for money in sums:
        for currency, amount in money.items():
            total[currency] = total.get(currency, NOTHING) + amount
    return dict(sorted(total.items()))
