"""Our lines beside the vendor's figures: a pair for each customer and meter that either side bills."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal

from billing.bill import Line
from billing.book import Book, Contract
from billing.catalog import Meter
from billing.hours import Month
from billing.money import exact, minor_digits
from billing.rating import LIST_CURRENCY, rate
from billing.reconciling.alternatives import LinesOf, grouped
from billing.reconciling.vendor_bill import AGGREGATIONS
from billing.reconciling.vendor_figures import NOTHING, Figures, Said


@dataclass(frozen=True)
class Pair:
    """One meter of one customer in one currency: our lines of it (one a contract), and what the vendor says."""

    customer_id: str
    meter: Meter
    contract: Contract  # whose price holds at the end of the month
    month: Month
    lines: tuple[Line, ...]
    said: Said

    @property
    def committed(self) -> Decimal:
        return self._sum(line.committed_amount for line in self.lines)

    @property
    def on_demand(self) -> Decimal:
        return self._sum(line.on_demand_amount for line in self.lines)

    @property
    def quantity(self) -> Decimal:
        return self._sum(line.quantity for line in self.lines)

    @property
    def on_demand_quantity(self) -> Decimal:
        return self._sum(line.on_demand_quantity for line in self.lines)

    @property
    def fault(self) -> str | None:
        """Why a line has no price."""
        return next((line.fault for line in self.lines if line.fault), None)

    @property
    def counted(self) -> Decimal | None:
        """The vendor's quantity, if it rolls the hours up as our lines do."""
        aggregation = self.said.aggregation
        same = not aggregation or all(AGGREGATIONS[line.rollup] == aggregation for line in self.lines)
        return self.said.quantity if same else None

    @property
    def has_figure(self) -> bool:
        """Whether the vendor says anything that ours can be held against."""
        return self.said.charged or self.counted is not None

    @property
    @exact
    def target(self) -> tuple[Decimal, Decimal]:
        """The vendor's money, committed and on demand. What is only counted has our commitment and our prices."""
        said = self.said
        if said.unsplit:
            return self.committed, said.committed + said.on_demand + said.unsplit - self.committed
        if said.charged:
            return said.committed, said.on_demand
        if self.fault or self.counted is None:
            return self.committed, self.on_demand
        return self.committed, self.worth(self.counted, said.on_demand_quantity)

    @property
    def tolerance(self) -> Decimal:
        """Half a minor unit for every amount that either side may have rounded."""
        figures = self.said.figures + 2 * max(1, len(self.lines))
        return Decimal(figures).scaleb(-minor_digits(self.contract.currency)) / 2

    @exact
    def worth(self, quantity: Decimal, on_demand_quantity: Decimal | None) -> Decimal:
        """On-demand money, if the meter's quantity were this: the last contract's line is rated again."""
        *others, last = self.lines or (None,)
        before = sum((line.on_demand_quantity for line in others if line), NOTHING)
        if on_demand_quantity is not None:
            beyond = on_demand_quantity - before
        else:
            beyond = quantity - sum((line.quantity for line in others if line), NOTHING)
            if last and last.rollup != "hourly_overage_mean":
                beyond -= last.included + self.contract.term(self.meter.meter).commit_units * self.meter.per
        money = sum((line.on_demand_amount or NOTHING for line in others if line), NOTHING)
        return money + self.rated(max(NOTHING, beyond))

    def rated(self, on_demand_quantity: Decimal) -> Decimal:
        """What so many base units cost on demand by the last contract; 0 without a price."""
        term = self.contract.term(self.meter.meter)
        return rate(self.contract, self.meter, term, on_demand_quantity, self.month).on_demand_amount or NOTHING

    @exact
    def in_whole_units(self) -> Decimal:
        """On-demand money, if the last contract's units were rounded up to whole ones."""
        units = (self.on_demand_quantity / self.meter.per).to_integral_value(ROUND_CEILING)
        return self.worth(NOTHING, units * self.meter.per)

    def instead(self, lines: LinesOf) -> "Pair":
        """With the lines of another bill."""
        found = lines.get((self.customer_id, self.meter.meter), ())
        return replace(self, lines=tuple(line for line in found if line.currency == self.contract.currency))

    @exact
    def _sum(self, values: Iterable[Decimal | None]) -> Decimal:
        return sum((value for value in values if value is not None), NOTHING)


def pairs(
    book: Book, meters: Mapping[str, Meter], month: Month, ours: Sequence[Line], found: Figures
) -> Iterator[Pair]:
    """Every customer's meter that either side has, by customer and meter.

    The vendor names no currency: its figures are in that of the meter's last line in the month.
    """
    lines = grouped(ours)
    for customer_id, meter in sorted(lines.keys() | found.of.keys()):
        held = sorted(lines.get((customer_id, meter), ()), key=lambda line: book.contracts[line.contract_id].start)
        last = book.contracts[held[-1].contract_id] if held else contract_of(book, customer_id, month)
        for currency in dict.fromkeys([last.currency, *(line.currency for line in held)]):
            mine = tuple(line for line in held if line.currency == currency)
            contract = book.contracts[mine[-1].contract_id] if mine else last
            said = found.said(customer_id, meter) if currency == last.currency else Said(charged=True)
            yield Pair(customer_id, meters[meter], contract, month, mine, said)


def contract_of(book: Book, customer_id: str | None, month: Month) -> Contract:
    """The customer's last contract in the month; without any, list prices in the partner's currency or USD."""
    found = [c for c in book.contracts_of.get(customer_id or "", ()) if c.span(month)]
    if found:
        return found[-1]
    currency = book.partner_of(customer_id).currency if customer_id else LIST_CURRENCY
    return Contract("", customer_id or "", "on_demand", month.first_day, None, currency)
