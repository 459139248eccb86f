"""One contract in one month, line by line, in plain loops and fractions: the arithmetic of the oracle."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from math import floor
from typing import Any

MINOR_DIGITS = {"USD": 2, "EUR": 2, "KRW": 0, "JPY": 0, "KWD": 3, "CLF": 4}
LONGEST = 60  # places of a decimal; a fraction that does not end is cut there
PLAN_LIST = {plan: f"list_{plan}" for plan in ("annual", "month_to_month", "on_demand")}
HOURLY_ROLLUPS = ("hourly_overage", "hourly_overage_mean")

Row = dict[str, Any]
Hourly = dict[datetime, int]


@dataclass
class Sheet:
    """One contract in one month: the hours it bills, and what is agreed. `values` are the customer's, by meter."""

    contract: Row
    meters: dict[str, Row]
    terms: dict[str, Row]
    tiers: dict[str, list[Row]]
    values: Mapping[str, Hourly]
    hours: list[datetime]
    share: Fraction
    p99_rank: str

    def x(self, meter: str, hour: datetime) -> int:
        return self.values.get(meter, {}).get(hour, 0)

    def per(self, meter: str) -> int:
        return int(self.meters[meter]["per"])

    def hourly(self, meter: str) -> bool:
        return meter in self.terms and self.terms[meter]["option"] == "hourly"

    def rollup(self, meter: str) -> str:
        return str(self.meters[meter]["hourly_option_rollup" if self.hourly(meter) else "rollup"])

    def committed(self, meter: str) -> Fraction:
        return Fraction(self.terms[meter]["commit_units"]) if meter in self.terms else Fraction(0)

    def allotment(self, meter: str, parent_units: Fraction) -> Fraction:
        """What the parent brings when it stands at `parent_units` (or at its commitment, if that is more)."""
        parent = self.meters[meter]["allotment_parent"]
        return Fraction(self.meters[meter]["allotment_quantity"]) * max(self.committed(parent), parent_units)

    def free(self, meter: str, hour: datetime) -> Fraction:
        """What an hourly roll-up lets pass in one hour."""
        free = Fraction(0)
        parent = self.meters[meter]["allotment_parent"]
        if parent:
            free += self.allotment(meter, Fraction(self.x(parent, hour), self.per(parent)))
        if self.rollup(meter) == "hourly_overage_mean":
            free += self.committed(meter) * self.per(meter)
        return free

    def quantity(self, meter: str) -> Fraction:
        """Q: the roll-up of the hours; 0 when there are none."""
        rollup, n = self.rollup(meter), len(self.hours)
        if n == 0:
            return Fraction(0)
        if rollup in HOURLY_ROLLUPS:
            over = [max(Fraction(0), self.x(meter, hour) - self.free(meter, hour)) for hour in self.hours]
            return sum(over, Fraction(0)) if rollup == "hourly_overage" else rounded(sum(over, Fraction(0)) / n, 6)
        xs = sorted(self.x(meter, hour) for hour in self.hours)
        if rollup == "p99":
            index = 99 * (n - 1) // 100
            return Fraction(xs[min(n - 1, index + 1) if self.p99_rank == "eighth" else index])
        return {"sum": Fraction(sum(xs)), "mean": rounded(Fraction(sum(xs), n), 6), "max": Fraction(xs[-1])}[rollup]

    def included(self, meter: str) -> Fraction:
        parent = self.meters[meter]["allotment_parent"]
        if not parent or self.rollup(meter) in HOURLY_ROLLUPS or self.hourly(parent):
            return Fraction(0)
        return self.allotment(meter, self.quantity(parent) / self.per(parent))

    def on_demand_quantity(self, meter: str) -> Fraction:
        if self.rollup(meter) == "hourly_overage_mean":
            return self.quantity(meter)
        kept = self.included(meter) + self.committed(meter) * self.per(meter)
        return max(Fraction(0), self.quantity(meter) - kept)

    def price(self, meter: str, of_term: str, lists: Iterable[str]) -> Fraction | None:
        """The first price there is: the term's, then for USD the lists in turn. Host-hours have no list price."""
        texts = [self.terms[meter][of_term]] if meter in self.terms else []
        host_hours = self.meters[meter]["rollup"] == "p99" and self.hourly(meter)
        if self.contract["currency"] == "USD" and not host_hours:
            texts += [self.meters[meter][name] for name in lists]
        return next((Fraction(text) for text in texts if text), None)

    def committed_amount(self, meter: str) -> Fraction | None:
        """Exact; None when a price is needed and there is none."""
        if self.committed(meter) == 0:
            return Fraction(0)
        lists = (PLAN_LIST[self.contract["plan"]], "list_annual", "list_on_demand")
        price = self.price(meter, "commit_price", lists)
        return None if price is None else self.committed(meter) * price * self.share

    def on_demand_amount(self, meter: str) -> Fraction | None:
        """Exact; None when a price is needed and there is none."""
        units = self.on_demand_quantity(meter) / self.per(meter)
        if units == 0:
            return Fraction(0)
        if meter in self.tiers:
            return graduated(self.tiers[meter], units)
        lists = ("list_on_demand", PLAN_LIST[self.contract["plan"]], "list_annual")
        price = self.price(meter, "on_demand_price", lists)
        return None if price is None else units * price

    def amounts(self, meter: str) -> tuple[Fraction, Fraction] | None:
        """Committed and on demand, each rounded once; None for an unpriced line."""
        committed, on_demand = self.committed_amount(meter), self.on_demand_amount(meter)
        if committed is None or on_demand is None:
            return None
        digits = MINOR_DIGITS[self.contract["currency"]]
        return rounded(committed, digits), rounded(on_demand, digits)

    def billed_meters(self) -> list[str]:
        used = {meter for meter, values in self.values.items() if any(hour in values for hour in self.hours)}
        return sorted(used | set(self.terms))

    def line(self, meter: str) -> Row:
        currency, amounts = self.contract["currency"], self.amounts(meter)
        texts = [None] * 3 if amounts is None else [money(a, currency) for a in (*amounts, sum(amounts, Fraction(0)))]
        return {
            "customer_id": self.contract["customer_id"],
            "contract_id": self.contract["contract_id"],
            "meter": meter,
            "rollup": self.rollup(meter),
            "quantity": plain(self.quantity(meter)),
            "included": plain(self.included(meter)),
            "on_demand_quantity": plain(self.on_demand_quantity(meter)),
            "committed_amount": texts[0],
            "on_demand_amount": texts[1],
            "amount": texts[2],
            "currency": currency,
            "hours_seen": sum(hour in self.values.get(meter, {}) for hour in self.hours),
            "hours_expected": len(self.hours),
            "fault": "unpriced" if amounts is None else None,
        }


