"""The question that every plan answers: a month's quantity per contract and meter, its orgs' hours summed first.

The book and the catalogue become two small tables of integers, so that any engine can answer with joins alone, and
`quantities` turns what it found into the quantities of a bill. Shares no code with the product's roll-ups.
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

import polars as pl

from billing.book import Book, Contract
from billing.catalog import Catalog, Meter
from billing.hours import Month, hours_between
from billing.money import MEAN_PLACES

ADDITIVE = ("sum", "mean")
OVERAGES = ("hourly_overage", "hourly_overage_mean")

# One row a contract and meter. Over its hours x, `found` is for p99 the `from_top`-th highest x (0 without so many);
# for an overage the sum of max(0, x * scale - max(parent's x * each + own, least)); else their sum or maximum.
# `by_hour`: the hours themselves are needed, not just their sum; so are those of the parents of overages.
LINES = pl.Schema(
    {
        "line": pl.Int32,
        "contract_id": pl.String,
        "meter": pl.String,
        "rollup": pl.String,
        "by_hour": pl.Boolean,
        "hours": pl.Int32,
        "from_top": pl.Int32,
        "parent": pl.Int32,
        "scale": pl.Int64,
        "each": pl.Int64,
        "own": pl.Int64,
        "least": pl.Int64,
    }
)
# Which line a usage type of an org counts for, in which hours of the month: [first, until).
SERIES = pl.Schema(
    {
        "org_id": pl.String,
        "product_family": pl.String,
        "usage_type": pl.String,
        "line": pl.Int32,
        "first": pl.Int16,
        "until": pl.Int16,
    }
)
Quantities = dict[tuple[str, str], Decimal]  # by contract and meter


def lines_and_series(book: Book, catalog: Catalog, month: Month) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Frames of the schemas LINES and SERIES."""
    lines: list[tuple[object, ...]] = []
    series: list[tuple[object, ...]] = []
    for contract in book.contracts.values():
        if not (span := contract.span(month)):
            continue
        first, until = hours_between(month.start, span[0]), hours_between(month.start, span[1])
        line_of = {meter: len(lines) + i for i, meter in enumerate(catalog.meters)}
        for meter in catalog.meters.values():
            lines.append((line_of[meter.meter], *_line(contract, meter, catalog, until - first, line_of)))
            series += [
                (org.org_id, meter.product_family, kind, line_of[meter.meter], first, until)
                for org in book.orgs_of.get(contract.customer_id, ())
                for kind in meter.usage_types
            ]
    frame = pl.DataFrame(lines, LINES, orient="row")
    overages = frame.filter(pl.col("rollup").is_in(OVERAGES))["parent"]
    by_hour = ~pl.col("rollup").is_in(ADDITIVE) | pl.col("line").is_in(overages.drop_nulls().implode())
    return frame.with_columns(by_hour=by_hour), pl.DataFrame(series, SERIES, orient="row")


def _line(
    contract: Contract, meter: Meter, catalog: Catalog, hours: int, line_of: Mapping[str, int]
) -> tuple[object, ...]:
    term = contract.term(meter.meter)
    rollup = meter.applied_rollup(term.option)
    each = least = Fraction(0)
    own = Fraction(term.commit_units * meter.per) if rollup == "hourly_overage_mean" else Fraction(0)
    if meter.parent:
        parent = catalog.meters[meter.parent]
        each = Fraction(meter.allotment_quantity) / parent.per
        least = Fraction(meter.allotment_quantity) * Fraction(contract.term(parent.meter).commit_units)
    free = (each, own, least + own)
    scale = 1
    for part in free:
        scale *= (part * scale).denominator
    from_top = hours - 99 * (hours - 1) // 100
    parent_line = line_of[meter.parent] if meter.parent else None
    whole = (int(part * scale) for part in free)
    return (contract.contract_id, meter.meter, rollup, None, hours, from_top, parent_line, scale, *whole)


def quantities(found: pl.DataFrame, lines: pl.DataFrame) -> Quantities:
    """The quantities from an engine's answer: `line` and `found`, a row for every line with usage."""
    answer: Quantities = {}
    for row in found.cast({"line": pl.Int32}).join(lines, on="line").iter_rows(named=True):
        quantity = Fraction(int(row["found"]), row["scale"] if row["rollup"] in OVERAGES else 1)
        if "mean" in row["rollup"]:
            quantity = _half_up(quantity / row["hours"])
        answer[row["contract_id"], row["meter"]] = Decimal(quantity.numerator) / Decimal(quantity.denominator)
    return answer


def _half_up(quantity: Fraction) -> Fraction:
    steps = Fraction(MEAN_PLACES)
    return (quantity / steps + Fraction(1, 2)) // 1 * steps
