"""Months to export: lines of every kind with their book, changes of a closed month, what the partner earns."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from billing import catalog
from billing.bill import Line
from billing.book import Book, Contract, Customer, Partner, Term, Tier
from billing.catalog import HOURLY_ROLLUPS, Meter
from billing.changes import Change
from billing.hours import Month
from billing.margin import LineMargin
from billing.money import exact, round_money
from billing.rating import rate
from billing.statement import Statement

CATALOG = catalog.load()
MONTH, CLOSED = Month(2026, 10), Month(2026, 9)
CURRENCIES = ("USD", "KRW", "KWD")
NAMES = ("Acme", "한빛 데이터, 주식회사", 'The "Best" Ltd.')


@dataclass(frozen=True)
class Export:
    """The arguments of an export."""

    statement: Statement
    corrections: Sequence[Change]
    margins: dict[tuple[str, str], LineMargin]

    @property
    def arguments(self) -> tuple[Any, ...]:
        return self.statement, CATALOG, self.corrections, self.margins


def statement_of(contracts: Sequence[Contract], lines: Sequence[Line], month: Month, state: str) -> Statement:
    """Of one partner a currency, and one customer a contract."""
    partners = {
        f"p-{c}": Partner(f"p-{c}", name, "gold", "UTC", "en", c, "none", ())
        for c, name in zip(CURRENCIES, NAMES, strict=True)
    }
    customers = {
        c.customer_id: Customer(c.customer_id, f"p-{c.currency}", f"Customer {c.customer_id}", None, "none")
        for c in contracts
    }
    known = {
        "month": month,
        "as_of": month.end,
        "state": state,
        "lines": lines,
        "book": Book(partners, customers, {}, {c.contract_id: c for c in contracts}),
    }
    return Statement(**{field.name: known.get(field.name, ()) for field in fields(Statement)})


@exact
def line_of(contract: Contract, meter: Meter, month: Month, quantity: Decimal, included: Decimal = Decimal(0)) -> Line:
    """The line that the rating makes of a quantity (base units, after the roll-up)."""
    term = contract.term(meter.meter)
    rollup = meter.applied_rollup(term.option)
    included = Decimal(0) if rollup in HOURLY_ROLLUPS else included
    kept = Decimal(0) if rollup == "hourly_overage_mean" else included + term.commit_units * meter.per
    beyond = max(Decimal(0), quantity - kept)
    rated = rate(contract, meter, term, beyond, month)
    known = {
        "partner_id": f"p-{contract.currency}",
        "customer_id": contract.customer_id,
        "contract_id": contract.contract_id,
        "meter": meter.meter,
        "rollup": rollup,
        "quantity": quantity,
        "included": included,
        "on_demand_quantity": beyond,
        "committed_amount": rated.committed_amount,
        "on_demand_amount": rated.on_demand_amount,
        "amount": rated.amount,
        "currency": contract.currency,
        "hours_seen": 1 if quantity else 0,
        "hours_expected": month.hours,
        "fault": rated.fault,
    }
    return Line(**{field.name: known.get(field.name) for field in fields(Line)})


def margin_of(line: Line) -> LineMargin:
    """A tenth for the partner, a fifteenth on top."""
    assert line.amount is not None
    margin, markup = (round_money(line.amount / part, line.currency) for part in (10, 15))
    return LineMargin(
        line, line.amount, Decimal(0), line.amount, margin, line.amount - margin, markup, line.amount + markup
    )


def contract_of(currency: str, terms: dict[str, Term], tiers: dict[str, tuple[Tier, ...]], start: date) -> Contract:
    return Contract(f"k-{currency}", f"c-{currency}", "annual", start, None, currency, terms, tiers)


def every_kind() -> Export:
    """All meters in currencies of 0, 2 and 3 digits; commitments used, unused and half used; tiers; late usage."""
    contracts, lines, changes = [], [], []
    for currency in CURRENCIES:
        terms, tiers = {}, {}
        for i, name in enumerate(CATALOG.meters):
            units = Decimal(i % 4 * 5)
            option = "hourly" if i % 3 == 2 else "monthly"
            terms[name] = Term(name, option, units, Decimal("12.345"), Decimal("0.085") * (i + 1))
            if i % 5 == 1:
                tiers[name] = (
                    Tier(Decimal("2.5"), Decimal("3.3")),
                    Tier(Decimal(9), Decimal(3)),
                    Tier(None, Decimal(1)),
                )
        contract = contract_of(currency, terms, tiers, date(2026, 9, 12))
        contracts.append(contract)
        for i, meter in enumerate(CATALOG.meters.values()):
            quantity = Decimal(i % 6 * 4 * meter.per) + (Decimal("0.333333") if i % 2 else 0)
            included = Decimal(i % 3 * meter.per)
            lines.append(line_of(contract, meter, MONTH, quantity, included))
            changes += _changes(contract, meter, i, quantity, included)
    margins = {(line.contract_id, line.meter): margin_of(line) for line in lines}
    return Export(statement_of(contracts, lines, MONTH, "estimate"), changes, margins)


def _changes(contract: Contract, meter: Meter, i: int, quantity: Decimal, included: Decimal) -> list[Change]:
    before = line_of(contract, meter, CLOSED, quantity, included)
    more = line_of(contract, meter, CLOSED, quantity * 2 + meter.per, included)
    assert before.amount is not None
    dearer, more_dearer = (
        replace(line, on_demand_amount=line.on_demand_amount + 7, amount=line.amount + 7) for line in (before, more)
    )
    gone = [replace(line, contract_id="gone") for line in (before, more)]
    return [
        [Change(CLOSED, "price", before, dearer), Change(CLOSED, "late usage", before, more)],
        [Change(CLOSED, "restated usage", more, before), Change(CLOSED, "late usage", dearer, more_dearer)],
        [Change(CLOSED, "late usage", None, more), Change(CLOSED, "late usage", *gone)],
        [Change(CLOSED, "restated usage", before, None)],
    ][i % 4]


def decimals(top: int, places: int) -> st.SearchStrategy[Decimal]:
    return st.integers(0, top * 10**places).map(lambda n: Decimal(n).scaleb(-places))


@st.composite
def lines(draw: st.DrawFn, month: Month = MONTH) -> tuple[Contract, Line]:
    """A contract of one term and perhaps tiers, and its priced or unpriced line."""
    meter = draw(st.sampled_from(list(CATALOG.meters.values())))
    price = st.none() | decimals(50, 6) | decimals(50, 2)
    term = Term(
        meter.meter,
        draw(st.sampled_from(("monthly", "hourly"))),
        draw(st.just(Decimal(0)) | decimals(40, 3)),
        draw(price),
        draw(price),
    )
    bounds = draw(st.lists(decimals(40, 3).filter(bool), max_size=3, unique=True))
    tiers = [Tier(bound, draw(decimals(9, 6))) for bound in sorted(bounds)]
    tiers += [Tier(None, draw(decimals(9, 6)))] if tiers else []
    currency = draw(st.sampled_from(CURRENCIES))
    start = draw(st.sampled_from((date(2026, 1, 1), date(2026, 9, 12), date(2026, 10, 10))))
    contract = contract_of(currency, {meter.meter: term}, {meter.meter: tuple(tiers)} if tiers else {}, start)
    places = 6 if meter.rollup in ("mean", "hourly_overage_mean") else 0
    quantity = draw(st.just(Decimal(0)) | decimals(80, places).map(lambda q: q * meter.per) | decimals(2**40, 0))
    included = draw(st.just(Decimal(0)) | decimals(60, 0).map(lambda q: q * meter.per))
    return contract, line_of(contract, meter, month, quantity, included)


@st.composite
def exports(draw: st.DrawFn) -> Export:
    """A line and, now and then, what late usage did to it in the closed month before."""
    contract, line = draw(lines())
    meter = CATALOG.meters[line.meter]
    found = []
    if draw(st.booleans()) and contract.span(CLOSED):
        quantities = draw(st.lists(decimals(80, 0).map(lambda q: q * meter.per), min_size=2, max_size=2))
        before, after = (line_of(contract, meter, CLOSED, quantity, line.included) for quantity in quantities)
        found.append(Change(CLOSED, "late usage", before, after))
    margins = {} if line.amount is None else {(line.contract_id, line.meter): margin_of(line)}
    return Export(statement_of([contract], [line], MONTH, draw(st.sampled_from(("estimate", "final")))), found, margins)