def graduated(tiers: list[Row], units: Fraction) -> Fraction:
    """The price of `units`, band by band from 0; the last band has no bound."""
    amount, below = Fraction(0), Fraction(0)
    for tier in tiers:
        bound = Fraction(tier["up_to_units"]) if tier["up_to_units"] else units
        amount += max(Fraction(0), min(units, bound) - below) * Fraction(tier["unit_price"])
        below = bound
    return amount


def rounded(value: Fraction, digits: int) -> Fraction:
    """Half away from zero."""
    size = Fraction(floor(abs(value) * 10**digits + Fraction(1, 2)), 10**digits)
    return size if value >= 0 else -size


def money(amount: Fraction, currency: str) -> str:
    """With the currency's minor digits: 2.00, 2, 2.000."""
    return fixed(amount, MINOR_DIGITS[currency])


def plain(value: Fraction) -> str:
    """The shortest exact decimal; one that does not end is cut after LONGEST places."""
    for digits in range(LONGEST):
        if (value * 10**digits).denominator == 1:
            return fixed(value, digits)
    return fixed(Fraction(floor(value * 10**LONGEST), 10**LONGEST), LONGEST)


def cut(decimal: str) -> str:
    """The text of a decimal of 0 or more, cut after LONGEST places."""
    whole, point, places = decimal.partition(".")
    return whole + point + places[:LONGEST]


def fixed(value: Fraction, digits: int) -> str:
    scaled = value * 10**digits
    if scaled.denominator != 1:
        raise ValueError(f"{value} has more than {digits} decimals")
    text = str(abs(scaled.numerator)).zfill(digits + 1)
    sign = "-" if scaled < 0 else ""
    return sign + (f"{text[:-digits]}.{text[-digits:]}" if digits else text)
