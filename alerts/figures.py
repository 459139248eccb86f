"""Where customers stand in a month beside the months before: sums, commitments, shares of orgs, changes. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, NamedTuple

from alerts.projection import Estimate
from alerts.standing import Standing, Sum, sums
from billing.bill import Line
from billing.book import Book
from billing.catalog import HOURLY_ROLLUPS, Catalog
from billing.hours import Month

NOTHING = Decimal(0)


@dataclass(frozen=True)
class Figures:
    """standing: the month of the customers. orgs: rows as of `billing.shares.by_org`. history: bills of months before,
    the oldest first, at today's terms; months without usage are left out."""

    standing: Standing
    orgs: Sequence[Mapping[str, Any]]
    history: Mapping[Month, Sequence[Line]]

    @property
    def meters(self) -> list[Sum]:
        return sums(self.standing, lambda line: line.meter)

    @property
    def customers(self) -> list[Sum]:
        return sums(self.standing, lambda line: line.customer_id)

    @property
    def totals(self) -> list[Sum]:
        return sums(self.standing, lambda _: "")


class Commitment(NamedTuple):
    """What a contract commits to of a meter, in base units, and how much of it is used and will be."""

    contract_id: str
    meter: str
    committed: Decimal
    used: Decimal
    projected: Estimate

    @property
    def percent(self) -> int:
        """Of the commitment at the month's end; anything above it is at least 101."""
        percent = 100 * self.projected.middle / self.committed
        return int(percent.to_integral_value(ROUND_CEILING if percent > 100 else ROUND_FLOOR))


class Share(NamedTuple):
    """What an org's usage costs so far, and how much of the whole that is."""

    org_id: str
    currency: str
    amount: Decimal
    percent: int


class Change(NamedTuple):
    """A meter's month beside the one before; None for the one that it is not in: it is new, or gone."""

    meter: str
    currency: str
    before: Decimal | None
    projected: Decimal | None

    @property
    def difference(self) -> Decimal:
        return (self.projected or NOTHING) - (self.before or NOTHING)


class MonthSum(NamedTuple):
    """What a month comes to in one currency."""

    month: Month
    currency: str
    amount: Decimal


def commitments(figures: Figures, book: Book, catalog: Catalog) -> list[Commitment]:
    """Of the terms that commit to a quantity a month, the fullest first; one by the hour has no such quantity."""
    to_date = {(line.contract_id, line.meter): line.quantity for line in figures.standing.to_date}
    found = [
        Commitment(
            line.contract_id,
            line.meter,
            book.contracts[line.contract_id].term(line.meter).commit_units * catalog.meters[line.meter].per,
            to_date.get((line.contract_id, line.meter), NOTHING),
            Estimate.of(line.quantities),
        )
        for line in figures.standing.projected
        if line.rollup not in HOURLY_ROLLUPS
    ]
    there = [one for one in found if one.committed]
    return sorted(there, key=lambda one: (-one.projected.middle / one.committed, one.meter))


def shares(figures: Figures) -> list[Share]:
    """The orgs' shares of each currency, the largest first."""
    of_org: dict[tuple[str, str], Decimal] = {}
    whole: dict[str, Decimal] = {}
    for row in figures.orgs:
        amount, key = Decimal(row["amount"] or 0), (row["org_id"], row["currency"])
        of_org[key] = of_org.get(key, NOTHING) + amount
        whole[key[1]] = whole.get(key[1], NOTHING) + amount
    found = [
        Share(org_id, currency, amount, int(100 * amount / whole[currency]) if whole[currency] else 0)
        for (org_id, currency), amount in of_org.items()
    ]
    return sorted(found, key=lambda one: (one.currency, -one.amount, one.org_id))


def changes(figures: Figures) -> list[Change]:
    """What the month is expected to come to beside the one before, meter by meter, the largest difference first."""
    last = figures.history.get(figures.standing.month.previous)
    if last is None:
        return []
    before = _by_meter(last)
    now = {(one.of, one.currency): one.projected.middle for one in figures.meters}
    found = [Change(*key, before.get(key), now.get(key)) for key in {**now, **before}]
    return sorted((one for one in found if one.difference), key=lambda one: (one.currency, -abs(one.difference)))


def spent(figures: Figures) -> Iterator[MonthSum]:
    """What the months before came to, the oldest first."""
    for month, lines in figures.history.items():
        totals: dict[str, Decimal] = {}
        for (_, currency), amount in _by_meter(lines).items():
            totals[currency] = totals.get(currency, NOTHING) + amount
        yield from (MonthSum(month, currency, amount) for currency, amount in sorted(totals.items()))


def _by_meter(lines: Iterable[Line]) -> dict[tuple[str, str], Decimal]:
    found: dict[tuple[str, str], Decimal] = {}
    for line in lines:
        if line.amount is not None:
            key = (line.meter, line.currency)
            found[key] = found.get(key, NOTHING) + line.amount
    return found
