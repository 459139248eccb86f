"""Roll-ups: the N hours of a span become one quantity, exactly (billing-rules, "Meters").

Arrays hold one integer an hour, missing hours as 0: int64, or Python integers (dtype object) where int64
could overflow. Many meters are rolled up at once, a row each.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from billing.money import MEAN_PLACES, exact

Hours = NDArray[Any]
LIMIT = 2**62


@dataclass(frozen=True)
class Allotment:
    """What a parent meter brings along each hour: `quantity` base units for each of its priced units."""

    quantity: Decimal
    committed_units: Decimal
    parent: Hours
    parent_per: int


def widened(values: Hours, factor: int) -> Hours:
    """`values`, as Python integers where `factor` times their largest could leave int64."""
    fits = factor <= LIMIT and (not values.size or int(values.max()) * factor <= LIMIT)
    return values if fits or values.dtype == object else values.astype(object)


def totals(rows: Hours) -> list[int]:
    """The sum of each row of [rows, hours], never overflowing."""
    sums: list[int] = widened(rows, rows.shape[1]).sum(axis=1).tolist()
    return sums


def add(rows: Hours) -> Hours:
    """The sum of rows [rows, hours] hour by hour."""
    summed: Hours = widened(rows, len(rows)).sum(axis=0)
    return summed


@exact
def quantities(rollup: str, hours: Hours, rank: str) -> list[Decimal]:
    """The billed quantities, in base units, of rows [rows, hours] that are rolled up without an allotment by the hour.

    `rank`: `ninth` or `eighth`, for p99.
    """
    n = hours.shape[1]
    if n == 0:
        return [Decimal(0)] * len(hours)
    match rollup:
        case "p99":
            return [Decimal(value) for value in percentile(hours, rank).tolist()]
        case "sum":
            return [Decimal(value) for value in totals(hours)]
        case "max":
            return [Decimal(value) for value in hours.max(axis=1).tolist()]
        case "mean":
            return [_rounded_mean(Decimal(value), n) for value in totals(hours)]
        case _:
            raise ValueError(f"{rollup!r} is no roll-up")


@exact
def overage(rollup: str, hours: Hours, commitment: Decimal, allotment: Allotment | None) -> Decimal:
    """The billed quantity, in base units, of hours [hours] above what each of them includes.

    `commitment`: committed base units, which hourly_overage_mean takes off by the hour.
    """
    if rollup == "hourly_overage":
        return _overage(hours, Decimal(0), allotment)
    return _rounded_mean(_overage(hours, commitment, allotment), len(hours)) if len(hours) else Decimal(0)


def percentile_index(n: int, rank: str) -> int:
    """0-based index in the ascending order of n hours that p99 bills."""
    return min(n - 1, 99 * (n - 1) // 100 + (rank == "eighth"))


def percentile(hours: Hours, rank: str) -> Hours:
    """The billed hour of a p99 meter, along the last axis: the highest after the forgiven ones."""
    index = percentile_index(hours.shape[-1], rank)
    ordered = np.sort(hours) if hours.dtype == object else np.partition(hours, index)
    billed: Hours = ordered[..., index]
    return billed


def _rounded_mean(sum_: Decimal, n: int) -> Decimal:
    return (sum_ / n).quantize(MEAN_PLACES)


def _overage(hours: Hours, commitment: Decimal, allotment: Allotment | None) -> Decimal:
    """Sum over the hours of max(0, x_h - allotment_h - commitment), in integers over one denominator."""
    a = allotment or Allotment(Decimal(0), Decimal(0), np.zeros_like(hours), 1)
    denominator: int = 10 ** (_places(a.quantity) + _places(a.committed_units) + _places(commitment)) * a.parent_per
    each = int(a.quantity * denominator) // a.parent_per
    least = int((a.quantity * a.committed_units + commitment) * denominator)
    wide = least > LIMIT or int(commitment * denominator) >= LIMIT
    x, parent = (widened(v.astype(object) if wide else v, f) for v, f in ((hours, denominator), (a.parent, each)))
    free = np.maximum(parent * each + int(commitment * denominator), least)
    return Decimal(totals(np.maximum(x * denominator - free, 0)[None])[0]) / denominator


def _places(value: Decimal) -> int:
    """Digits after the point."""
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
