"""What changed between two stated versions of a month's bill, and why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl

from billing.bill import Line, Rules
from billing.book import Book, Contract
from billing.frames import CELL, CELLS
from billing.hours import Month
from billing.money import EXACT
from billing.statement import Statement, state
from billing.usage import Usage

CAUSES = ("catalogue", "contract", "price", "restated usage", "late usage")


@dataclass(frozen=True)
class Change:
    """What one cause did to one line of `month`. `before` or `after` is None where the line was not there."""

    month: Month
    cause: str
    before: Line | None
    after: Line | None

    @property
    def line(self) -> Line:
        """Whose line it is."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def amount(self) -> Decimal:
        """The difference in the line's currency; an unpriced line counts as 0."""
        return EXACT.subtract(_amount(self.after), _amount(self.before))


def _amount(line: Line | None) -> Decimal:
    return Decimal(0) if line is None or line.amount is None else line.amount


@dataclass(frozen=True)
class Basis:
    """What a version of a month's bill stands on. `usage`: what was known of the hours before `until`."""

    book: Book
    rules: Rules
    usage: Usage
    until: datetime

    def statement(self, month: Month, state_: str) -> Statement:
        return state(self.book, self.rules, self.usage, month, self.until, state_)

    def lines(self, month: Month) -> Sequence[Line]:
        return self.statement(month, "estimate").lines


def explained(month: Month, before: Basis, after: Basis, moved: pl.DataFrame) -> list[Change]:
    """Every difference of two versions of a month's bill by its cause; the amounts add up to the difference.

    `moved`: the cells of the hours that both bill of which one knew what the other did not. The causes are put in one
    after the other, in the order of CAUSES, so that where two of them meet (another price on late usage) the later
    one takes it.
    """
    if moved.is_empty() and (before.book, before.rules, before.until) == (after.book, after.rules, after.until):
        return []
    told = before.usage.at(moved).drop_nulls("quantity")
    restated = after.usage.at(moved).join(told, on=CELL, how="semi").select(CELLS.names())
    steps: dict[str, dict[str, Any]] = {
        "catalogue": {"rules": after.rules},
        "contract": {"book": with_prices_of(after.book, before.book)},
        "price": {"book": after.book},
        "restated usage": {"usage": before.usage.changed_to(restated)} if restated.height else {},
        "late usage": {"usage": after.usage, "until": after.until}
        if moved.height or before.until != after.until
        else {},
    }
    found: list[Change] = []
    basis, lines = before, None
    for cause, step in steps.items():
        if any(getattr(basis, name) != value for name, value in step.items()):
            earlier = lines or basis.lines(month)
            basis = replace(basis, **step)
            lines = basis.lines(month)
            found += _differences(month, cause, earlier, lines)
    return found


def _differences(month: Month, cause: str, before: Sequence[Line], after: Sequence[Line]) -> list[Change]:
    """The lines that differ in a quantity or an amount, in the bill's order."""
    old, new = ({_key(line): line for line in lines} for lines in (before, after))
    return [
        Change(month, cause, old.get(key), new.get(key))
        for key in sorted(old.keys() | new.keys())
        if _figures(old.get(key)) != _figures(new.get(key))
    ]


def with_prices_of(new: Book, old: Book) -> Book:
    """`new`, at the prices of `old` where both have the term: what of a new book is a change of contract."""
    return replace(new, contracts={key: _repriced(c, old.contracts.get(key)) for key, c in new.contracts.items()})


def _repriced(new: Contract, old: Contract | None) -> Contract:
    if old is None or old.currency != new.currency:
        return new
    terms = {
        meter: replace(
            term, commit_price=old.terms[meter].commit_price, on_demand_price=old.terms[meter].on_demand_price
        )
        if meter in old.terms
        else term
        for meter, term in new.terms.items()
    }
    added = new.terms.keys() - old.terms.keys() - old.tiers.keys()
    kept = {meter: bands for meter, bands in new.tiers.items() if meter in added}
    return replace(new, terms=terms, tiers={**old.tiers, **kept})


def _key(line: Line) -> tuple[str, ...]:
    return (line.partner_id, line.customer_id, line.contract_id, line.meter, line.currency)


def _figures(line: Line | None) -> tuple[Decimal | None, ...] | None:
    if line is None:
        return None
    quantities = (line.quantity, line.included, line.on_demand_quantity)
    return (*quantities, line.committed_amount, line.on_demand_amount, line.amount)
