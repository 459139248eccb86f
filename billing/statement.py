"""The bill as a document: lines, totals, and what could not be billed and why (contract: "bill")."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl

from billing.bill import Line, Rules, lines
from billing.book import Book
from billing.catalog import Catalog
from billing.frames import KEY
from billing.grid import Grid, Tape
from billing.hours import HOUR, Month, iso
from billing.money import exact, plain, round_money

ROW_KINDS = ("line", "org", "customer", "partner")
QUANTITIES = ("quantity", "included", "on_demand_quantity")


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
    grid: Grid  # what the lines were made from

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
    row = asdict(line)
    for name in QUANTITIES:
        row[name] = plain(row[name])
    for name in ("committed_amount", "on_demand_amount", "amount"):
        row[name] = None if row[name] is None else f"{row[name]:f}"
    return row


def month_to_date(month: Month, as_of: datetime | None, now: datetime) -> datetime:
    """The end of the hours that are billed: the month's end, or the present hour while it is open."""
    wanted = min(month.end, as_of or now)
    return max(month.start, wanted.replace(minute=0, second=0, microsecond=0))


def state_of(month: Month, until: datetime, final_day: int, now: datetime) -> str:
    """`final` for the whole month once its usage is final: 00:00 UTC on `final_day` of the next month."""
    final_at = month.next.start.replace(day=final_day)
    return "final" if until == month.end and now >= final_at else "estimate"


def state(book: Book, rules: Rules, usage: pl.DataFrame, month: Month, until: datetime, state_: str) -> Statement:
    """The bill from the rows that hold (Lake.current) for the month."""
    usage = usage.filter(pl.col("hour").is_between(month.start, until, closed="left"))
    grid = Tape.settled(usage, rules.catalog, month.start, month.end, until)
    return Statement(
        month=month,
        as_of=until,
        state=state_,
        lines=lines(book, rules, grid, month, until),
        unassigned=unassigned(book, usage),
        unknown_products=unknown_products(rules.catalog, usage),
        uncontracted=_uncontracted(book, grid, month, until),
        book=book,
        grid=grid,
    )


def unassigned(book: Book, usage: pl.DataFrame) -> list[dict[str, Any]]:
    """The orgs of the usage that are on no customer, and how many keys each has."""
    orgs = pl.DataFrame({"org_id": list(book.orgs)}, schema={"org_id": pl.String})
    return _counted(usage.join(orgs, on="org_id", how="anti"), ["org_id"])


def unknown_products(catalog: Catalog, usage: pl.DataFrame) -> list[dict[str, Any]]:
    """The usage types that are on no meter and not known as parts or totals, and how many keys each has."""
    schema = {"product_family": pl.String, "usage_type": pl.String}
    known = pl.DataFrame([*catalog.of_type(), *catalog.known], schema=schema, orient="row")
    return _counted(usage.join(known, on=known.columns, how="anti"), known.columns)


def _counted(rows: pl.DataFrame, by: list[str]) -> list[dict[str, Any]]:
    return rows.unique(KEY).group_by(by).agg(rows=pl.len().cast(pl.Int64)).sort(by).to_dicts()


def _uncontracted(book: Book, grid: Grid, month: Month, until: datetime) -> list[dict[str, Any]]:
    found = []
    for customer_id in sorted(book.customers):
        covered = [span for c in book.contracts_of.get(customer_id, ()) if (span := c.span(month))]
        free = [
            i
            for i in range((until - month.start) // HOUR)
            if not any(start <= month.start + i * HOUR < end for start, end in covered)
        ]
        meters: dict[str, list[int]] = {}
        for org in book.orgs_of.get(customer_id, ()) if free else ():
            for meter in grid.meters_of.get(org.org_id, ()):
                meters.setdefault(meter, []).append(grid.row_of[org.org_id, meter])
        for meter, rows in sorted(meters.items()):
            hours = int(grid.seen[rows][:, free].any(axis=0).sum())
            if hours:
                found.append({"customer_id": customer_id, "meter": meter, "hours": hours})
    return found


def column_names() -> list[str]:
    """The columns of a line, for files."""
    return [field.name for field in fields(Line)]
