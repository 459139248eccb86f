"""A contract's month with the hours to come at the baseline: what an alert's cost is measured on."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from alerts.alert import whole
from billing.bill import Line, Rules, block_lines
from billing.book import Book, Contract
from billing.catalog import Catalog
from billing.grid import Grid, SeriesKey
from billing.hours import WEEK_HOURS, Month, hour_of_week, hours_between
from billing.metering import Block
from billing.rollups import Hours, add

Expect = Callable[[SeriesKey], Hours]  # [168] whole base units that the baseline expects by hour of week


@dataclass
class ContractMonth:
    """One contract's hours of one month, org by org, with missing and coming hours at the baseline.

    It holds some meters, and of the contract's terms theirs.
    """

    contract: Contract
    month: Month
    span: tuple[datetime, datetime]
    series: dict[SeriesKey, Hours]

    def metered(self) -> dict[str, Hours]:
        """Per meter the orgs' sum; a meter without any usage has no line."""
        rows: dict[str, list[Hours]] = {}
        for (_, meter), hours in self.series.items():
            rows.setdefault(meter, []).append(hours)
        summed = {meter: add(np.array(of_meter)) for meter, of_meter in rows.items()}
        return {meter: hours for meter, hours in summed.items() if hours.any()}

    def lines(self, book: Book, rules: Rules) -> list[Line]:
        """What the meters cost at these hours."""
        metered = self.metered()
        width = hours_between(*self.span)
        hours = np.array(list(metered.values())) if metered else np.zeros((0, width), np.int64)
        keys = [(self.contract, meter) for meter in metered]
        block = Block(self.span, [self.contract], keys, hours, np.full(len(keys), width))
        return block_lines(book, rules, self.month, block)


def projected(
    book: Book, rules: Rules, grid: Grid, contract: Contract, month: Month, expect: Expect, meters: Iterable[str]
) -> ContractMonth | None:
    """The month of a contract, as far as usage of `meters` moves it, if the hours to come and missing ones follow the
    baseline."""
    span = contract.span(month)
    if span is None:
        return None
    wanted = _moved_with(rules.catalog, meters)
    contract = replace(contract, terms={meter: term for meter, term in contract.terms.items() if meter in wanted})
    width = hours_between(*span)
    part = grid.between(*span)
    lead = hours_between(span[0], part.start)
    week = (hour_of_week(span[0]) + np.arange(width)) % WEEK_HOURS
    series: dict[SeriesKey, Hours] = {}
    for org in book.orgs_of.get(contract.customer_id, ()):
        for meter in grid.meters_of.get(org.org_id, ()):
            if meter not in wanted:
                continue
            key = (org.org_id, meter)
            row = grid.row_of[key]
            hours = expect(key)[week].astype(part.values.dtype)
            known = hours[lead : lead + part.seen.shape[1]]
            known[part.seen[row]] = part.values[row][part.seen[row]]
            series[key] = hours
    return ContractMonth(contract, month, span, series)


def _moved_with(catalog: Catalog, meters: Iterable[str]) -> set[str]:
    """The meters whose lines change with the usage of these, and those whose usage is in such a line."""
    chosen = set(meters)
    moved = chosen | {meter.meter for meter in catalog.meters.values() if meter.parent in chosen}
    return moved | {parent for meter in chosen if (parent := catalog.meters[meter].parent)}


def follow(profiles: Mapping[SeriesKey, NDArray[np.float64]]) -> Expect:
    """An `Expect` that follows the profiles [168]; 0 for a series without one."""
    return lambda key: whole(profiles[key]) if key in profiles else np.zeros(WEEK_HOURS, np.int64)
