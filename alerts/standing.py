"""Where a partner stands in a month, and the sums a digest is made of."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from alerts.alert import Alert
from alerts.projection import Estimate, ProjectedLine, summed
from alerts.ticket import Ticket
from billing.bill import Line
from billing.book import Partner
from billing.hours import Month
from billing.money import money_text

Rows = Sequence[Mapping[str, Any]]


class Sending(NamedTuple):
    """How a letter stands: a delivery's state, its file or its error, and when it was sent."""

    state: str
    detail: str = ""
    sent_at: datetime | None = None


@dataclass(frozen=True)
class Standing:
    """This partner's lines, alerts and tickets of the month; those of another partner raise ValueError.

    `alerts`: in the order of the queue.
    `tickets`: also those of the month before that are not settled. `deliveries`: ticket_id -> how its last letter
    stands. `complete_to`: the end of the last hour with usage. The last three: rows as in a Statement.
    """

    partner: Partner
    month: Month
    at: datetime
    to_date: Sequence[Line]
    projected: Sequence[ProjectedLine]
    alerts: Sequence[Alert]
    tickets: Sequence[Ticket]
    deliveries: Mapping[str, Sending]
    complete_to: datetime | None
    unassigned: Rows
    unknown_products: Rows
    uncontracted: Rows

    def __post_init__(self) -> None:
        told: list[Line | ProjectedLine | Alert | Ticket] = [
            *self.to_date,
            *self.projected,
            *self.alerts,
            *self.tickets,
        ]
        of = {one.partner_id for one in told}
        if others := of - {self.partner.partner_id}:
            raise ValueError(f"a digest for {self.partner.partner_id} would tell of {', '.join(sorted(others))}")


class Sum(NamedTuple):
    """The priced lines of one customer, meter or partner in one currency; `quantity` adds up base
    units; None where they were rolled up differently, as hosts and host-hours are."""

    of: str
    currency: str
    to_date: Decimal
    projected: Estimate
    committed: Decimal
    quantity: Decimal | None

    @property
    def money(self) -> dict[str, str]:
        amounts = {
            "to_date": self.to_date,
            "forecast": self.projected.middle,
            "low": self.projected.low,
            "high": self.projected.high,
            "to_come": self.projected.middle - self.to_date,
        }
        return {name: money_text(amount, self.currency) for name, amount in amounts.items()}


def sums(standing: Standing, of: Callable[[Line | ProjectedLine], str]) -> list[Sum]:
    """The lines grouped by `of` and currency: the largest forecast of each currency, then the second of each, ...

    Any first few of them thus tell of every currency; the partner's own is the first.
    """
    groups: dict[tuple[str, str], tuple[list[Line], list[ProjectedLine]]] = {}
    for line in standing.to_date:
        if line.amount is not None:
            groups.setdefault((of(line), line.currency), ([], []))[0].append(line)
    for ahead in standing.projected:
        if ahead.amounts is not None:
            groups.setdefault((of(ahead), ahead.currency), ([], []))[1].append(ahead)
    estimates = summed(standing.projected, lambda line: (of(line), line.currency))
    nothing = Estimate(Decimal(0), Decimal(0), Decimal(0))
    found = [
        Sum(
            name,
            currency,
            to_date=sum((line.amount or Decimal(0) for line in to_date), Decimal(0)),
            projected=estimates.get((name, currency), nothing),
            committed=sum((line.committed_amount or Decimal(0) for line in projected), Decimal(0)),
            quantity=sum((line.quantity for line in to_date), Decimal(0)) if _alike(to_date) else None,
        )
        for (name, currency), (to_date, projected) in groups.items()
    ]
    found.sort(key=lambda one: (-one.projected.middle, one.of))
    seen: Counter[str] = Counter()
    ranks = []
    for one in found:
        ranks.append((seen[one.currency], one.currency != standing.partner.currency, one.currency, one))
        seen[one.currency] += 1
    return [one for *_, one in sorted(ranks)]


def _alike(lines: Sequence[Line]) -> bool:
    return len({(line.meter, line.rollup) for line in lines}) <= 1


def at_stake(standing: Standing, currency: str) -> Decimal:
    """What the month's loud spikes cost that are still claimed or under review."""
    stakes = (alert.stake_in(standing.month) for alert in standing.alerts if alert.live and not alert.quiet)
    return max(Decimal(0), sum((one.amount for one in stakes if one and one.currency == currency), Decimal(0)))
