"""The bill as a document: lines, totals, and what could not be billed and why (contract: "bill")."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from billing.bill import Line, Rules, lines
from billing.book import Book
from billing.catalog import Catalog
from billing.grid import Grid
from billing.hours import Month, hours_between, iso, number
from billing.money import exact, plain, round_money
from billing.usage import Usage

ROW_KINDS = ("line", "org", "customer", "partner")
QUANTITIES = ("quantity", "included", "on_demand_quantity")
CELLS = 16_000_000  # hours of series that are held at once: 128 MB


@dataclass(frozen=True)
class Statement:
    """The bill of every partner for one month, over the hours before `as_of`."""

    month: Month
    as_of: datetime
    state: str  # estimate or final
    lines: Sequence[Line]
    unassigned: Sequence[Mapping[str, Any]]
    unknown_products: Sequence[Mapping[str, Any]]
    uncontracted: Sequence[Mapping[str, Any]]
    book: Book
    rules: Rules
    usage: Usage  # what the lines were made from

    @property
    @exact
    def totals(self) -> list[dict[str, str]]:
        """Per partner and currency; unpriced lines are in none."""
        sums: dict[tuple[str, str], Decimal] = {}
        for line in self.lines:
            if line.amount is not None:
                key = (line.partner_id, line.currency)
                sums[key] = sums.get(key, Decimal(0)) + line.amount
        return [
            {"partner_id": partner_id, "currency": currency, "amount": f"{round_money(amount, currency):f}"}
            for (partner_id, currency), amount in sorted(sums.items())
        ]

    def document(self) -> dict[str, Any]:
        """As the contract's JSON."""
        return {
            "month": str(self.month),
            "as_of": iso(self.as_of),
            "state": self.state,
            "lines": [line_row(line) for line in self.lines],
            "totals": self.totals,
            "unassigned": list(self.unassigned),
            "unknown_products": list(self.unknown_products),
            "uncontracted": list(self.uncontracted),
        }


def line_row(line: Line) -> dict[str, Any]:
    """A line with its numbers as text: exact quantities, amounts with the currency's digits."""
    row = {name: getattr(line, name) for name in column_names()}
    for name in QUANTITIES:
        row[name] = plain(row[name])
    for name in ("committed_amount", "on_demand_amount", "amount"):
        row[name] = None if row[name] is None else f"{row[name]:f}"
    return row


def month_to_date(month: Month, as_of: datetime | None, now: datetime) -> datetime:
    """The end of the hours that are billed: the month's end, or the present hour while it is open."""
    wanted = min(month.end, as_of or now)
    return max(month.start, wanted.replace(minute=0, second=0, microsecond=0))


def final_at(month: Month, final_day: int) -> datetime:
    """When the month's usage is final: 00:00 UTC on `final_day` of the next month."""
    return month.next.start.replace(day=final_day)


def state_of(month: Month, until: datetime, final_day: int, now: datetime) -> str:
    """`final` for the whole month once its usage is final."""
    return "final" if until == month.end and now >= final_at(month, final_day) else "estimate"


def state(book: Book, rules: Rules, usage: Usage, month: Month, until: datetime, state_: str) -> Statement:
    """The bill of the month's hours before `until`."""
    usage = usage.between(number(month.start), number(until))
    found: list[Line] = []
    uncontracted: list[dict[str, Any]] = []
    for part, grid in grids(book, rules, usage, month, until):
        found += lines(part, rules, grid, month, until)
        uncontracted += _uncontracted(part, grid, month)
    return Statement(
        month=month,
        as_of=until,
        state=state_,
        lines=sorted(found, key=lambda line: (line.partner_id, line.customer_id, line.contract_id, line.meter)),
        unassigned=unassigned(book, usage),
        unknown_products=unknown_products(rules.catalog, usage),
        uncontracted=sorted(uncontracted, key=lambda row: (row["customer_id"], row["meter"])),
        book=book,
        rules=rules,
        usage=usage,
    )


def grids(book: Book, rules: Rules, usage: Usage, month: Month, until: datetime) -> Iterator[tuple[Book, Grid]]:
    """The customers' usage of the month's hours before `until`, some customers after the other."""
    for part in parts(book, usage, month):
        yield part, Grid.of(usage, rules.catalog, month.start, until, part.customer_of)


def parts(book: Book, usage: Usage, month: Month) -> Iterator[Book]:
    """As many customers at a time as fit: memory stays flat however much there is."""
    weight = dict(usage.names.group_by("org_id").len().iter_rows())
    return book.parts(CELLS // month.hours, weight)


def unassigned(book: Book, usage: Usage) -> list[dict[str, Any]]:
    """The orgs of the usage that are on no customer, and how many cells each has."""
    orgs = pl.DataFrame({"org_id": list(book.orgs)}, schema={"org_id": pl.String})
    return _counted(usage, usage.names.join(orgs, on="org_id", how="anti"), ["org_id"])


def unknown_products(catalog: Catalog, usage: Usage, book: Book | None = None) -> list[dict[str, Any]]:
    """The usage types that are on no meter and not known as parts or totals, and how many cells each has.

    With a book only those of its orgs.
    """
    schema = {"product_family": pl.String, "usage_type": pl.String}
    known = pl.DataFrame([*catalog.of_type(), *catalog.known], schema=schema, orient="row")
    strange = usage.names.join(known, on=known.columns, how="anti")
    if book is not None:
        strange = strange.filter(pl.col("org_id").is_in(list(book.orgs)))
    return _counted(usage, strange, known.columns)


def _counted(usage: Usage, names: pl.DataFrame, by: list[str]) -> list[dict[str, Any]]:
    return usage.only(names["series"]).counted(by).to_dicts() if names.height else []


def _uncontracted(book: Book, grid: Grid, month: Month) -> list[dict[str, Any]]:
    """The hours with usage that no contract of the customer covers."""
    found = []
    for customer_id in book.customers:
        free = np.ones(grid.values.shape[1], np.bool_)
        for contract in book.contracts_of.get(customer_id, ()):
            if span := contract.span(month):
                free[hours_between(grid.start, span[0]) : hours_between(grid.start, span[1])] = False
        for meter in grid.meters_of.get(customer_id, ()) if free.any() else ():
            if hours := int(np.count_nonzero(grid.seen[grid.row_of[customer_id, meter]] & free)):
                found.append({"customer_id": customer_id, "meter": meter, "hours": hours})
    return found


def column_names() -> list[str]:
    """The columns of a line, for files."""
    return [field.name for field in fields(Line)]
