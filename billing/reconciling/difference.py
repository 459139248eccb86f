"""A line where the vendor's bill and ours may differ, and the causes that the difference is made of."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from billing.money import EXACT

LATE_USAGE, RANK_RULE, PRICE, ROUNDING = "late usage", "rank rule", "price", "rounding"
ALLOTMENT, MISSING_ORG, UNKNOWN_PRODUCT, UNEXPLAINED = "allotment", "missing org", "unknown product", "unexplained"
CLASSES = (LATE_USAGE, RANK_RULE, PRICE, ROUNDING, ALLOTMENT, MISSING_ORG, UNKNOWN_PRODUCT, UNEXPLAINED)


@dataclass(frozen=True)
class Cause:
    """A part of a difference: its class (one of CLASSES), vendor's less ours, and why it is that."""

    cause: str
    amount: Decimal
    why: str


@dataclass(frozen=True)
class Difference:
    """One line of either side, in money and, where known, in base units.

    A line of ours has a customer and a `meter`; one that only the vendor has, an `org_id` and a `product`.
    """

    customer_id: str | None
    org_id: str | None
    meter: str | None
    product: str | None
    currency: str
    ours: Decimal
    vendor: Decimal
    quantity: Decimal | None
    vendor_quantity: Decimal | None
    causes: tuple[Cause, ...]

    @property
    def amount(self) -> Decimal:
        """Vendor's less ours: the sum of the causes."""
        return EXACT.subtract(self.vendor, self.ours)


def joined(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """One cause a class and reason; those that come to nothing are left out, unless nobody knows why they are there."""
    sums: dict[tuple[str, str], Decimal] = {}
    for one in causes:
        key = (one.cause, one.why)
        sums[key] = EXACT.add(sums.get(key, Decimal(0)), one.amount)
    return tuple(Cause(cause, amount, why) for (cause, why), amount in sums.items() if amount or cause == UNEXPLAINED)


def totals(differences: Iterable[Difference]) -> dict[tuple[str, str], Decimal]:
    """(currency, class) -> the sum of its causes."""
    sums: dict[tuple[str, str], Decimal] = {}
    for difference in differences:
        for one in difference.causes:
            key = (difference.currency, one.cause)
            sums[key] = EXACT.add(sums.get(key, Decimal(0)), one.amount)
    return dict(sorted(sums.items(), key=lambda item: (item[0][0], CLASSES.index(item[0][1]))))
